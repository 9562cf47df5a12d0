#include "engine/decide.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/codes.hpp"
#include "engine/transitions.hpp"
#include "thole/codes.hpp"

namespace thole::saga {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

// first (undo) → ask (probed, undo) → sign (pivot) → last
plan make_plan() {
    plan p;
    p.kind = "k";
    p.steps.resize(4);
    p.steps[0].name = "first";
    p.steps[0].has_undo = true;
    p.steps[0].shows = "FIRST";
    p.steps[1].name = "ask";
    p.steps[1].shape = step_shape::probed;
    p.steps[1].has_undo = true;
    p.steps[2].name = "sign";
    p.steps[2].shape = step_shape::prepared;
    p.steps[2].pivot = true;
    p.steps[2].shows = "SIGNED";
    p.steps[2].settled_shows = "SETTLED";
    p.steps[3].name = "last";
    return p;
}

class decide_test : public ::testing::Test {
  protected:
    decide_test() {
        std::vector<event> events;
        s = initial_state(p, false, now, now, "{}", events);
        claim();
    }
    void claim() {
        std::vector<event> events;
        interrupted = begin_claim(s, 1, now, events);
    }
    decision step(const input& in, evidence ev = {}) {
        auto d = decide(s, p, in, std::move(ev), now, chance);
        s = d.after;
        return d;
    }
    void go_to_sign() {
        step(did_complete{"1"});
        step(did_complete{"2"});
        ASSERT_EQ(s.step_name, "sign");
    }
    static std::vector<std::string> types(const decision& d) {
        std::vector<std::string> out;
        for (const auto& e : d.events) out.emplace_back(to_string(e.type));
        return out;
    }
    duration until_due() const { return s.due_at - now; }

    plan p = make_plan();
    store_time now{1'000'000s};
    rng chance{1};
    operation_state s;
    bool interrupted = false;
};

fault transient() {
    return fault{codes::net_timeout};
}

TEST_F(decide_test, a_completed_step_leads_on_in_the_same_commit) {
    const auto d = step(did_complete{R"("out")"});
    EXPECT_THAT(types(d), ElementsAre("step.completed"));
    EXPECT_EQ(d.events[0].payload, R"("out")");
    EXPECT_EQ(d.next.kind, effect_kind::run);
    EXPECT_EQ(s.step_name, "ask");
    EXPECT_EQ(s.progress, "FIRST");
    EXPECT_TRUE(s.started && s.open);
    EXPECT_EQ(s.state, op_state::running);
}

// ---- F2: what a fault leads to ------------------------------------------------------------------

// proves: F2
TEST_F(decide_test, faults_that_count_back_off_until_they_are_spent) {
    for (int attempt = 1; attempt < 3; ++attempt) {
        EXPECT_EQ(s.attempt, attempt);
        const auto d = step(did_fail{transient()});
        EXPECT_THAT(types(d), ElementsAre("step.failed"));
        EXPECT_EQ(s.state, op_state::ready);
        EXPECT_GE(until_due(), attempt * 900ms);
        EXPECT_LE(until_due(), attempt * 1100ms);
        EXPECT_EQ(d.next.kind, effect_kind::none);
        now = s.due_at;
        claim();
    }
    const auto d = step(did_fail{transient()});
    EXPECT_THAT(types(d), ElementsAre("step.failed", "operation.parked"));
    EXPECT_EQ(s.state, op_state::parked);
    EXPECT_EQ(s.attempt, 3);
}

// proves: F2
TEST_F(decide_test, rejected_and_cancelled_spend_no_attempt) {
    for (int i = 0; i < 50; ++i) {
        step(did_fail{fault{codes::policy_breaker_open}.with_retry_after(10s)});
        EXPECT_EQ(s.state, op_state::ready);
        EXPECT_GE(until_due(), 10s);
        EXPECT_LE(until_due(), 12s);
        now = s.due_at;
        claim();
        step(did_fail{fault{codes::policy_cancelled}});
        EXPECT_LE(until_due(), 200ms);
        now = s.due_at;
        claim();
        EXPECT_EQ(s.attempt, 1);
    }
}

// proves: F2
TEST_F(decide_test, a_conflict_gets_one_short_wait_then_backs_off) {
    step(did_fail{fault{codes::db_conflict}});
    EXPECT_EQ(s.attempt, 2);
    EXPECT_GE(until_due(), 100ms);
    EXPECT_LE(until_due(), 500ms);
    claim();
    step(did_fail{fault{codes::db_conflict}});
    EXPECT_EQ(s.attempt, 3);
    EXPECT_GE(until_due(), 1800ms);
    claim();
    step(did_fail{fault{codes::db_conflict}});
    EXPECT_EQ(s.state, op_state::parked);
}

// proves: F2
TEST_F(decide_test, a_rate_limit_waits_as_told_and_has_more_attempts) {
    for (int attempt = 1; attempt < 5; ++attempt) {
        step(did_fail{fault{codes::http_rate_limited}.with_retry_after(42s)});
        EXPECT_EQ(until_due(), 42s);
        claim();
    }
    EXPECT_EQ(s.attempt, 5);
    step(did_fail{fault{codes::http_rate_limited}.with_retry_after(42s)});
    EXPECT_EQ(s.state, op_state::parked);
}

TEST_F(decide_test, an_absurd_retry_after_is_cut) {
    step(did_fail{fault{codes::http_rate_limited}.with_retry_after(10'000h)});
    EXPECT_EQ(until_due(), 1h);
}

// proves: F2, E3
TEST_F(decide_test, a_permanent_fault_compensates_before_the_pivot_and_parks_after_it) {
    step(did_complete{"1"});
    auto d = step(did_fail{fault{codes::http_client_error}});
    EXPECT_THAT(types(d), ElementsAre("step.failed", "compensation.started"));
    EXPECT_EQ(d.next.kind, effect_kind::undo);
    EXPECT_EQ(s.step_name, "ask") << "the step that failed half-way is undone too";
    EXPECT_EQ(s.cause, "http.client_error");
}

TEST_F(decide_test, a_permanent_fault_after_the_pivot_parks) {
    go_to_sign();
    step(did_complete{"bytes"});
    step(has_landed{"3"});
    const auto d = step(did_fail{fault{codes::http_client_error}});
    EXPECT_THAT(types(d), ElementsAre("step.failed", "operation.parked"));
    EXPECT_EQ(s.waiting, "http.client_error");
}

TEST_F(decide_test, spent_attempts_compensate_where_the_policy_says_so_and_nothing_landed) {
    p.steps[0].policy.on_exhausted = exhausted::compensate;
    p.steps[0].policy.attempts = 1;
    p.steps[3].policy = p.steps[0].policy;
    step(did_fail{transient()});
    EXPECT_TRUE(s.backward);
    EXPECT_EQ(s.cause, "operation.attempts_spent");

    decide_test::s = {};
    std::vector<event> events;
    s = initial_state(p, false, now, now, "{}", events);
    claim();
    go_to_sign();
    step(did_complete{"bytes"});
    step(has_landed{"3"});
    step(did_fail{transient()});
    EXPECT_EQ(s.state, op_state::parked) << "what has landed is never compensated";
}

// ---- waiting ------------------------------------------------------------------------------------

TEST_F(decide_test, one_reason_to_wait_is_one_event) {
    EXPECT_THAT(types(step(must_wait{10s, "funds"})), ElementsAre("step.deferred"));
    claim();
    const auto again = step(must_wait{10s, "funds"});
    EXPECT_TRUE(again.changed);
    EXPECT_THAT(types(again), ElementsAre());
    claim();
    EXPECT_THAT(types(step(must_wait{10s, "stock"})), ElementsAre("step.deferred"));
    EXPECT_EQ(s.attempt, 1);
    claim();
    step(must_wait{0s, "at once"});
    EXPECT_GE(until_due(), 100ms) << "never a busy loop";
}

// ---- probed -------------------------------------------------------------------------------------

TEST_F(decide_test, an_attempt_with_unknown_effect_is_asked_after_before_it_is_repeated) {
    step(did_complete{"1"});
    step(did_fail{transient().with_effect(fault_effect::unknown)});
    claim();
    EXPECT_TRUE(interrupted);
    auto d = step(was_claimed{interrupted});
    EXPECT_EQ(d.next.kind, effect_kind::probe);
    d = step(did_not_happen_after_all{});
    EXPECT_EQ(d.next.kind, effect_kind::run);
    EXPECT_TRUE(s.open);
}

TEST_F(decide_test, an_attempt_that_surely_did_nothing_is_just_repeated) {
    step(did_complete{"1"});
    step(did_fail{transient()});
    claim();
    EXPECT_FALSE(interrupted);
    EXPECT_EQ(step(was_claimed{interrupted}).next.kind, effect_kind::run);
}

TEST_F(decide_test, a_probe_that_fails_leaves_the_question_open) {
    step(did_complete{"1"});
    step(did_fail{transient().with_effect(fault_effect::unknown)});
    claim();
    evidence of_probe;
    of_probe.of_probe = true;
    step(did_fail{transient()}, of_probe);
    claim();
    EXPECT_TRUE(interrupted);
    EXPECT_EQ(s.attempt, 3);
}

// ---- prepared -----------------------------------------------------------------------------------

// proves: S2
TEST_F(decide_test, bytes_are_journaled_before_the_settling_begins) {
    go_to_sign();
    EXPECT_FALSE(s.past_pivot);
    const auto d = step(did_complete{"bytes"});
    ASSERT_TRUE(d.prepared);
    EXPECT_EQ(d.prepared->bytes, "bytes");
    EXPECT_EQ(d.prepared->generation, 1);
    EXPECT_EQ(d.next.kind, effect_kind::settle);
    EXPECT_TRUE(s.past_pivot && s.live);
    EXPECT_EQ(s.progress, "SIGNED");
    const auto landed = step(has_landed{"3"});
    EXPECT_EQ(s.progress, "SETTLED");
    EXPECT_EQ(landed.next.kind, effect_kind::run);
    EXPECT_FALSE(s.live);
}

TEST_F(decide_test, a_look_that_decides_nothing_journals_nothing) {
    go_to_sign();
    step(did_complete{"bytes"});
    auto d = step(is_pending{2s});
    EXPECT_FALSE(d.changed);
    EXPECT_EQ(d.next.kind, effect_kind::settle);
    EXPECT_EQ(d.next.delay, 2s);
    EXPECT_THAT(types(step(is_uncertain{2s, "they disagree"})), ElementsAre("generation.doubted"));
    EXPECT_FALSE(step(is_uncertain{2s, "still"}).changed);
    EXPECT_THAT(types(step(is_pending{2s})), ElementsAre("generation.cleared"));
    EXPECT_FALSE(s.uncertain);
}

// proves: S3
TEST_F(decide_test, a_new_generation_only_after_proof_of_death_and_at_most_so_many) {
    go_to_sign();
    for (int generation = 1; generation <= 3; ++generation) {
        EXPECT_EQ(step(did_complete{"bytes"}).prepared->generation, generation);
        EXPECT_FALSE(may_compensate(s));
        const auto d = step(is_dead{"proof", true, {}, ""});
        EXPECT_TRUE(may_compensate(s)) << "proof reopens the way back";
        if (generation < 3) EXPECT_EQ(d.next.kind, effect_kind::prepare);
    }
    EXPECT_EQ(s.state, op_state::parked);
    EXPECT_EQ(s.waiting, "operation.generations_spent");
    step(retry_command{"me", "once more"});
    claim();
    EXPECT_EQ(step(was_claimed{interrupted}).next.kind, effect_kind::prepare);
    EXPECT_EQ(step(did_complete{"bytes"}).prepared->generation, 4);
    step(is_dead{"proof", true, {}, ""});
    EXPECT_EQ(s.state, op_state::parked) << "a person's retry allows one";
}

TEST_F(decide_test, a_step_that_asks_to_compensate_after_the_pivot_is_parked_without_proof) {
    go_to_sign();
    step(did_complete{"bytes"});
    step(has_landed{"3"});
    step(must_compensate{"no stock", {}});
    EXPECT_EQ(s.state, op_state::parked);
    EXPECT_FALSE(s.backward);
}

// ---- going back ---------------------------------------------------------------------------------

// proves: E3
TEST_F(decide_test, undo_goes_from_the_last_begun_step_to_the_first) {
    go_to_sign();
    auto d = step(must_compensate{"no stock", {}});
    EXPECT_EQ(s.step_name, "ask") << "sign has no undo";
    d = step(did_complete{});
    EXPECT_EQ(s.step_name, "first");
    EXPECT_EQ(d.next.kind, effect_kind::undo);
    d = step(did_complete{});
    EXPECT_THAT(types(d), ElementsAre("step.undone", "operation.ended"));
    EXPECT_EQ(s.ending, op_ending::rolled_back);
    EXPECT_EQ(s.cause, "no stock");
}

TEST_F(decide_test, compensation_parks_when_its_attempts_are_spent_and_goes_on_when_asked) {
    step(must_compensate{"no stock", {}});
    for (int i = 0; i < 3; ++i) {
        step(did_fail{transient()});
        if (i < 2) claim();
    }
    EXPECT_EQ(s.state, op_state::parked);
    EXPECT_TRUE(s.backward);
    step(retry_command{"me", ""});
    claim();
    EXPECT_EQ(s.attempt, 1);
    step(did_fail{fault{codes::http_client_error}});
    EXPECT_EQ(s.state, op_state::parked) << "a permanent fault of an undo is a person's business";
    step(retry_command{"me", ""});
    claim();
    step(did_complete{});
    EXPECT_EQ(s.ending, op_ending::rolled_back);
}

TEST_F(decide_test, nothing_begun_means_nothing_to_undo) {
    std::vector<event> events;
    s = initial_state(p, false, now, now, "{}", events);
    const auto d = step(cancel_command{"me", ""});
    EXPECT_THAT(types(d), ElementsAre("operation.cancel_requested", "compensation.started",
                                      "operation.ended"));
    EXPECT_EQ(s.ending, op_ending::rolled_back);
    EXPECT_EQ(s.cause, "cancelled");
}

// ---- commands -----------------------------------------------------------------------------------

// proves: E3
TEST_F(decide_test, cancel_of_a_running_step_takes_effect_when_its_call_has_ended) {
    auto d = step(cancel_command{"me", "why not"});
    EXPECT_THAT(types(d), ElementsAre("operation.cancel_requested"));
    EXPECT_EQ(d.events[0].actor, "me");
    EXPECT_EQ(d.next.kind, effect_kind::keep);
    d = step(cancel_command{"me", "again"});
    EXPECT_FALSE(d.changed);
    EXPECT_EQ(d.refused, nullptr);
    d = step(did_complete{"1"});
    EXPECT_THAT(types(d), ElementsAre("step.completed", "compensation.started"));
    EXPECT_EQ(s.step_name, "first") << "what was completed is undone";
}

TEST_F(decide_test, cancel_between_signing_and_journaling_drops_the_bytes) {
    go_to_sign();
    step(cancel_command{"me", ""});
    const auto d = step(did_complete{"bytes"});
    EXPECT_FALSE(d.prepared);
    EXPECT_TRUE(s.backward);
    EXPECT_FALSE(s.past_pivot);
}

TEST_F(decide_test, cancel_is_refused_once_a_generation_is_journaled) {
    go_to_sign();
    step(did_complete{"bytes"});
    auto d = step(cancel_command{"me", ""});
    EXPECT_EQ(d.refused, &codes::operation_past_pivot);
    EXPECT_FALSE(d.changed);
    step(has_landed{"3"});
    EXPECT_EQ(step(cancel_command{"me", ""}).refused, &codes::operation_past_pivot);
}

// A prepared step that is no pivot: its bytes may be under way, so it is settled before the undo.
TEST_F(decide_test, cancel_waits_for_undecided_bytes_of_an_undoable_step) {
    p.steps[2].pivot = false;
    p.steps[2].has_undo = true;
    go_to_sign();
    step(did_complete{"bytes"});
    auto d = step(cancel_command{"me", ""});
    EXPECT_TRUE(s.cancelling);
    step(is_pending{1s});
    EXPECT_FALSE(s.backward);
    step(is_released{});
    claim();
    EXPECT_EQ(step(was_claimed{interrupted}).next.kind, effect_kind::settle);
    d = step(has_landed{"3"});
    EXPECT_THAT(types(d), ElementsAre("step.completed", "compensation.started"));
    EXPECT_EQ(s.step_name, "sign");
    EXPECT_EQ(d.next.kind, effect_kind::undo);
}

TEST_F(decide_test, a_terminal_operation_refuses_every_command) {
    step(must_park{"look", {}});
    step(close_command{"me", "enough"});
    EXPECT_EQ(s.ending, op_ending::closed);
    EXPECT_EQ(s.cause, "enough");
    const auto before = s;
    for (const input& c : {input{cancel_command{"a", ""}}, input{retry_command{"a", ""}},
                           input{close_command{"a", ""}}, input{fail_command{"a", ""}}}) {
        const auto d = step(c);
        EXPECT_EQ(d.refused, &codes::operation_ended);
        EXPECT_FALSE(d.changed);
        EXPECT_EQ(s.seq, before.seq);
    }
}

// What may still land is not forgotten: nobody can end it, in whatever way it came to be parked.
// proves: E3, E4
TEST_F(decide_test, nothing_ends_while_a_generation_is_undecided) {
    for (const bool pivot : {true, false}) {
        s = {};
        std::vector<event> events;
        p.steps[2].pivot = pivot;
        p.steps[2].has_undo = !pivot;
        s = initial_state(p, false, now, now, "{}", events);
        claim();
        go_to_sign();
        step(did_complete{"bytes"});
        step(must_park{"the step threw", {}});
        ASSERT_TRUE(s.state == op_state::parked && s.live);
        for (const input& c : {input{close_command{"me", "x"}}, input{fail_command{"me", "x"}}}) {
            const auto d = step(c);
            EXPECT_EQ(d.refused, &codes::operation_undecided);
            EXPECT_FALSE(d.changed);
        }
        // The way out: settle after all …
        step(retry_command{"me", "bug is mended"});
        claim();
        EXPECT_EQ(step(was_claimed{interrupted}).next.kind, effect_kind::settle);
        step(has_landed{"3"});
        step(must_park{"look", {}});
        EXPECT_EQ(step(close_command{"me", "enough"}).refused, nullptr);
        EXPECT_EQ(s.ending, op_ending::closed);
    }
}

TEST_F(decide_test, a_cancel_of_a_parked_operation_that_is_cancelling_already_looks_again) {
    p.steps[2].pivot = false;
    p.steps[2].has_undo = true;
    go_to_sign();
    step(did_complete{"bytes"});
    step(cancel_command{"me", ""});
    step(must_park{"the step threw", {}});
    ASSERT_TRUE(s.state == op_state::parked && s.cancelling && s.live);
    step(cancel_command{"me", "again"});
    EXPECT_EQ(s.state, op_state::ready) << "accepted means that something happens";
    claim();
    EXPECT_EQ(step(was_claimed{interrupted}).next.kind, effect_kind::settle);
}

// ---- resolve ------------------------------------------------------------------------------------

// proves: E6
TEST_F(decide_test, a_person_says_that_it_landed_and_the_next_step_follows) {
    go_to_sign();
    step(did_complete{"bytes"});
    step(is_uncertain{2s, "they disagree"});
    const auto d = step(resolve_command{"me", "seen in the explorer", true, "sig", "{}"});
    EXPECT_THAT(types(d), ElementsAre("generation.resolved", "step.completed"));
    EXPECT_EQ(d.events[0].actor, "me");
    const auto data = json::read<event_data>(d.events[0].data).value();
    EXPECT_EQ(data.verdict, "landed");
    EXPECT_EQ(data.evidence, "sig");
    EXPECT_EQ(data.reason, "seen in the explorer");
    EXPECT_EQ(data.before->progress, "UNCERTAIN");
    EXPECT_EQ(data.after->step, "last");
    EXPECT_EQ(data.after->progress, "SETTLED");
    EXPECT_EQ(d.events[1].payload, "{}");
    EXPECT_EQ(s.state, op_state::ready) << "taken from whoever works on it";
    EXPECT_EQ(d.next.kind, effect_kind::none);
    EXPECT_FALSE(s.live || s.started || s.open);
    EXPECT_EQ(step(cancel_command{"me", ""}).refused, &codes::operation_past_pivot);
    claim();
    EXPECT_EQ(step(was_claimed{interrupted}).next.kind, effect_kind::run);
    step(did_complete{"4"});
    EXPECT_EQ(s.ending, op_ending::completed);
}

// proves: E6, S3
TEST_F(decide_test, a_declaration_of_death_parks_and_leaves_the_rest_to_that_person) {
    const auto declare = [&] {
        std::vector<event> events;
        s = initial_state(p, false, now, now, "{}", events);
        claim();
        go_to_sign();
        step(did_complete{"bytes"});
        const auto d = step(resolve_command{"me", "the node is gone", false, "ticket 7"});
        EXPECT_THAT(types(d), ElementsAre("generation.resolved", "operation.parked"));
        EXPECT_EQ(s.waiting, "operation.declared_dead");
        EXPECT_EQ(s.state, op_state::parked) << "nothing is signed anew by itself";
    };
    declare();
    step(retry_command{"me", "once more"});
    claim();
    EXPECT_EQ(step(was_claimed{interrupted}).next.kind, effect_kind::prepare);
    declare();
    step(cancel_command{"me", ""});
    EXPECT_TRUE(s.backward);
    declare();
    step(close_command{"me", "enough"});
    EXPECT_EQ(s.ending, op_ending::closed);
}

TEST_F(decide_test, only_an_undecided_generation_can_be_resolved) {
    for (const bool landed : {true, false}) {
        const auto d = step(resolve_command{"me", "", landed, "x", "{}"});
        EXPECT_EQ(d.refused, &codes::operation_nothing_undecided);
        EXPECT_FALSE(d.changed);
    }
    step(must_park{"look", {}});
    step(close_command{"me", "x"});
    EXPECT_EQ(step(resolve_command{"me", "", true, "x", "{}"}).refused, &codes::operation_ended);
}

TEST_F(decide_test, resolving_carries_out_a_cancel_that_waits) {
    p.steps[2].pivot = false;
    p.steps[2].has_undo = true;
    for (const bool landed : {true, false}) {
        std::vector<event> events;
        s = initial_state(p, false, now, now, "{}", events);
        claim();
        go_to_sign();
        step(did_complete{"bytes"});
        step(cancel_command{"me", ""});
        const auto d = step(resolve_command{"me", "", landed, "x", "{}"});
        EXPECT_TRUE(s.backward);
        EXPECT_EQ(s.state, op_state::ready);
        EXPECT_EQ(s.step_name, "sign");
        EXPECT_EQ(d.next.kind, effect_kind::none);
    }
}

// proves: E7
TEST_F(decide_test, an_act_says_how_the_operation_stood_before_and_after) {
    step(must_park{"look", {}});
    const auto d = step(close_command{"me", "enough"});
    const auto data = json::read<event_data>(d.events.back().data).value();
    EXPECT_EQ(data.before->state, "parked");
    EXPECT_EQ(data.after->state, "closed");
    EXPECT_EQ(data.cause, "enough");
    EXPECT_EQ(d.events.back().actor, "me");
}

// ---- pause --------------------------------------------------------------------------------------

// proves: E5
TEST_F(decide_test, a_paused_operation_rests_and_goes_on_as_it_was) {
    step(did_fail{transient()});
    const auto due = s.due_at;
    step(pause_command{"me", "maintenance"});
    EXPECT_EQ(s.state, op_state::parked);
    EXPECT_TRUE(s.paused);
    EXPECT_FALSE(step(pause_command{"me", ""}).changed);
    const auto d = step(resume_command{"me", "done"});
    EXPECT_THAT(types(d), ElementsAre("operation.resumed"));
    EXPECT_EQ(s.state, op_state::ready);
    EXPECT_EQ(s.due_at, due) << "its time is kept";
    EXPECT_EQ(s.attempt, 2) << "and so are its attempts";
    EXPECT_EQ(step(resume_command{"me", ""}).refused, &codes::operation_not_paused);
}

TEST_F(decide_test, a_pause_takes_running_work_away_as_a_crash_would) {
    step(did_complete{"1"});
    step(pause_command{"me", ""});
    EXPECT_EQ(s.owner, 0U);
    step(retry_command{"me", ""});
    EXPECT_FALSE(s.paused) << "retry resumes what rests";
    claim();
    EXPECT_TRUE(interrupted) << "what was under way is asked after";
    EXPECT_EQ(step(was_claimed{interrupted}).next.kind, effect_kind::probe);
}

TEST_F(decide_test, a_pause_forgets_nothing_that_may_land) {
    go_to_sign();
    step(did_complete{"bytes"});
    step(pause_command{"me", ""});
    EXPECT_TRUE(s.live);
    EXPECT_EQ(step(close_command{"me", "x"}).refused, &codes::operation_undecided);
    EXPECT_EQ(step(cancel_command{"me", ""}).refused, &codes::operation_past_pivot);
    step(resume_command{"me", ""});
    claim();
    EXPECT_EQ(step(was_claimed{interrupted}).next.kind, effect_kind::settle);
    EXPECT_EQ(s.generation, 1);
    step(must_park{"look", {}});
    EXPECT_EQ(step(pause_command{"me", ""}).refused, &codes::operation_parked_already);
}

// ---- bounds -------------------------------------------------------------------------------------

TEST_F(decide_test, a_full_history_parks_and_is_never_written_over) {
    s.seq = most_forward_events - 1;
    auto d = step(must_wait{1s, "a"});
    EXPECT_THAT(types(d), ElementsAre("step.deferred", "operation.parked"));
    EXPECT_EQ(s.waiting, "operation.history_full");
    EXPECT_EQ(step(retry_command{"me", ""}).refused, &codes::operation_history_full);
    // The way back has room of its own …
    step(cancel_command{"me", ""});
    EXPECT_TRUE(s.backward);
    claim();
    EXPECT_EQ(step(was_claimed{interrupted}).next.kind, effect_kind::undo);
    // … and that ends too.
    s.seq = most_backward_events;
    step(must_wait{1s, "b"});
    EXPECT_EQ(s.waiting, "operation.history_full");
    step(close_command{"me", "enough"});
    EXPECT_EQ(s.ending, op_ending::closed);
    EXPECT_LT(s.seq, most_events);
}

TEST_F(decide_test, a_full_history_keeps_what_landed_and_parks_at_the_next_claim) {
    go_to_sign();
    step(did_complete{"bytes"});
    s.seq = most_forward_events;
    EXPECT_FALSE(step(shows_progress{"X"}).changed);
    step(is_uncertain{1s, "?"});
    EXPECT_TRUE(s.state == op_state::parked && s.live);
    step(resolve_command{"me", "", true, "sig", "{}"});
    EXPECT_EQ(s.step_name, "last");
    claim();
    const auto d = step(was_claimed{interrupted});
    EXPECT_EQ(s.waiting, "operation.history_full");
    EXPECT_EQ(d.next.kind, effect_kind::none);
    EXPECT_EQ(step(close_command{"me", "landed; recorded by hand"}).refused, nullptr);
}

TEST_F(decide_test, generations_have_a_bound) {
    go_to_sign();
    step(did_complete{"bytes"});
    s.generation = s.allowance = most_generations;
    step(is_dead{"proof", true, {}, ""});
    EXPECT_EQ(s.waiting, "operation.generations_spent");
    EXPECT_EQ(step(retry_command{"me", ""}).refused, &codes::operation_generations_bound);
    EXPECT_EQ(step(cancel_command{"me", ""}).refused, nullptr);
}

TEST_F(decide_test, a_release_writes_no_event) {
    const auto d = step(is_released{});
    EXPECT_TRUE(d.changed);
    EXPECT_TRUE(d.events.empty());
    EXPECT_EQ(s.state, op_state::ready);
    EXPECT_EQ(s.due_at, now);
}

}  // namespace
}  // namespace thole::saga
