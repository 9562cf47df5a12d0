#include "engine/transitions.hpp"

#include "engine/codes.hpp"

namespace thole::saga {

std::vector<member_state> group_at(const plan& p, int step, store_time due) {
    const auto group = p.group_of(step);
    std::vector<member_state> out;
    if (group.size() == 1) return out;
    for (int i = group.first; i <= group.last; ++i) {
        out.push_back({.step = p.at(i).name, .due = due});
    }
    return out;
}

void sum_up(operation_state& s) {
    const member_state* foremost = nullptr;
    s.fault.clear();
    for (const auto& m : s.members) {
        if (m.stand == member_stand::done) continue;
        if (s.fault.empty()) s.fault = m.fault;
        if (m.waiting.empty()) continue;
        // Only one child can be waited for: the others are looked at when it has ended.
        if (foremost == nullptr || (m.awaits && !foremost->awaits)) foremost = &m;
    }
    s.waiting = foremost != nullptr ? foremost->waiting : std::string{};
    s.awaits = foremost != nullptr ? foremost->awaits : std::nullopt;
}

bool begin_claim(operation_state& s, std::uint64_t owner, store_time now,
                 std::vector<event>& events) {
    THOLE_ASSERT(s.state == op_state::ready, "only a ready operation is claimed");
    THOLE_ASSERT(s.lock != lock_state::wanted, "a wanted lock is granted before the claim");
    s.state = op_state::running;
    s.owner = owner;
    ++s.fence;
    const bool interrupted = s.open;
    if (!s.backward && s.members.empty()) {
        s.open = true;
        if (!s.started) {
            s.started = true;
            auto& e = append(s, events, event_type::step_started, now);
            e.step = s.step_name;
            e.attempt = s.attempt;
        }
    }
    return interrupted;
}

void block(operation_state& s, const std::string& lock, store_time now,
           std::vector<event>& events) {
    THOLE_ASSERT(s.lock == lock_state::wanted, "only a wanted lock blocks");
    s.state = op_state::blocked;
    s.owner = 0;
    s.started = false;
    s.open = false;
    s.waiting = "lock " + lock;
    auto& e = append(s, events, event_type::blocked, now);
    e.step = s.step_name;
    event_data data;
    data.reason = s.waiting;
    e.data = json::write(data);
}

void promote(operation_state& s, store_time now, std::vector<event>& events) {
    THOLE_ASSERT(s.state == op_state::blocked, "only a blocked operation is promoted");
    s.state = op_state::ready;
    s.lock = lock_state::held;
    s.due_at = now;
    s.waiting.clear();
    append(s, events, event_type::lock_acquired, now).step = s.step_name;
}

bool begins_with_key(const operation_state& s) {
    const bool has_or_takes = s.lock == lock_state::wanted || s.lock == lock_state::held;
    // The step that takes a lock stands alone, so a group comes after it.
    return has_or_takes && !s.started && !s.backward && s.members.empty();
}

void pace(operation_state& s, store_time until, store_time now, std::vector<event>& events) {
    s.state = op_state::ready;
    s.lock = lock_state::held;
    s.owner = 0;
    s.started = false;
    s.open = false;
    s.due_at = until;
    s.waiting = codes::engine_key_rate_limited.text;
    s.awaits.reset();
    auto& e = append(s, events, event_type::paced, now);
    e.step = s.step_name;
    event_data data;
    data.reason = s.waiting;
    data.until = until;
    e.data = json::write(data);
}

void wake(operation_state& s, store_time now, std::vector<event>& events) {
    THOLE_ASSERT(s.state == op_state::ready && s.awaits, "only who waits for a child is woken");
    s.due_at = now;
    s.waiting.clear();
    auto& e = append(s, events, event_type::child_ended, now);
    e.step = s.step_name;
    event_data data;
    data.child = std::exchange(s.awaits, std::nullopt);
    e.data = json::write(data);
    if (s.members.empty()) return;
    for (auto& m : s.members) {
        if (m.awaits != data.child) continue;
        m.due = now;
        m.waiting.clear();
        m.awaits.reset();
    }
    if (!s.backward) sum_up(s);  // what it met on the way forward is told already
}

void park_for(operation_state& s, const thole::fault& why, store_time now,
              std::vector<event>& events) {
    auto& e = append(s, events, event_type::parked, now);
    e.step = s.step_name;
    e.fault = fault_json(why);
    event_data data;
    data.reason = std::string{why.code()};
    e.data = json::write(data);
    s.state = op_state::parked;
    s.owner = 0;
    s.waiting = why.code();
    s.awaits.reset();
    s.fault = e.fault;
}

void recover(operation_state& s, store_time now, std::vector<event>& events) {
    THOLE_ASSERT(s.state == op_state::running, "only a running operation is recovered");
    s.state = op_state::ready;
    s.owner = 0;
    ++s.fence;
    s.due_at = now;
    append(s, events, event_type::recovered, now).step = s.step_name;
}

}  // namespace thole::saga
