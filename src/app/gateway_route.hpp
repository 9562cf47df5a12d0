#pragma once

// GET /ipfs/{cid}: the store's trustless gateway, among the other resources. Open to everybody who
// reaches the port: content is public by its nature, and only what the store holds is served.
// Threads: the loop of the pool that is handed in.

#include "api/router.hpp"
#include "ipfs/gateway_http.hpp"

namespace thole::app {

class gateway_route {
  public:
    gateway_route(ipfs::content_store& store, sql::blocking_pool& pool, io::loop& loop)
        : gateway_{store, pool, loop} {}

    void add_to(api::router& to) {
        to.add({"GET", "/ipfs/{path...}", "ipfs", api::access::open, {api::any_parameter}},
               [this](api::call c) { return gateway_.answer(std::move(c.http)); });
    }

  private:
    ipfs::gateway_http gateway_;
};

}  // namespace thole::app
