#include "io/system_loop.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "io/scope.hpp"
#include "io/test_kit.hpp"

namespace thole::io {
namespace {

using namespace std::chrono_literals;
using test_kit::run;

task<std::vector<int>> sleep_in_order(system_loop& loop);
task<> note(system_loop& loop, duration wait, int number, std::vector<int>& notes) {
    if (co_await loop.sleep_for(wait)) notes.push_back(number);
}
task<std::vector<int>> sleep_in_order(system_loop& loop) {
    scope work{loop};
    std::vector<int> notes;
    work.spawn(note(loop, 30ms, 3, notes));
    work.spawn(note(loop, 1ms, 1, notes));
    work.spawn(note(loop, 15ms, 2, notes));
    work.spawn(note(loop, 1h, 4, notes));
    (void)co_await loop.sleep_for(40ms);
    co_await work.close();
    co_return notes;
}

TEST(SystemLoop, SleepsForRealAndCancels) {
    system_loop loop;
    const auto before = loop.now();
    EXPECT_EQ(run(loop, sleep_in_order(loop)), (std::vector{1, 2, 3}));
    EXPECT_GE(loop.now() - before, 40ms);
    EXPECT_EQ(loop.armed(), 0U);
}

TEST(SystemLoop, PostsFromOtherThreadsInOrderAndStops) {
    system_loop loop;
    std::vector<int> seen;
    std::thread other{[&] {
        for (int i = 0; i < 1000; ++i) loop.post([&seen, i] { seen.push_back(i); });
        loop.post([&loop] { loop.stop(); });
    }};
    loop.run();
    other.join();
    ASSERT_EQ(seen.size(), 1000U);
    EXPECT_TRUE(std::ranges::is_sorted(seen));
    loop.post([&loop] { loop.stop(); });
    loop.run();  // a stopped loop can be run again
}

task<int> answer_at_once() {
    co_return 7;
}

TEST(SystemLoop, RunsAJobThatNeverSuspends) {
    system_loop loop;
    EXPECT_EQ(run(loop, answer_at_once()), 7);
}

task<std::string> expire(system_loop& loop) {
    auto slow = loop.sleep_for(1h);
    const auto got =
        co_await with_deadline(loop, deadline::after(loop.now(), 10ms), std::move(slow));
    co_return std::string{got ? "slept" : got.error().code()};
}

TEST(SystemLoop, KeepsDeadlines) {
    system_loop loop;
    const auto before = loop.now();
    EXPECT_EQ(run(loop, expire(loop)), "policy.deadline");
    EXPECT_LT(loop.now() - before, 5s);
}

}  // namespace
}  // namespace thole::io
