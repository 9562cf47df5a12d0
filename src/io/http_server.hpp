#pragma once

// An HTTP/1.1 server on a loop: TCP and unix-socket listeners, one handler, limits on everything.
//
//   io::http_server server{loop, options, [&](io::server_request request)
//                                             -> task<io::server_response> { … }};
//   server.listen_tcp("127.0.0.1", 0);           // throws std::system_error when it cannot
//   server.listen_unix(path);                    // mode 0600; peers are known by their uid
//   …
//   co_await server.stop(5s);                    // no new requests, finish what runs, then cut
//
// Limits: header bytes, body bytes (asked per route before the body is read), connections, idle
// time, time for the header, least body rate. A breach answers 431, 413, 408 or closes.
//
// Threads: everything on the loop's thread. Lifetime: the server outlives its connections, which
// stop() waits for; the handler may be running when the peer is gone already.

#include <boost/asio/generic/stream_protocol.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "io/http.hpp"
#include "io/loop.hpp"

namespace thole::io {

struct server_request {
    std::string method;  // upper case
    std::string path;    // decoded; "/api/v1/mints"
    std::multimap<std::string, std::string> query;
    http_headers headers;
    std::string body;
    std::optional<std::uint32_t> peer_uid;  // of a unix-socket peer
    std::string peer_address;               // of a TCP peer

    // The first of that name (ASCII case-insensitive), or "".
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
    [[nodiscard]] std::optional<std::string> parameter(const std::string& name) const;
};

struct server_response {
    int status = 200;
    http_headers headers;  // Content-Length, Date and Connection are the server's
    std::string body;
    // When set, the body is what this yields until an empty answer, sent chunked (or plain, when
    // stream_length says how many bytes come). A fault cuts the connection, so that the client
    // never takes a part for the whole.
    std::move_only_function<task<result<std::string>>()> stream;
    std::optional<std::uint64_t> stream_length;
};

struct server_options {
    std::uint32_t header_bytes = 16 * 1024;
    std::size_t connections = 1024;
    duration header_timeout = std::chrono::seconds{10};  // from the first byte of a request
    duration idle_timeout = std::chrono::seconds{60};    // between requests
    std::uint64_t body_bytes_per_second = 16 * 1024;     // least rate of a body in either direction
    // The most a body may have; asked once the header is there. Nothing: 64 KiB.
    std::function<std::uint64_t(const std::string& method, const std::string& path)> body_limit;
};

class http_server {
  public:
    using handler = std::function<task<server_response>(server_request)>;

    http_server(loop& on, server_options options, handler handle);
    ~http_server();
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    // The port that was bound (of use with port 0).
    std::uint16_t listen_tcp(const std::string& address, std::uint16_t port);
    // Replaces a stale socket file that nobody listens on; refuses to replace anything else.
    void listen_unix(const std::string& path);

    [[nodiscard]] std::size_t connections() const noexcept;
    // Ends within `grace` (of the loop's time) and a little.
    [[nodiscard]] task<> stop(duration grace);

  private:
    struct state;
    std::shared_ptr<state> state_;
};

// "/a%20b?x=1&y=%2F" → path and query; nothing when an escape is broken or the path is not
// absolute.
struct target_parts {
    std::string path;
    std::multimap<std::string, std::string> query;
};
[[nodiscard]] std::optional<target_parts> parse_target(std::string_view target);

}  // namespace thole::io
