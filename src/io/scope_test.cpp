#include "io/scope.hpp"

#include <gtest/gtest.h>

#include "io/cancellation.hpp"
#include "io/virtual_loop.hpp"
#include "io/with_deadline.hpp"

namespace thole::io {
namespace {

using namespace std::chrono_literals;

task<result<int>> slow_answer(loop& on, duration wait, int answer) {
    const auto slept = co_await on.sleep_for(wait);
    if (!slept) co_return fail(fault{slept.error()}.with_effect(fault_effect::unknown));
    co_return answer;
}

task<> keep(task<result<int>> work, std::optional<result<int>>& out) {
    out.emplace(co_await std::move(work));
}

task<> close_and_note(scope& work, bool& closed) {
    co_await work.close();
    closed = true;
}

TEST(Scope, NeverRunsTheWorkInsideSpawn) {
    virtual_loop loop;
    scope work{loop};
    std::optional<result<int>> out;
    work.spawn(keep(slow_answer(loop, 0s, 7), out));
    EXPECT_EQ(work.running(), 1U);
    EXPECT_FALSE(out);
    loop.run_until_idle();
    EXPECT_EQ(out.value().value(), 7);
    EXPECT_EQ(work.running(), 0U);
}

// proves: P7
TEST(Scope, CloseCancelsWaitsAndRefusesNewOnes) {
    virtual_loop loop;
    scope outer{loop};
    scope work{loop};
    std::optional<result<int>> out;
    bool closed = false;
    work.spawn(keep(slow_answer(loop, 1h, 7), out));
    loop.run_ready();
    outer.spawn(close_and_note(work, closed));
    loop.run_ready();
    EXPECT_TRUE(closed);
    EXPECT_TRUE(out.value().error().is(codes::policy_cancelled));
    EXPECT_EQ(loop.armed(), 0U);
    EXPECT_FALSE(work.spawn(keep(slow_answer(loop, 0s, 7), out)));
    EXPECT_EQ(loop.run_ready(), 0U);
}

task<> tell(loop& on, signal& told) {
    static_cast<void>(co_await on.sleep_for(1ms));
    told.notify_all();
}

task<> close_when_told(signal& told, scope& work, bool& closed) {
    static_cast<void>(co_await told.wait());
    co_await work.close();
    closed = true;
}

// The child has ended, and the scope does not know it yet: nothing of it may be touched later on.
TEST(Scope, MayBeClosedInTheInstantAChildEnds) {
    for (std::uint64_t order = 0; order < 50; ++order) {
        virtual_loop loop{order};
        signal told;
        scope outer{loop};
        scope work{loop};
        bool closed = false;
        outer.spawn(close_when_told(told, work, closed));
        for (int i = 0; i < 3; ++i) work.spawn(tell(loop, told));
        loop.run_until_idle();
        EXPECT_TRUE(closed);
    }
}

TEST(Scope, WorkCancelledBeforeItsFirstStepNeverRuns) {
    virtual_loop loop;
    scope work{loop};
    std::optional<result<int>> out;
    work.spawn(keep(slow_answer(loop, 0s, 7), out));
    work.cancel();
    loop.run_until_idle();
    EXPECT_FALSE(out);
    EXPECT_EQ(work.running(), 0U);
}

task<> sleep_twice(loop& on, std::vector<bool>& slept, bool forget) {
    slept.push_back((co_await on.sleep_for(1s)).has_value());
    if (forget) co_await forget_cancellation();
    slept.push_back((co_await on.sleep_for(1s)).has_value());
}

TEST(Scope, ACancelledCoroutineStartsNoNewWaitUnlessItForgets) {
    for (const bool forget : {false, true}) {
        virtual_loop loop;
        scope work{loop};
        std::vector<bool> slept;
        work.spawn(sleep_twice(loop, slept, forget));
        loop.run_ready();
        work.cancel();
        loop.run_until_idle();
        EXPECT_EQ(slept, (std::vector{false, forget}));
    }
}

TEST(ScopeDeathTest, MustBeClosedBeforeItIsDestroyed) {
    virtual_loop loop;
    std::optional<result<int>> out;
    EXPECT_DEATH(
        {
            scope work{loop};
            work.spawn(keep(slow_answer(loop, 1h, 7), out));
            loop.run_ready();
        },
        "closed before it is destroyed");
}

task<> throw_something() {
    throw std::runtime_error{"unexpected"};
    co_return;
}

TEST(ScopeDeathTest, AnEscapingExceptionIsABug) {
    virtual_loop loop;
    EXPECT_DEATH(
        {
            scope work{loop};
            work.spawn(throw_something());
            loop.run_ready();
        },
        "unexpected(.|\n)*no exception leaves");
}

// ---- with_deadline

struct bounded_run {
    virtual_loop loop;
    scope work{loop};
    std::optional<result<int>> out;

    void start(duration work_takes, duration bound) {
        work.spawn(keep(with_deadline(loop, deadline::after(loop.now(), bound),
                                      slow_answer(loop, work_takes, 7)),
                        out));
    }
};

// proves: P7
TEST(WithDeadline, CancelsTheWorkAndKeepsItsEffect) {
    bounded_run run;
    run.start(10s, 2s);
    run.loop.advance(1999ms);
    EXPECT_FALSE(run.out);
    run.loop.advance(1ms);
    ASSERT_TRUE(run.out);
    EXPECT_TRUE(run.out->error().is(codes::policy_deadline));
    EXPECT_EQ(run.out->error().effect(), fault_effect::unknown);
    EXPECT_EQ(run.loop.armed(), 0U);
}

TEST(WithDeadline, GivesTheResultOfWorkThatIsInTimeAndDisarmsItsTimer) {
    bounded_run run;
    run.start(1s, 2s);
    run.loop.advance(1s);
    EXPECT_EQ(run.out.value().value(), 7);
    EXPECT_EQ(run.loop.armed(), 0U);
}

TEST(WithDeadline, StartsNothingWhenItHasPassed) {
    bounded_run run;
    run.start(0s, 0s);
    run.loop.run_ready();
    EXPECT_TRUE(run.out.value().error().is(codes::policy_deadline));
    EXPECT_EQ(run.out->error().effect(), fault_effect::none);
}

TEST(WithDeadline, NeverMeansNoTimer) {
    virtual_loop loop;
    scope work{loop};
    std::optional<result<int>> out;
    work.spawn(keep(with_deadline(loop, deadline::never(), slow_answer(loop, 1s, 7)), out));
    loop.run_ready();
    EXPECT_EQ(loop.armed(), 1U);
    loop.run_until_idle();
    EXPECT_EQ(out.value().value(), 7);
}

TEST(WithDeadline, PassesTheCallersCancellationOn) {
    bounded_run run;
    run.start(10s, 20s);
    run.loop.run_ready();
    run.work.cancel();
    run.loop.run_ready();
    EXPECT_TRUE(run.out.value().error().is(codes::policy_cancelled));
    EXPECT_EQ(run.loop.armed(), 0U);
}

TEST(WithDeadline, TheInnerOfTwoIsTheEarlier) {
    virtual_loop loop;
    scope work{loop};
    std::optional<result<int>> out;
    auto inner = with_deadline(loop, deadline::after(loop.now(), 1s), slow_answer(loop, 9s, 7));
    work.spawn(keep(with_deadline(loop, deadline::after(loop.now(), 5s), std::move(inner)), out));
    loop.advance(1s);
    EXPECT_TRUE(out.value().error().is(codes::policy_deadline));
}

// ---- event and signal

task<> note_wait(task<result<>> wait, std::vector<std::string>& notes) {
    const auto waited = co_await std::move(wait);
    notes.emplace_back(waited ? "notified" : waited.error().code());
}

TEST(Event, WakesAllWaitersAndStaysSet) {
    virtual_loop loop;
    scope work{loop};
    event ready;
    std::vector<std::string> notes;
    work.spawn(note_wait(ready.wait(), notes));
    work.spawn(note_wait(ready.wait(), notes));
    loop.run_ready();
    EXPECT_TRUE(notes.empty());
    ready.set();
    EXPECT_TRUE(notes.empty()) << "never inside set()";
    loop.run_ready();
    EXPECT_EQ(notes.size(), 2U);
    work.spawn(note_wait(ready.wait(), notes));
    loop.run_ready();
    EXPECT_EQ(notes, (std::vector<std::string>(3, "notified")));
}

TEST(Event, AWaitCanBeBoundedAndCancelled) {
    virtual_loop loop;
    scope work{loop};
    event ready;
    std::vector<std::string> notes;
    work.spawn(
        note_wait(with_deadline(loop, deadline::after(loop.now(), 1s), ready.wait()), notes));
    loop.advance(1s);
    work.spawn(note_wait(ready.wait(), notes));
    loop.run_ready();
    work.cancel();
    loop.run_ready();
    EXPECT_EQ(notes, (std::vector<std::string>{"policy.deadline", "policy.cancelled"}));
}

TEST(Signal, NotifiesOneOrAllOfThoseWhoWaitNow) {
    virtual_loop loop;
    scope work{loop};
    signal changed;
    std::vector<std::string> notes;
    changed.notify_all();  // nobody waits: forgotten
    for (int i = 0; i < 3; ++i) work.spawn(note_wait(changed.wait(), notes));
    loop.run_ready();
    EXPECT_EQ(changed.waiting(), 3U);
    changed.notify_one();
    loop.run_ready();
    EXPECT_EQ(notes.size(), 1U);
    changed.notify_all();
    loop.run_ready();
    EXPECT_EQ(notes.size(), 3U);
}

}  // namespace
}  // namespace thole::io
