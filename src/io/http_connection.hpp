#pragma once

// One connection of an http_server, from its first byte to its last. Used by http_server only.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <list>

#include "io/http_server.hpp"
#include "io/scope.hpp"

namespace thole::io {

using server_socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol,
                                                       system_loop::context_executor>;

// Told to stop: an idle connection closes, a busy one closes after its answer.
class stoppable {
  public:
    virtual void stop_when_idle() = 0;

  protected:
    ~stoppable() = default;
};

struct http_server::core {
    core(system_loop& on, http_server_options opts, http_handler handle, body_planner plan_bodies);

    system_loop& owner;
    http_server_options options;
    http_handler handler;
    body_planner planner;
    http_server_counters counts;
    bool stopping = false;
    scope accepting;
    scope connections;
    std::list<stoppable*> open;

    struct listener;
    std::list<std::unique_ptr<listener>> listeners;

    core(const core&) = delete;
    ~core();
};

[[nodiscard]] task<> serve_connection(http_server::core& server, server_socket socket);

}  // namespace thole::io
