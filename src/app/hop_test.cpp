#include "app/hop.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "io/scope.hpp"
#include "io/system_loop.hpp"

namespace thole::app {
namespace {

using namespace std::chrono_literals;

// Two loops, the second on a thread of its own.
struct two_loops : ::testing::Test {
    io::system_loop here;
    io::system_loop there;
    std::jthread thread{[this] { there.run(); }};
    ~two_loops() override { there.stop(); }
};

task<std::thread::id> where() {
    co_return std::this_thread::get_id();
}

TEST_F(two_loops, the_work_runs_there_and_the_answer_arrives_here) {
    std::thread::id work;
    std::thread::id after;
    auto program = [](two_loops& l, std::thread::id& ran, std::thread::id& came_back) -> task<> {
        ran = co_await hop(l.there, where());
        came_back = std::this_thread::get_id();
    };
    here.run_until(program(*this, work, after));
    EXPECT_EQ(work, thread.get_id());
    EXPECT_EQ(after, std::this_thread::get_id());
}

task<result<>> sleep_long(io::system_loop& loop) {
    co_return co_await loop.sleep_for(1h);
}

TEST_F(two_loops, cancellation_is_carried_over_and_waited_for) {
    result<> seen;
    auto child = [](two_loops& l, result<>& out) -> task<> {
        out = co_await hop(l.there, sleep_long(l.there));
    };
    auto program = [&](two_loops& l) -> task<> {
        io::scope work{l.here};
        work.spawn(child(l, seen));
        // Lets the child start before it is cancelled.
        for (int i = 0; i < 3; ++i) (void)co_await l.here.sleep_for(0ns);
        co_await work.close();
    };
    here.run_until(program(*this));
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().kind(), fault_kind::cancelled);
}

TEST_F(two_loops, many_at_once) {
    int done = 0;
    auto child = [](two_loops& l, int& count) -> task<> {
        for (int i = 0; i < 100; ++i) (void)co_await hop(l.there, where());
        ++count;
    };
    auto program = [&](two_loops& l) -> task<> {
        io::scope work{l.here};
        for (int i = 0; i < 20; ++i) work.spawn(child(l, done));
        co_await work.drained();
        co_await work.close();
    };
    here.run_until(program(*this));
    EXPECT_EQ(done, 20);
}

}  // namespace
}  // namespace thole::app
