#include "thole/backoff.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <deque>
#include <limits>
#include <thread>

namespace thole {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();

duration exact(const backoff& b, std::uint32_t n) {
    rng chance{1};
    return b.with_jitter(0).delay(n, chance);
}

// proves: P2
TEST(backoff, constant_stays) {
    for (const auto n : {1U, 2U, 1000U, most}) EXPECT_EQ(exact(backoff::constant(3s), n), 3s);
}

// proves: P2
TEST(backoff, linear_grows_by_its_base_up_to_the_cap) {
    const auto b = backoff::linear(2s, 9s);
    EXPECT_EQ(exact(b, 1), 2s);
    EXPECT_EQ(exact(b, 2), 4s);
    EXPECT_EQ(exact(b, 4), 8s);
    EXPECT_EQ(exact(b, 5), 9s);
    EXPECT_EQ(exact(b, most), 9s);
}

// proves: P2
TEST(backoff, exponential_doubles_up_to_the_cap) {
    const auto b = backoff::exponential(1s, 30s);
    const std::array<duration, 7> expected{1s, 2s, 4s, 8s, 16s, 30s, 30s};
    for (std::uint32_t i = 0; i < expected.size(); ++i) EXPECT_EQ(exact(b, i + 1), expected[i]);
}

TEST(backoff, exponential_takes_other_factors) {
    auto b = backoff::exponential(1s, 1h);
    b.factor_permille = 1500;
    EXPECT_EQ(exact(b, 2), 1500ms);
    EXPECT_EQ(exact(b, 3), 2250ms);
    b.factor_permille = 1000;
    EXPECT_EQ(exact(b, most), 1s);
}

// A base so small that growth rounds to nothing must neither loop for ever nor reach below the
// floor.
TEST(backoff, growth_that_rounds_to_nothing_ends) {
    auto b = backoff::exponential(1ns, 30s);
    b.factor_permille = 1001;
    EXPECT_EQ(exact(b, most), 100ms);
}

// proves: P2
TEST(backoff, listed_delays_are_taken_in_turn_and_the_last_repeats) {
    const auto b = backoff::listed({500ms, 1s, 2s});
    EXPECT_EQ(exact(b, 1), 500ms);
    EXPECT_EQ(exact(b, 2), 1s);
    EXPECT_EQ(exact(b, 3), 2s);
    EXPECT_EQ(exact(b, 4), 2s);
    EXPECT_EQ(exact(b, most), 2s);
}

TEST(backoff, list_leaves_room_for_jitter_above_its_longest_delay) {
    const auto b = backoff::listed({1s, 2s}).with_jitter(200);
    rng chance{7};
    auto longest = duration::zero();
    for (int i = 0; i < 1000; ++i) longest = std::max(longest, b.delay(2, chance));
    EXPECT_GT(longest, 2300ms);
    EXPECT_LE(longest, 2400ms);
}

TEST(backoff, retry_zero_counts_as_the_first) {
    EXPECT_EQ(exact(backoff::exponential(1s, 30s), 0), 1s);
    EXPECT_EQ(exact(backoff::listed({2s, 4s}), 0), 2s);
}

// proves: P2
TEST(backoff, never_waits_less_than_the_floor) {
    EXPECT_EQ(exact(backoff::constant(1ms), 1), 100ms);
    EXPECT_TRUE(validate(backoff::constant(1ms)).empty());
    auto b = backoff::exponential(1ms, 30s);
    EXPECT_EQ(exact(b, 1), 100ms);
    b.floor = 0ms;
    EXPECT_EQ(exact(b, 1), 1ms);
    b.floor = 5s;
    EXPECT_EQ(exact(b, 1), 5s);
}

// proves: P2
TEST(backoff, jitter_spreads_to_both_sides_and_over_the_whole_range) {
    const auto b = backoff::exponential(1s, 30s).with_jitter(100);
    rng chance{3};
    auto low = duration::max();
    auto high = duration::zero();
    for (int i = 0; i < 5000; ++i) {
        const auto d = b.delay(3, chance);
        low = std::min(low, d);
        high = std::max(high, d);
    }
    EXPECT_GE(low, 3600ms);
    EXPECT_LT(low, 3605ms);
    EXPECT_LE(high, 4400ms);
    EXPECT_GT(high, 4395ms);
}

// Jitter added after the cap would wait longer than the configuration promises.
// proves: P2
TEST(backoff, clamps_after_jitter) {
    const auto b = backoff::exponential(1s, 30s).with_jitter(1000);
    rng chance{9};
    bool at_cap = false;
    for (int i = 0; i < 1000; ++i) {
        const auto d = b.delay(20, chance);
        ASSERT_LE(d, 30s);
        at_cap = at_cap || d == 30s;
    }
    EXPECT_TRUE(at_cap);
}

// proves: P2
TEST(backoff, adaptive_multiplies_by_two_minus_the_success_rate) {
    auto b = backoff::exponential(1s, 30s).with_jitter(0);
    rng chance{1};
    EXPECT_EQ(b.delay(2, chance, {}, 0), 2s) << "not adaptive: the rate is not looked at";
    b.adaptive = true;
    EXPECT_EQ(b.delay(2, chance, {}, 1000), 2s);
    EXPECT_EQ(b.delay(2, chance, {}, 500), 3s);
    EXPECT_EQ(b.delay(2, chance, {}, 0), 4s);
    EXPECT_EQ(b.delay(9, chance, {}, 0), 30s) << "the cap holds";
}

// proves: P2
TEST(backoff, decorrelated_depends_on_the_delay_before) {
    const auto b = backoff::decorrelated(1s, 30s);
    rng chance{5};
    auto longest_first = duration::zero();
    auto longest_later = duration::zero();
    for (int i = 0; i < 2000; ++i) {
        const auto first = b.delay(1, chance);
        const auto later = b.delay(2, chance, 4s);
        ASSERT_GE(first, 1s);
        ASSERT_LE(first, 3s);
        ASSERT_GE(later, 1s);
        ASSERT_LE(later, 12s);
        longest_first = std::max(longest_first, first);
        longest_later = std::max(longest_later, later);
    }
    EXPECT_GT(longest_first, 2900ms);
    EXPECT_GT(longest_later, 11s);
    EXPECT_LE(b.delay(3, chance, duration::max()), 30s);
}

TEST(backoff, same_seed_same_delays) {
    const auto b = backoff::exponential(1s, 30s);
    rng one{11};
    rng two{11};
    for (std::uint32_t n = 1; n < 50; ++n) EXPECT_EQ(b.delay(n, one), b.delay(n, two));
}

TEST(backoff, validation_names_every_mistake) {
    EXPECT_TRUE(validate(backoff{}).empty());
    EXPECT_TRUE(validate(backoff::listed({1s})).empty());
    backoff bad;
    bad.shape = backoff_shape::listed;
    bad.base = 0s;
    bad.floor = -1s;
    bad.cap = -2s;
    bad.jitter_permille = 1001;
    bad.factor_permille = 999;
    const auto found = validate(bad);
    ASSERT_EQ(found.size(), 6U);
    EXPECT_EQ(found[0].field, "base");
    EXPECT_EQ(found[1].field, "floor");
    EXPECT_EQ(found[2].field, "cap");
    EXPECT_EQ(found[3].field, "jitter_permille");
    EXPECT_EQ(found[4].field, "factor_permille");
    EXPECT_EQ(found[5].field, "list");
    auto negative = backoff::listed({1s, 2s});
    negative.list[1] = -1s;
    EXPECT_EQ(validate(negative).size(), 1U);
}

backoff any_backoff() {
    backoff b;
    b.shape = *rc::gen::element(backoff_shape::constant, backoff_shape::linear,
                                backoff_shape::exponential, backoff_shape::decorrelated,
                                backoff_shape::listed);
    b.adaptive = *rc::gen::arbitrary<bool>();
    b.jitter_permille = *rc::gen::inRange<std::uint16_t>(0, 1001);
    b.factor_permille = *rc::gen::inRange<std::uint16_t>(1000, 65535);
    const auto any_duration = rc::gen::map(
        rc::gen::pair(rc::gen::inRange<std::int64_t>(1, 1000), rc::gen::inRange(0, 53)),
        [](const auto& p) { return duration{p.first << p.second}; });
    b.base = *any_duration;
    b.floor = *any_duration;
    b.cap = std::max(b.floor, *any_duration);
    b.listed_count = *rc::gen::inRange<std::uint8_t>(1, 9);
    for (auto& d : b.list) d = *any_duration;
    return b;
}

// Whatever the configuration, the attempt and the history: within [floor, cap], never negative.
// proves: P2
RC_GTEST_PROP(backoff, stays_between_floor_and_cap, (std::uint64_t seed)) {
    const auto b = any_backoff();
    RC_ASSERT(validate(b).empty());
    rng chance{seed};
    auto previous = duration::zero();
    for (const auto n : {0U, 1U, 2U, 31U, 32U, 63U, 64U, 65U, 1000U, most}) {
        const auto success = *rc::gen::inRange<std::uint32_t>(0, 1001);
        previous = b.delay(n, chance, previous, success);
        RC_ASSERT(previous >= b.floor);
        RC_ASSERT(previous <= b.cap);
    }
}

// proves: P2
RC_GTEST_PROP(backoff, without_jitter_later_retries_never_wait_less, (std::uint64_t seed)) {
    auto b = any_backoff();
    b.jitter_permille = 0;
    if (b.shape == backoff_shape::decorrelated || b.shape == backoff_shape::listed) {
        b.shape = backoff_shape::exponential;
    }
    rng chance{seed};
    auto before = duration::zero();
    for (std::uint32_t n = 1; n < 200; ++n) {
        const auto now = b.delay(n, chance);
        RC_ASSERT(now >= before);
        before = now;
    }
}

TEST(backoff, no_overflow_from_attempt_0_to_10000) {
    rng chance{1};
    for (const auto& b : {backoff::exponential(1s, duration::max()).with_jitter(1000),
                          backoff::linear(1h, duration::max()).with_jitter(1000),
                          backoff::decorrelated(1s, duration::max())}) {
        auto previous = duration::zero();
        for (std::uint32_t n = 0; n <= 10'000; ++n) {
            previous = b.delay(n, chance, previous, n % 1001);
            ASSERT_GE(previous, b.floor);
        }
    }
}

TEST(saturating_permille, is_exact_and_never_overflows) {
    EXPECT_EQ(saturating_permille(4s, 100), 400ms);
    EXPECT_EQ(saturating_permille(7ns, 500), 3ns);
    EXPECT_EQ(saturating_permille(duration::max(), 1000), duration::max());
    EXPECT_EQ(saturating_permille(duration::max(), 1001), duration::max());
    EXPECT_EQ(saturating_permille(duration::max(), 0), 0ns);
}

TEST(success_history, knows_nothing_at_first) {
    EXPECT_EQ(success_history{}.permille(), 1000U);
}

TEST(success_history, a_few_results_are_a_rate_of_a_few) {
    success_history h;
    h.record(false);
    EXPECT_EQ(h.permille(), 0U);
    h.record(true);
    EXPECT_EQ(h.permille(), 500U);
    h.record(true);
    EXPECT_EQ(h.permille(), 666U);
}

// proves: P2
RC_GTEST_PROP(success_history, is_the_rate_of_the_last_ten, (std::vector<bool> results)) {
    success_history h;
    std::deque<bool> last;
    for (const bool r : results) {
        h.record(r);
        last.push_back(r);
        if (last.size() > 10) last.pop_front();
        const auto good = static_cast<std::uint32_t>(std::count(last.begin(), last.end(), true));
        RC_ASSERT(h.permille() == good * 1000 / last.size());
    }
}

TEST(success_history, may_be_shared_by_threads) {
    success_history h;
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&h] {
            for (int i = 0; i < 5000; ++i) {
                h.record(i % 2 == 0);
                ASSERT_LE(h.permille(), 1000U);
            }
        });
    }
    for (auto& t : threads) t.join();
    for (int i = 0; i < 10; ++i) h.record(true);
    EXPECT_EQ(h.permille(), 1000U);
}

}  // namespace
}  // namespace thole
