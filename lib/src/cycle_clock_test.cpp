#include "cycle_clock.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <thread>

#include "thole/clock.hpp"

namespace thole::detail {
namespace {

constexpr std::uint64_t per_us = 3000;  // a counter of 3 GHz

std::uint64_t cycles_at(std::int64_t ns) {
    return 1'000'000 + static_cast<std::uint64_t>(ns) * per_us / 1000;
}

TEST(cycle_anchor, predicts_nothing_before_it_knows_the_scale) {
    cycle_anchor a;
    EXPECT_FALSE(a.serves(cycles_at(5'000'000)));
    EXPECT_TRUE(a.anchor(cycles_at(5'000'000), 5'000'000));
    EXPECT_FALSE(a.serves(cycles_at(5'000'010)));
    EXPECT_TRUE(a.anchor(cycles_at(5'500'000), 5'500'000)) << "too short a base";
    EXPECT_FALSE(a.serves(cycles_at(5'500'010)));
}

TEST(cycle_anchor, predicts_between_anchors_and_asks_for_a_new_one) {
    cycle_anchor a;
    ASSERT_TRUE(a.anchor(cycles_at(1'000), 1'000));
    ASSERT_TRUE(a.anchor(cycles_at(2'001'000), 2'001'000));
    EXPECT_TRUE(a.serves(cycles_at(2'001'500)));
    EXPECT_NEAR(static_cast<double>(a.predict(cycles_at(2'001'500))), 2'001'500.0, 2.0);
    EXPECT_NEAR(static_cast<double>(a.predict(cycles_at(11'000'000))), 11'000'000.0, 5.0);
    EXPECT_FALSE(a.serves(cycles_at(12'002'000))) << "10 ms and not more";
}

TEST(cycle_anchor, notices_a_counter_that_jumped) {
    cycle_anchor a;
    ASSERT_TRUE(a.anchor(cycles_at(1'000), 1'000));
    ASSERT_TRUE(a.anchor(cycles_at(2'001'000), 2'001'000));
    EXPECT_FALSE(a.anchor(cycles_at(12'001'000) + 400 * per_us, 12'001'000));
    EXPECT_FALSE(a.anchor(500, 13'000'000)) << "a counter that went backward";
}

TEST(cycle_anchor, bears_a_kernel_clock_that_is_slewed) {
    cycle_anchor a;
    std::int64_t ns = 1'000;
    ASSERT_TRUE(a.anchor(cycles_at(ns), ns));
    for (int i = 1; i < 1000; ++i) {
        ns = 1'000 + i * std::int64_t{10'000'000};
        const auto slewed = ns + ns / 10'000;  // 100 ppm
        ASSERT_TRUE(a.anchor(cycles_at(ns), slewed)) << i;
        EXPECT_NEAR(static_cast<double>(a.predict(cycles_at(ns))), static_cast<double>(slewed),
                    2.0);
    }
}

RC_GTEST_PROP(cycle_anchor, stays_within_a_microsecond_of_the_truth, (std::uint32_t seed)) {
    cycle_anchor a;
    std::int64_t ns = 1 + static_cast<std::int64_t>(seed) * 1000;
    RC_ASSERT(a.anchor(cycles_at(ns), ns));
    for (int i = 0; i < 50; ++i) {
        ns += *rc::gen::inRange<std::int64_t>(1, 50'000'000);
        if (a.serves(cycles_at(ns))) {
            const auto apart = a.predict(cycles_at(ns)) - ns;
            RC_ASSERT(apart > -1000 && apart < 1000);
        } else {
            RC_ASSERT(a.anchor(cycles_at(ns), ns));
        }
    }
}

// Real counter and kernel: they agree wherever the test runs, with or without an invariant one.
TEST(system_clock, three_readings_are_of_one_time_line) {
    const system_clock clock;
    const auto begin = clock.now();
    auto latest = begin;
    while (latest - begin < std::chrono::milliseconds{30}) {
        const auto before = clock.now();
        const auto cheap = clock.latency_now();
        const auto coarse = clock.coarse_now();
        latest = clock.now();
        // The kernel may put the thread aside between two readings, hence the bracket.
        EXPECT_GE(cheap, before - std::chrono::microseconds{100});
        EXPECT_LE(cheap, latest + std::chrono::microseconds{100});
        EXPECT_GE(coarse, before - std::chrono::milliseconds{11});
        EXPECT_LE(coarse, latest);
    }
}

TEST(manual_clock, serves_all_readings_with_one) {
    manual_clock clock;
    clock.advance(std::chrono::nanoseconds{17});
    EXPECT_EQ(clock.coarse_now(), clock.now());
    EXPECT_EQ(clock.latency_now(), clock.now());
}

}  // namespace
}  // namespace thole::detail
