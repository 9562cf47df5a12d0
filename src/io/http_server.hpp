#pragma once

// An HTTP/1.1 server for a loop: TCP and unix sockets, strict limits, streamed bodies.
//
//   io::http_server server{loop, {}, [&](io::server_request r) { return api.handle(std::move(r));
//   }}; auto port = server.listen_tcp("127.0.0.1", 0); server.listen_unix(folder + "/thole.sock");
//   // 0600; peers are known by uid
//   ...
//   co_await server.stop(deadline::after(loop.now(), 10s));
//
// The handler runs once per request, many at a time, one at a time per connection (so pipelining is
// safe). What it throws becomes a 500. Before a body is read the planner is asked for its limit and
// its destination; without one every route takes 64 KiB. Slow or silent peers are cut off: no
// request for `idle_timeout`, a head that takes longer than `header_timeout`, a body slower than
// `min_body_rate` after `body_grace`, an answer that nobody takes for `write_timeout`.
//
// A client that ends its side of the connection while its answer is being produced counts as gone.
//
// Ownership: the loop outlives it; stop() must have ended before it is destroyed, unless it never
// listened. Threads: the loop's own. Errors: listen_* throw std::system_error (start-up).

#include <memory>

#include "io/server_message.hpp"
#include "io/system_loop.hpp"

namespace thole::io {

using http_handler = std::move_only_function<task<server_response>(server_request)>;
using body_planner = std::move_only_function<body_plan(const request_head&)>;

struct http_server_options {
    std::size_t max_header_bytes = 16 * 1024;  // more is 431
    std::size_t max_connections = 1024;        // more are answered 503
    duration idle_timeout = std::chrono::seconds{60};
    duration header_timeout = std::chrono::seconds{10};
    duration body_grace = std::chrono::seconds{10};
    std::uint64_t min_body_rate = 1024;                 // bytes per second, averaged; > 0
    duration write_timeout = std::chrono::seconds{30};  // for each 256 KiB
};

struct http_server_counters {
    std::uint64_t accepted = 0;  // connections
    std::uint64_t refused = 0;   // of them, over max_connections
    std::uint64_t requests = 0;
    std::uint64_t malformed = 0;  // answered 400, 413 or 431 without asking the handler
    std::uint64_t timeouts = 0;   // connections ended because the peer was too slow
    std::uint64_t failed = 0;     // the handler threw
    std::size_t open = 0;
};

class http_server {
  public:
    http_server(system_loop& owner, http_server_options options, http_handler handler,
                body_planner planner = {});
    ~http_server();
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    // Answers the port (useful when 0 was asked for).
    std::uint16_t listen_tcp(const std::string& address, std::uint16_t port);
    // Takes over the path from a dead process, never from one that still listens.
    void listen_unix(const std::string& path);

    // Stops accepting, closes idle connections, lets running requests end until then, cuts the
    // rest.
    [[nodiscard]] task<> stop(deadline until);
    [[nodiscard]] http_server_counters counted() const noexcept;

    struct core;  // shared with the connections

  private:
    std::unique_ptr<core> core_;
};

}  // namespace thole::io
