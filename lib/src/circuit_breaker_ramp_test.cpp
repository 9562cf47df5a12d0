// The ramp after closing: a growing share of the calls (see circuit_breaker.hpp).

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "thole/circuit_breaker.hpp"
#include "thole/codes.hpp"
#include "thole/rng.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

breaker_settings with_ramp(duration ramp) {
    auto s = breaker_settings::no_rules();
    s.consecutive_failures = 1;
    s.open_for = 1s;
    s.successes_to_close = 1;
    s.ramp = ramp;
    return s;
}

// Opens it, and closes it by a probe at the returned time.
time_point recover(circuit_breaker& b, time_point now) {
    b.admit(now)->record(outcome::failure(), now);
    now += 1s;
    auto probe = b.admit(now);
    EXPECT_TRUE(probe && probe->is_probe());
    probe->record(outcome::success(), now);
    return now;
}

int share(circuit_breaker& b, time_point now, int calls) {
    int passed = 0;
    for (int i = 0; i < calls; ++i) {
        if (auto p = b.admit(now)) {
            ++passed;
            p->record(outcome::success(), now);
        }
    }
    return passed;
}

// proves: P4
TEST(circuit_breaker_ramp, lets_in_a_growing_share) {
    circuit_breaker b{with_ramp(10s)};
    const auto closed = recover(b, time_point{1h});
    EXPECT_TRUE(b.view(closed).ramping);
    EXPECT_NEAR(share(b, closed, 1000), 100, 1);
    EXPECT_NEAR(share(b, closed + 5s, 1000), 550, 1);
    EXPECT_NEAR(share(b, closed + 9s, 1000), 910, 1);
    EXPECT_EQ(share(b, closed + 10s, 1000), 1000);
    EXPECT_FALSE(b.view(closed + 10s).ramping);
    EXPECT_TRUE(b.passes_all()) << "the short path is open again";
}

TEST(circuit_breaker_ramp, a_refusal_says_when_to_ask_again) {
    circuit_breaker b{with_ramp(10s)};
    const auto closed = recover(b, time_point{1h});
    EXPECT_TRUE(b.admit(closed)) << "the first call passes";
    const auto refused = b.admit(closed);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::policy_breaker_open));
    EXPECT_EQ(refused.error().retry_after(), 1s);
}

TEST(circuit_breaker_ramp, rules_hold_during_the_ramp) {
    circuit_breaker b{with_ramp(10s)};
    const auto closed = recover(b, time_point{1h});
    b.admit(closed)->record(outcome::failure(), closed);
    EXPECT_EQ(b.view(closed).computed, breaker_state::open);
    EXPECT_FALSE(b.view(closed).ramping);
}

TEST(circuit_breaker_ramp, an_operator_is_not_slowed) {
    circuit_breaker b{with_ramp(10s)};
    auto now = recover(b, time_point{1h});
    b.force(breaker_override::forced_closed, now);
    EXPECT_EQ(share(b, now, 100), 100);
    b.force(breaker_override::none, now);
    EXPECT_LT(share(b, now, 100), 20);
    b.reset(now);
    EXPECT_EQ(share(b, now, 100), 100);
}

TEST(circuit_breaker_ramp, ends_when_it_is_switched_off) {
    circuit_breaker b{with_ramp(10s)};
    const auto now = recover(b, time_point{1h});
    b.reconfigure(with_ramp(0s), now);
    EXPECT_EQ(share(b, now, 100), 100);
}

TEST(circuit_breaker_ramp, shadow_shows_and_refuses_nobody) {
    auto s = with_ramp(10s);
    s.shadow = true;
    circuit_breaker b{s};
    auto now = time_point{1h};
    b.admit(now)->record(outcome::failure(), now);
    now += 1s;
    b.admit(now)->record(outcome::success(), now);
    EXPECT_EQ(share(b, now, 100), 100);
}

TEST(circuit_breaker_ramp, is_at_most_an_hour) {
    EXPECT_TRUE(validate(with_ramp(1h)).empty());
    ASSERT_EQ(validate(with_ramp(1h + 1ns)).size(), 1U);
    EXPECT_EQ(validate(with_ramp(-1ns))[0].field, "ramp");
}

RC_GTEST_PROP(circuit_breaker_ramp, the_share_follows_the_line, (std::uint64_t seed)) {
    rng chance{seed};
    const duration ramp{chance.between(1'000'000, 3'600'000'000'000)};
    circuit_breaker b{with_ramp(ramp)};
    const auto closed = recover(b, time_point{1h});
    const auto gone = duration{chance.between(0, ramp.count() - 1)};
    const auto expected = 100 + 900 * (gone / 1us) / std::max<std::int64_t>(ramp / 1us, 1);
    RC_ASSERT(std::abs(share(b, closed + gone, 1000) - expected) <= 1);
}

}  // namespace
}  // namespace thole
