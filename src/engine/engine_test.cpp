#include "engine/engine.hpp"

#include "engine/order_saga_test.hpp"

namespace thole::saga {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

// proves: E1, E4
TEST_F(engine_test, carries_an_operation_to_its_end) {
    begin();
    const auto id = b->accept(b->an_order("k1"));
    const auto end = b->end_of(id);
    EXPECT_EQ(end.view.state, "completed");
    EXPECT_EQ(end.view.progress, "COMPLETED");
    EXPECT_EQ(end.find_output<signing<"pay">>()->value, "bytes 1");
    EXPECT_EQ(end.find_input<order>()->account, "alice");
    EXPECT_EQ(steps.reserve->runs, 1);
    EXPECT_EQ(steps.pay->prepares, 1);
    EXPECT_THAT(steps.pay->sent, ElementsAre("bytes 1"));
    EXPECT_EQ(steps.ship->runs, 1);
    EXPECT_THAT(b->story(id),
                ElementsAre("operation.submitted", "step.started reserve", "step.completed reserve",
                            "generation.journaled pay", "step.completed pay", "step.completed ship",
                            "operation.ended"));
    EXPECT_TRUE(b->store.locks()->empty());
    const auto figures = (*b)->figures();
    EXPECT_EQ(figures.completed, 1U);
    EXPECT_EQ(figures.ready + figures.running + figures.blocked + figures.parked_now, 0);
}

// proves: E2
TEST_F(engine_test, the_same_key_is_the_same_operation) {
    begin();
    const auto first = b->wait((*b)->submit(b->an_order("k1")));
    auto spaced = b->an_order("k1");
    spaced.input = R"( { "amount" : 1, "account" : "alice" } )";
    const auto again = b->wait((*b)->submit(spaced));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->replayed);
    EXPECT_EQ(again->view.id, first->view.id);
    auto other = b->wait((*b)->submit(b->an_order("k1", "bob")));
    ASSERT_FALSE(other);
    EXPECT_TRUE(other.error().is(codes::engine_key_conflict));
    auto elsewhere = b->an_order("k1", "bob");
    elsewhere.tenant = "second";
    EXPECT_FALSE(b->wait((*b)->submit(elsewhere))->replayed);
}

TEST_F(engine_test, refuses_what_it_cannot_read) {
    begin();
    auto unknown = b->an_order("k");
    unknown.kind = "nothing";
    EXPECT_TRUE(b->wait((*b)->submit(unknown)).error().is(codes::engine_unknown_kind));
    auto broken = b->an_order("k");
    broken.input = R"({"account":5,"amount":1})";
    const auto refused = b->wait((*b)->submit(broken));
    EXPECT_TRUE(refused.error().is(codes::engine_bad_input));
    EXPECT_NE(refused.error().detail().find("/account"), std::string_view::npos);
    EXPECT_FALSE(b->wait((*b)->submit(b->an_order(""))));
    EXPECT_FALSE(b->wait((*b)->submit(b->an_order(std::string(129, 'k')))));
    EXPECT_FALSE(b->wait((*b)->get(uuid{})));
}

// proves: F2
TEST_F(engine_test, a_transient_fault_is_retried_with_growing_waits) {
    begin();
    steps.reserve->act = [&](step_context& in) {
        EXPECT_EQ(in.attempt(), steps.reserve->runs);
        return steps.reserve->runs < 3 ? failing(fault{codes::net_timeout}) : fine();
    };
    const auto begun = b->loop.now();
    const auto end = b->end_of(b->accept(b->an_order("k")));
    EXPECT_EQ(end.view.state, "completed");
    EXPECT_EQ(steps.reserve->runs, 3);
    const auto took = b->loop.now() - begun;
    EXPECT_GE(took, 2700ms) << "1 s and 2 s, each less 10 %";
    EXPECT_LE(took, 3300ms);
}

// proves: E6
TEST_F(engine_test, spent_attempts_park_and_a_person_goes_on) {
    begin();
    bool broken = true;
    steps.ship->act = [&](step_context&) {
        return broken ? failing(fault{codes::net_timeout}.with_detail("gone")) : fine();
    };
    const auto id = b->accept(b->an_order("k"));
    auto parked = b->end_of(id);
    EXPECT_EQ(parked.view.state, "parked");
    EXPECT_EQ(parked.view.progress, "NEEDS_ATTENTION");
    EXPECT_EQ(parked.view.waiting->reason, "operation.attempts_spent");
    EXPECT_EQ(parked.view.fault->code, "net.timeout");
    EXPECT_EQ(parked.view.fault->detail, "gone");
    EXPECT_EQ(parked.view.attempt, 3);
    EXPECT_EQ(b->store.locks()->size(), 1U) << "a parked operation keeps its lock";
    EXPECT_TRUE(b->wait((*b)->cancel(id, "me", "")).error().is(codes::operation_past_pivot));
    broken = false;
    ASSERT_TRUE(b->wait((*b)->retry(id, "me", "it is back")));
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(steps.pay->prepares, 1) << "a finished step is never run again";
}

TEST_F(engine_test, a_parked_operation_can_be_closed_or_failed) {
    begin();
    steps.ship->act = [](step_context&) { return with<outcome<text>>(park{"look at it", {}}); };
    const auto first = b->accept(b->an_order("k1"));
    EXPECT_EQ(b->end_of(first).view.waiting->reason, "look at it");
    const auto second = b->accept(b->an_order("k2"));
    EXPECT_TRUE(b->wait((*b)->close(second, "me", "")).error().is(codes::operation_not_parked));
    auto closed = b->wait((*b)->close(first, "me", "paid in cash"));
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->state, "closed");
    EXPECT_EQ(closed->cause, "paid in cash");
    b->end_of(second);
    auto failed = b->wait((*b)->fail(second, "me", "lost"));
    EXPECT_EQ(failed->progress, "FAILED");
    EXPECT_TRUE(b->wait((*b)->retry(second, "me", "")).error().is(codes::operation_ended));
    EXPECT_TRUE(b->store.locks()->empty());
}

// proves: E3
TEST_F(engine_test, a_permanent_fault_before_the_pivot_undoes_everything) {
    begin();
    steps.pay->sign = [](step_context&) { return failing(fault{codes::http_client_error}); };
    steps.reserve->revert = [](step_context& in) {
        EXPECT_EQ(in.find_output<undoable<"reserve">>()->value, "reserve");
        return with<outcome<nothing>>(done<nothing>{});
    };
    const auto id = b->accept(b->an_order("k"));
    const auto end = b->end_of(id);
    EXPECT_EQ(end.view.state, "rolled_back");
    EXPECT_EQ(end.view.cause, "http.client_error");
    EXPECT_EQ(steps.reserve->undos, 1);
    EXPECT_TRUE(steps.pay->sent.empty());
    EXPECT_TRUE(b->store.locks()->empty());
}

// proves: E3
TEST_F(engine_test, compensation_is_retried_and_parks_but_never_gives_up) {
    begin();
    steps.pay->sign = [](step_context&) { return failing(fault{codes::http_client_error}); };
    bool broken = true;
    steps.reserve->revert = [&](step_context&) {
        if (broken) return with<outcome<nothing>>(retry{fault{codes::db_unavailable}});
        return with<outcome<nothing>>(done<nothing>{});
    };
    const auto id = b->accept(b->an_order("k"));
    EXPECT_EQ(b->end_of(id).view.state, "parked");
    EXPECT_EQ(steps.reserve->undos, 3);
    broken = false;
    ASSERT_TRUE(b->wait((*b)->retry(id, "me", "")));
    EXPECT_EQ(b->end_of(id).view.state, "rolled_back");
}

// proves: E5
TEST_F(engine_test, a_local_refusal_waits_without_spending_an_attempt) {
    begin();
    steps.reserve->act = [&](step_context& in) {
        EXPECT_EQ(in.attempt(), 1);
        if (steps.reserve->runs > 10) return fine();
        return failing(fault{codes::policy_breaker_open}.with_retry_after(30s).at(name{"rpc"}));
    };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    const auto waiting = b->now(id);
    EXPECT_EQ(waiting.view.state, "ready");
    EXPECT_EQ(waiting.view.waiting->reason, "policy.breaker_open rpc");
    EXPECT_TRUE(waiting.view.waiting->until.has_value());
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    const auto story = b->story(id);
    EXPECT_EQ(std::ranges::count(story, "step.deferred reserve"), 1) << "one event for one reason";
}

TEST_F(engine_test, a_waiting_operation_can_be_hurried) {
    begin();
    steps.reserve->act = [&](step_context&) {
        if (steps.reserve->runs > 1) return fine();
        return with<outcome<text>>(saga::wait{1h, "lamports"});
    };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    EXPECT_EQ(b->now(id).view.waiting->reason, "lamports");
    ASSERT_TRUE(b->wait((*b)->retry(id, "me", "topped up")));
    const auto before = b->loop.now();
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_LT(b->loop.now() - before, 1s);
}

// proves: P7
TEST_F(engine_test, a_step_that_hangs_is_cancelled_and_its_effect_is_unknown) {
    begin();
    bool cancelled = false;
    steps.reserve->act = [&](step_context& in) -> task<outcome<text>> {
        EXPECT_EQ(in.until().remaining(b->loop.now()), 30s);
        if (steps.reserve->runs > 1) return fine();
        auto hang = [](io::loop& loop, bool& saw) -> task<outcome<text>> {
            const auto slept = co_await loop.sleep_until(loop.now() + 1h);
            saw = !slept && slept.error().kind() == fault_kind::cancelled;
            co_return retry{slept.error()};
        };
        return hang(b->loop, cancelled);
    };
    const auto id = b->accept(b->an_order("k"));
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_TRUE(cancelled);
    EXPECT_EQ(steps.reserve->runs, 2);
    const auto events = *b->wait((*b)->events(id, 0, 100, deadline{b->loop.now()}));
    const auto failed = std::ranges::find(events, "step.failed", &event_view::event);
    ASSERT_NE(failed, events.end());
    EXPECT_EQ(failed->fault->code, "policy.deadline");
    EXPECT_EQ(failed->fault->effect, "unknown");
    EXPECT_EQ(failed->latency_ms, 30'000);
}

TEST_F(engine_test, an_exception_in_a_step_parks) {
    begin();
    steps.reserve->act = [](step_context&) -> task<outcome<text>> {
        throw std::runtime_error{"a bug"};
        co_return done<text>{};
    };
    const auto id = b->accept(b->an_order("k"));
    const auto end = b->end_of(id);
    EXPECT_EQ(end.view.state, "parked");
    EXPECT_EQ(end.view.fault->code, "engine.step_threw");
    EXPECT_EQ(end.view.fault->detail, "a bug");
}

// ---- settling -----------------------------------------------------------------------------------

// proves: S2
TEST_F(engine_test, undecided_bytes_are_sent_again_without_journaling_each_look) {
    begin();
    steps.pay->look = [&](step_context&, const journaled<text>& p) {
        EXPECT_EQ(p.generation(), 1);
        if (steps.pay->settles < 100) return settled(pending{500ms});
        return settled(landed<text>{{"landed"}});
    };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(5s);
    EXPECT_EQ(b->now(id).view.progress, "PAID");
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(steps.pay->sent.size(), 100U);
    EXPECT_THAT(steps.pay->sent, Contains("bytes 1").Times(100));
    EXPECT_EQ(b->story(id).size(), 7U);
}

TEST_F(engine_test, a_nudge_brings_the_next_look_forward_and_changes_nothing_else) {
    begin();
    bool there = false;
    steps.pay->look = [&](step_context&, const journaled<text>&) {
        if (!there) return settled(pending{1h});
        return settled(landed<text>{{"landed"}});
    };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(5s);
    EXPECT_EQ(steps.pay->settles, 1);
    (*b)->nudge(id);
    b->loop.advance(5s);
    EXPECT_EQ(steps.pay->settles, 2);
    there = true;
    (*b)->nudge(id);
    (*b)->nudge((*b)->new_id());
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    (*b)->nudge(id);
    EXPECT_EQ(b->story(id).size(), 7U);
}

// proves: S3
TEST_F(engine_test, uncertain_is_shown_polled_on_and_cleared) {
    begin();
    steps.pay->look = [&](step_context&, const journaled<text>&) {
        if (steps.pay->settles < 50) return settled(uncertain{1s, "they disagree"});
        if (steps.pay->settles < 60) return settled(pending{1s});
        return settled(landed<text>{{"landed"}});
    };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(10s);
    EXPECT_EQ(b->now(id).view.progress, "UNCERTAIN");
    EXPECT_EQ(b->now(id).view.state, "running");
    EXPECT_TRUE(b->wait((*b)->cancel(id, "me", "")).error().is(codes::operation_past_pivot));
    b->loop.advance(45s);
    EXPECT_EQ(b->now(id).view.progress, "PAID");
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(steps.pay->prepares, 1) << "never signed anew on doubt";
    const auto story = b->story(id);
    EXPECT_EQ(std::ranges::count(story, "generation.doubted pay"), 1);
    EXPECT_EQ(std::ranges::count(story, "generation.cleared pay"), 1);
}

// proves: S3, E9
TEST_F(engine_test, proof_of_death_allows_a_new_generation_at_most_three) {
    begin();
    steps.pay->look = [](step_context&, const journaled<text>&) {
        return settled(dead{"proof", true, {}, ""});
    };
    const auto id = b->accept(b->an_order("k"));
    const auto parked = b->end_of(id);
    EXPECT_EQ(parked.view.state, "parked");
    EXPECT_EQ(parked.view.waiting->reason, "operation.generations_spent");
    EXPECT_EQ(parked.view.generation, 3);
    EXPECT_THAT(steps.pay->sent, ElementsAre("bytes 1", "bytes 2", "bytes 3"));
    // Everything is proved dead: there is a way back again.
    const auto cancelled = b->wait((*b)->cancel(id, "me", "too dear"));
    ASSERT_TRUE(cancelled) << cancelled.error().describe();
    const auto end = b->end_of(id);
    EXPECT_EQ(end.view.state, "rolled_back");
    EXPECT_EQ(end.view.cause, "cancelled");
    EXPECT_EQ(steps.reserve->undos, 1);
}

// What was read once is the bytes, not what they are journaled as.
TEST_F(engine_test, the_same_bytes_in_two_generations_say_which_one_they_are) {
    begin();
    steps.pay->sign = [](step_context&) -> task<outcome<text>> {
        co_return done<text>{{"the same"}};
    };
    std::vector<int> seen;
    steps.pay->look = [&](step_context&, const journaled<text>& p) {
        seen.push_back(p.generation());
        if (p.generation() > 1) return settled(landed<text>{{"landed"}});
        return settled(dead{"proof", true, {}, ""});
    };
    EXPECT_EQ(b->end_of(b->accept(b->an_order("k"))).view.state, "completed");
    EXPECT_THAT(seen, ElementsAre(1, 2));
}

// proves: E9
TEST_F(engine_test, spent_generations_compensate_by_themselves_if_the_policy_says_so) {
    auto policy = presets::standard;
    policy.on_exhausted = exhausted::compensate;
    begin(policy);
    steps.pay->look = [](step_context&, const journaled<text>&) {
        return settled(dead{"proof", true, 10s, "cure it"});
    };
    const auto end = b->end_of(b->accept(b->an_order("k")));
    EXPECT_EQ(end.view.state, "rolled_back");
    EXPECT_EQ(end.view.cause, "operation.generations_spent");
}

TEST_F(engine_test, death_that_must_not_be_signed_anew_parks_until_a_person_decides) {
    begin();
    steps.pay->look = [&](step_context&, const journaled<text>& p) {
        if (p.generation() > 1) return settled(landed<text>{{"landed"}});
        return settled(dead{"custom program error", false, {}, "program error 6"});
    };
    const auto id = b->accept(b->an_order("k"));
    EXPECT_EQ(b->end_of(id).view.waiting->reason, "program error 6");
    ASSERT_TRUE(b->wait((*b)->retry(id, "me", "program upgraded")));
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_THAT(steps.pay->sent, ElementsAre("bytes 1", "bytes 2"));
}

// proves: E6
TEST_F(engine_test, a_person_resolves_what_nobody_can_settle_while_it_is_polled) {
    begin();
    steps.pay->look = [&](step_context&, const journaled<text>&) {
        return settled(uncertain{1h, "they disagree"});
    };
    const auto id = b->accept(b->an_order("k1"));
    const auto next = b->accept(b->an_order("k2"));
    b->loop.advance(10s);
    ASSERT_EQ(b->now(id).view.progress, "UNCERTAIN");
    const auto resolve = [&](resolution r) {
        return b->wait((*b)->resolve(id, "me", "seen", std::move(r)));
    };
    EXPECT_TRUE(resolve({.landed = false}).error().is(codes::operation_risk_not_accepted));
    EXPECT_TRUE(resolve({.landed = true, .reference = "x"}).error().is(codes::operation_bad_output))
        << "this step cannot make its output from a reference";
    const auto bad = resolve({.landed = true, .reference = "x", .output = R"({"val":"y"})"});
    EXPECT_TRUE(bad.error().is(codes::operation_bad_output));
    EXPECT_THAT(std::string{bad.error().detail()}, ::testing::HasSubstr("/val"));
    EXPECT_EQ(b->now(id).view.progress, "UNCERTAIN") << "a refusal changes nothing";
    const auto done = resolve({.landed = true, .reference = "x", .output = R"({"value":"y"})"});
    ASSERT_TRUE(done) << done.error().describe();
    const auto end = b->end_of(id);
    EXPECT_EQ(end.view.state, "completed");
    EXPECT_EQ(end.find_output<signing<"pay">>()->value, "y");
    EXPECT_EQ(steps.ship->runs, 1) << "what follows is done, verification included";
    EXPECT_EQ(steps.pay->prepares, 2) << "its lock was handed on";
    EXPECT_EQ(b->now(next).view.progress, "UNCERTAIN");
    // Said of another generation than there is now: a person has looked too long ago.
    const auto stale = b->wait(
        (*b)->resolve(next, "me", "lost",
                      {.landed = false, .reference = "t", .accept_risk = true, .generation = 2}));
    ASSERT_FALSE(stale);
    EXPECT_TRUE(stale.error().is(codes::operation_generation_changed));
    ASSERT_TRUE(b->wait(
        (*b)->resolve(next, "me", "lost",
                      {.landed = false, .reference = "t", .accept_risk = true, .generation = 1})));
    EXPECT_EQ(b->now(next).view.waiting->reason, "operation.declared_dead");
    ASSERT_TRUE(b->wait((*b)->cancel(next, "me", "")));
    EXPECT_EQ(b->end_of(next).view.state, "rolled_back");
    EXPECT_EQ((*b)->figures().running, 0);
    EXPECT_TRUE(b->store.locks()->empty());
}

// The driver is inside a call, and would go on with what it hears.
TEST_F(engine_test, a_person_resolves_while_a_look_is_under_way) {
    begin();
    steps.pay->look = [&](step_context& in, const journaled<text>&) {
        auto slow = [](io::loop& loop, step_context& in) -> task<settlement<text>> {
            static_cast<void>(co_await loop.sleep_until(loop.now() + 20s));
            static_cast<void>(co_await in.progress("TOO_LATE"));
            co_return dead{"proof", true, {}, ""};
        };
        return slow(b->loop, in);
    };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(5s);
    ASSERT_TRUE(b->wait((*b)->resolve(
        id, "me", "seen", {.landed = true, .reference = "x", .output = R"({"value":"y"})"})));
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(steps.pay->prepares, 1);
    EXPECT_THAT(b->story(id), Not(Contains("progress.shown pay")));
    EXPECT_THAT(b->story(id), Not(Contains("generation.proved_dead pay")));
}

// proves: E3
TEST_F(engine_test, what_may_still_land_keeps_its_lock_until_it_is_decided) {
    begin();
    bool broken = true;
    steps.pay->look = [&](step_context&, const journaled<text>&) -> task<settlement<text>> {
        if (!broken) return settled(landed<text>{{"landed"}});
        auto bug = []() -> task<settlement<text>> {
            throw std::runtime_error{"a bug"};
            co_return pending{1s};
        };
        return bug();
    };
    const auto id = b->accept(b->an_order("k1"));
    EXPECT_EQ(b->end_of(id).view.state, "parked");
    const auto next = b->accept(b->an_order("k2"));
    b->loop.advance(1s);
    EXPECT_TRUE(b->wait((*b)->close(id, "me", "x")).error().is(codes::operation_undecided));
    EXPECT_TRUE(b->wait((*b)->fail(id, "me", "x")).error().is(codes::operation_undecided));
    EXPECT_EQ(b->now(next).view.state, "blocked");
    broken = false;
    ASSERT_TRUE(b->wait((*b)->retry(id, "me", "mended")));
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(b->end_of(next).view.state, "completed");
}

TEST_F(engine_test, a_look_that_hangs_is_repeated) {
    begin();
    steps.pay->look = [&](step_context&, const journaled<text>&) -> task<settlement<text>> {
        if (steps.pay->settles > 1) return settled(landed<text>{{"landed"}});
        auto hang = [](io::loop& loop) -> task<settlement<text>> {
            static_cast<void>(co_await loop.sleep_until(loop.now() + 1h));
            throw std::runtime_error{"cancelled"};
        };
        return hang(b->loop);
    };
    EXPECT_EQ(b->end_of(b->accept(b->an_order("k"))).view.state, "completed");
    EXPECT_EQ(steps.pay->settles, 2);
}

TEST_F(engine_test, progress_is_journaled_once) {
    begin();
    steps.pay->look = [](step_context& in, const journaled<text>&) -> task<settlement<text>> {
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(co_await in.progress("CONFIRMED"));
        co_return landed<text>{{"landed"}};
    };
    const auto id = b->accept(b->an_order("k"));
    b->end_of(id);
    const auto story = b->story(id);
    EXPECT_EQ(std::ranges::count(story, "progress.shown pay"), 1);
}

// proves: E7
TEST_F(engine_test, evidence_is_bounded_and_counted) {
    begin();
    steps.reserve->act = [](step_context& in) {
        for (int i = 0; i < 70; ++i) in.note({"call", "one", i, "", ""});
        return fine();
    };
    const auto id = b->accept(b->an_order("k"));
    b->end_of(id);
    const auto events = *b->wait((*b)->events(id, 0, 100, deadline{b->loop.now()}));
    const auto at = std::ranges::find(events, "step.completed", &event_view::event);
    ASSERT_TRUE(at != events.end() && at->data);
    EXPECT_EQ(at->data->at("notes").as_array().size(), 64U);
    EXPECT_EQ(at->data->at("notes_dropped").as_int64(), 6);
}

// ---- cancel -------------------------------------------------------------------------------------

// proves: E3
TEST_F(engine_test, cancel_interrupts_a_running_step_and_undoes_it) {
    begin();
    steps.reserve->act = [&](step_context&) {
        auto hang = [](io::loop& loop) -> task<outcome<text>> {
            const auto slept = co_await loop.sleep_until(loop.now() + 10s);
            if (!slept) co_return retry{slept.error()};
            co_return done<text>{{"late"}};
        };
        return hang(b->loop);
    };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    const auto cancelled = b->wait((*b)->cancel(id, "me", "changed my mind"));
    ASSERT_TRUE(cancelled);
    const auto end = b->end_of(id);
    EXPECT_EQ(end.view.state, "rolled_back");
    EXPECT_EQ(end.view.cause, "cancelled");
    EXPECT_EQ(steps.reserve->undos, 1);
    EXPECT_EQ(steps.pay->prepares, 0);
    EXPECT_TRUE(b->wait((*b)->cancel(id, "me", "")).error().is(codes::operation_ended));
}

TEST_F(engine_test, cancel_drops_bytes_that_were_signed_but_not_journaled) {
    begin();
    steps.pay->sign = [&](step_context&) {
        auto slow = [](io::loop& loop) -> task<outcome<text>> {
            static_cast<void>(co_await loop.sleep_until(loop.now() + 10s));
            co_return done<text>{{"signed all the same"}};
        };
        return slow(b->loop);
    };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    ASSERT_TRUE(b->wait((*b)->cancel(id, "me", "")));
    EXPECT_EQ(b->end_of(id).view.state, "rolled_back");
    EXPECT_TRUE(steps.pay->sent.empty());
    EXPECT_THAT(b->story(id), Not(Contains("generation.journaled pay")));
}

TEST_F(engine_test, cancel_of_a_waiting_operation_takes_effect_at_once) {
    begin();
    steps.reserve->act = [](step_context&) { return with<outcome<text>>(saga::wait{1h, "later"}); };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    ASSERT_TRUE(b->wait((*b)->cancel(id, "me", "")));
    EXPECT_EQ(b->end_of(id).view.state, "rolled_back");
    EXPECT_EQ(steps.reserve->undos, 1);
}

// ---- reading ------------------------------------------------------------------------------------

TEST_F(engine_test, events_wait_for_what_is_new) {
    begin();
    steps.reserve->act = [&](step_context&) {
        if (steps.reserve->runs > 1) return fine();
        return with<outcome<text>>(saga::wait{10s, "later"});
    };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    const auto have = static_cast<int>(b->story(id).size());
    const auto before = b->loop.now();
    auto none = b->wait((*b)->events(id, have, 10, deadline::after(before, 2s)));
    EXPECT_TRUE(none->empty());
    EXPECT_EQ(b->loop.now() - before, 2s);
    auto some = b->wait((*b)->events(id, have, 10, deadline::after(before, 1h)));
    ASSERT_FALSE(some->empty());
    EXPECT_EQ(some->front().seq, have + 1);
    EXPECT_LT(b->loop.now() - before, 11s);
}

TEST_F(engine_test, lists_newest_first_in_pages) {
    begin();
    for (int i = 0; i < 5; ++i) {
        auto s = b->an_order("k" + std::to_string(i));
        s.subject = i % 2 == 0 ? "even" : "odd";
        b->end_of(b->accept(s));
    }
    list_filter filter;
    filter.subject = "even";
    filter.limit = 2;
    filter.with_outputs = true;
    auto page = b->wait((*b)->list(filter));
    ASSERT_EQ(page->items.size(), 2U);
    EXPECT_EQ(page->items[0].view.key, "k4");
    EXPECT_EQ(page->items[0].outputs.size(), 3U);
    filter.before = page->next;
    page = b->wait((*b)->list(filter));
    ASSERT_EQ(page->items.size(), 1U);
    EXPECT_EQ(page->items[0].view.key, "k0");
    EXPECT_EQ(page->next, 0);
}

// ---- restart ------------------------------------------------------------------------------------

// proves: E1
TEST_F(engine_test, a_stop_gives_work_back_and_a_start_goes_on) {
    begin();
    steps.pay->look = [&](step_context&, const journaled<text>&) {
        if (steps.pay->settles < 5) return settled(pending{10s});
        return settled(landed<text>{{"landed"}});
    };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(15s);
    b->stop();
    EXPECT_EQ((*b->store.load(id))->op.now.state, op_state::ready);
    b->start();
    EXPECT_EQ((*b)->figures().recovered, 0U) << "it was given back properly";
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(steps.reserve->runs, 1);
    EXPECT_EQ(steps.pay->prepares, 1) << "what is journaled is settled, never prepared anew";
}

// proves: E1
TEST_F(engine_test, a_start_goes_on_with_the_first_before_it_has_looked_at_the_last) {
    engine_options options;
    options.concurrency = 2000;
    options.max_waiting = 10'000;
    begin(presets::standard, std::move(options));
    bool slow = true;
    std::optional<std::uint64_t> recovered_at_first;
    steps.reserve->act = [&](step_context&) {
        if (!slow && !recovered_at_first) recovered_at_first = (*b)->figures().recovered;
        auto work = [](io::loop& loop, bool waits) -> task<outcome<text>> {
            if (waits) static_cast<void>(co_await loop.sleep_until(loop.now() + 10s));
            co_return done<text>{{"reserved"}};
        };
        return work(b->loop, slow);
    };
    std::vector<uuid> all;
    for (int i = 0; i < 1200; ++i) {
        all.push_back(b->accept(b->an_order("k" + std::to_string(i), std::to_string(i))));
    }
    b->crash();
    slow = false;
    b->start();
    b->loop.advance(1s);
    EXPECT_EQ(recovered_at_first, 1000U);
    EXPECT_EQ((*b)->figures().recovered, 1200U);
    EXPECT_EQ((*b)->figures().completed, 1200U);
    EXPECT_EQ((*b)->figures().running + (*b)->figures().ready, 0);
    b->loop.advance(10s);  // the sleepers of before the crash end too
}

// proves: E9
TEST_F(engine_test, after_a_restart_the_outside_is_asked_before_anything_is_sent_again) {
    begin();
    bool there = false;
    steps.pay->look = [&](step_context&, const journaled<text>&) {
        if (there) return settled(landed<text>{{"landed"}});
        return settled(pending{10s});
    };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    b->stop();
    ASSERT_EQ(steps.pay->sent.size(), 1U);
    there = true;
    b->start();
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(steps.pay->sent.size(), 1U);
}

TEST_F(engine_test, a_stop_ends_those_who_wait_for_news) {
    begin();
    steps.reserve->act = [](step_context&) { return with<outcome<text>>(saga::wait{1h, "later"}); };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    std::optional<result<operation_details>> seen;
    io::scope work{b->loop};
    const auto forever = deadline::after(b->loop.now(), 24h);
    work.spawn(keep_answer((*b)->wait_end(id, forever), seen));
    b->loop.run_ready();
    EXPECT_FALSE(seen);
    b->stop();
    ASSERT_TRUE(seen && *seen);
    EXPECT_EQ((*seen)->view.state, "ready");
}

TEST_F(engine_test, a_definition_of_another_version_parks) {
    begin();
    steps.reserve->act = [](step_context&) { return with<outcome<text>>(saga::wait{1h, "later"}); };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    b->stop();
    bench other;
    other.store = b->store;
    other.define(define<order>("order", 2).step(std::make_shared<plain_step<"only">>()).build());
    other.start();
    other.loop.advance(2h);
    EXPECT_EQ(other.now(id).view.state, "parked");
    EXPECT_EQ(other.now(id).view.fault->code, "engine.unknown_definition");
    // What would have to know its steps is refused; that it ends, and how, a person can say.
    for (const auto what : {bulk_act::cancel, bulk_act::skip, bulk_act::reopen, bulk_act::edit}) {
        const auto done = other.wait(other->act(id, what, "me", "r", {.output = "{}"}));
        ASSERT_FALSE(done) << json::detail::enum_text(what);
        EXPECT_TRUE(done.error().is(codes::engine_unknown_definition));
    }
    EXPECT_TRUE(other.wait(other->resolve(id, "me", "r", {.landed = true, .reference = "x"}))
                    .error()
                    .is(codes::engine_unknown_definition));
    ASSERT_TRUE(other.wait(other->retry(id, "me", "perhaps now")));
    other.loop.advance(1s);
    EXPECT_EQ(other.now(id).view.state, "parked") << "as long as nobody knows its steps";
    ASSERT_TRUE(other.wait(other->act(id, bulk_act::prioritise, "me", "r", {})));
    ASSERT_TRUE(other.wait(other->close(id, "me", "its version is gone for good")));
    EXPECT_EQ(other.now(id).view.state, "closed");
    EXPECT_TRUE(other.store.locks()->empty());
    EXPECT_EQ(other.story(id).back(), "operation.ended");
    // Whoever knows the steps finds the story true.
    b->store = other.store;
    b->expect_stories_true();
    b.reset();
}

}  // namespace
}  // namespace thole::saga
