#pragma once

// The gateway mounted on io::http_server, its disk work on a pool.
//
//   ipfs::gateway_http contents{store, pool, loop};
//   if (request.path.starts_with("/ipfs/")) co_return co_await contents.answer(std::move(request));
//
// Up to 1 MiB is sent with its length, more in chunks while it is read and verified; damage found
// under way cuts the connection, so that a client never takes a part for the whole. A pool that is
// full refuses a new request (503); one under way waits for it, up to ten seconds. Threads: the
// server's loop, which is also the pool's. Lifetime: store, pool and loop outlive the answers.

#include "io/server_message.hpp"
#include "ipfs/gateway.hpp"
#include "sql/blocking_pool.hpp"

namespace thole::ipfs {

class gateway_http {
  public:
    gateway_http(content_store& store, sql::blocking_pool& pool, io::loop& loop)
        : store_{store}, pool_{pool}, loop_{loop} {}
    [[nodiscard]] task<io::server_response> answer(io::server_request request);

  private:
    content_store& store_;
    sql::blocking_pool& pool_;
    io::loop& loop_;
};

}  // namespace thole::ipfs
