#include "engine/act_saga.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

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
std::string mark_of(const step_context& in) {
    return fmt::format("(act {})", in.id().text());
}
std::string reason_of(const act_request& asked, const step_context& in) {
    return asked.reason + " " + mark_of(in);
}

// Whether it still is what the act has made of it. A pause of somebody else looks the same: it is
// the act's only when nothing has happened since.
task<result<bool>> is_as_left(engine_core::self_ptr core, const act_request& asked, uuid id,
                              std::string mark) {
    const auto found = co_await core->log.load(id);
    if (!found) co_return fail(found.error());
    if (!*found) co_return false;
    const auto& [who, now] = (*found)->op;
    if (now.state == op_state::terminal) co_return false;
    if (asked.act == bulk_act::resume) co_return now.state != op_state::parked;
    if (asked.act == bulk_act::prioritise) co_return now.priority == asked.more.priority;
    const auto last = co_await core->log.events(who.row, now.seq - 1, 1);
    if (!last) co_return fail(last.error());
    co_return now.paused && !last->empty() && last->front().type == event_type::paused &&
        last->front().data.contains(mark);
}

engine_core::act inverse_of(const act_request& asked, const act_target& target,
                            const std::string& reason) {
    if (asked.act == bulk_act::pause) return as_given(resume_command{asked.actor, reason});
    if (asked.act == bulk_act::resume) return as_given(pause_command{asked.actor, reason});
    return as_given(prioritise_command{asked.actor, reason, target.priority});
}

// Of the journal, not of the operation.
bool is_no_answer(const fault& f) {
    return f.kind() != fault_kind::permanent && !f.is(codes::engine_stopping);
}

// True: given back; false: it has moved on. A journal that is away for a moment is asked again.
task<result<bool>> give_back(engine_core::self_ptr core, const act_request& asked,
                             const act_target& target, std::string mark) {
    constexpr int tries = 10;
    result<bool> out{false};
    for (int n = 0; n < tries; ++n) {
        out = co_await is_as_left(core, asked, target.id, mark);
        if (out && !*out) co_return out;
        if (out) {
            const auto back = inverse_of(asked, target, "undone: " + asked.reason + " " + mark);
            const auto given = co_await engine_core::command(core, target.id, back);
            if (given) co_return true;
            if (given.error().kind() == fault_kind::permanent) co_return false;
            out = fail(given.error());
        }
        if (out.error().is(codes::engine_stopping)) co_return out;
        const auto slept = co_await core->loop.sleep_for(core->options.journal_retry);
        if (!slept) co_return fail(slept.error());
    }
    co_return out;
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

// Whom the journal keeps from answering for a moment is asked again, and nobody else: a second time
// is not the same for every act.
task<outcome<act_report>> take_effect::run(step_context& in) {
    constexpr int tries = 60;
    const auto core = engine_of(link);
    const auto& asked = in.input<act_request>();
    std::vector<uuid> on;
    for (const auto& each : asked.on) on.push_back(each.id);
    act_report out;
    const auto what =
        act_for(core->known, asked.act, asked.actor, reason_of(asked, in), asked.more);
    std::map<std::string, std::int64_t> refused;
    std::vector<std::pair<uuid, std::string>> away;
    const auto keep = [&](const uuid& id, const result<operation_view>& now) {
        // Of a repetition those that the first run has resumed are not paused any more.
        const bool resumed =
            !now && asked.act == bulk_act::resume && now.error().is(codes::operation_not_paused);
        if (has_inverse(asked.act) && (now || resumed)) out.left.push_back({id, in.store_now()});
        if (now) return;
        std::string code{now.error().code()};
        if (is_no_answer(now.error())) return void(away.emplace_back(id, std::move(code)));
        ++refused[std::move(code)];
    };
    for (int n = 1;; ++n) {
        away.clear();
        const auto answer = co_await engine_core::act_on_each(core, on, what, keep);
        if (answer.matched < std::ssize(on)) co_return retry{fault{codes::policy_cancelled}};
        out.done += answer.done;
        if (away.empty() || n == tries) break;
        on.clear();
        for (const auto& [id, code] : away) on.push_back(id);
        const auto slept = co_await core->loop.sleep_for(core->options.journal_retry_cap);
        if (!slept) co_return retry{slept.error()};
    }
    for (const auto& [id, code] : away) ++refused[code];
    for (const auto& [code, count] : refused) out.refused.push_back({code, count});
    co_return saga::done<act_report>{std::move(out)};
}

// Called only when it was begun: of what has no inverse some or all is done, and a cancellation
// came too late. Without a report it was cut off: each is looked at.
task<outcome<nothing>> take_effect::undo(step_context& in) {
    const auto core = engine_of(link);
    const auto& asked = in.input<act_request>();
    if (!has_inverse(asked.act)) {
        const fault late{codes::operation_act_done};
        co_return park{std::string{late.code()}, late};
    }
    const auto report = in.find_output<take_effect>();
    std::set<uuid> left;
    if (report) {
        for (const auto& each : report->left) left.insert(each.id);
    }
    std::int64_t restored = 0;
    std::int64_t moved_on = 0;
    for (const auto& target : asked.on) {
        if (report && !left.contains(target.id)) continue;
        const auto given = co_await give_back(core, asked, target, mark_of(in));
        if (!given) co_return retry{given.error()};
        ++(*given ? restored : moved_on);
    }
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
