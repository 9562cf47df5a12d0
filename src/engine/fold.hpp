#pragma once

// The story retold: the state that an operation's events alone lead to.
//
// The scheduler works on the row, people and audits read the events. Both are written in one
// commit, so they must agree; tests and `doctor` check it:
//
//   auto told = fold(events, plan, has_lock);
//   EXPECT_EQ(difference(told, row), "");
//
// Written independently of decide(): it shares no code with it, so that a slip in one shows.
// Not told by events, and not compared: who runs it (ready and running are one), due times,
// fences, and whether an attempt is open.

#include <functional>
#include <span>
#include <string>

#include "engine/operation.hpp"
#include "engine/plan.hpp"

namespace thole::saga {

// Told event by event, so that a history of any length needs no memory. What does not fit is a
// flaw, not an abort: a damaged file must be told about, too.
class story {
  public:
    // The plan of another version, when it was moved there; nullptr = unknown.
    using other_versions = std::function<const plan*(int version)>;
    story(const plan& p, bool has_lock, other_versions others = {})
        : plan_{&p}, has_lock_{has_lock}, others_{std::move(others)} {}

    // False: the event does not follow from what was told before, or cannot be read. See flaw().
    bool tell(const event& e);
    // Empty when every event fitted; nothing is told beyond the first that did not.
    [[nodiscard]] const std::string& flaw() const noexcept { return flaw_; }
    // Where it stands.
    [[nodiscard]] int step() const noexcept { return s_.step; }
    [[nodiscard]] operation_state finish() {
        arrive();
        return std::move(s_);
    }

  private:
    [[nodiscard]] std::string flaw_of(const event& e) const;
    void tell_of(const event& e, const event_data& d);
    bool tell_of_step(const event& e, const event_data& d);
    void begin();
    void arrive();
    void complete();
    // Of a group (plan.hpp).
    [[nodiscard]] bool in_group() const { return !s_.members.empty() && !s_.backward; }
    [[nodiscard]] member_state* member_of(const event& e);
    bool tell_of_member(const event& e, const event_data& d);
    void show_foremost();
    void resolve(const event_data& d);
    void fail_attempt(const event& e, const event_data& d);
    void journal_generation(const event& e);
    void prove_dead();
    void turn_back(const event& e, const event_data& d);
    void go_back_from(int step);
    void finish_with(const event& e, const event_data& d);
    void retry();
    void reopen(const event& e);
    void migrate(const event& e, const event_data& d);

    const plan* plan_;
    bool has_lock_;
    other_versions others_;
    bool leaving_ = false;    // the step is complete; where to is told by the next event
    bool unclaimed_ = false;  // … and nobody was working on it
    operation_state s_;
    std::string flaw_;
};

// Precondition: the events fit together, as a journal without damage has them.
[[nodiscard]] operation_state fold(std::span<const event> events, const plan& p, bool has_lock,
                                   story::other_versions others = {});

// Empty when the two agree; else every field that differs, with both values.
[[nodiscard]] std::string difference(const operation_state& told, const operation_state& row);

}  // namespace thole::saga
