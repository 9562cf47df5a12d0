#pragma once

// GET  /api/v1/holds?history=true     what rests, who said so, and why
// POST /api/v1/holds                  {"act": "hold" | "release", "kind"?, "reason"}
//      a kind of operations, or everything: nothing of it is begun until it is released
//
// Threads: the core loop's.

#include "api/router.hpp"
#include "engine/engine.hpp"

namespace thole::api {

class holds_resource {
  public:
    explicit holds_resource(saga::engine& engine) : engine_{engine} {}
    void add_to(router&);

  private:
    task<io::server_response> list(call);
    task<io::server_response> post(call);
    task<io::server_response> all(bool history);

    saga::engine& engine_;
};

}  // namespace thole::api
