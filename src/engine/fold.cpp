#include "engine/fold.hpp"

#include <fmt/format.h>

namespace thole::saga {

namespace {

class teller {
  public:
    teller(const plan& p, bool has_lock) : plan_{p}, has_lock_{has_lock} {}

    void tell(const event& e);
    operation_state finish() {
        arrive();
        return std::move(s_);
    }

  private:
    static event_data data_of(const event& e) {
        if (e.data.empty()) return {};
        auto read = json::read<event_data>(e.data);
        THOLE_ASSERT(read.has_value(), "a journaled event reads back");
        return std::move(*read);
    }
    void tell_of(const event& e, const event_data& d);
    bool tell_of_step(const event& e, const event_data& d);
    void begin();
    void arrive();
    void complete();
    void resolve(const event_data& d);
    void fail_attempt(const event& e, const event_data& d);
    void journal_generation(const event& e);
    void prove_dead();
    void turn_back(const event& e, const event_data& d);
    void go_back_from(int step);
    void finish_with(const event& e, const event_data& d);
    void retry();
    void reopen(const event& e);

    const plan& plan_;
    bool has_lock_;
    bool leaving_ = false;    // the step is complete; where to is told by the next event
    bool unclaimed_ = false;  // … and nobody was working on it
    operation_state s_;
};

void teller::begin() {
    s_.progress = "INITIATED";
    const auto& first = plan_.at(0);
    s_.step_name = first.name;
    if (has_lock_) s_.lock = first.locks ? lock_state::wanted : lock_state::later;
    if (first.shape == step_shape::prepared) s_.allowance = first.policy.generations;
}

// A completed step leads to the next one, unless compensation starts from it.
void teller::arrive() {
    if (!std::exchange(leaving_, false)) return;
    if (++s_.step == plan_.size()) return;
    const auto& step = plan_.at(s_.step);
    s_.step_name = step.name;
    s_.attempt = 1;
    const bool begun = !std::exchange(unclaimed_, false);
    s_.started = begun;
    if (step.shape == step_shape::prepared) {
        s_.generation = 0;
        s_.allowance = step.policy.generations;
    }
    if (step.locks && s_.lock == lock_state::later) {
        s_.lock = begun ? lock_state::held : lock_state::wanted;
    }
}

void teller::fail_attempt(const event& e, const event_data& d) {
    s_.fault = e.fault;
    s_.waiting.clear();
    if (!d.until) return;
    s_.attempt = e.attempt + 1;
    const auto fault = json::read<stored_fault>(e.fault);
    THOLE_ASSERT(fault.has_value(), "a journaled fault reads back");
    s_.waiting = fault->code;
    s_.state = op_state::ready;
}

void teller::journal_generation(const event& e) {
    const auto& step = plan_.at(s_.step);
    s_.generation = e.generation;
    s_.live = true;
    s_.attempt = 1;
    s_.fault.clear();
    s_.waiting.clear();
    if (step.pivot) s_.past_pivot = true, s_.proved_dead = false;
    if (!step.shows.empty()) s_.progress = step.shows;
}

void teller::prove_dead() {
    s_.live = false;
    s_.uncertain = false;
    s_.attempt = 1;
    if (plan_.at(s_.step).pivot) s_.proved_dead = true;
}

// What a landed generation leads to is told by the event after this one.
void teller::resolve(const event_data& d) {
    if (d.verdict == "landed") {
        unclaimed_ = true;
        s_.state = op_state::ready;
        return;
    }
    prove_dead();
}

void teller::turn_back(const event& e, const event_data& d) {
    leaving_ = unclaimed_ = false;
    s_.backward = true;
    s_.cancelling = false;
    s_.uncertain = false;
    s_.fault = e.fault;
    s_.cause = d.cause.value_or("");
    if (s_.lock == lock_state::wanted) s_.lock = lock_state::later;
    s_.state = op_state::ready;
    go_back_from(s_.started ? s_.step : s_.step - 1);
}

void teller::go_back_from(int step) {
    while (step >= 0 && !plan_.at(step).has_undo) --step;
    s_.step = step < 0 ? 0 : step;
    s_.step_name = plan_.at(s_.step).name;
    s_.attempt = 1;
    s_.started = true;
    s_.waiting.clear();
}

void teller::finish_with(const event& e, const event_data& d) {
    arrive();
    s_.state = op_state::terminal;
    const auto ending = json::read<op_ending>(boost::json::value(*d.ending));
    THOLE_ASSERT(ending.has_value(), "a journaled ending reads back");
    s_.ending = *ending;
    s_.cause = d.cause.value_or("");
    s_.ended_at = e.at;
    s_.lock = lock_state::none;
    s_.step_name.clear();
    s_.started = s_.live = s_.uncertain = s_.cancelling = false;
    s_.waiting.clear();
}

void teller::retry() {
    if (s_.state == op_state::parked) {
        s_.attempt = 1;
        const bool signs = !s_.backward && plan_.at(s_.step).shape == step_shape::prepared;
        if (signs && !s_.live && s_.allowance <= s_.generation) s_.allowance = s_.generation + 1;
    }
    s_.state = op_state::ready;
    s_.waiting.clear();
}

void teller::reopen(const event& e) {
    const int to = plan_.index_of(e.step);
    s_.started = s_.started || to < s_.step;
    s_.step = to;
    s_.step_name = e.step;
    s_.attempt = 1;
    s_.state = op_state::ready;
    s_.waiting.clear();
    if (s_.lock == lock_state::wanted && !plan_.at(to).locks) s_.lock = lock_state::later;
}

void teller::complete() {
    leaving_ = true;
    s_.live = s_.uncertain = false;
    s_.waiting.clear();
    s_.fault.clear();
    const auto& step = plan_.at(s_.step);
    const bool settles = step.shape == step_shape::prepared;
    const auto& shown = settles ? step.settled_shows : step.shows;
    if (!shown.empty()) s_.progress = shown;
}

// What happened to the current step; false when the event is about something else.
bool teller::tell_of_step(const event& e, const event_data& d) {
    switch (e.type) {
        case event_type::step_started:
            s_.started = true;
            if (s_.lock == lock_state::wanted) s_.lock = lock_state::held;
            return true;
        case event_type::step_completed:
            complete();
            return true;
        case event_type::step_failed:
        case event_type::undo_failed:
            fail_attempt(e, d);
            return true;
        case event_type::step_waiting:
        case event_type::undo_waiting:
            s_.waiting = d.reason.value_or("");
            s_.awaits = d.child;
            s_.fault = e.fault;
            s_.state = op_state::ready;
            return true;
        case event_type::child_ended:
            s_.waiting.clear();
            return true;
        case event_type::skipped:  // what it leads to is told by the event after this one
            unclaimed_ = true;
            s_.state = op_state::ready;
            return true;
        case event_type::reopened:
            reopen(e);
            return true;
        case event_type::prepared:
            journal_generation(e);
            return true;
        case event_type::uncertain:
            s_.uncertain = true;
            return true;
        case event_type::certain:
            s_.uncertain = false;
            return true;
        case event_type::proved_dead:
            prove_dead();
            return true;
        case event_type::resolved:
            resolve(d);
            return true;
        case event_type::progress:
            s_.progress = d.shown.value_or("");
            return true;
        case event_type::undone:
            s_.fault.clear();
            go_back_from(s_.step - 1);
            return true;
        default:
            return false;
    }
}

void teller::tell(const event& e) {
    // Compensation may begin from the completed step itself, or from the one that had been begun.
    if (e.type != event_type::compensating || e.step != s_.step_name) arrive();
    s_.seq = e.seq;
    const auto d = data_of(e);
    tell_of(e, d);
    if (s_.awaits && s_.waiting != child_reason(*s_.awaits)) s_.awaits.reset();
    // Until something moves it, or parks it for another reason.
    s_.paused = s_.state == op_state::parked &&
                (e.type == event_type::paused || (s_.paused && e.type != event_type::parked));
}

void teller::tell_of(const event& e, const event_data& d) {
    if (tell_of_step(e, d)) return;
    switch (e.type) {
        case event_type::submitted:
            begin();
            break;
        case event_type::blocked:
            s_.state = op_state::blocked;
            s_.lock = lock_state::wanted;
            s_.started = false;
            s_.waiting = d.reason.value_or("");
            break;
        case event_type::lock_acquired:
            s_.state = op_state::ready;
            s_.lock = lock_state::held;
            s_.waiting.clear();
            break;
        case event_type::parked:
            s_.state = op_state::parked;
            s_.waiting = d.reason.value_or("");
            if (!e.fault.empty()) s_.fault = e.fault;
            break;
        case event_type::retried:
            retry();
            break;
        case event_type::cancel_requested:
            s_.cancelling = true;
            if (s_.state == op_state::parked) s_.state = op_state::ready, s_.waiting.clear();
            break;
        case event_type::compensating:
            turn_back(e, d);
            break;
        case event_type::prioritised:
            break;
        case event_type::paused:
            s_.state = op_state::parked;
            s_.waiting = "operation.paused";
            break;
        case event_type::resumed:
            s_.state = op_state::ready;
            s_.waiting.clear();
            break;
        case event_type::recovered:
            s_.state = op_state::ready;
            break;
        case event_type::ended:
            finish_with(e, d);
            break;
        default:
            THOLE_ASSERT(false, "every kind of event is told");
    }
}

}  // namespace

operation_state fold(std::span<const event> events, const plan& p, bool has_lock) {
    teller story{p, has_lock};
    for (const auto& e : events) story.tell(e);
    return story.finish();
}

std::string difference(const operation_state& told, const operation_state& row) {
    std::string out;
    const auto check = [&](std::string_view field, const auto& a, const auto& b) {
        if (a != b) out += fmt::format("{}: events say {}, row says {}; ", field, a, b);
    };
    const auto active = [](op_state s) {
        return json::detail::enum_text(s == op_state::running ? op_state::ready : s);
    };
    check("state", active(told.state), active(row.state));
    check("ending", json::detail::enum_text(told.ending), json::detail::enum_text(row.ending));
    check("lock", json::detail::enum_text(told.lock), json::detail::enum_text(row.lock));
    check("backward", told.backward, row.backward);
    check("started", told.started, row.started);
    check("past_pivot", told.past_pivot, row.past_pivot);
    check("proved_dead", told.proved_dead, row.proved_dead);
    check("live", told.live, row.live);
    check("uncertain", told.uncertain, row.uncertain);
    check("cancelling", told.cancelling, row.cancelling);
    check("paused", told.paused, row.paused);
    check("step", told.step, row.step);
    check("step_name", told.step_name, row.step_name);
    check("attempt", told.attempt, row.attempt);
    check("generation", told.generation, row.generation);
    check("allowance", told.allowance, row.allowance);
    check("seq", told.seq, row.seq);
    check("progress", told.progress, row.progress);
    check("waiting", told.waiting, row.waiting);
    const auto text = [](const std::optional<uuid>& id) { return id ? id->text() : ""; };
    check("awaits", text(told.awaits), text(row.awaits));
    check("fault", told.fault, row.fault);
    check("cause", told.cause, row.cause);
    check("ended_at", told.ended_at.time_since_epoch().count(),
          row.ended_at.time_since_epoch().count());
    return out;
}

}  // namespace thole::saga
