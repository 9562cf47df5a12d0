#include "thole/time.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "thole/clock.hpp"
#include "thole/deadline.hpp"
#include "thole/rng.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

static_assert(!std::is_convertible_v<wall_time, store_time>);
static_assert(!std::is_convertible_v<time_point, wall_time>);

TEST(time, adds_without_overflow) {
    EXPECT_EQ(saturating_add(duration::max(), 1ns), duration::max());
    EXPECT_EQ(saturating_add(duration::min(), -1ns), duration::min());
    EXPECT_EQ(saturating_multiply(1h, ~0ULL), duration::max());
    EXPECT_EQ(saturating_multiply(2s, 3), 6s);
}

// proves: P13
TEST(manual_clock, moves_only_when_told) {
    manual_clock clock;
    const auto start = clock.now();
    const auto wall = clock.wall_now();
    clock.advance(30s);
    clock.step_wall(-10min);
    EXPECT_EQ(clock.now() - start, 30s);
    EXPECT_EQ(clock.wall_now() - wall, 30s - 10min);
}

TEST(system_clock, is_monotonic) {
    const system_clock clock;
    const auto first = clock.now();
    EXPECT_LE(first, clock.now());
}

// proves: P7
RC_GTEST_PROP(deadline, child_never_outlives_its_parent, ()) {
    const auto now = time_point{duration{*rc::gen::inRange<std::int64_t>(0, 1'000'000)}};
    const auto parent = deadline::after(now, duration{*rc::gen::arbitrary<std::int32_t>()});
    const auto child = parent.child(now, duration{*rc::gen::arbitrary<std::int64_t>()});
    RC_ASSERT(child <= parent);
    RC_ASSERT(child.remaining(now) <= parent.remaining(now));
    RC_ASSERT(child.expired(now) == (child.remaining(now) == duration::zero()));
}

TEST(deadline, never_by_default) {
    EXPECT_TRUE(deadline{}.is_never());
    EXPECT_FALSE(deadline{}.expired(time_point::max() - 1ns));
    EXPECT_EQ(deadline{}.remaining(time_point{}), duration::max());
}

// The sequence is part of every recorded seed: a change of it breaks each replay.
TEST(rng, sequence_is_fixed) {
    rng chance{1};
    EXPECT_EQ(chance.next(), 0xB3F2AF6D0FC710C5U);
    EXPECT_EQ(chance.next(), 0x853B559647364CEAU);
}

RC_GTEST_PROP(rng, stays_in_bounds, (std::uint64_t seed)) {
    rng chance{seed};
    const auto bound = *rc::gen::nonZero<std::uint64_t>();
    RC_ASSERT(chance.below(bound) < bound);
    const auto low = *rc::gen::arbitrary<std::int64_t>();
    const auto high = *rc::gen::suchThat<std::int64_t>([low](auto h) { return h >= low; });
    const auto value = chance.between(low, high);
    RC_ASSERT(value >= low && value <= high);
    RC_ASSERT(!chance.chance(0, 7));
}

}  // namespace
}  // namespace thole
