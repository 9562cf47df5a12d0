#include "thole/retry_budget.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <thread>
#include <vector>

#include "thole/clock.hpp"
#include "thole/codes.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

constexpr retry_budget_settings no_floor{.percent = 20, .floor_per_second = 0, .window = 10s};

int drain(retry_budget& budget, time_point now) {
    int paid = 0;
    while (budget.withdraw(now)) ++paid;
    return paid;
}

// proves: P3
TEST(retry_budget, pays_a_fifth_of_the_requests) {
    manual_clock clock;
    retry_budget budget{no_floor};
    EXPECT_FALSE(budget.withdraw(clock.now()));
    for (int i = 0; i < 4; ++i) budget.deposit(clock.now());
    EXPECT_EQ(budget.available(clock.now()), 0U);
    EXPECT_FALSE(budget.withdraw(clock.now())) << "four requests earn 0.8 of a repeat";
    budget.deposit(clock.now());
    EXPECT_EQ(drain(budget, clock.now()), 1);
    for (int i = 0; i < 1000; ++i) budget.deposit(clock.now());
    EXPECT_EQ(drain(budget, clock.now()), 200);
}

// proves: P3
TEST(retry_budget, a_quiet_dependency_may_still_repeat_ten_times_a_second) {
    manual_clock clock;
    retry_budget budget;
    EXPECT_EQ(budget.available(clock.now()), 100U);
    EXPECT_EQ(drain(budget, clock.now()), 100) << "ten a second over the window of ten seconds";
    clock.advance(11s);
    EXPECT_EQ(drain(budget, clock.now()), 100);
}

// proves: P3
TEST(retry_budget, refusal_is_a_rejection_with_a_time) {
    manual_clock clock;
    retry_budget budget{no_floor, name{"solana"}};
    const auto refused = budget.withdraw(clock.now());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::policy_budget_spent));
    EXPECT_EQ(refused.error().kind(), fault_kind::rejected);
    EXPECT_EQ(refused.error().dependency(), name{"solana"});
    EXPECT_EQ(refused.error().retry_after(), 1s);
}

TEST(retry_budget, what_was_earned_expires) {
    manual_clock clock;
    retry_budget budget{no_floor};
    for (int i = 0; i < 100; ++i) budget.deposit(clock.now());
    clock.advance(9s);
    EXPECT_EQ(budget.available(clock.now()), 20U);
    clock.advance(2s);
    EXPECT_EQ(budget.available(clock.now()), 0U);
    EXPECT_EQ(drain(budget, clock.now()), 0);
}

TEST(retry_budget, what_was_spent_is_forgotten_with_what_earned_it) {
    manual_clock clock;
    retry_budget budget{no_floor};
    for (int i = 0; i < 100; ++i) budget.deposit(clock.now());
    EXPECT_EQ(drain(budget, clock.now()), 20);
    clock.advance(11s);
    EXPECT_EQ(budget.available(clock.now()), 0U) << "no debt is left";
    for (int i = 0; i < 10; ++i) budget.deposit(clock.now());
    EXPECT_EQ(drain(budget, clock.now()), 2);
}

// A deposit may expire before the repeats it paid for: that debt refuses repeats, it never wraps.
TEST(retry_budget, debt_refuses_and_passes) {
    manual_clock clock;
    retry_budget budget{no_floor};
    for (int i = 0; i < 100; ++i) budget.deposit(clock.now());
    clock.advance(9s);
    EXPECT_EQ(drain(budget, clock.now()), 20);
    clock.advance(5s);
    EXPECT_EQ(budget.available(clock.now()), 0U);
    for (int i = 0; i < 50; ++i) budget.deposit(clock.now());
    EXPECT_EQ(drain(budget, clock.now()), 0);
    clock.advance(9s);
    EXPECT_EQ(drain(budget, clock.now()), 10);
}

// A caller that read the clock before the others must not erase their slot.
TEST(retry_budget, late_comers_do_not_erase) {
    manual_clock clock;
    retry_budget budget{no_floor};
    const auto early = clock.now();
    clock.advance(11s);
    for (int i = 0; i < 10; ++i) budget.deposit(clock.now());
    budget.deposit(early);
    EXPECT_EQ(budget.available(clock.now()), 2U);
    EXPECT_FALSE(budget.withdraw(early));
    EXPECT_EQ(drain(budget, clock.now()), 2);
}

// The account must work at any uptime: tags of slots wrap after 2^24 seconds.
TEST(retry_budget, works_after_any_uptime) {
    for (const auto uptime : {duration{0}, duration{97 * 24h}, duration{193 * 24h},
                              duration{195 * 24h}, duration{4000 * 24h}}) {
        manual_clock clock;
        retry_budget budget{no_floor};
        clock.advance(uptime);
        for (int i = 0; i < 10; ++i) budget.deposit(clock.now());
        EXPECT_EQ(drain(budget, clock.now()), 2);
        clock.advance(uptime + 1h);
        for (int i = 0; i < 10; ++i) budget.deposit(clock.now());
        EXPECT_EQ(drain(budget, clock.now()), 2);
    }
}

TEST(retry_budget, counts_saturate) {
    manual_clock clock;
    retry_budget budget{{.percent = 1000, .floor_per_second = 1'000'000, .window = 1h}};
    for (int i = 0; i < 1000; ++i) budget.deposit(clock.now());
    EXPECT_EQ(budget.available(clock.now()), 3'600'000'000U + 10'000U);
}

TEST(retry_budget, validation_names_every_mistake) {
    EXPECT_TRUE(validate(retry_budget_settings{}).empty());
    const auto found = validate(
        retry_budget_settings{.percent = 1001, .floor_per_second = 1'000'001, .window = 1ms});
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].field, "percent");
    EXPECT_EQ(found[1].field, "floor_per_second");
    EXPECT_EQ(found[2].field, "window");
}

// The promise, at each repeat: the repeats of the last ten seconds are at most 20 % of the first
// calls of that time (widened by one slot, the grain of the account) plus the floor.
// proves: P3
RC_GTEST_PROP(retry_budget, never_exceeds_its_share_in_any_window, ()) {
    const retry_budget_settings settings{.percent = *rc::gen::inRange(0U, 101U),
                                         .floor_per_second = *rc::gen::inRange(0U, 4U),
                                         .window = 10s};
    retry_budget budget{settings};
    manual_clock clock;
    struct moment {
        time_point at;
        bool repeat;
    };
    std::vector<moment> past;
    const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 1500), rc::gen::inRange(0, 6)));
    for (const auto& [ms, calls] : steps) {
        clock.advance(std::chrono::milliseconds{ms});
        for (int i = 0; i < calls; ++i) {
            budget.deposit(clock.now());
            past.push_back({clock.now(), false});
        }
        bool repeated = false;
        for (; budget.withdraw(clock.now()); repeated = true) past.push_back({clock.now(), true});
        if (!repeated) continue;
        std::uint64_t first = 0;
        std::uint64_t repeats = 0;
        for (const auto& m : past) {
            const auto age = clock.now() - m.at;
            if (!m.repeat && age <= 11s) ++first;
            if (m.repeat && age <= 10s) ++repeats;
        }
        RC_ASSERT(repeats * 100 <=
                  first * settings.percent + settings.floor_per_second * 10ULL * 100);
    }
}

// proves: P3
TEST(retry_budget, threads_together_do_not_exceed_it) {
    retry_budget budget{no_floor};
    const time_point now{1h};
    std::atomic<int> paid{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 5000; ++i) {
                budget.deposit(now);
                if (budget.withdraw(now)) paid.fetch_add(1);
            }
        });
    }
    for (auto& t : threads) t.join();
    paid.fetch_add(drain(budget, now));
    EXPECT_EQ(paid.load(), 4000);
}

}  // namespace
}  // namespace thole
