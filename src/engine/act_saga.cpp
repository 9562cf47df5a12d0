#include "engine/act_saga.hpp"

#include <fmt/format.h>

#include "engine/codes.hpp"
#include "engine/engine_core.hpp"
#include "thole/codes.hpp"

namespace thole::saga {

namespace {

engine_core::self_ptr engine_of(const engine_link& link) {
    auto core = link->lock();
    THOLE_ASSERT(core != nullptr, "a step runs inside its engine");
    return core;
}

// The events of each operation say of which act they are.
std::string reason_of(const act_request& asked, const step_context& in) {
    return fmt::format("{} (act {})", asked.reason, in.id().text());
}

// Whether it still is what the act has made of it.
bool is_as_left(const operation_view& now, const act_request& asked, store_time left) {
    if (now.ended_at) return false;
    if (asked.act == bulk_act::pause) return now.updated_at == left;
    if (asked.act == bulk_act::resume) return now.state != "parked";
    return now.priority == asked.more.priority;
}

engine_core::act inverse_of(const act_request& asked, const act_target& target,
                            const std::string& reason) {
    if (asked.act == bulk_act::pause) return as_given(resume_command{asked.actor, reason});
    if (asked.act == bulk_act::resume) return as_given(pause_command{asked.actor, reason});
    return as_given(prioritise_command{asked.actor, reason, target.priority});
}

// It is there to be cancelled.
struct undo_window {
    static constexpr std::string_view name = "window";
    using output = nothing;
    task<outcome<nothing>> run(step_context& in) {
        const auto left = in.input<act_request>().until - in.store_now();
        if (left > store_time::duration::zero()) co_return wait{left, "its undo window"};
        co_return done<nothing>{};
    }
};

}  // namespace

task<outcome<act_report>> take_effect::run(step_context& in) {
    const auto core = engine_of(link);
    const auto& asked = in.input<act_request>();
    std::vector<uuid> on;
    for (const auto& each : asked.on) on.push_back(each.id);
    act_report out;
    const auto what =
        act_for(core->known, asked.act, asked.actor, reason_of(asked, in), asked.more);
    const std::function<void(const operation_view&)> keep = [&](const operation_view& now) {
        if (has_inverse(asked.act)) out.left.push_back({now.id, now.updated_at});
    };
    const auto answer = co_await engine_core::act_on_each(core, on, what, keep);
    if (answer.matched < std::ssize(on)) co_return retry{fault{codes::policy_cancelled}};
    out.done = answer.done;
    for (const auto& [code, count] : answer.refused) out.refused.push_back({code, count});
    co_return saga::done<act_report>{std::move(out)};
}

task<outcome<nothing>> take_effect::undo(step_context& in) {
    const auto core = engine_of(link);
    const auto& asked = in.input<act_request>();
    const auto report = in.find_output<take_effect>();
    if (!has_inverse(asked.act) || !report) co_return done<nothing>{};
    const auto reason = "undone: " + reason_of(asked, in);
    std::map<uuid, act_target> targets;
    for (const auto& each : asked.on) targets.emplace(each.id, each);
    int restored = 0;
    for (const auto& each : report->left) {
        const auto now = co_await engine_core::get(core, each.id);
        if (!now || !is_as_left(now->view, asked, each.at)) continue;
        const auto back = inverse_of(asked, targets.at(each.id), reason);
        const auto given = co_await engine_core::command(core, each.id, back);
        if (given) ++restored;
        if (!given && given.error().is(codes::engine_stopping)) co_return retry{given.error()};
    }
    const auto moved_on = std::ssize(report->left) - restored;
    in.note({"undo", {}, 0, {}, fmt::format("{} given back, {} moved on", restored, moved_on)});
    co_return done<nothing>{};
}

definition make_act_saga(engine_link link) {
    step_policy patient = presets::standard;
    patient.timeout = std::chrono::minutes{10};
    return define<act_request>(std::string{act_kind}, 1)
        .step(std::make_shared<take_effect>(std::move(link)))
        .policy(patient)
        .step(std::make_shared<undo_window>())
        .build();
}

}  // namespace thole::saga
