#include "engine/decide.hpp"

#include <algorithm>

#include "engine/codes.hpp"
#include "engine/transitions.hpp"
#include "thole/codes.hpp"

namespace thole::saga {

namespace {

using namespace std::chrono_literals;

// A wait shorter than this is a busy loop.
constexpr duration shortest_wait = 100ms;
// What a local refusal that names no time costs.
constexpr duration unnamed_refusal = 1s;

store_time later(store_time now, duration d) {
    const auto us = std::chrono::ceil<std::chrono::microseconds>(std::max(d, duration::zero()));
    return us > store_time::max() - now ? store_time::max() : now + us;
}

std::string text_of(const event_data& data) {
    return json::write(data);
}

// One decision in the making.
class turn {
  public:
    turn(const operation_state& from, const plan& p, evidence ev, store_time now, rng& chance)
        : plan_{p}, evidence_{std::move(ev)}, now_{now}, chance_{chance} {
        out_.after = from;
    }
    decision take() && { return std::move(out_); }

    void operator()(const was_claimed&);
    void operator()(const did_complete&);
    void operator()(const did_fail&);
    void operator()(const must_wait&);
    void operator()(const must_park&);
    void operator()(const must_compensate&);
    void operator()(const has_landed&);
    void operator()(const is_pending&);
    void operator()(const is_dead&);
    void operator()(const is_uncertain&);
    void operator()(const did_not_happen_after_all&);
    void operator()(const shows_progress&);
    void operator()(const is_released&);
    void operator()(const cancel_command&);
    void operator()(const retry_command&);
    void operator()(const close_command& c) { end_by_person(op_ending::closed, c.actor, c.reason); }
    void operator()(const fail_command& c) { end_by_person(op_ending::failed, c.actor, c.reason); }

  private:
    operation_state& now() { return out_.after; }
    [[nodiscard]] const step_plan& step() const { return plan_.at(out_.after.step); }
    [[nodiscard]] bool has_step() const { return out_.after.step < plan_.size(); }

    event& write(event_type type);
    void add_evidence(event& e, event_data data);
    void refuse(const fault_code& code) {
        out_.refused = &code;
        out_.next.kind = effect_kind::keep;
    }

    void complete_step(std::string output, std::string_view shown);
    void enter(int index);
    void journal_generation(std::string bytes);
    void begin_compensation(std::string cause, std::string fault);
    void undo_next(int from);
    bool turns_back();
    void reschedule(store_time due);
    void defer(duration wait, std::string reason, std::string fault);
    void defer_for(const thole::fault& f);
    void spend_attempt(const thole::fault& f);
    void give_up(const thole::fault& f, const fault_code& why);
    void park(std::string reason, std::string fault);
    void end(op_ending ending, std::string cause);
    void end_by_person(op_ending ending, const std::string& actor, const std::string& reason);
    [[nodiscard]] std::optional<duration> next_delay(const thole::fault& f);

    const plan& plan_;
    evidence evidence_;
    store_time now_;
    rng& chance_;
    decision out_;
};

// ---- writing ------------------------------------------------------------------------------------

event& turn::write(event_type type) {
    out_.changed = true;
    auto& e = append(now(), out_.events, type, now_);
    if (has_step()) {
        e.step = step().name;
        e.attempt = now().attempt;
        if (step().shape == step_shape::prepared) e.generation = now().generation;
    }
    return e;
}

// The first event of a decision carries the evidence of the call that led to it.
void turn::add_evidence(event& e, event_data data) {
    e.latency_ms = evidence_.latency_ms;
    if (!evidence_.notes.empty()) data.notes = std::move(evidence_.notes);
    if (evidence_.notes_dropped > 0) data.notes_dropped = evidence_.notes_dropped;
    evidence_ = {};
    const bool empty = !data.reason && !data.until && !data.evidence && !data.shown &&
                       !data.cause && !data.ending && !data.notes && !data.notes_dropped;
    if (!empty) e.data = text_of(data);
}

// ---- forward ------------------------------------------------------------------------------------

void turn::operator()(const was_claimed& c) {
    THOLE_ASSERT(now().state == op_state::running, "a claimed operation is running");
    if (turns_back()) return;
    out_.next.kind = effect_of(now(), plan_, c.interrupted);
}

void turn::operator()(const did_complete& c) {
    if (now().backward) {
        add_evidence(write(event_type::undone), {});
        now().fault.clear();
        undo_next(now().step - 1);
        return;
    }
    if (step().shape == step_shape::prepared) {
        // Nothing was journaled, hence nothing was sent: the bytes may be dropped.
        if (turns_back()) return;
        journal_generation(c.output);
        return;
    }
    complete_step(c.output, step().shows);
}

void turn::complete_step(std::string output, std::string_view shown) {
    auto& e = write(event_type::step_completed);
    add_evidence(e, {});
    e.payload = std::move(output);
    auto& s = now();
    s.open = false;
    s.live = false;
    s.uncertain = false;
    s.waiting.clear();
    s.fault.clear();
    if (!shown.empty()) s.progress = shown;
    if (turns_back()) return;
    enter(s.step + 1);
}

// Goes on to a step in the same commit; the journal blocks it instead when its lock is taken.
void turn::enter(int index) {
    auto& s = now();
    s.step = index;
    if (index == plan_.size()) return end(op_ending::completed, {});
    s.step_name = step().name;
    s.attempt = 1;
    s.conflicted = false;
    s.started = true;
    s.open = true;
    if (step().shape == step_shape::prepared) {
        s.generation = 0;
        s.allowance = step().policy.generations;
    }
    if (step().locks && s.lock == lock_state::later) s.lock = lock_state::wanted;
    out_.next.kind = effect_of(s, plan_, false);
}

void turn::journal_generation(std::string bytes) {
    auto& s = now();
    ++s.generation;
    s.live = true;
    s.fault.clear();
    s.waiting.clear();
    s.attempt = 1;
    if (step().pivot) {
        s.past_pivot = true;
        s.proved_dead = false;
    }
    if (!step().shows.empty()) s.progress = step().shows;
    add_evidence(write(event_type::prepared), {});
    out_.prepared = prepared_row{s.step, s.generation, std::move(bytes)};
    out_.next.kind = effect_kind::settle;
}

void turn::operator()(const has_landed& l) {
    const auto& shown = step().settled_shows.empty() ? now().progress : step().settled_shows;
    complete_step(l.output, std::string{shown});
}

void turn::operator()(const is_pending& p) {
    if (now().uncertain) {
        now().uncertain = false;
        add_evidence(write(event_type::certain), {});
    }
    out_.next = {effect_kind::settle, std::max(p.again, shortest_wait)};
}

void turn::operator()(const is_uncertain& u) {
    if (!now().uncertain) {
        now().uncertain = true;
        event_data data;
        data.evidence = u.evidence;
        add_evidence(write(event_type::uncertain), std::move(data));
    }
    out_.next = {effect_kind::settle, std::max(u.again, shortest_wait)};
}

void turn::operator()(const is_dead& d) {
    auto& s = now();
    event_data data;
    data.evidence = d.evidence;
    if (!d.reason.empty()) data.reason = d.reason;
    add_evidence(write(event_type::proved_dead), std::move(data));
    s.live = false;
    s.uncertain = false;
    s.open = false;
    if (step().pivot) s.proved_dead = true;
    if (turns_back()) return;
    if (!d.resign) return park(d.reason.empty() ? "generation proved dead" : d.reason, {});
    if (s.generation >= s.allowance) {
        const thole::fault spent{codes::operation_generations_spent};
        return give_up(spent, codes::operation_generations_spent);
    }
    if (d.again > duration::zero()) return defer(d.again, d.reason, {});
    s.attempt = 1;
    s.open = true;
    out_.next.kind = effect_kind::prepare;
}

void turn::operator()(const did_not_happen_after_all&) {
    if (turns_back()) return;
    out_.next.kind = effect_kind::run;  // still open: run() is about to begin
}

void turn::operator()(const shows_progress& p) {
    out_.next.kind = effect_kind::keep;
    if (now().progress == p.shown) return;
    now().progress = p.shown;
    event_data data;
    data.shown = p.shown;
    write(event_type::progress).data = text_of(data);
}

void turn::operator()(const is_released&) {
    if (now().state == op_state::running) reschedule(now_);
}

// ---- waiting and failing ------------------------------------------------------------------------

void turn::reschedule(store_time due) {
    auto& s = now();
    out_.changed = true;
    s.state = op_state::ready;
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

// Waits without counting. The same reason again moves only the time: no event, so that an
// operation that waits for a week does not write a million.
void turn::defer(duration wait, std::string reason, std::string fault) {
    const auto due = later(now_, std::max(wait, shortest_wait));
    if (now().waiting != reason) {
        now().waiting = reason;
        auto& e = write(now().backward ? event_type::undo_waiting : event_type::step_waiting);
        event_data data;
        data.reason = std::move(reason);
        data.until = due;
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
    auto& e = write(event_type::parked);
    event_data data;
    data.reason = reason;
    add_evidence(e, std::move(data));
    e.fault = fault;
    if (!fault.empty()) s.fault = std::move(fault);
    s.waiting = std::move(reason);
    s.state = op_state::parked;
    s.owner = 0;
    out_.next = {};
}

// ---- backward -----------------------------------------------------------------------------------

// A cancel that was accepted earlier takes effect as soon as nothing undecided is left.
bool turn::turns_back() {
    if (!now().cancelling || now().backward || !may_compensate(now())) return false;
    begin_compensation("cancelled", now().fault);
    return true;
}

void turn::begin_compensation(std::string cause, std::string fault) {
    auto& s = now();
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
    undo_next(s.started ? s.step : s.step - 1);
}

void turn::undo_next(int from) {
    auto& s = now();
    while (from >= 0 && !plan_.at(from).has_undo) --from;
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
    auto& e = write(event_type::ended);
    e.step.clear();
    e.attempt = 0;
    e.generation = 0;
    event_data data;
    data.ending = json::detail::enum_text(ending);
    if (!cause.empty()) data.cause = cause;
    e.data = text_of(data);
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
    s.waiting.clear();
    s.ended_at = now_;
    out_.next = {};
}

// ---- commands -----------------------------------------------------------------------------------

void turn::operator()(const cancel_command& c) {
    auto& s = now();
    out_.next.kind = effect_kind::keep;
    if (s.state == op_state::terminal) return refuse(codes::operation_ended);
    if (s.backward || s.cancelling) return;
    if (s.past_pivot && !s.proved_dead) return refuse(codes::operation_past_pivot);
    auto& e = write(event_type::cancel_requested);
    e.actor = c.actor;
    event_data data;
    data.reason = c.reason;
    e.data = text_of(data);
    s.cancelling = true;
    // Somebody works on it: the end of that call turns it back.
    if (s.state == op_state::running) return;
    out_.next = {};
    if (turns_back()) return;
    if (s.state == op_state::parked) s.waiting.clear();
    reschedule(now_);  // an undecided generation must be settled first
}

void turn::operator()(const retry_command& c) {
    auto& s = now();
    out_.next.kind = effect_kind::keep;
    if (s.state == op_state::terminal) return refuse(codes::operation_ended);
    if (s.state != op_state::parked && s.state != op_state::ready) {
        return refuse(codes::operation_not_waiting);
    }
    auto& e = write(event_type::retried);
    e.actor = c.actor;
    event_data data;
    data.reason = c.reason;
    e.data = text_of(data);
    if (s.state == op_state::parked) {
        s.attempt = 1;
        s.conflicted = false;
        const bool signs = !s.backward && has_step() && step().shape == step_shape::prepared;
        if (signs && !s.live) s.allowance = std::max(s.allowance, s.generation + 1);
    }
    s.waiting.clear();
    reschedule(now_);
}

void turn::end_by_person(op_ending ending, const std::string& actor, const std::string& reason) {
    if (now().state == op_state::terminal) return refuse(codes::operation_ended);
    if (now().state != op_state::parked) return refuse(codes::operation_not_parked);
    end(ending, reason);
    out_.events.back().actor = actor;
}

}  // namespace

// ---- the outside --------------------------------------------------------------------------------

decision decide(const operation_state& state, const plan& p, const input& in, evidence ev,
                store_time now, rng& chance) {
    turn t{state, p, std::move(ev), now, chance};
    std::visit(t, in);
    return std::move(t).take();
}

effect_kind effect_of(const operation_state& s, const plan& p, bool interrupted) {
    THOLE_ASSERT(s.state == op_state::running, "only a running operation has an effect");
    if (s.backward) return effect_kind::undo;
    switch (p.at(s.step).shape) {
        case step_shape::idempotent:
            return effect_kind::run;
        case step_shape::prepared:
            return s.live ? effect_kind::settle : effect_kind::prepare;
        case step_shape::probed:
            return interrupted ? effect_kind::probe : effect_kind::run;
    }
    THOLE_ASSERT(false, "a step has one of three shapes");
}

bool may_compensate(const operation_state& s) noexcept {
    return !s.live && (!s.past_pivot || s.proved_dead);
}

operation_state initial_state(const plan& p, bool has_lock, store_time now, store_time due,
                              std::string input_json, std::vector<event>& events) {
    operation_state s;
    s.due_at = due;
    s.progress = "INITIATED";
    s.step_name = p.at(0).name;
    if (has_lock) s.lock = p.at(0).locks ? lock_state::wanted : lock_state::later;
    if (p.at(0).shape == step_shape::prepared) s.allowance = p.at(0).policy.generations;
    append(s, events, event_type::submitted, now).payload = std::move(input_json);
    return s;
}

}  // namespace thole::saga
