#pragma once

// GET  /api/v1/operations?state&kind&key&account&tag&parent&error&since&until&limit&cursor
// GET  /api/v1/operations/{id}
// GET  /api/v1/operations/{id}/events?after&limit&wait_ms
// POST /api/v1/operations/{kind}  Idempotency-Key: KEY   body: the kind's input
//      only kinds that need no more than the engine does (kind "bench"); mints have /api/v1/mints
// POST /api/v1/operations/{id}/cancel | retry | close | fail | pause | resume     {"reason": …}
// POST /api/v1/operations/{id}/skip {"output", "reason"} | reopen {"step", "reason"}
//                             | prioritise {"priority", "reason"} | edit {"patch", "reason"}
//                             | migrate {"version"?, "reason"}
// POST /api/v1/acts    {"act", "filter": {…}, "reason", "dry_run"?, "expect"?, and what the act
//                       needs}: on all that fit
// POST /api/v1/operations/{id}/resolve   {"verdict": "landed" | "dead", "reference", "output"?,
//                                         "accept_risk"?, "reason"}
//
// Threads: the core loop's.

#include <set>

#include "api/content.hpp"
#include "api/documents.hpp"
#include "api/router.hpp"
#include "engine/engine.hpp"

namespace thole::api {

class operations_resource {
  public:
    // Adds to the documents what acts that can be undone are shown with.
    operations_resource(saga::engine& engine, documents& docs, const io::loop& time,
                        disk_check room, std::set<std::string, std::less<>> plain_kinds);
    // The resource outlives the router's use of it.
    void add_to(router&);

  private:
    using verb = task<result<saga::operation_view>> (saga::engine::*)(uuid, std::string,
                                                                      std::string);
    task<io::server_response> list(call);
    task<io::server_response> show(call);
    task<io::server_response> submit(call);
    task<io::server_response> events(call);
    task<io::server_response> act(call, verb, bool reason_required);
    task<io::server_response> act_with(call, saga::bulk_act);
    task<io::server_response> resolve(call);
    task<io::server_response> act_on_all(call);
    task<io::server_response> answer(uuid, result<saga::operation_view>);

    saga::engine& engine_;
    const documents& docs_;
    const io::loop& time_;
    disk_check room_;
    std::set<std::string, std::less<>> plain_kinds_;
};

}  // namespace thole::api
