#include "engine/turn.hpp"

#include <algorithm>

namespace thole::saga {

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
                       !data.cause && !data.ending && !data.child && !data.notes &&
                       !data.notes_dropped && !data.verdict;
    if (!empty) e.data = json::write(data);
}

// ---- forward ------------------------------------------------------------------------------------

void turn::operator()(const was_claimed& c) {
    THOLE_ASSERT(now().state == op_state::running, "a claimed operation is running");
    if (turns_back()) return;
    if (history_is_full()) return park(std::string{codes::operation_history_full.text}, {});
    out_.next.kind = in_group() ? effect_kind::members : effect_of(now(), plan_, c.interrupted);
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
    if (member_) return void(member(*member_).stand = member_stand::done);
    if (!shown.empty()) s.progress = shown;
    if (turns_back()) return;
    enter(s.step + 1);
}

// Goes on to a step in the same commit; the journal blocks it instead when its lock is taken. When
// nobody works on the operation, the next claim begins the step.
void turn::enter(int index) {
    auto& s = now();
    const bool worked_on = s.state == op_state::running;
    s.step = index;
    if (index == plan_.size()) return end(op_ending::completed, {});
    s.step_name = step().name;
    s.attempt = 1;
    s.conflicted = false;
    if (plan_.group_of(index).size() > 1) return arrive_at_group(worked_on);
    s.started = worked_on;
    s.open = worked_on;
    if (step().shape == step_shape::prepared) {
        s.generation = 0;
        s.allowance = step().policy.generations;
    }
    if (step().locks && s.lock == lock_state::later) s.lock = lock_state::wanted;
    if (worked_on) out_.next.kind = effect_of(s, plan_, false);
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
    if (now().progress == p.shown || history_is_full()) return;
    now().progress = p.shown;
    event_data data;
    data.shown = p.shown;
    write(event_type::progress).data = json::write(data);
}

void turn::operator()(const is_released&) {
    if (now().state == op_state::running) reschedule(now_);
}

// ---- bounds -------------------------------------------------------------------------------------

bool turn::history_is_full() {
    return now().seq >= (now().backward ? most_backward_events : most_forward_events);
}

// A completed step leads on even now (there are few); what could go round and round does not.
void turn::park_if_history_is_full(const operation_state& before) {
    const auto& s = now();
    const bool goes_on = s.state == op_state::ready || s.state == op_state::running;
    const bool same_step = s.step == before.step && s.backward == before.backward;
    if (!goes_on || !same_step || out_.events.empty() || act_ || !history_is_full()) return;
    if (out_.next.kind == effect_kind::members && others_ > 0) return;  // the last one parks it
    out_.calls.clear();
    park(std::string{codes::operation_history_full.text}, {});
}

// ---- the outside --------------------------------------------------------------------------------

decision decide(const operation_state& state, const plan& p, const input& in, evidence ev,
                store_time now, rng& chance) {
    const int member = ev.member;
    turn t{state, p, std::move(ev), now, chance};
    if (member >= 0) t.look_at(member);
    std::visit(t, in);
    if (member >= 0) t.look_away();
    if (member >= 0 && !std::holds_alternative<shows_progress>(in)) t.settle_group();
    t.park_if_history_is_full(state);
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

bool was_begun(const operation_state& s, const plan& p, int step) {
    if (s.members.empty()) return step < s.step || (step == s.step && s.started);
    const auto group = p.group_of(s.step);
    if (step < group.first) return true;
    return step <= group.last && s.members[static_cast<std::size_t>(step - group.first)].started;
}

bool may_compensate(const operation_state& s) noexcept {
    return !s.live && (!s.past_pivot || s.proved_dead);
}

operation_state initial_state(const plan& p, bool has_lock, store_time now, store_time due,
                              std::string input_json, std::vector<event>& events) {
    operation_state s;
    s.due_at = due;
    s.version = p.version;
    s.progress = "INITIATED";
    s.step_name = p.at(0).name;
    if (has_lock) s.lock = p.at(0).locks ? lock_state::wanted : lock_state::later;
    if (p.at(0).shape == step_shape::prepared) s.allowance = p.at(0).policy.generations;
    s.members = group_at(p, 0, due);
    if (p.at(0).at_most > 0) s.lane = s.step_name;
    append(s, events, event_type::submitted, now).payload = std::move(input_json);
    return s;
}

}  // namespace thole::saga
