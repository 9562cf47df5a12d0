#include <algorithm>

#include "engine/turn.hpp"

namespace thole::saga {

// ---- backward -----------------------------------------------------------------------------------

// A cancel that was accepted earlier takes effect as soon as nothing undecided is left.
bool turn::turns_back() {
    if (!now().cancelling || now().backward || !may_compensate(now())) return false;
    if (!member_)
        begin_compensation("cancelled", now().fault);  // else when the others have settled
    return true;
}

void turn::begin_compensation(std::string cause, std::string fault) {
    auto& s = now();
    if (member_) {
        const auto how = step().skippable ? member_stand::parks : member_stand::turns_back;
        return give_up_member(how, std::move(cause), std::move(fault));
    }
    auto& e = write(event_type::compensating);
    event_data data;
    data.cause = cause;
    add_evidence(e, std::move(data));
    e.fault = fault;
    s.fault = std::move(fault);
    s.cause = std::move(cause);
    s.backward = true;
    s.cancelling = false;
    s.uncertain = false;
    s.open = false;
    // A lock that is only waited for is not needed to go back.
    if (s.lock == lock_state::wanted) s.lock = lock_state::later;
    undo_next(plan_.group_of(s.step).last);
}

void turn::undo_next(int from) {
    auto& s = now();
    while (from >= 0 && !(plan_.at(from).has_undo && was_begun(s, plan_, from))) --from;
    if (from < plan_.group_of(s.step).first) s.members.clear();
    s.step = std::max(from, 0);
    s.step_name = step().name;
    s.started = true;
    s.attempt = 1;
    s.conflicted = false;
    s.waiting.clear();
    if (from < 0) return end(op_ending::rolled_back, s.cause);
    if (s.state == op_state::running) {
        out_.next.kind = effect_kind::undo;
    } else {
        reschedule(now_);
    }
}

void turn::end(op_ending ending, std::string cause) {
    auto& s = now();
    THOLE_ASSERT(!s.live, "nothing ends while a generation is undecided");
    auto& e = write(event_type::ended);
    e.step.clear();
    e.attempt = 0;
    e.generation = 0;
    event_data data;
    data.ending = json::detail::enum_text(ending);
    if (!cause.empty()) data.cause = cause;
    e.data = json::write(data);
    s.cause = std::move(cause);
    s.state = op_state::terminal;
    s.ending = ending;
    s.owner = 0;
    s.lock = lock_state::none;
    s.step_name.clear();
    s.started = false;
    s.open = false;
    s.live = false;
    s.uncertain = false;
    s.cancelling = false;
    s.paused = false;
    s.members.clear();
    s.waiting.clear();
    s.ended_at = now_;
    out_.next = {};
}

}  // namespace thole::saga
