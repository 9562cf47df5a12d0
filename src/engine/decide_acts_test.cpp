// What people ask: skipping, sending back, another class. (Others: decide_test.cpp.)

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/codes.hpp"
#include "engine/decide.hpp"
#include "engine/fold.hpp"
#include "engine/transitions.hpp"

namespace thole::saga {
namespace {

using namespace std::chrono_literals;

// look (skippable) → pack (undo) → read → sign (pivot) → tell → check (critical)
plan make_plan() {
    plan p;
    p.kind = "k";
    p.steps.resize(6);
    p.steps[0].name = "look";
    p.steps[0].skippable = true;
    p.steps[0].shows = "LOOKED";
    p.steps[1].name = "pack";
    p.steps[1].has_undo = true;
    p.steps[2].name = "read";
    p.steps[3].name = "sign";
    p.steps[3].shape = step_shape::prepared;
    p.steps[3].pivot = true;
    p.steps[4].name = "tell";
    p.steps[5].name = "check";
    p.steps[5].critical = true;
    return p;
}

class decide_acts_test : public ::testing::Test {
  protected:
    decide_acts_test() {
        s = initial_state(p, false, now, now, "{}", story);
        static_cast<void>(begin_claim(s, 1, now, story));
    }
    // The events tell the same as the row, whatever was asked.
    ~decide_acts_test() override { EXPECT_EQ(difference(fold(story, p, false), s), ""); }

    decision step(const input& in) {
        auto d = decide(s, p, in, {}, now, chance);
        s = d.after;
        story.insert(story.end(), d.events.begin(), d.events.end());
        return d;
    }
    void complete(int steps) {
        for (int i = 0; i < steps; ++i) step(did_complete{"out"});
    }
    void park() { step(must_park{"look", {}}); }
    const fault_code* reopening(int to) { return step(reopen_command{"me", "r", to}).refused; }

    plan p = make_plan();
    store_time now{1'000'000s};
    rng chance{1};
    operation_state s;
    std::vector<event> story;
};

// proves: E6
TEST_F(decide_acts_test, a_skippable_step_completes_with_a_given_output) {
    park();
    const auto d = step(skip_command{"me", "seen by hand", "given"});
    ASSERT_EQ(d.events.size(), 2U);
    EXPECT_EQ(d.events[0].type, event_type::skipped);
    EXPECT_EQ(d.events[0].actor, "me");
    EXPECT_NE(d.events[0].data.find(R"("before":{"state":"parked")"), std::string::npos);
    EXPECT_NE(d.events[0].data.find(R"("after":{"state":"ready")"), std::string::npos);
    EXPECT_EQ(d.events[1].type, event_type::step_completed);
    EXPECT_EQ(d.events[1].payload, "given");
    EXPECT_EQ(s.state, op_state::ready);
    EXPECT_EQ(s.step_name, "pack");
    EXPECT_EQ(s.progress, "LOOKED");
}

// proves: E6
TEST_F(decide_acts_test, no_other_step_is_skipped) {
    complete(1);
    EXPECT_EQ(step(skip_command{"me", "r", "x"}).refused, &codes::operation_not_skippable);
    complete(3);
    EXPECT_TRUE(s.live);
    EXPECT_EQ(step(skip_command{"me", "r", "x"}).refused, &codes::operation_undecided);
    step(has_landed{"out"});
    complete(1);
    EXPECT_EQ(s.step_name, "check");
    EXPECT_EQ(step(skip_command{"me", "r", "x"}).refused, &codes::operation_not_skippable);
    complete(1);
    EXPECT_EQ(step(skip_command{"me", "r", "x"}).refused, &codes::operation_ended);
}

// proves: E6
TEST_F(decide_acts_test, is_sent_back_over_steps_that_may_be_repeated) {
    complete(2);
    EXPECT_EQ(s.step_name, "read");
    EXPECT_EQ(reopening(1), &codes::operation_not_waiting) << "somebody works on it";
    park();
    EXPECT_EQ(reopening(3), &codes::operation_step_not_begun);
    EXPECT_EQ(reopening(0), &codes::operation_not_repeatable) << "pack would have to be undone";
    const auto d = step(reopen_command{"me", "wrong box", 1});
    ASSERT_EQ(d.refused, nullptr);
    EXPECT_EQ(d.events.at(0).type, event_type::reopened);
    EXPECT_EQ(d.events.at(0).step, "pack");
    EXPECT_EQ(s.state, op_state::ready);
    EXPECT_EQ(s.step, 1);
    // What it had begun is undone when it is cancelled now.
    step(cancel_command{"me", ""});
    EXPECT_TRUE(s.backward);
    EXPECT_EQ(s.step_name, "pack");
}

// proves: E6
TEST_F(decide_acts_test, is_never_sent_back_across_what_was_signed) {
    complete(4);
    step(has_landed{"out"});
    complete(1);
    park();
    for (int to = 0; to < 4; ++to) EXPECT_EQ(reopening(to), &codes::operation_not_repeatable);
    EXPECT_EQ(reopening(4), nullptr);
    EXPECT_EQ(s.step_name, "tell");
    EXPECT_TRUE(s.past_pivot);
}

TEST_F(decide_acts_test, is_not_sent_back_while_a_generation_is_undecided_or_on_its_way_back) {
    complete(4);
    park();
    EXPECT_EQ(reopening(0), &codes::operation_undecided);
    step(resolve_command{"me", "r", false, "ticket"});
    step(cancel_command{"me", ""});
    EXPECT_TRUE(s.backward);
    EXPECT_EQ(reopening(0), &codes::operation_not_repeatable);
}

// proves: E5, E6
TEST_F(decide_acts_test, another_class_disturbs_nobody) {
    const auto d = step(prioritise_command{"me", "the boss asks", operation_priority::high});
    EXPECT_EQ(d.next.kind, effect_kind::keep);
    EXPECT_EQ(s.priority, operation_priority::high);
    EXPECT_EQ(s.state, op_state::running);
    EXPECT_NE(d.events.at(0).data.find(R"("priority":"high")"), std::string::npos);
    EXPECT_FALSE(step(prioritise_command{"me", "", operation_priority::high}).changed);
    complete(4);
    step(has_landed{"out"});
    complete(2);
    EXPECT_EQ(step(prioritise_command{"me", "", operation_priority::low}).refused,
              &codes::operation_ended);
}

}  // namespace
}  // namespace thole::saga
