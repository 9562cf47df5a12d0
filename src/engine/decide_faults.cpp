#include <algorithm>

#include "engine/turn.hpp"

namespace thole::saga {

namespace {

using namespace std::chrono_literals;

// What a local refusal that names no time costs.
constexpr duration unnamed_refusal = 1s;

store_time later(store_time now, duration d) {
    const auto us = std::chrono::ceil<std::chrono::microseconds>(std::max(d, duration::zero()));
    return us > store_time::max() - now ? store_time::max() : now + us;
}

}  // namespace

// ---- waiting and failing ------------------------------------------------------------------------

// Nobody works on it any more; a claim at or after `due` goes on.
void turn::reschedule(store_time due) {
    auto& s = now();
    out_.changed = true;
    if (member_) return void(member(*member_).due = due);
    s.state = op_state::ready;
    s.paused = false;
    s.owner = 0;
    s.due_at = due;
    s.updated_at = now_;
    out_.next = {};
}

void turn::operator()(const must_wait& w) {
    if (!evidence_.of_probe) now().open = false;
    if (turns_back()) return;
    defer(w.again, w.reason.empty() ? "waiting" : w.reason, {});
}

// The end of the child changes the due time, in the commit that ends it; see journal.hpp.
void turn::operator()(const must_await& w) {
    if (!evidence_.of_probe) now().open = false;
    if (turns_back()) return;
    defer(w.at_most, child_reason(w.child), {}, w.child);
}

// Waits without counting. The same reason again moves only the time: no event, so that an
// operation that waits for a week does not write a million.
void turn::defer(duration wait, std::string reason, std::string fault, std::optional<uuid> child) {
    const auto due =
        wait == duration::max() ? never_due : later(now_, std::max(wait, shortest_wait));
    now().awaits = child;
    if (now().waiting != reason) {
        now().waiting = reason;
        auto& e = write(now().backward ? event_type::undo_waiting : event_type::step_waiting);
        event_data data;
        data.reason = std::move(reason);
        if (due != never_due) data.until = due;
        data.child = child;
        add_evidence(e, std::move(data));
        e.fault = fault;
        now().fault = std::move(fault);
    }
    reschedule(due);
}

void turn::defer_for(const thole::fault& f) {
    std::string reason{f.code()};
    if (!f.dependency().empty()) reason.append(" ").append(f.dependency().view());
    const bool refused = f.kind() == fault_kind::rejected;
    duration wait = refused ? f.retry_after().value_or(unnamed_refusal) : duration::zero();
    wait = std::clamp(wait, shortest_wait, step().policy.longest_retry_after);
    // At t + jitter: whoever waits for one breaker must not come back in one instant.
    wait += duration{
        static_cast<std::int64_t>(chance_.below(static_cast<std::uint64_t>(wait.count() / 5 + 1)))};
    defer(wait, std::move(reason), fault_json(f));
}

void turn::operator()(const did_fail& d) {
    const auto& f = d.cause;
    const bool certain = f.effect() == fault_effect::none && f.kind() != fault_kind::cancelled;
    if (!evidence_.of_probe && certain) now().open = false;
    const bool counts = f.kind() != fault_kind::rejected && f.kind() != fault_kind::cancelled;
    if (!counts && !now().cancelling) return defer_for(f);
    spend_attempt(f);
}

// nullopt: no further attempt.
std::optional<duration> turn::next_delay(const thole::fault& f) {
    const auto& policy = step().policy;
    if (f.kind() == fault_kind::permanent) return std::nullopt;
    if (f.kind() == fault_kind::conflict && !now().conflicted) {
        now().conflicted = true;
        return duration{chance_.between(duration{100ms}.count(), duration{500ms}.count())};
    }
    const bool limited = f.kind() == fault_kind::rate_limited;
    const int most =
        limited ? std::max(policy.attempts, policy.rate_limited_attempts) : policy.attempts;
    if (now().attempt >= most) return std::nullopt;
    const auto own = policy.delays.delay(static_cast<std::uint32_t>(now().attempt), chance_);
    if (!f.retry_after()) return own;
    const auto asked = std::min(*f.retry_after(), policy.longest_retry_after);
    return limited ? std::max(asked, shortest_wait) : std::max(own, asked);
}

void turn::spend_attempt(const thole::fault& f) {
    auto& s = now();
    auto& e = write(s.backward ? event_type::undo_failed : event_type::step_failed);
    e.fault = fault_json(f);
    s.fault = e.fault;
    s.waiting.clear();
    event_data data;
    const bool back = s.cancelling && !s.backward && may_compensate(s);
    const auto delay = back ? std::nullopt : next_delay(f);
    if (delay) data.until = later(now_, *delay);
    add_evidence(e, data);
    if (turns_back()) return;
    if (!delay) {
        const bool hopeless = f.kind() == fault_kind::permanent;
        if (hopeless && !s.backward && may_compensate(s)) {
            return begin_compensation(std::string{f.code()}, s.fault);
        }
        if (hopeless) return park(std::string{f.code()}, s.fault);
        return give_up(f, codes::operation_attempts_spent);
    }
    ++s.attempt;
    s.waiting = f.code();
    reschedule(*data.until);
}

void turn::give_up(const thole::fault& f, const fault_code& why) {
    const bool back = !now().backward && may_compensate(now()) &&
                      step().policy.on_exhausted == exhausted::compensate;
    if (back) return begin_compensation(std::string{why.text}, fault_json(f));
    park(std::string{why.text}, fault_json(f));
}

void turn::operator()(const must_park& p) {
    if (turns_back()) return;
    park(p.reason, p.cause ? fault_json(*p.cause) : std::string{});
}

void turn::operator()(const must_compensate& c) {
    if (turns_back()) return;
    auto fault = c.cause ? fault_json(*c.cause) : std::string{};
    if (!now().backward && may_compensate(now())) {
        return begin_compensation(c.reason, std::move(fault));
    }
    park(c.reason, std::move(fault));
}

void turn::park(std::string reason, std::string fault) {
    auto& s = now();
    if (member_) return give_up_member(member_stand::parks, std::move(reason), std::move(fault));
    auto& e = write(event_type::parked);
    event_data data;
    data.reason = reason;
    add_evidence(e, std::move(data));
    e.fault = fault;
    if (!fault.empty()) s.fault = std::move(fault);
    s.waiting = std::move(reason);
    s.state = op_state::parked;
    s.paused = false;
    s.owner = 0;
    out_.next = {};
}

}  // namespace thole::saga
