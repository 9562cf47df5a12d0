#pragma once

// http_transport on libcurl: HTTP/1.1 and 2, TLS verified, on the sockets and timers of the loop.
//
//   io::system_resolver names{loop};
//   io::curl_transport http{loop, names};
//   auto answer = co_await http.send(std::move(request));
//
// curl never resolves a name (the resolver does, and the guard judges the result), never follows a
// redirect, never reads proxy or netrc settings from its surroundings, speaks only http and https.
// The deadline is the loop's timer. A request of effect_class::once goes out on a connection of its
// own, because curl sends a request again by itself when a kept connection turns out to be dead.
// A fault's effect is unknown exactly when a byte of the request had left (on HTTP/2: had been
// given to the connection).
//
// Ownership: loop and resolver outlive it; it may be destroyed while requests are in flight, which
// end as cancelled. Threads: the loop's own.

#include <memory>

#include "io/http.hpp"
#include "io/resolver.hpp"
#include "io/system_loop.hpp"
#include "io/url_guard.hpp"

namespace thole::io {

class curl_transport final : public http_transport {
  public:
    enum class protocol : std::uint8_t {
        negotiated,   // HTTP/2 where TLS offers it (ALPN), else 1.1
        http1,        // 1.1 always
        http2_plain,  // HTTP/2 without TLS, by prior knowledge
    };

    struct options {
        protocol version = protocol::negotiated;
        std::string ca_file;                                  // PEM; empty: the system's
        duration connect_timeout = std::chrono::seconds{10};  // within the deadline; > 0
        long idle_connections = 64;
        long connections_per_host = 0;  // 0: unlimited
        std::uint64_t max_header_bytes = 64 * 1024;
        std::string proxy;  // URL; empty: none, whatever the environment says
        std::string user_agent = "thole";
        url_guard guard;
    };

    curl_transport(system_loop& owner, resolver& names) : curl_transport{owner, names, options{}} {}
    curl_transport(system_loop& owner, resolver& names, options opts);
    ~curl_transport() override;

    [[nodiscard]] task<result<http_response>> send(http_request request) override;

    struct counters {
        std::uint64_t started = 0, succeeded = 0, failed = 0, connections = 0;
        std::size_t in_flight = 0;
    };
    [[nodiscard]] counters counted() const noexcept;

  private:
    struct core;
    std::shared_ptr<core> core_;
};

}  // namespace thole::io
