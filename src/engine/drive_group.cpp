// Steps that run side by side. Each has a coroutine of its own, which performs, decides and commits
// as the driver does for a step that stands alone; the driver begins what is due and waits for all.

#include <algorithm>

#include "engine/engine_core.hpp"

namespace thole::saga {

namespace {
// How soon a node without a lease looks whether it has one again.
constexpr store_time::duration lease_poll = std::chrono::seconds{1};
}  // namespace

struct engine_core::group_run {
    std::set<int> under_way;  // steps
    // Said by the end of the last one.
    std::optional<onward> outcome;
};

// However a driver leaves.
struct engine_core::lines_left {
    lines_left(engine_core& of, const live_ptr& op) : self{of}, who{op} {}
    ~lines_left() {
        self.leave_lines(who);
        self.offer_places(false);
    }
    lines_left(const lines_left&) = delete;
    lines_left& operator=(const lines_left&) = delete;
    engine_core& self;
    const live_ptr& who;
};

// Those that may begin now, with a place where one is needed; else when the next one is due.
std::vector<int> engine_core::due_members(const live_ptr& op, const group_run& group,
                                          std::optional<store_time>& next) {
    std::vector<int> out;
    next.reset();
    leave_lines(op);
    const auto offered = std::exchange(op->offered, {});
    const auto& s = op->state();
    const auto now = log.now();
    if (!log.may_start_effects()) next = now + lease_poll;
    const bool goes_forward =
        !s.cancelling && std::ranges::none_of(s.members, [](const member_state& m) {
            return m.stand == member_stand::parks || m.stand == member_stand::turns_back;
        });
    if (!goes_forward || !may_go_on(*op)) {
        offer_places(false);
        return out;
    }
    for (std::size_t i = 0; i < s.members.size(); ++i) {
        const auto& m = s.members[i];
        const int step = s.step + static_cast<int>(i);
        if (m.stand != member_stand::waits || group.under_way.contains(step)) continue;
        if (m.due > now) {
            if (!next || m.due < *next) next = m.due;
            continue;
        }
        const auto& plan = op->saga->steps().at(step);
        const bool place = plan.at_most == 0 || op->place == plan.name ||
                           places_.enter_step(op->who().kind, plan.name);
        if (!place) {
            stand_in_line(op, plan.name, offered == plan.name);
            continue;
        }
        if (op->place == plan.name) op->place.clear();  // it is the step's now
        out.push_back(step);
    }
    offer_places(false);
    return out;
}

// Precondition: the group is the operation's current step, and `begun` was committed.
task<engine_core::onward> engine_core::drive_group(self_ptr self, live_ptr op, onward begun) {
    const auto group = std::make_shared<group_run>();
    const lines_left at_the_end{*self, op};
    const bool of_earlier = op->saga->steps().index_of(op->place) < op->state().step;
    if (of_earlier) self->take_place(op, {});
    const auto place_of = [&op](int step) {
        const auto& plan = op->saga->steps().at(step);
        return plan.at_most == 0 ? std::string{} : plan.name;
    };
    for (;;) {
        for (const auto& each : begun.calls) group->under_way.insert(each.step);
        for (const auto& each : begun.calls) self->spawn(drive_member(self, op, group, each));
        begun.calls.clear();
        if (group->under_way.empty() && group->outcome) co_return std::move(*group->outcome);
        std::optional<store_time> next_due;
        const bool goes_on = !op->lost && !group->outcome;
        std::vector<int> due;
        if (goes_on) {
            due = self->due_members(op, *group, next_due);
        } else {
            self->leave_lines(op);
            self->offer_places(false);
        }
        if (!due.empty() || (group->under_way.empty() && goes_on)) {
            co_await op->moves.enter();
            evidence ev;
            ev.others = static_cast<int>(group->under_way.size());
            decision d;
            // The last one may have ended, or a person have acted, meanwhile.
            bool kept = !op->lost && !group->outcome;
            if (kept) {
                const may_begin these{due};
                d = self->decide_for(*op, *op->own, these, std::move(ev));
                begun = {d.next, std::move(d.calls)};
                kept = co_await commit(self, op, std::move(d));
            }
            op->moves.leave();
            if (!kept) begun = {};
            for (const int step : due) {
                const bool began =
                    std::ranges::find(begun.calls, step, &member_call::step) != begun.calls.end();
                if (!began) self->leave_place(op->who().kind, place_of(step));
            }
            if (kept && group->under_way.empty() && begun.next.kind != effect_kind::members) {
                co_return begun;
            }
            if (!begun.calls.empty()) continue;
        }
        if (group->under_way.empty()) co_return group->outcome.value_or(onward{});
        auto until = time_point::max();
        if (next_due) {
            const auto wait =
                std::min(*next_due - self->log.now(), store_time::duration{std::chrono::hours{24}});
            until = saturating_add(self->loop.now(), wait);
        }
        co_await op->regrouping.until(self->alarms_, until);
    }
}

task<void> engine_core::drive_member(self_ptr self, live_ptr op, group_ptr group,
                                     member_call what) {
    const auto& plan = op->saga->steps();
    const auto calls = std::make_shared<step_calls>();
    calls->member = what.step;
    const auto index = static_cast<std::size_t>(what.step - op->state().step);
    calls->attempt = op->state().members.at(index).attempt;
    op->beside.push_back(calls);
    for (bool again = true; again;) {
        again = false;
        input in = is_released{};
        const bool cancelled = op->state().cancelling && may_compensate(op->state());
        if (!op->lost && !cancelled && self->may_go_on(*op)) {
            in = co_await perform_call(self, op, calls, what.step, what.kind);
        }
        co_await op->moves.enter();
        onward on;
        const bool last = group->under_way.size() == 1;
        if (!op->lost) {
            evidence ev;
            ev.of_probe = what.kind == effect_kind::probe;
            ev.others = static_cast<int>(group->under_way.size()) - 1;
            auto d = self->decide_for(*op, *calls, in, std::move(ev));
            on = {d.next, std::move(d.calls)};
            const bool kept = co_await commit(self, op, std::move(d));
            // probe() says that it did nothing: now it is run.
            again = kept && on.calls.size() == 1 && on.calls.front().step == what.step;
            if (!kept) on = {};
        }
        if (again) {
            what = on.calls.front();
        } else {
            group->under_way.erase(what.step);
            if (last) group->outcome = std::move(on);
        }
        op->moves.leave();
    }
    std::erase(op->beside, calls);
    const auto& step = plan.at(what.step);
    if (step.at_most > 0) self->leave_place(op->who().kind, step.name);
    op->regrouping.wake(*self->alarms_);
}

}  // namespace thole::saga
