#pragma once

// GET  /api/v1/operations?state&kind&key&account&limit&cursor
// GET  /api/v1/operations/{id}
// GET  /api/v1/operations/{id}/events?after&limit&wait_ms
// POST /api/v1/operations/{id}/cancel | retry | close | fail      {"reason": …}
// POST /api/v1/operations/{id}/resolve   {"verdict": "landed" | "dead", "reference", "output"?,
//                                         "accept_risk"?, "reason"}
//
// Threads: the core loop's.

#include "api/documents.hpp"
#include "api/router.hpp"
#include "engine/engine.hpp"

namespace thole::api {

class operations_resource {
  public:
    operations_resource(saga::engine& engine, const documents& docs, const io::loop& time)
        : engine_{engine}, docs_{docs}, time_{time} {}
    // The resource outlives the router's use of it.
    void add_to(router&);

  private:
    using verb = task<result<saga::operation_view>> (saga::engine::*)(uuid, std::string,
                                                                      std::string);
    task<io::server_response> list(call);
    task<io::server_response> show(call);
    task<io::server_response> events(call);
    task<io::server_response> act(call, verb, bool reason_required);
    task<io::server_response> resolve(call);
    task<io::server_response> answer(uuid, result<saga::operation_view>);

    saga::engine& engine_;
    const documents& docs_;
    const io::loop& time_;
};

}  // namespace thole::api
