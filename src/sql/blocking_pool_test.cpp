#include "sql/blocking_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "io/scope.hpp"
#include "io/system_loop.hpp"
#include "sql/codes.hpp"

namespace thole::sql {
namespace {

TEST(blocking_pool_test, works_on_another_thread_and_answers_on_the_loop) {
    io::system_loop loop;
    blocking_pool pool{loop};
    const auto here = std::this_thread::get_id();
    std::thread::id worked;
    std::thread::id resumed;
    auto program = [](blocking_pool& p, std::thread::id& in, std::thread::id& back) -> task<> {
        auto work = [&in] {
            in = std::this_thread::get_id();
            return 7;
        };
        const auto answer = co_await p.run(std::move(work));
        EXPECT_EQ(answer, 7);
        back = std::this_thread::get_id();
    };
    loop.run_until(program(pool, worked, resumed));
    EXPECT_NE(worked, here);
    EXPECT_EQ(resumed, here);
}

TEST(blocking_pool_test, a_fault_of_the_callable_is_the_answer) {
    io::system_loop loop;
    blocking_pool pool{loop};
    auto program = [](blocking_pool& p) -> task<> {
        auto fails = []() -> result<int> { return fail(codes::db_unavailable); };
        const auto answer = co_await p.run(std::move(fails));
        EXPECT_FALSE(answer);
        auto nothing = [] {};
        const result<> done = co_await p.run(std::move(nothing));
        EXPECT_TRUE(done);
    };
    loop.run_until(program(pool));
}

task<> wait_at(blocking_pool& pool, std::latch& gate, std::atomic<int>& done) {
    auto work = [&gate] { gate.wait(); };
    const auto answer = co_await pool.run(std::move(work));
    EXPECT_TRUE(answer);
    ++done;
}

task<> fill_and_drain(io::loop& loop, blocking_pool& pool, io::scope& scope, std::latch& gate,
                      std::atomic<int>& done) {
    for (int i = 0; i < 3; ++i) scope.spawn(wait_at(pool, gate, done));
    // Until one is at work and two wait.
    while (pool.waiting() != 2 || scope.running() != 3) {
        co_await loop.sleep_until(loop.now() + std::chrono::milliseconds{1});
    }
    auto work = [] { return 1; };
    const auto refused = co_await pool.run(std::move(work));
    EXPECT_FALSE(refused);
    if (!refused) EXPECT_TRUE(refused.error().is(codes::policy_bulkhead_full));
    gate.count_down();
    co_await scope.drained();
    auto again = [] { return 2; };
    EXPECT_EQ(co_await pool.run(std::move(again)), 2);
}

// proves: P5
TEST(blocking_pool_test, a_full_pool_refuses_and_recovers) {
    io::system_loop loop;
    blocking_pool pool{loop, {.threads = 1, .queue = 2}};
    std::latch gate{1};
    std::atomic<int> done{0};
    io::scope scope{loop};
    loop.run_until(fill_and_drain(loop, pool, scope, gate, done));
    EXPECT_EQ(done, 3);
}

TEST(blocking_pool_test, finishes_what_it_accepted_before_it_ends) {
    io::system_loop loop;
    std::atomic<int> worked{0};
    auto program = [](io::system_loop& l, std::atomic<int>& w) -> task<> {
        std::optional<blocking_pool> pool{std::in_place, l};
        io::scope scope{l};
        auto one = [](blocking_pool& p, std::atomic<int>& n) -> task<> {
            auto work = [&n] { ++n; };
            co_await p.run(std::move(work));
        };
        for (int i = 0; i < 10; ++i) scope.spawn(one(*pool, w));
        co_await l.sleep_until(l.now());
        pool.reset();
        EXPECT_EQ(w, 10);
        co_await scope.drained();
    };
    loop.run_until(program(loop, worked));
}

}  // namespace
}  // namespace thole::sql
