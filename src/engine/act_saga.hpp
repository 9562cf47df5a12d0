#pragma once

// A bulk act that can be undone for a while, as an operation of kind "act": so it is journaled,
// outlives the process, and is listed and explained as any other. Every engine has it.
//
//   bulk_request what{.which = …, .act = bulk_act::pause, …, .window = 10min};
//   const auto answer = co_await engine.act_on_all(what);
//   co_await engine.cancel(answer->undoable->id, "me", "the wrong filter");     // within 10
//   minutes
//
// What has an inverse (pause, resume, prioritise) is done at once. Undoing it gives each operation
// back what it had, unless it has moved on since, and a note of the event says how many of each
// there were. Everything else is done when the window has passed: undone before, nothing was done;
// cancelled while it is being done, the act is parked for a person (operation.act_done), because
// what was done stays. While everything rests such an act is refused (engine.held): it would not
// be done at once either.

#include "engine/definition.hpp"
#include "engine/engine.hpp"

namespace thole::saga {

inline constexpr std::string_view act_kind = "act";

// One that the act is for, as it was.
struct act_target {
    uuid id;
    operation_priority priority = operation_priority::normal;
};
BOOST_DESCRIBE_STRUCT(act_target, (), (id, priority))

struct act_request {
    bulk_act act = bulk_act::retry;
    std::string actor;
    std::string reason;
    act_details more;
    store_time until;  // it can be undone
    std::vector<act_target> on;
};
BOOST_DESCRIBE_STRUCT(act_request, (), (act, actor, reason, more, until, on))

struct act_refusals {
    std::string code;
    std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(act_refusals, (), (code, count))

struct left_by_act {
    uuid id;
    store_time at;  // of its event
};
BOOST_DESCRIBE_STRUCT(left_by_act, (), (id, at))

struct act_report {
    std::int64_t done = 0;
    std::vector<act_refusals> refused;
    std::vector<left_by_act> left;  // of an act that can be taken back
};
BOOST_DESCRIBE_STRUCT(act_report, (), (done, refused, left))

[[nodiscard]] constexpr bool has_inverse(bulk_act act) noexcept {
    return act == bulk_act::pause || act == bulk_act::resume || act == bulk_act::prioritise;
}

// Where the steps find the engine that they belong to.
using engine_link = std::shared_ptr<std::weak_ptr<engine_core>>;

struct take_effect {
    static constexpr std::string_view name = "act";
    using output = act_report;
    engine_link link;
    task<outcome<output>> run(step_context& in);
    task<outcome<nothing>> undo(step_context& in);
};

[[nodiscard]] definition make_act_saga(engine_link link);

}  // namespace thole::saga
