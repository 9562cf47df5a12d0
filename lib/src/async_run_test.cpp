#include "thole/asio/async_run.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include <vector>

#include "counted_new_testing.hpp"
#include "thole/compose.hpp"

namespace thole::asio {
namespace {

using namespace std::chrono_literals;
namespace net = boost::asio;

using executor = net::io_context::executor_type;
template <class T>
using task = net::awaitable<T, executor>;

// A loop in virtual time: when nothing is ready the clock moves to the next timer.
struct bench {
    manual_clock clock;
    rng chance{1};
    net::io_context loop{1};
    timers wait{clock};

    async_seams seams() { return {.time = clock, .wait = wait, .chance = chance}; }

    void run_until_idle() {
        for (;;) {
            loop.restart();
            if (loop.poll() > 0) continue;
            const auto at = wait.next();
            if (!at) return;
            if (*at > clock.now()) clock.advance(*at - clock.now());
            wait.poll();
        }
    }
    // Lets virtual time pass inside an operation; false when it was cancelled meanwhile.
    task<bool> pass(duration d) {
        loop_event<executor> event{loop.get_executor(), wait};
        co_await net::this_coro::throw_if_cancelled(false);
        co_return co_await event.wait(clock.now() + d);
    }
    template <class Op>
    std::optional<result<int>> run(pipeline& line, Op op) {
        std::optional<result<int>> answer;
        net::co_spawn(loop, async_run(line, op, seams()), [&](std::exception_ptr e, result<int> r) {
            if (e) std::rethrow_exception(e);
            answer = std::move(r);
        });
        run_until_idle();
        return answer;
    }
};

// proves: P12
TEST(async_run, chaos_asks_for_false_results) {
    bench b;
    pipeline line{name{"x"}, compose(breaker_settings{}, chaos_settings{.result_permille = 1000})};
    const auto ask = [](call_context c) -> task<result<int>> { co_return c.pretend ? -1 : 1; };
    const auto answer = b.run(line, ask);
    ASSERT_TRUE(answer && *answer);
    EXPECT_EQ(**answer, -1);
}

// proves: P11
TEST(async_run, passes_an_answer_through) {
    bench b;
    pipeline line{name{"x"}, compose(total_time{10s}, retry_settings{}, breaker_settings{})};
    const auto ask = [](call_context) -> task<result<int>> { co_return 7; };
    EXPECT_EQ(*b.run(line, ask), 7);
    EXPECT_EQ(line.counts().calls, 1U);
    EXPECT_EQ(line.view(b.clock.now()).breaker.succeeded, 1U);
    EXPECT_EQ(b.wait.armed(), 0U);
}

// proves: P1, P11
TEST(async_run, repeats_after_the_same_waits_as_run) {
    bench b;
    pipeline line{name{"x"},
                  compose(retry_settings{.delays = backoff::constant(2s).with_jitter(0)})};
    int calls = 0;
    const auto ask = [&](call_context) -> task<result<int>> {
        if (++calls < 3) co_return fail(codes::net_connect_timeout);
        co_return calls;
    };
    const auto began = b.clock.now();
    EXPECT_EQ(*b.run(line, ask), 3);
    EXPECT_EQ(b.clock.now() - began, 4s);
}

// proves: P7
TEST(async_run, a_timeout_stops_the_work_and_waits_for_it) {
    bench b;
    pipeline line{name{"x"}, compose(attempt_time{2s})};
    bool cancelled = false, cleaned_up = false;
    const auto ask = [&](call_context c) -> task<result<int>> {
        EXPECT_EQ(c.until.remaining(b.clock.now()), 2s);
        cancelled = !co_await b.pass(1h);
        cleaned_up = true;
        co_return 1;
    };
    const auto began = b.clock.now();
    const auto answer = b.run(line, ask);
    ASSERT_TRUE(answer);
    ASSERT_FALSE(*answer);
    EXPECT_TRUE(answer->error().is(codes::net_timeout));
    EXPECT_EQ(answer->error().effect(), fault_effect::unknown);
    EXPECT_TRUE(cancelled && cleaned_up);
    EXPECT_EQ(b.clock.now() - began, 2s);
    EXPECT_EQ(b.wait.armed(), 0U) << "no timer is left";
}

// proves: P7, P4
TEST(async_run, cancelled_by_its_caller_it_ends_when_the_work_has_ended) {
    bench b;
    pipeline line{name{"x"},
                  compose(retry_settings{}, breaker_settings{.consecutive_failures = 1})};
    bool stopped = false;
    const auto ask = [&](call_context) -> task<result<int>> {
        stopped = !co_await b.pass(1h);
        co_return fail(codes::net_reset);
    };
    net::cancellation_signal stop;
    std::optional<result<int>> answer;
    net::co_spawn(b.loop, async_run(line, ask, b.seams()),
                  net::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr, result<int> r) {
                      EXPECT_TRUE(stopped);
                      answer = std::move(r);
                  }));
    b.loop.poll();
    EXPECT_FALSE(answer);
    stop.emit(net::cancellation_type::terminal);
    b.run_until_idle();
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->error().is(codes::policy_cancelled));
    EXPECT_EQ(line.view(b.clock.now()).breaker.computed, breaker_state::closed)
        << "the breaker learned nothing";
}

TEST(async_run, cancelled_while_it_waits_to_repeat) {
    bench b;
    pipeline line{name{"x"}, compose(retry_settings{.delays = backoff::constant(1h)})};
    int calls = 0;
    const auto ask = [&](call_context) -> task<result<int>> {
        ++calls;
        co_return fail(codes::net_connect_timeout);
    };
    net::cancellation_signal stop;
    std::optional<result<int>> answer;
    net::co_spawn(b.loop, async_run(line, ask, b.seams()),
                  net::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr, result<int> r) {
                      answer = std::move(r);
                  }));
    b.loop.poll();
    stop.emit(net::cancellation_type::terminal);
    b.loop.restart();
    b.loop.poll();
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->error().is(codes::policy_cancelled));
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(b.wait.armed(), 0U);
}

// proves: P8
TEST(async_run, a_late_first_copy_gets_a_second_and_the_loser_is_stopped) {
    bench b;
    pipeline line{name{"x"}, compose(hedge_settings{.shortest = 10ms, .longest = 100ms})};
    int calls = 0, stopped = 0;
    const auto ask = [&](call_context) -> task<result<int>> {
        const auto mine = ++calls;
        if (!co_await b.pass(mine == 1 ? 10s : 20ms)) {
            ++stopped;
            co_return fail(codes::policy_cancelled);
        }
        co_return mine;
    };
    const auto began = b.clock.now();
    EXPECT_EQ(*b.run(line, ask), 2);
    EXPECT_EQ(b.clock.now() - began, 120ms);
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(stopped, 1);
}

// proves: P8
TEST(async_run, a_call_declared_once_is_not_hedged) {
    bench b;
    pipeline line{name{"x"}, compose(hedge_settings{.shortest = 10ms, .longest = 100ms})};
    int calls = 0;
    const auto ask = [&](call_context) -> task<result<int>> {
        ++calls;
        co_await b.pass(10s);
        co_return 1;
    };
    auto seams = b.seams();
    seams.effect = call_effect::once;
    std::optional<result<int>> answer;
    net::co_spawn(b.loop, async_run(line, ask, seams),
                  [&](std::exception_ptr, result<int> r) { answer = std::move(r); });
    b.run_until_idle();
    EXPECT_EQ(*answer, 1);
    EXPECT_EQ(calls, 1);
}

// proves: P5
TEST(async_run, waits_in_the_queue_of_the_bulkhead_by_priority) {
    bench b;
    pipeline line{name{"x"},
                  compose(bulkhead_settings{.limit = 1, .queue = 5, .queue_timeout = 1min})};
    std::vector<int> order;
    const auto start = [&](int id, priority importance) {
        const auto ask = [&b, &order, id](call_context) -> task<result<int>> {
            order.push_back(id);
            co_await b.pass(1s);
            co_return id;
        };
        auto seams = b.seams();
        seams.importance = importance;
        net::co_spawn(b.loop, async_run(line, ask, seams),
                      [](std::exception_ptr, result<int> r) { EXPECT_TRUE(r); });
        b.loop.restart();
        b.loop.poll();
    };
    start(1, priority::normal);
    start(2, priority::low);
    start(3, priority::high);
    b.run_until_idle();
    EXPECT_EQ(order, (std::vector<int>{1, 3, 2}));
    EXPECT_EQ(line.cabin().in_flight(), 0U);
}

TEST(async_run, an_exception_of_the_operation_is_the_callers) {
    bench b;
    pipeline line{name{"x"}, compose(retry_settings{}, bulkhead_settings{})};
    const auto ask = [](call_context) -> task<result<int>> {
        throw std::runtime_error{"a bug"};
        co_return 1;
    };
    bool thrown = false;
    net::co_spawn(b.loop, async_run(line, ask, b.seams()),
                  [&](std::exception_ptr e, result<int>) { thrown = e != nullptr; });
    b.run_until_idle();
    EXPECT_TRUE(thrown);
    EXPECT_EQ(line.cabin().in_flight(), 0U);
}

// A loop that goes away with a call in it leaks nothing (AddressSanitizer looks).
TEST(async_run, a_loop_may_end_with_calls_in_flight) {
    manual_clock clock;
    rng chance{1};
    pipeline line{name{"x"}, compose(bulkhead_settings{.limit = 2}, attempt_time{2s})};
    timers wait{clock};
    {
        net::io_context loop{1};
        const auto ask = [&](call_context) -> task<result<int>> {
            loop_event<executor> never{loop.get_executor(), wait};
            co_await never.wait(clock.now() + 1h);
            co_return 1;
        };
        net::co_spawn(loop, async_run(line, ask, {.time = clock, .wait = wait, .chance = chance}),
                      [](std::exception_ptr, result<int>) {});
        loop.poll();
        EXPECT_EQ(line.cabin().in_flight(), 1U);
    }
    EXPECT_EQ(line.cabin().in_flight(), 0U);
    EXPECT_EQ(wait.armed(), 0U);
}

// The real loop, with the kernel's clock: timers fire in order and about on time.
TEST(timers, run_on_a_real_loop) {
    net::io_context loop{1};
    const system_clock clock;
    timers wait{loop.get_executor(), clock};
    std::vector<int> order;
    const auto began = clock.now();
    const auto waiter = [&](int id, duration d) -> task<void> {
        loop_event<executor> event{loop.get_executor(), wait};
        co_await event.wait(began + d);
        EXPECT_GE(clock.now(), began + d) << "never early";
        order.push_back(id);
    };
    net::co_spawn(loop, waiter(3, 30ms), [](std::exception_ptr) {});
    net::co_spawn(loop, waiter(1, 5ms), [](std::exception_ptr) {});
    net::co_spawn(loop, waiter(2, 15ms), [](std::exception_ptr) {});
    loop.run();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

// ---- what it costs ------------------------------------------------------------------------------

// Frames come from the loop's own cache once it has seen them, and the timer wheel's notes from
// blocks that are used again.
// proves: P11
TEST(async_run, takes_nothing_from_the_heap_but_frames_that_are_used_again) {
#ifdef THOLE_COUNTS_NO_ALLOCATIONS
    GTEST_SKIP() << "ThreadSanitizer brings its own operator new; the other builds count";
#endif
    bench b;
    pipeline line{name{"x"}, compose(total_time{5s}, retry_settings{}, bulkhead_settings{},
                                     breaker_settings{}, attempt_time{1s})};
    const auto ask = [](call_context) -> task<result<int>> { co_return 1; };
    std::uint64_t first = 0, later = 0;
    const auto calls = [&]() -> task<void> {
        for (int i = 0; i < 4000; ++i) {
            const auto before = thole::testing::allocations();
            const auto seams = b.seams();
            const auto answer = co_await async_run(line, ask, seams);
            EXPECT_TRUE(answer);
            (i < 2000 ? first : later) += thole::testing::allocations() - before;
        }
    };
    net::co_spawn(b.loop, calls(), [](std::exception_ptr e) {
        if (e) std::rethrow_exception(e);
    });
    b.run_until_idle();
    EXPECT_GT(first, 0U) << "it counts";
    EXPECT_EQ(later, 0U);
}

}  // namespace
}  // namespace thole::asio
