// What people ask: skipping, sending back, another class. (Others: decide_test.cpp.)

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/codes.hpp"
#include "engine/decide.hpp"
#include "engine/fold.hpp"
#include "engine/migration.hpp"
#include "engine/transitions.hpp"
#include "thole/codes.hpp"

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
    ~decide_acts_test() override {
        const auto other = [this](int) { return &later; };
        EXPECT_EQ(difference(fold(story, p, false, other), s), "");
    }

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
    plan later = make_plan();
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

// proves: E3, E6
TEST_F(decide_acts_test, a_cancel_of_a_parked_undo_goes_on_with_it_as_a_retry_does) {
    complete(2);
    step(cancel_command{"me", "no longer"});
    step(did_complete{"out"});
    ASSERT_TRUE(s.backward && s.step_name == "pack");
    const auto fail_for_good = [&] {
        static_cast<void>(begin_claim(s, 1, now, story));
        step(did_fail{fault{codes::http_client_error}});
        ASSERT_EQ(s.state, op_state::parked);
    };
    if (s.state == op_state::running) step(is_released{});
    fail_for_good();
    auto same = decide(s, p, retry_command{"me", "mended"}, {}, now, chance);
    const auto d = step(cancel_command{"me", "mended"});
    ASSERT_EQ(d.refused, nullptr);
    ASSERT_EQ(d.events.size(), 1U);
    EXPECT_EQ(d.events[0].type, event_type::retried);
    EXPECT_EQ(d.events[0].actor, "me");
    EXPECT_EQ(d.events[0].data, same.events.at(0).data);
    EXPECT_EQ(difference(same.after, s), "");
    EXPECT_EQ(s.state, op_state::ready);
    EXPECT_FALSE(step(cancel_command{"me", "again"}).changed) << "it is on its way";
    fail_for_good();
    step(cancel_command{"me", ""});
    static_cast<void>(begin_claim(s, 1, now, story));
    step(did_complete{});
    EXPECT_EQ(s.ending, op_ending::rolled_back);
}

// proves: E6
TEST_F(decide_acts_test, a_cancel_of_an_undo_that_rests_lets_it_go_on) {
    complete(2);
    step(cancel_command{"me", ""});
    step(did_complete{"out"});
    step(pause_command{"me", "not now"});
    ASSERT_TRUE(s.backward && s.paused);
    const auto d = step(cancel_command{"me", "now"});
    ASSERT_EQ(d.events.size(), 1U);
    EXPECT_EQ(d.events[0].type, event_type::resumed);
    EXPECT_EQ(s.state, op_state::ready);
}

// proves: E6
TEST_F(decide_acts_test, another_input_begins_anew_while_nothing_must_be_undone) {
    const auto edit = [&] { return step(edit_command{"me", "a slip", "{\"b\":1}", "{}"}); };
    EXPECT_EQ(edit().refused, &codes::operation_not_waiting) << "somebody works on it";
    complete(1);
    EXPECT_EQ(s.step_name, "pack");
    step(is_released{});
    EXPECT_EQ(edit().refused, &codes::operation_not_editable) << "pack was begun, and has an undo";
}

// proves: E6
TEST_F(decide_acts_test, an_edit_is_told_with_the_input_and_what_changed) {
    park();
    const auto d = step(edit_command{"me", "a slip", "{\"b\":1}", "{\"b\":1}"});
    ASSERT_EQ(d.refused, nullptr);
    ASSERT_EQ(d.events.size(), 1U);
    EXPECT_EQ(d.events[0].type, event_type::edited);
    EXPECT_EQ(d.events[0].actor, "me");
    EXPECT_EQ(d.events[0].payload, "{\"b\":1}");
    EXPECT_NE(d.events[0].data.find(R"("patch":"{\"b\":1}")"), std::string::npos)
        << d.events[0].data;
    EXPECT_NE(d.events[0].data.find(R"("before":{"state":"parked")"), std::string::npos);
    EXPECT_EQ(s.state, op_state::ready);
    EXPECT_EQ(s.step_name, "look");
    step(cancel_command{"me", ""});
    EXPECT_EQ(step(edit_command{"me", "", "{}", "{}"}).refused, &codes::operation_ended);
}

// proves: E6
TEST_F(decide_acts_test, what_was_signed_keeps_its_input) {
    p.steps[1].has_undo = false;
    complete(3);
    step(is_released{});
    EXPECT_EQ(s.step_name, "sign");
    EXPECT_EQ(step(edit_command{"me", "", "{}", "{}"}).refused, &codes::operation_not_editable);
    static_cast<void>(begin_claim(s, 1, now, story));
    complete(1);
    park();
    EXPECT_EQ(step(edit_command{"me", "", "{}", "{}"}).refused, &codes::operation_undecided);
}

// proves: E6
TEST_F(decide_acts_test, goes_on_by_a_version_that_begins_as_it_has_begun) {
    later.version = 2;
    later.steps[1].name = "wrap";
    later.steps[2].name = "weigh";
    const migrate_command move{"me", "new boxes", &later, {{"pack", "wrap"}}};
    EXPECT_EQ(step(move).refused, &codes::operation_not_waiting) << "somebody works on it";
    complete(1);
    step(must_park{"look", {}});
    const auto d = step(move);
    ASSERT_EQ(d.refused, nullptr);
    ASSERT_EQ(d.events.size(), 1U);
    EXPECT_EQ(d.events[0].type, event_type::migrated);
    EXPECT_EQ(d.events[0].step, "wrap");
    EXPECT_EQ(d.events[0].payload, R"({"pack":"wrap"})");
    EXPECT_NE(d.events[0].data.find(R"("version":2)"), std::string::npos) << d.events[0].data;
    EXPECT_EQ(s.state, op_state::parked) << "only what it will do is another";
    EXPECT_EQ(s.version, 2);
    EXPECT_EQ(step(move).refused, &codes::operation_not_migratable) << "it is there";
}

// proves: E6
TEST_F(decide_acts_test, goes_to_no_version_that_would_double_or_lose_what_it_has_done) {
    complete(2);
    park();
    EXPECT_EQ(s.step_name, "read");
    const auto why_not = [&](auto change) {
        auto to = make_plan();
        to.version = 2;
        change(to.steps);
        const auto why = why_not_migrate(s, p, to, {});
        const auto d = decide(s, p, migrate_command{"me", "r", &to, {}}, {}, now, chance);
        EXPECT_EQ(d.refused == nullptr, why.empty());
        return why;
    };
    using steps = std::vector<step_plan>;
    EXPECT_EQ(why_not([](steps& to) { to.resize(3); }), "");
    EXPECT_EQ(why_not([](steps& to) { to.resize(2); }), "version 2 has no step left for it");
    EXPECT_EQ(why_not([](steps& to) { to.insert(to.begin() + 1, to[4]); }),
              "step \"pack\" was begun, and step \"tell\" stands in its place in version 2");
    EXPECT_NE(why_not([](steps& to) { to[1].has_undo = false; }), "");
    EXPECT_NE(why_not([](steps& to) { to[2].shape = step_shape::probed; }), "");
    EXPECT_NE(why_not([](steps& to) { to[0].locks = true; }), "");
    EXPECT_EQ(why_not([](steps& to) { to[3].pivot = false, to[3].has_undo = true; }), "")
        << "what is to come is free";
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
