#include <algorithm>

#include "engine/turn.hpp"

namespace thole::saga {

// ---- one step of it -----------------------------------------------------------------------------

void turn::look_at(int step) {
    auto& s = now();
    const auto& m = member(step);
    s.step = step;
    s.step_name = plan_.at(step).name;
    s.attempt = m.attempt;
    s.conflicted = m.conflicted;
    s.open = m.open;
    s.waiting = m.waiting;
    s.awaits = m.awaits;
    s.fault = m.fault;
    member_ = step;
}

void turn::look_away() {
    auto& s = now();
    auto& m = member(*member_);
    const bool probed = step().shape == step_shape::probed;
    m.attempt = s.attempt;
    m.conflicted = s.conflicted;
    m.open = s.open && probed;  // what may be repeated need not be asked after
    m.waiting = std::move(s.waiting);
    m.awaits = s.awaits;
    if (m.awaits && m.waiting != child_reason(*m.awaits)) m.awaits.reset();
    m.fault = std::move(s.fault);
    member_.reset();
    s.step = plan_.group_of(s.step).first;
    s.step_name = step().name;
    s.attempt = 1;
    s.conflicted = false;
    s.open = false;
    sum_up(s);
}

void turn::begin_member(int step) {
    look_at(step);
    auto& m = member(step);
    const bool probed = plan_.at(step).shape == step_shape::probed;
    const auto how = probed && m.open ? effect_kind::probe : effect_kind::run;
    if (!m.started) {
        write(event_type::step_started);
        m.started = true;
    }
    if (probed && !m.open) {
        now().open = true;
        out_.changed = true;
    }
    look_away();
    now().started = true;
    out_.calls.push_back({step, how});
}

// The one reason that counts is the foremost's: the rest is told by its own event.
void turn::give_up_member(member_stand how, std::string reason, std::string fault) {
    auto& s = now();
    auto& e = write(event_type::given_up);
    event_data data;
    data.reason = reason;
    data.verdict = how == member_stand::parks ? "park" : "undo";
    add_evidence(e, std::move(data));
    e.fault = fault;
    member(*member_).stand = how;
    s.waiting = std::move(reason);
    if (!fault.empty()) s.fault = std::move(fault);
}

// ---- all of it ----------------------------------------------------------------------------------

bool turn::given_up() const {
    return std::ranges::any_of(out_.after.members, [](const member_state& m) {
        return m.stand == member_stand::parks || m.stand == member_stand::turns_back;
    });
}

// Those of which few may be under way at once ask for a place first: see may_begin.
void turn::arrive_at_group(bool worked_on) {
    auto& s = now();
    const auto group = plan_.group_of(s.step);
    s.started = false;
    s.open = false;
    s.members = group_at(plan_, s.step, now_);
    if (!worked_on) return;
    out_.next.kind = effect_kind::members;
    for (int i = group.first; i <= group.last; ++i) {
        if (plan_.at(i).at_most == 0) begin_member(i);
    }
}

void turn::operator()(const may_begin& m) {
    const bool full = history_is_full();
    if (full && others_ == 0) return park(std::string{codes::operation_history_full.text}, {});
    if (!full && !given_up() && !now().cancelling) {
        for (const int step : m.steps) begin_member(step);
    }
    settle_group();
}

void turn::settle_group() {
    auto& s = now();
    if (std::exchange(out_.next.kind, effect_kind::members) == effect_kind::run) {
        out_.calls.push_back({ended_, effect_kind::run});  // probe() said that it did nothing
    }
    if (others_ > 0 || !out_.calls.empty()) return;
    out_.next = {};
    if (turns_back()) return;
    const auto first_that = [&s](member_stand stand) {
        return std::ranges::find(s.members, stand, &member_state::stand);
    };
    if (const auto m = first_that(member_stand::turns_back); m != s.members.end()) {
        if (may_compensate(s)) return begin_compensation(m->waiting, m->fault);
        return park(m->waiting, m->fault);
    }
    if (const auto m = first_that(member_stand::parks); m != s.members.end()) {
        return park(m->waiting, m->fault);
    }
    auto due = never_due;
    for (const auto& m : s.members) {
        if (m.stand == member_stand::waits) due = std::min(due, m.due);
    }
    const bool done = std::ranges::all_of(
        s.members, [](const member_state& m) { return m.stand == member_stand::done; });
    if (!done) return reschedule(due);
    const int last = plan_.group_of(s.step).last;
    s.members.clear();
    if (!plan_.at(last).shows.empty()) s.progress = plan_.at(last).shows;
    enter(last + 1);
}

void turn::retry_group(bool fresh) {
    for (auto& m : now().members) {
        if (m.stand == member_stand::done) continue;
        m.stand = member_stand::waits;
        m.due = now_;
        m.waiting.clear();
        m.awaits.reset();
        if (fresh) m.attempt = 1, m.conflicted = false;
    }
}

void turn::reset_members(int to) {
    auto& s = now();
    const auto old = std::exchange(s.members, group_at(plan_, to, now_));
    for (std::size_t i = 0; i < s.members.size(); ++i) {
        s.members[i].started = to < s.step || old[i].started;
    }
}

std::string turn::lane() const {
    const auto& s = out_.after;
    if (s.step >= follows_->size() || s.backward) return {};
    const bool limited = follows_->at(s.step).at_most > 0;
    if (s.members.empty()) return s.live || !limited ? std::string{} : s.step_name;
    // Of a group: when nothing else is due before a place is free.
    std::string out;
    for (int i = s.step; i < s.step + std::ssize(s.members); ++i) {
        const auto& m = s.members[static_cast<std::size_t>(i - s.step)];
        if (m.stand != member_stand::waits || m.due > s.due_at) continue;
        if (follows_->at(i).at_most == 0) return {};
        if (out.empty()) out = follows_->at(i).name;
    }
    return out;
}

}  // namespace thole::saga
