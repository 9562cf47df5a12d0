#include "thole/adaptive_limit.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "thole/rng.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

struct bench {
    adaptive_limit limit;
    time_point now{1h};

    // One round of calls that take `latency`, with so many in flight.
    void round(duration latency, std::uint32_t in_flight, bool overloaded = false) {
        for (int i = 0; i < 20; ++i)
            (void)limit.record(latency, overloaded && i == 0, in_flight, now);
        now += 500ms;
        (void)limit.record(latency, false, in_flight, now);
    }
};

// proves: P5
TEST(adaptive_limit, aimd_grows_by_one_and_shrinks_by_a_tenth) {
    bench b{.limit = adaptive_limit{{.shape = adaptive_shape::aimd}, 20}};
    b.round(10ms, 20);
    EXPECT_EQ(b.limit.limit(), 21U);
    b.round(10ms, 20, true);
    EXPECT_EQ(b.limit.limit(), 18U);
}

TEST(adaptive_limit, does_not_grow_where_nobody_comes_near) {
    bench b{.limit = adaptive_limit{{.shape = adaptive_shape::aimd}, 20}};
    b.round(10ms, 9);
    EXPECT_EQ(b.limit.limit(), 20U);
    b.round(10ms, 10);
    EXPECT_EQ(b.limit.limit(), 21U) << "half of it is near";
}

// proves: P5
TEST(adaptive_limit, gradient_shrinks_when_latency_grows_and_recovers) {
    bench b{.limit = adaptive_limit{{}, 100}};
    for (int i = 0; i < 5; ++i) b.round(10ms, 10);
    EXPECT_EQ(b.limit.limit(), 100U) << "no load, no change";
    EXPECT_EQ(b.limit.unloaded(), 10ms);
    for (int i = 0; i < 5; ++i) b.round(40ms, 100);
    EXPECT_LT(b.limit.limit(), 60U);
    const auto low = b.limit.limit();
    for (int i = 0; i < 10; ++i) b.round(10ms, low);
    EXPECT_GT(b.limit.limit(), low);
}

TEST(adaptive_limit, latency_within_the_tolerance_is_no_load) {
    bench b{.limit = adaptive_limit{{}, 100}};
    b.round(10ms, 10);
    b.round(15ms, 10);
    EXPECT_EQ(b.limit.limit(), 100U);
}

TEST(adaptive_limit, believes_a_slowdown_for_good_in_the_end) {
    bench b{.limit = adaptive_limit{{}, 100}};
    b.round(10ms, 100);
    for (int i = 0; i < 300; ++i) b.round(40ms, 100);
    EXPECT_GT(b.limit.unloaded(), 26ms);
    EXPECT_GT(b.limit.limit(), 100U);
}

TEST(adaptive_limit, a_round_with_few_calls_does_not_count) {
    adaptive_limit limit{{.shape = adaptive_shape::aimd, .minimum_calls = 10}, 20};
    time_point now{1h};
    for (int i = 0; i < 9; ++i) {
        EXPECT_FALSE(limit.record(10ms, false, 20, now));
        now += 1s;
    }
    EXPECT_EQ(limit.record(10ms, false, 20, now), 21U) << "the tenth call completes it";
}

TEST(adaptive_limit, stays_within_its_bounds) {
    bench b{.limit = adaptive_limit{{.shape = adaptive_shape::aimd, .least = 4, .most = 25}, 1}};
    EXPECT_EQ(b.limit.limit(), 4U);
    for (int i = 0; i < 50; ++i) b.round(10ms, 100);
    EXPECT_EQ(b.limit.limit(), 25U);
    for (int i = 0; i < 50; ++i) b.round(10ms, 100, true);
    EXPECT_EQ(b.limit.limit(), 4U);
}

TEST(adaptive_limit, says_every_mistake_of_its_settings) {
    const auto wrong = validate(adaptive_settings{.least = 0,
                                                  .most = 0,
                                                  .round = 0ms,
                                                  .minimum_calls = 0,
                                                  .backoff_permille = 1000,
                                                  .tolerance_permille = 999});
    EXPECT_EQ(wrong.size(), 5U);
    EXPECT_TRUE(validate(adaptive_settings{}).empty());
}

RC_GTEST_PROP(adaptive_limit, never_leaves_its_bounds_and_never_stalls, (std::uint64_t seed)) {
    rng chance{seed};
    const auto shape = chance.chance(1, 2) ? adaptive_shape::aimd : adaptive_shape::gradient;
    const adaptive_settings settings{.shape = shape, .least = 2, .most = 200};
    adaptive_limit limit{settings, static_cast<std::uint32_t>(chance.below(300))};
    time_point now{1h};
    for (int i = 0; i < 1000; ++i) {
        now += duration{chance.between(0, 100'000'000)};
        const duration latency{chance.between(-5, 50'000'000'000)};
        (void)limit.record(latency, chance.chance(1, 20),
                           static_cast<std::uint32_t>(chance.below(400)), now);
        RC_ASSERT(limit.limit() >= settings.least && limit.limit() <= settings.most);
    }
    // Whatever happened before: a calm, busy dependency gets more room again.
    const auto before = limit.limit();
    for (int i = 0; i < 2000; ++i) {
        now += 50ms;
        (void)limit.record(10ms, false, 400, now);
    }
    RC_ASSERT(limit.limit() > before || limit.limit() == settings.most);
}

}  // namespace
}  // namespace thole
