#pragma once

// The HTTP side of the daemon: two routers, one on each loop, behind one server.
//
//   front_server front{front_loop, core_loop, options};
//   content.add_to(front.here());          // answered on the front loop
//   operations.add_to(front.core());       // answered on the core loop
//   front.listen(config);                  // throws start_error
//
// Until open_core() only what is answered here is; the rest says 503. Ownership: loops, authority
// and metrics outlive it. Threads: set up before the front loop runs; then the front loop's.

#include <atomic>

#include "api/router.hpp"
#include "app/config.hpp"
#include "io/http_server.hpp"

namespace thole::app {

class front_server {
  public:
    front_server(io::system_loop& here, io::system_loop& core, const config& c,
                 const api::authority& who, ops::metrics& count);

    [[nodiscard]] api::router& here() noexcept { return here_; }
    [[nodiscard]] api::router& core() noexcept { return core_; }

    // Throws start_error. Afterwards port() is the TCP port, 0 when there is none.
    void listen(const config& c);
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    // The URL under which this daemon reaches its own gateway; "" without a TCP port.
    [[nodiscard]] std::string own_url(const config& c) const;

    // From now on the core is asked. Any thread.
    void open_core() noexcept { core_open_.store(true, std::memory_order_release); }
    // On the front loop.
    [[nodiscard]] task<> stop(deadline until) { return server_.stop(until); }

  private:
    [[nodiscard]] task<io::server_response> handle(io::server_request request);
    [[nodiscard]] io::body_plan plan(const io::request_head& head) const;

    io::system_loop& core_loop_;
    api::router here_;
    api::router core_;
    std::atomic<bool> core_open_{false};
    std::uint16_t port_ = 0;
    io::http_server server_;
};

// Tokens and users of the configuration. Throws start_error.
[[nodiscard]] api::authority_settings authority_of(const config& c, const environment& env);

}  // namespace thole::app
