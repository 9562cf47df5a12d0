#include <algorithm>

#include <boost/json/object.hpp>

#include "engine/migration.hpp"
#include "engine/turn.hpp"
#include "engine/view.hpp"

namespace thole::saga {

// ---- writing ------------------------------------------------------------------------------------

standing turn::standing_now() const {
    const auto& s = out_.after;
    return {state_of(s), progress_of(s), s.step_name, s.attempt, s.generation};
}

void turn::write_act(event_type type, const std::string& actor, event_data data) {
    data.before = standing_now();
    act_ = act{out_.events.size(), std::move(data)};
    write(type).actor = actor;
}

// How the act left the operation is known at the end of the turn.
decision turn::take() && {
    auto& s = now();
    const bool goes_on = s.state == op_state::ready || s.state == op_state::running;
    if (in_group() && goes_on) sum_up(s);
    if (s.awaits && s.waiting != child_reason(*s.awaits)) s.awaits.reset();
    if (plan_.size() > 0) s.lane = lane();
    if (act_) {
        act_->data.after = standing_now();
        out_.events[act_->index].data = json::write(act_->data);
    }
    return std::move(out_);
}

namespace {
event_data because(const std::string& reason) {
    event_data data;
    data.reason = reason;
    return data;
}
}  // namespace

// ---- what people ask ----------------------------------------------------------------------------

void turn::operator()(const cancel_command& c) {
    auto& s = now();
    out_.next.kind = effect_kind::keep;
    if (s.state == op_state::terminal) return refuse(codes::operation_ended);
    const bool waits_for_person = s.state == op_state::parked;
    // It is cancelled already, and its undo waits for somebody to ask for it again.
    if (s.backward && waits_for_person) return (*this)(retry_command{c.actor, c.reason});
    if (s.backward || (s.cancelling && !waits_for_person)) return;
    if (s.past_pivot && !s.proved_dead) return refuse(codes::operation_past_pivot);
    if (s.seq >= most_acted_events) return refuse(codes::operation_history_full);
    write_act(event_type::cancel_requested, c.actor, because(c.reason));
    s.cancelling = true;
    // Somebody works on it: the end of that call turns it back.
    if (s.state == op_state::running) return;
    out_.next = {};
    if (turns_back()) return;
    if (waits_for_person) s.waiting.clear();
    reschedule(now_);  // an undecided generation must be settled first
}

void turn::operator()(const retry_command& c) {
    auto& s = now();
    out_.next.kind = effect_kind::keep;
    if (s.state == op_state::terminal) return refuse(codes::operation_ended);
    if (s.state != op_state::parked && s.state != op_state::ready) {
        return refuse(codes::operation_not_waiting);
    }
    if (history_is_full() || s.seq >= most_acted_events) {
        return refuse(codes::operation_history_full);
    }
    const bool signs = !s.backward && has_step() && step().shape == step_shape::prepared && !s.live;
    if (s.paused) return (*this)(resume_command{c.actor, c.reason});
    const bool fresh = s.state == op_state::parked;
    if (fresh && signs && s.generation >= most_generations) {
        return refuse(codes::operation_generations_bound);
    }
    write_act(event_type::retried, c.actor, because(c.reason));
    if (fresh) {
        s.attempt = 1;
        s.conflicted = false;
        if (signs) s.allowance = std::max(s.allowance, s.generation + 1);
    }
    s.waiting.clear();
    if (in_group()) retry_group(fresh);
    reschedule(now_);
}

// An undecided generation may still land. Ending the operation would hide that, and give its lock
// to the next one, which could then do the same thing again.
void turn::end_by_person(op_ending ending, const std::string& actor, const std::string& reason) {
    if (now().state == op_state::terminal) return refuse(codes::operation_ended);
    if (now().state != op_state::parked) return refuse(codes::operation_not_parked);
    if (now().live) return refuse(codes::operation_undecided);
    const auto before = standing_now();
    end(ending, reason);
    auto data = event_data{};
    data.ending = json::detail::enum_text(ending);
    if (!reason.empty()) data.cause = reason;
    data.before = before;
    act_ = act{out_.events.size() - 1, std::move(data)};
    out_.events.back().actor = actor;
}

void turn::operator()(const pause_command& c) {
    auto& s = now();
    out_.next.kind = effect_kind::keep;
    if (s.state == op_state::terminal) return refuse(codes::operation_ended);
    if (s.paused) return;
    if (s.state == op_state::parked) return refuse(codes::operation_parked_already);
    if (s.seq >= most_acted_events) return refuse(codes::operation_history_full);
    write_act(event_type::paused, c.actor, because(c.reason));
    // Its child may end meanwhile: it looks for itself when it goes on.
    if (s.awaits) s.due_at = now_;
    s.waiting = codes::operation_paused.text;
    s.state = op_state::parked;
    s.paused = true;
    s.owner = 0;
    out_.next = {};
}

// Its time is kept: what was to begin tomorrow does not begin now.
void turn::operator()(const resume_command& c) {
    auto& s = now();
    out_.next.kind = effect_kind::keep;
    if (s.state == op_state::terminal) return refuse(codes::operation_ended);
    if (!s.paused) return refuse(codes::operation_not_paused);
    write_act(event_type::resumed, c.actor, because(c.reason));
    s.waiting.clear();
    reschedule(std::max(now_, s.due_at));
}

// What was under way is taken from whoever works on it, as by resolve.
void turn::operator()(const skip_command& c) {
    auto& s = now();
    if (s.state == op_state::terminal) return refuse(codes::operation_ended);
    if (s.live) return refuse(codes::operation_undecided);
    const int which = c.step < 0 ? s.step : c.step;
    const bool group = in_group();
    const bool done = group && member(which).stand == member_stand::done;
    if (s.backward || done || !plan_.at(which).skippable) {
        return refuse(codes::operation_not_skippable);
    }
    if (s.seq >= most_acted_events) return refuse(codes::operation_history_full);
    if (group) {
        look_at(which);
        // As one step alone: what a person gave is an output, and is undone with the others.
        member(which).started = s.started = true;
    }
    write_act(event_type::skipped, c.actor, because(c.reason));
    if (!group) reschedule(now_);
    // A prepared one shows what it shows when it has landed: its bytes were never journaled.
    const bool settles = step().shape == step_shape::prepared;
    complete_step(c.output, settles ? step().settled_shows : step().shows);
    if (!group) return;
    look_away();
    reschedule(now_);
    settle_group();
}

const fault_code* turn::cannot_reopen(int to) const {
    const auto& s = out_.after;
    if (s.state == op_state::terminal) return &codes::operation_ended;
    if (s.live) return &codes::operation_undecided;
    if (s.state != op_state::parked && s.state != op_state::ready) {
        return &codes::operation_not_waiting;
    }
    if (to > s.step) return &codes::operation_step_not_begun;
    if (s.backward || s.cancelling) return &codes::operation_not_repeatable;
    for (int i = to; i <= plan_.group_of(s.step).last; ++i) {
        if (!was_begun(s, plan_, i)) continue;
        const auto& each = plan_.at(i);
        const bool repeats = each.shape == step_shape::idempotent;
        if (!repeats || (i > to && each.has_undo)) return &codes::operation_not_repeatable;
    }
    return nullptr;
}

void turn::operator()(const reopen_command& c) {
    auto& s = now();
    out_.next.kind = effect_kind::keep;
    const int to = plan_.group_of(c.step).first;  // of a group all begin anew
    if (const auto* why = cannot_reopen(to)) return refuse(*why);
    if (history_is_full() || s.seq >= most_acted_events) {
        return refuse(codes::operation_history_full);
    }
    write_act(event_type::reopened, c.actor, because(c.reason));
    // The outputs of a group stand in the order of their coming.
    const auto group = plan_.group_of(to);
    std::vector<std::string> names;
    for (int i = to; i <= group.last; ++i) names.push_back(plan_.at(i).name);
    if (names.size() > 1) out_.events.back().payload = json::write(names);
    send_back(to);
}

namespace {
// Nothing was begun under a lock that is waited for, or that has come while its time has not.
bool is_under_lock(const operation_state& s, const plan& p) {
    return s.lock == lock_state::held && !(p.at(s.step).locks && !s.started);
}
}  // namespace

void turn::send_back(int to) {
    auto& s = now();
    auto& e = out_.events.back();
    const bool lock_unused = !is_under_lock(s, plan_);
    reset_members(to);
    s.started = s.started || to < s.step;
    s.step = to;
    s.step_name = step().name;
    s.attempt = 1;
    s.conflicted = false;
    s.waiting.clear();
    e.step = s.step_name;
    e.attempt = s.attempt;
    e.generation = 0;
    const bool to_take_later = s.lock != lock_state::none && lock_unused && !step().locks;
    if (to_take_later) s.lock = lock_state::later;
    reschedule(now_);
}

// What an undo would have to take back was made from the input as it was.
const fault_code* turn::cannot_edit() const {
    const auto& s = out_.after;
    if (const auto* why = cannot_reopen(0)) {
        return why == &codes::operation_not_repeatable ? &codes::operation_not_editable : why;
    }
    for (int i = 0; i <= plan_.group_of(s.step).last; ++i) {
        if (was_begun(s, plan_, i) && plan_.at(i).has_undo) return &codes::operation_not_editable;
    }
    return nullptr;
}

void turn::operator()(const edit_command& c) {
    out_.next.kind = effect_kind::keep;
    if (const auto* why = cannot_edit()) return refuse(*why);
    if (history_is_full() || now().seq >= most_acted_events) {
        return refuse(codes::operation_history_full);
    }
    auto data = because(c.reason);
    data.patch = c.patch;
    write_act(event_type::edited, c.actor, std::move(data));
    out_.events.back().payload = c.input;
    send_back(0);
}

// It waits or is parked as before; only what it will do is another.
void turn::operator()(const migrate_command& c) {
    auto& s = now();
    out_.next.kind = effect_kind::keep;
    if (s.state == op_state::terminal) return refuse(codes::operation_ended);
    if (s.live) return refuse(codes::operation_undecided);
    if (s.state != op_state::parked && s.state != op_state::ready) {
        return refuse(codes::operation_not_waiting);
    }
    const bool there = s.version == c.to->version;
    if (there || s.backward || s.cancelling ||
        !why_not_migrate(s, plan_, *c.to, c.renamed).empty()) {
        return refuse(codes::operation_not_migratable);
    }
    if (s.seq >= most_acted_events) return refuse(codes::operation_history_full);
    auto data = because(c.reason);
    data.version = c.to->version;
    write_act(event_type::migrated, c.actor, std::move(data));
    auto& e = out_.events.back();
    boost::json::object names;
    for (const auto& [was, is] : c.renamed) names[was] = is;
    e.payload = json::write(boost::json::value(std::move(names)));
    migrate(s, *c.to);
    follows_ = c.to;
    e.step = s.step_name;
    e.attempt = s.attempt;
    e.generation = c.to->at(s.step).shape == step_shape::prepared ? s.generation : 0;
}

void turn::operator()(const prioritise_command& c) {
    auto& s = now();
    out_.next.kind = effect_kind::keep;
    if (s.state == op_state::terminal) return refuse(codes::operation_ended);
    if (s.priority == c.priority) return;
    if (s.seq >= most_acted_events) return refuse(codes::operation_history_full);
    auto data = because(c.reason);
    data.priority = c.priority;
    write_act(event_type::prioritised, c.actor, std::move(data));
    s.priority = c.priority;
}

void turn::operator()(const resolve_command& c) {
    auto& s = now();
    if (s.state == op_state::terminal) return refuse(codes::operation_ended);
    if (!s.live) return refuse(codes::operation_nothing_undecided);
    auto data = because(c.reason);
    data.verdict = c.landed ? "landed" : "dead";
    data.evidence = c.evidence;
    write_act(event_type::resolved, c.actor, std::move(data));
    if (c.landed) {
        reschedule(now_);
        const auto& shown = step().settled_shows.empty() ? s.progress : step().settled_shows;
        return complete_step(c.output, std::string{shown});
    }
    s.live = false;
    s.uncertain = false;
    s.open = false;
    if (step().pivot) s.proved_dead = true;
    s.attempt = 1;
    if (s.cancelling) reschedule(now_);
    if (turns_back()) return;
    park(std::string{codes::operation_declared_dead.text}, {});
}

}  // namespace thole::saga
