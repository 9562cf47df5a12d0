#include "io/virtual_loop.hpp"

#include <gtest/gtest.h>

#include <set>

#include <rapidcheck/gtest.h>

#include "io/scope.hpp"

namespace thole::io {
namespace {

using namespace std::chrono_literals;

task<> note_after(loop& on, duration wait, int number, std::vector<int>& notes) {
    if (co_await on.sleep_for(wait)) notes.push_back(number);
}

TEST(VirtualLoop, FiresSleepsAtTheirOwnInstants) {
    virtual_loop loop;
    scope work{loop};
    std::vector<int> notes;
    const auto start = loop.now();
    work.spawn(note_after(loop, 3s, 3, notes));
    work.spawn(note_after(loop, 1s, 1, notes));
    work.spawn(note_after(loop, 2s, 2, notes));
    loop.advance(500ms);
    EXPECT_TRUE(notes.empty());
    loop.advance(1500ms);
    EXPECT_EQ(notes, (std::vector{1, 2}));
    EXPECT_EQ(loop.now(), start + 2s);
    EXPECT_TRUE(loop.run_until_idle());
    EXPECT_EQ(notes, (std::vector{1, 2, 3}));
    EXPECT_EQ(loop.now(), start + 3s);
    EXPECT_EQ(work.running(), 0U);
}

task<> sleep_forever(loop& on) {
    while (co_await on.sleep_for(1s)) {
    }
}

TEST(VirtualLoop, RunUntilIdleStopsAtItsLimitWhenSomebodyNeverEnds) {
    virtual_loop loop;
    scope work{loop};
    const auto start = loop.now();
    work.spawn(sleep_forever(loop));
    EXPECT_FALSE(loop.run_until_idle(10s));
    EXPECT_EQ(loop.now(), start + 10s);
    work.cancel();
    EXPECT_TRUE(loop.run_until_idle(10s));
    EXPECT_EQ(work.running(), 0U);
}

TEST(VirtualLoop, WhoStoodStillWakesLateAndAtOnce) {
    virtual_loop loop;
    std::vector<duration> woken;
    const auto begun = loop.now();
    scope work{loop};
    auto sleep = [&](duration time) -> task<> {
        static_cast<void>(co_await loop.sleep_for(time));
        woken.push_back(loop.now() - begun);
    };
    work.spawn(sleep(1s));
    work.spawn(sleep(2s));
    work.spawn(sleep(9s));
    loop.run_ready();
    loop.stand_still(5s);
    EXPECT_EQ(woken, (std::vector<duration>{5s, 5s}));
    EXPECT_TRUE(loop.run_until_idle());
    EXPECT_EQ(woken.back(), 9s);
}

TEST(VirtualLoop, AnOverdueSleepStillYieldsOnce) {
    virtual_loop loop;
    scope work{loop};
    std::vector<int> notes;
    work.spawn(note_after(loop, -5s, 1, notes));
    loop.run_ready();
    EXPECT_TRUE(notes.empty());
    loop.advance(0s);
    EXPECT_EQ(notes, std::vector{1});
}

TEST(VirtualLoop, PostedJobsKeepTheirOrderUnderEverySeed) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        virtual_loop loop{seed};
        std::vector<int> notes;
        for (int i = 0; i < 5; ++i) loop.post([&notes, i] { notes.push_back(i); });
        EXPECT_EQ(loop.run_ready(), 5U);
        EXPECT_EQ(notes, (std::vector{0, 1, 2, 3, 4}));
    }
}

std::vector<int> order_of_spawned(std::optional<std::uint64_t> seed) {
    std::optional<virtual_loop> loop;
    if (seed) {
        loop.emplace(*seed);
    } else {
        loop.emplace();
    }
    scope work{*loop};
    std::vector<int> notes;
    for (int i = 0; i < 6; ++i) work.spawn(note_after(*loop, 1s, i, notes));
    loop->run_until_idle();
    return notes;
}

TEST(VirtualLoop, WithoutASeedTheOrderIsThatOfStartingAndWithOneItReplays) {
    EXPECT_EQ(order_of_spawned({}), (std::vector{0, 1, 2, 3, 4, 5}));
    std::set<std::vector<int>> seen;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        EXPECT_EQ(order_of_spawned(seed), order_of_spawned(seed));
        seen.insert(order_of_spawned(seed));
    }
    EXPECT_GT(seen.size(), 10U);
}

TEST(VirtualLoop, DestroysWhatNeverRan) {
    auto alive = std::make_shared<int>(0);
    {
        virtual_loop loop;
        loop.post([alive] {});
        EXPECT_EQ(alive.use_count(), 2);
    }
    EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace thole::io
