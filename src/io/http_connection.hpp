#pragma once

// One connection of the HTTP server, from accept to close. Beast stays behind this header.

#include "io/http_server.hpp"

namespace thole::io {

class http_connection {
  public:
    http_connection(loop& base, const server_options& options, const http_server::handler& handle,
                    const bool& stopping, boost::asio::generic::stream_protocol::socket socket,
                    bool is_local);
    ~http_connection();
    http_connection(const http_connection&) = delete;
    http_connection& operator=(const http_connection&) = delete;

    // Serves requests until the peer or the server ends it. Never throws.
    [[nodiscard]] task<> run();

    void close();
    void close_if_idle();
    void close_if_late(time_point now);

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace thole::io
