#include "thole/bulkhead.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "thole/clock.hpp"
#include "thole/codes.hpp"
#include "thole/rng.hpp"
#include "thole/sleeper.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

constexpr time_point now{1h};

struct place : bulkhead_waiter {
    using bulkhead_waiter::bulkhead_waiter;
    void wake() noexcept override { ++woken; }
    int woken = 0;
};

static_assert(!std::is_copy_constructible_v<bulkhead_permit>);
static_assert(std::is_nothrow_move_constructible_v<bulkhead_permit>);

// proves: P5
TEST(bulkhead, lets_in_as_many_as_its_limit) {
    bulkhead cabin{{.limit = 3}, name{"db"}};
    std::vector<bulkhead_permit> held;
    for (int i = 0; i < 3; ++i) held.push_back(*cabin.admit(now));
    const auto refused = cabin.admit(now);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::policy_bulkhead_full));
    EXPECT_EQ(refused.error().dependency(), name{"db"});
    EXPECT_EQ(refused.error().retry_after(), 100ms);
    EXPECT_EQ(cabin.in_flight(), 3U);
    held.pop_back();
    EXPECT_EQ(cabin.in_flight(), 2U);
    EXPECT_TRUE(cabin.admit(now));
}

TEST(bulkhead, a_moved_permit_is_one_permit) {
    bulkhead cabin{{.limit = 1}};
    auto a = *cabin.admit(now);
    bulkhead_permit b{std::move(a)};
    EXPECT_FALSE(a);  // NOLINT: that is the point
    a = std::move(b);
    EXPECT_EQ(cabin.in_flight(), 1U);
    a.release();
    a.release();
    EXPECT_EQ(cabin.in_flight(), 0U) << "a second release does nothing";
}

// proves: P5
TEST(bulkhead, the_queue_is_served_in_order) {
    bulkhead cabin{{.limit = 1, .queue = 2}};
    auto held = *cabin.admit(now);
    place first, second, third;
    EXPECT_TRUE(cabin.enqueue(first, now));
    EXPECT_TRUE(cabin.enqueue(second, now));
    EXPECT_FALSE(cabin.enqueue(third, now)) << "the queue is bounded";
    EXPECT_EQ(cabin.waiting(), 2U);
    held.release();
    EXPECT_EQ(first.woken, 1);
    EXPECT_EQ(second.woken, 0);
    EXPECT_EQ(cabin.in_flight(), 1U) << "the permit went over without being free";
    held = *first.finish(now);
    held.release();
    EXPECT_EQ(second.woken, 1);
}

// proves: P5
TEST(bulkhead, the_important_are_served_first) {
    bulkhead cabin{{.limit = 1, .queue = 3}};
    auto held = *cabin.admit(now);
    place low{priority::low}, normal{priority::normal}, high{priority::high};
    ASSERT_TRUE(cabin.enqueue(low, now));
    ASSERT_TRUE(cabin.enqueue(normal, now));
    ASSERT_TRUE(cabin.enqueue(high, now));
    held.release();
    EXPECT_EQ(high.woken, 1);
    held = *high.finish(now);
    held.release();
    EXPECT_EQ(normal.woken, 1);
    EXPECT_EQ(low.woken, 0);
}

TEST(bulkhead, a_full_queue_refuses_the_youngest_of_the_least_important) {
    bulkhead cabin{{.limit = 1, .queue = 2}};
    const auto held = *cabin.admit(now);
    place old_low{priority::low}, young_low{priority::low}, high{priority::high},
        normal{priority::normal}, another_low{priority::low};
    ASSERT_TRUE(cabin.enqueue(old_low, now));
    ASSERT_TRUE(cabin.enqueue(young_low, now));
    ASSERT_TRUE(cabin.enqueue(high, now));
    EXPECT_EQ(young_low.woken, 1);
    EXPECT_FALSE(young_low.finish(now));
    EXPECT_FALSE(cabin.enqueue(another_low, now)) << "nobody is less important";
    ASSERT_TRUE(cabin.enqueue(normal, now));
    EXPECT_EQ(old_low.woken, 1);
    EXPECT_EQ(cabin.waiting(), 2U);
}

// proves: P5, P7
TEST(bulkhead, waits_until_the_earlier_of_timeout_and_deadline) {
    bulkhead cabin{{.limit = 1, .queue = 5, .queue_timeout = 2s}};
    const auto held = *cabin.admit(now);
    place by_timeout, by_deadline;
    ASSERT_TRUE(cabin.enqueue(by_timeout, now));
    ASSERT_TRUE(cabin.enqueue(by_deadline, now, deadline{now + 300ms}));
    EXPECT_EQ(by_timeout.gives_up_at(), now + 2s);
    EXPECT_EQ(by_deadline.gives_up_at(), now + 300ms);
    const auto refused = by_deadline.finish(now + 300ms);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::policy_bulkhead_full));
    EXPECT_EQ(cabin.waiting(), 1U);
}

TEST(bulkhead, a_place_that_goes_away_leaves_the_queue_and_hands_on_its_permit) {
    bulkhead cabin{{.limit = 1, .queue = 5}};
    auto held = *cabin.admit(now);
    auto gone = std::make_unique<place>();
    auto granted = std::make_unique<place>();
    place last;
    ASSERT_TRUE(cabin.enqueue(*gone, now));
    ASSERT_TRUE(cabin.enqueue(*granted, now));
    ASSERT_TRUE(cabin.enqueue(last, now));
    gone.reset();
    EXPECT_EQ(cabin.waiting(), 2U);
    held.release();
    EXPECT_EQ(granted->woken, 1);
    granted.reset();
    EXPECT_EQ(last.woken, 1) << "the permit of an abandoned place goes to the next";
    EXPECT_TRUE(last.finish(now));
    EXPECT_EQ(cabin.in_flight(), 0U);
}

TEST(bulkhead, enqueue_takes_a_permit_that_is_free) {
    bulkhead cabin{{.limit = 1, .queue = 1}};
    place p;
    ASSERT_TRUE(cabin.enqueue(p, now));
    EXPECT_EQ(p.woken, 1) << "granted at once";
    EXPECT_TRUE(p.finish(now));
}

TEST(bulkhead, a_higher_limit_serves_those_who_wait_and_a_lower_one_disturbs_nobody) {
    bulkhead cabin{{.limit = 2, .queue = 5}};
    auto a = *cabin.admit(now);
    auto b = *cabin.admit(now);
    place p;
    ASSERT_TRUE(cabin.enqueue(p, now));
    cabin.set_limit(3);
    EXPECT_EQ(p.woken, 1);
    auto c = *p.finish(now);
    cabin.set_limit(1);
    EXPECT_EQ(cabin.in_flight(), 3U) << "nobody is thrown out";
    a.release();
    b.release();
    EXPECT_FALSE(cabin.admit(now)) << "one in flight, one allowed";
    c.release();
    EXPECT_TRUE(cabin.admit(now));
}

TEST(bulkhead, permits_cached_by_one_thread_serve_another) {
    bulkhead cabin{{.limit = 100}};
    std::thread{[&] {
        for (int i = 0; i < 50; ++i) (void)*cabin.admit(now);
    }}.join();
    std::vector<bulkhead_permit> held;
    for (int i = 0; i < 100; ++i) {
        auto p = cabin.admit(now);
        ASSERT_TRUE(p) << i;
        held.push_back(std::move(*p));
    }
    EXPECT_FALSE(cabin.admit(now));
}

TEST(bulkhead, says_every_mistake_of_its_settings) {
    const auto wrong =
        validate(bulkhead_settings{.limit = 0, .queue = 2'000'000, .queue_timeout = 0s});
    ASSERT_EQ(wrong.size(), 3U);
    EXPECT_EQ(wrong[0].field, "limit");
    EXPECT_EQ(wrong[1].field, "queue");
    EXPECT_EQ(wrong[2].field, "queue_timeout");
    EXPECT_TRUE(
        validate(bulkhead_settings{.limit = 1, .queue = 1'000'000, .queue_timeout = 1h}).empty());
}

// proves: P5
// Against three lists: the limit is never exceeded, the queue's order and bound hold, and nothing
// is lost.
RC_GTEST_PROP(bulkhead, behaves_like_three_lists, (std::uint64_t seed)) {
    rng chance{seed};
    std::uint32_t limit = 1 + static_cast<std::uint32_t>(chance.below(30));
    const auto queue = static_cast<std::uint32_t>(chance.below(5));
    bulkhead cabin{{.limit = limit, .queue = queue}};
    std::vector<bulkhead_permit> held;
    std::deque<std::unique_ptr<place>> waiting[3];
    const auto total = [&] { return waiting[0].size() + waiting[1].size() + waiting[2].size(); };
    // Takes over what was granted; the model grants to the most important, then the longest
    // waiting.
    const auto settle = [&] {
        while (held.size() < limit && total() > 0) {
            auto& line = !waiting[2].empty()   ? waiting[2]
                         : !waiting[1].empty() ? waiting[1]
                                               : waiting[0];
            RC_ASSERT(line.front()->woken == 1);
            auto permit = line.front()->finish(now);
            RC_ASSERT(permit.has_value());
            held.push_back(std::move(*permit));
            line.pop_front();
        }
        for (auto& line : waiting) {
            for (auto& p : line) RC_ASSERT(p->woken == 0);
        }
    };
    for (int i = 0; i < 200; ++i) {
        const auto what = chance.below(10);
        if (what < 4) {
            auto permit = cabin.admit(now);
            RC_ASSERT(permit.has_value() == (held.size() < limit));
            if (permit) held.push_back(std::move(*permit));
        } else if (what < 6) {
            const auto p = chance.below(3);
            auto fresh = std::make_unique<place>(static_cast<priority>(p));
            std::size_t displaced = 3;
            for (std::size_t q = 0; q < p && displaced == 3; ++q) {
                if (!waiting[q].empty()) displaced = q;
            }
            const bool free = held.size() < limit;
            const bool room = total() < queue || (queue > 0 && displaced < 3) || free;
            const auto queued = cabin.enqueue(*fresh, now);
            RC_ASSERT(queued.has_value() == room);
            if (!room) continue;
            if (total() >= queue && !free) {
                RC_ASSERT(waiting[displaced].back()->woken == 1);
                RC_ASSERT(!waiting[displaced].back()->finish(now).has_value());
                waiting[displaced].pop_back();
            }
            waiting[p].push_back(std::move(fresh));
            settle();
        } else if (what < 9 && !held.empty()) {
            std::swap(held[chance.below(held.size())], held.back());
            held.pop_back();
            settle();
        } else if (what == 9 && chance.chance(1, 4)) {
            limit = 1 + static_cast<std::uint32_t>(chance.below(30));
            cabin.set_limit(limit);
            settle();
        }
        RC_ASSERT(cabin.in_flight() == held.size());
        RC_ASSERT(cabin.waiting() == total());
    }
}

// Threads that admit, wait, give up and go away: never more inside than allowed, none left over.
TEST(bulkhead, holds_under_threads) {
    constexpr std::uint32_t limit = 3;
    bulkhead cabin{{.limit = limit, .queue = 4, .queue_timeout = 50ms}};
    std::atomic<std::uint32_t> inside{0}, worst{0}, served{0};
    const auto work = [&](std::uint64_t seed) {
        struct blocking : bulkhead_waiter {
            void wake() noexcept override { flag.set(); }
            wake_flag flag;
        };
        const system_clock clock;
        system_sleeper sleep;
        rng chance{seed};
        for (int i = 0; i < 300; ++i) {
            bulkhead_permit permit = cabin.try_admit();
            if (!permit) {
                blocking place;
                if (!cabin.enqueue(place, clock.now())) continue;
                if (chance.chance(1, 10)) continue;  // goes away
                sleep.sleep_until(place.gives_up_at(), place.flag);
                if (auto granted = place.finish(clock.now())) permit = std::move(*granted);
            }
            if (!permit) continue;
            const auto now_inside = inside.fetch_add(1) + 1;
            auto before = worst.load();
            while (before < now_inside && !worst.compare_exchange_weak(before, now_inside)) {
            }
            std::this_thread::yield();
            inside.fetch_sub(1);
            served.fetch_add(1);
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t t = 0; t < 6; ++t) threads.emplace_back(work, t);
    }
    EXPECT_LE(worst.load(), limit);
    EXPECT_GT(served.load(), 100U);
    EXPECT_EQ(cabin.in_flight(), 0U);
    EXPECT_EQ(cabin.waiting(), 0U);
}

}  // namespace
}  // namespace thole
