#include "engine/fold.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace thole::saga {

namespace {

// A damaged file may hold a number that names no kind of event.
std::string name_of(event_type type) {
    const auto& known = json::detail::enum_values<event_type>;
    const bool named = std::ranges::find(known, type) != known.end();
    return named ? std::string{to_string(type)} : fmt::format("kind {}", static_cast<int>(type));
}

}  // namespace

void story::begin() {
    s_.version = plan_->version;
    s_.progress = "INITIATED";
    const auto& first = plan_->at(0);
    s_.step_name = first.name;
    if (has_lock_) s_.lock = first.locks ? lock_state::wanted : lock_state::later;
    if (first.shape == step_shape::prepared) s_.allowance = first.policy.generations;
    const auto group = plan_->group_of(0);
    if (group.size() > 1) s_.members.resize(static_cast<std::size_t>(group.size()));
}

// A completed step leads to the next one, unless compensation starts from it.
void story::arrive() {
    if (!std::exchange(leaving_, false)) return;
    const int last = plan_->group_of(s_.step).last;
    if (in_group() && !plan_->at(last).shows.empty()) s_.progress = plan_->at(last).shows;
    s_.members.clear();
    s_.step = last + 1;
    if (s_.step == plan_->size()) return;
    const auto& step = plan_->at(s_.step);
    s_.step_name = step.name;
    s_.attempt = 1;
    const bool begun = !std::exchange(unclaimed_, false);
    const auto group = plan_->group_of(s_.step);
    if (group.size() > 1) {  // each tells itself that it begins
        s_.started = false;
        s_.members.resize(static_cast<std::size_t>(group.size()));
        return;
    }
    s_.started = begun;
    if (step.shape == step_shape::prepared) {
        s_.generation = 0;
        s_.allowance = step.policy.generations;
    }
    if (step.locks && s_.lock == lock_state::later) {
        s_.lock = begun ? lock_state::held : lock_state::wanted;
    }
}

void story::fail_attempt(const event& e, const event_data& d) {
    s_.fault = e.fault;
    s_.waiting.clear();
    if (!d.until) return;
    s_.attempt = e.attempt + 1;
    if (const auto fault = json::read<stored_fault>(e.fault)) {
        s_.waiting = fault->code;
    } else {
        flaw_ = "its fault cannot be read";
    }
    s_.state = op_state::ready;
}

void story::journal_generation(const event& e) {
    const auto& step = plan_->at(s_.step);
    s_.generation = e.generation;
    s_.live = true;
    s_.attempt = 1;
    s_.fault.clear();
    s_.waiting.clear();
    if (step.pivot) s_.past_pivot = true, s_.proved_dead = false;
    if (!step.shows.empty()) s_.progress = step.shows;
}

void story::prove_dead() {
    s_.live = false;
    s_.uncertain = false;
    s_.attempt = 1;
    if (plan_->at(s_.step).pivot) s_.proved_dead = true;
}

// What a landed generation leads to is told by the event after this one.
void story::resolve(const event_data& d) {
    if (d.verdict == "landed") {
        unclaimed_ = true;
        s_.state = op_state::ready;
        return;
    }
    prove_dead();
}

void story::turn_back(const event& e, const event_data& d) {
    if (s_.step >= plan_->size()) return void(flaw_ = "every step is complete before it");
    leaving_ = unclaimed_ = false;
    s_.backward = true;
    s_.cancelling = false;
    s_.uncertain = false;
    s_.fault = e.fault;
    s_.cause = d.cause.value_or("");
    if (s_.lock == lock_state::wanted) s_.lock = lock_state::later;
    s_.state = op_state::ready;
    const int newest = plan_->group_of(s_.step).last;
    go_back_from(s_.started ? newest : s_.step - 1);
}

void story::go_back_from(int step) {
    const int first = plan_->group_of(s_.step).first;
    const auto passed_by = [&](int i) {
        const bool member = !s_.members.empty() && i >= first;
        return member && !s_.members[static_cast<std::size_t>(i - first)].started;
    };
    while (step >= 0 && (!plan_->at(step).has_undo || passed_by(step))) --step;
    if (step < first) s_.members.clear();
    s_.step = step < 0 ? 0 : step;
    s_.step_name = plan_->at(s_.step).name;
    s_.attempt = 1;
    s_.started = true;
    s_.waiting.clear();
}

void story::finish_with(const event& e, const event_data& d) {
    arrive();
    s_.state = op_state::terminal;
    const auto ending = json::read<op_ending>(boost::json::value(d.ending.value_or("")));
    if (!ending) flaw_ = "its ending cannot be read";
    s_.ending = ending.value_or(op_ending::none);
    s_.cause = d.cause.value_or("");
    s_.ended_at = e.at;
    s_.lock = lock_state::none;
    s_.step_name.clear();
    s_.started = s_.live = s_.uncertain = s_.cancelling = false;
    s_.members.clear();
    s_.waiting.clear();
}

void story::retry() {
    for (auto& m : s_.members) {
        if (s_.backward || m.stand == member_stand::done) continue;
        m.stand = member_stand::waits;
        m.waiting.clear();
        m.awaits.reset();
        if (s_.state == op_state::parked) m.attempt = 1;
    }
    if (s_.state == op_state::parked) {
        s_.attempt = 1;
        const bool signs = !s_.backward && plan_->at(s_.step).shape == step_shape::prepared;
        if (signs && !s_.live && s_.allowance <= s_.generation) s_.allowance = s_.generation + 1;
    }
    s_.state = op_state::ready;
    s_.waiting.clear();
}

void story::reopen(const event& e) {
    const int to = plan_->index_of(e.step);
    if (to < 0) return void(flaw_ = "it goes back to a step that there is not");
    const bool passed = to < s_.step;
    const bool begun_under_lock = !plan_->at(s_.step).locks || s_.started;
    s_.started = s_.started || passed;
    const auto group = plan_->group_of(to);
    if (group.size() == 1) s_.members.clear();
    if (group.size() > 1) s_.members.resize(static_cast<std::size_t>(group.size()));
    for (auto& m : s_.members) m = {.started = passed || m.started};
    s_.step = to;
    s_.step_name = e.step;
    s_.attempt = 1;
    s_.state = op_state::ready;
    s_.waiting.clear();
    const bool lets_go =
        s_.lock == lock_state::wanted || (s_.lock == lock_state::held && !begun_under_lock);
    if (lets_go && !plan_->at(to).locks) s_.lock = lock_state::later;
}

void story::migrate(const event& e, const event_data& d) {
    const auto* to = d.version && others_ ? others_(*d.version) : nullptr;
    if (to == nullptr) return void(flaw_ = "the version that it goes to is not known");
    if (s_.step >= to->size()) return void(flaw_ = "that version has no such step");
    plan_ = to;
    s_.version = *d.version;
    s_.step_name = e.step;
    if (s_.started) return;
    const auto& step = to->at(s_.step);
    const auto group = to->group_of(s_.step);
    s_.members.assign(group.size() > 1 ? static_cast<std::size_t>(group.size()) : 0, {});
    s_.attempt = 1;
    if (step.shape == step_shape::prepared)
        s_.generation = 0, s_.allowance = step.policy.generations;
    if (s_.lock == lock_state::later && step.locks) s_.lock = lock_state::wanted;
    if (s_.lock == lock_state::wanted && !step.locks) s_.lock = lock_state::later;
}

void story::complete() {
    leaving_ = true;
    s_.live = s_.uncertain = false;
    s_.waiting.clear();
    s_.fault.clear();
    const auto& step = plan_->at(s_.step);
    const bool settles = step.shape == step_shape::prepared;
    const auto& shown = settles ? step.settled_shows : step.shows;
    if (!shown.empty()) s_.progress = shown;
}

// ---- steps side by side -------------------------------------------------------------------------

member_state* story::member_of(const event& e) {
    const int index = plan_->index_of(e.step) - plan_->group_of(s_.step).first;
    if (index >= 0 && index < std::ssize(s_.members)) {
        return &s_.members[static_cast<std::size_t>(index)];
    }
    flaw_ = "its step is none of the group that is under way";
    return nullptr;
}

// False when the event is not about one of them.
bool story::tell_of_member(const event& e, const event_data& d) {
    static constexpr event_type known[] = {event_type::step_started, event_type::step_completed,
                                           event_type::step_failed, event_type::step_waiting,
                                           event_type::given_up};
    if (std::ranges::find(known, e.type) == std::end(known)) return false;
    auto* m = member_of(e);
    if (m == nullptr) return true;
    s_.state = op_state::ready;
    switch (e.type) {
        case event_type::step_started:
            s_.started = m->started = true;
            break;
        case event_type::step_completed:
            s_.started = m->started = true;
            m->stand = member_stand::done;
            m->waiting.clear();
            m->fault.clear();
            leaving_ = std::ranges::all_of(s_.members, [](const member_state& each) {
                return each.stand == member_stand::done;
            });
            if (!leaving_) unclaimed_ = false;
            break;
        case event_type::step_failed:
            m->fault = e.fault;
            m->waiting.clear();
            if (!d.until) break;
            m->attempt = e.attempt + 1;
            if (const auto fault = json::read<stored_fault>(e.fault)) {
                m->waiting = fault->code;
            } else {
                flaw_ = "its fault cannot be read";
            }
            break;
        case event_type::step_waiting:
            m->waiting = d.reason.value_or("");
            m->awaits = d.child;
            m->fault = e.fault;
            break;
        default:  // given up
            m->stand = d.verdict == "undo" ? member_stand::turns_back : member_stand::parks;
            m->waiting = d.reason.value_or("");
            if (!e.fault.empty()) m->fault = e.fault;
    }
    if (m->awaits && m->waiting != child_reason(*m->awaits)) m->awaits.reset();
    return true;
}

// Of those that are not done: the first fault, and the first reason, but for children, which go
// before all others.
void story::show_foremost() {
    s_.fault.clear();
    s_.waiting.clear();
    s_.awaits.reset();
    for (auto m = s_.members.rbegin(); m != s_.members.rend(); ++m) {
        if (m->stand == member_stand::done) continue;
        if (!m->fault.empty()) s_.fault = m->fault;
        const bool behind = s_.awaits && !m->awaits;
        if (!m->waiting.empty() && !behind) s_.waiting = m->waiting, s_.awaits = m->awaits;
    }
}

// ---- one step -----------------------------------------------------------------------------------

// What happened to the current step; false when the event is about something else.
bool story::tell_of_step(const event& e, const event_data& d) {
    if (in_group() && tell_of_member(e, d)) return true;
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
            for (auto& m : s_.members) {
                if (m.awaits && m.awaits == d.child) m.waiting.clear(), m.awaits.reset();
            }
            return true;
        case event_type::skipped:  // what it leads to is told by the event after this one
            unclaimed_ = true;
            s_.state = op_state::ready;
            return true;
        case event_type::reopened:
        case event_type::edited:
            reopen(e);
            return true;
        case event_type::migrated:
            migrate(e, d);
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

std::string story::flaw_of(const event& e) const {
    if (e.seq != s_.seq + 1) return fmt::format("event {} is missing", s_.seq + 1);
    if ((e.seq == 1) != (e.type == event_type::submitted)) return "only the first one is accepted";
    if (s_.state == op_state::terminal) return "it comes after the end";
    const bool on_the_way =
        leaving_ ? plan_->group_of(s_.step).last + 1 < plan_->size() : s_.step < plan_->size();
    // Compensation may begin from the last step, and the end needs none.
    if (!on_the_way && e.type != event_type::ended && e.type != event_type::compensating) {
        return "every step is complete before it";
    }
    return {};
}

bool story::tell(const event& e) {
    if (!flaw_.empty()) return false;
    flaw_ = flaw_of(e);
    event_data d;
    if (flaw_.empty() && !e.data.empty()) {
        if (auto read = json::read<event_data>(e.data)) {
            d = std::move(*read);
        } else {
            flaw_ = "its data cannot be read";
        }
    }
    if (flaw_.empty()) {
        // Compensation may begin from the completed step itself, or from the one that had begun.
        if (e.type != event_type::compensating || e.step != s_.step_name) arrive();
        s_.seq = e.seq;
        tell_of(e, d);
    }
    if (!flaw_.empty()) {
        flaw_ = fmt::format("event {} ({}): {}", e.seq, name_of(e.type), flaw_);
        return false;
    }
    if (s_.awaits && s_.waiting != child_reason(*s_.awaits)) s_.awaits.reset();
    if (in_group() && s_.state == op_state::ready) show_foremost();
    // Until something moves it, or parks it for another reason.
    s_.paused = s_.state == op_state::parked &&
                (e.type == event_type::paused || (s_.paused && e.type != event_type::parked));
    return true;
}

void story::tell_of(const event& e, const event_data& d) {
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
        case event_type::paced:
            s_.state = op_state::ready;
            s_.lock = lock_state::held;
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
            flaw_ = "this program does not know it";
    }
}

operation_state fold(std::span<const event> events, const plan& p, bool has_lock,
                     story::other_versions others) {
    story told{p, has_lock, std::move(others)};
    for (const auto& e : events) THOLE_ASSERT(told.tell(e), "the events fit together");
    return told.finish();
}

namespace {

// What events tell of them: not when they are due, nor whether an attempt is open.
std::string members_of(const operation_state& s) {
    std::string out;
    for (const auto& m : s.members) {
        out += fmt::format("{}{} attempt {} {} {}; ", json::detail::enum_text(m.stand),
                           m.started ? " begun" : "", m.attempt, m.waiting, m.fault);
        if (m.awaits) out += m.awaits->text();
    }
    return out;
}

}  // namespace

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
    check("version", told.version, row.version);
    check("step", told.step, row.step);
    check("step_name", told.step_name, row.step_name);
    check("attempt", told.attempt, row.attempt);
    check("generation", told.generation, row.generation);
    check("allowance", told.allowance, row.allowance);
    check("seq", told.seq, row.seq);
    check("progress", told.progress, row.progress);
    check("members", members_of(told), members_of(row));
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
