#include "thole/hedge.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "thole/latency_histogram.hpp"
#include "thole/retry_budget.hpp"
#include "thole/rng.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

constexpr time_point now{1h};
constexpr hedge_settings settings{.most_copies = 2, .shortest = 10ms, .longest = 1s};

// proves: P8
TEST(hedge, sends_a_copy_when_the_first_is_late) {
    hedge h{settings, call_effect::read, 50ms, {}};
    auto v = h.next(hedge_event::start, now);
    EXPECT_EQ(v.act, hedge_act::call);
    EXPECT_EQ(v.at, now + 50ms);
    v = h.next(hedge_event::elapsed, now + 49ms);
    EXPECT_EQ(v.act, hedge_act::wait) << "not yet";
    v = h.next(hedge_event::elapsed, now + 50ms);
    EXPECT_EQ(v.act, hedge_act::call);
    EXPECT_EQ(v.at, now + 100ms);
    EXPECT_EQ(h.in_flight(), 2U);
    EXPECT_EQ(h.next(hedge_event::success, now + 60ms).act, hedge_act::finish);
}

TEST(hedge, the_delay_is_the_percentile_within_its_bounds) {
    EXPECT_EQ((hedge{settings, call_effect::read, 50ms, {}}.delay()), 50ms);
    EXPECT_EQ((hedge{settings, call_effect::read, 1ms, {}}.delay()), 10ms);
    EXPECT_EQ((hedge{settings, call_effect::read, 10s, {}}.delay()), 1s);
    EXPECT_EQ((hedge{settings, call_effect::read, std::nullopt, {}}.delay()), 1s)
        << "while nothing is known it is patient";
}

// proves: P8
TEST(hedge, a_call_declared_once_is_never_copied) {
    hedge h{settings, call_effect::once, 50ms, {}};
    const auto v = h.next(hedge_event::start, now);
    EXPECT_EQ(v.act, hedge_act::call);
    EXPECT_EQ(v.at, time_point::max());
    EXPECT_EQ(h.next(hedge_event::elapsed, now + 1h).act, hedge_act::wait);
    EXPECT_EQ(h.copies(), 0U);
}

// proves: P3, P8
TEST(hedge, a_copy_is_paid_from_the_retry_budget_and_a_spent_one_harms_nobody) {
    retry_budget budget{{.percent = 0, .floor_per_second = 1, .window = 1s}};
    hedge first{settings, call_effect::read, 50ms, {}, &budget};
    (void)first.next(hedge_event::start, now);
    EXPECT_EQ(first.next(hedge_event::elapsed, now + 50ms).act, hedge_act::call);
    hedge second{settings, call_effect::read, 50ms, {}, &budget};
    (void)second.next(hedge_event::start, now);
    const auto v = second.next(hedge_event::elapsed, now + 50ms);
    EXPECT_EQ(v.act, hedge_act::wait) << "the first answer is still waited for";
    EXPECT_EQ(v.at, time_point::max());
    EXPECT_EQ(second.in_flight(), 1U);
    EXPECT_EQ(second.next(hedge_event::success, now + 80ms).act, hedge_act::finish);
}

TEST(hedge, no_copy_leaves_after_the_deadline) {
    hedge h{settings, call_effect::read, 50ms, deadline{now + 50ms}};
    EXPECT_EQ(h.next(hedge_event::start, now).at, time_point::max());
    hedge late{settings, call_effect::read, 50ms, deadline{now + 60ms}};
    EXPECT_EQ(late.next(hedge_event::start, now).at, now + 50ms);
    EXPECT_EQ(late.next(hedge_event::elapsed, now + 60ms).act, hedge_act::wait);
    EXPECT_EQ(late.copies(), 0U);
}

TEST(hedge, a_failure_waits_for_the_others) {
    hedge h{settings, call_effect::read, 50ms, {}};
    (void)h.next(hedge_event::start, now);
    (void)h.next(hedge_event::elapsed, now + 50ms);
    EXPECT_EQ(h.next(hedge_event::failure, now + 55ms).act, hedge_act::wait);
    EXPECT_EQ(h.next(hedge_event::failure, now + 56ms).act, hedge_act::finish);
}

TEST(hedge, says_every_mistake_of_its_settings) {
    EXPECT_EQ(
        validate(
            hedge_settings{
                .most_copies = 0, .percentile_permille = 499, .shortest = 0ms, .longest = -1ms})
            .size(),
        4U);
    EXPECT_EQ(validate(hedge_settings{.most_copies = 5, .percentile_permille = 1000}).size(), 2U);
    EXPECT_TRUE(validate(hedge_settings{}).empty());
}

RC_GTEST_PROP(hedge, never_more_copies_than_allowed_and_always_an_end, (std::uint64_t seed)) {
    rng chance{seed};
    const auto most = 1 + static_cast<std::uint32_t>(chance.below(4));
    hedge h{{.most_copies = most, .shortest = 1ms},
            call_effect::idempotent,
            duration{chance.between(0, 100'000'000)},
            {}};
    auto at = now;
    auto v = h.next(hedge_event::start, at);
    std::uint32_t calls = 1, ended = 0;
    while (v.act != hedge_act::finish) {
        RC_ASSERT(calls - ended == h.in_flight());
        RC_ASSERT(calls <= most + 1);
        if (v.at != time_point::max() && chance.chance(1, 2)) {
            RC_ASSERT(v.at > at);
            at = v.at;
            v = h.next(hedge_event::elapsed, at);
            if (v.act == hedge_act::call) ++calls;
        } else {
            ++ended;
            v = h.next(chance.chance(1, 4) ? hedge_event::success : hedge_event::failure, at);
        }
    }
}

// ---- latencies ----------------------------------------------------------------------------------

TEST(latency_histogram, says_nothing_before_it_knows_enough) {
    latency_histogram seen;
    for (int i = 0; i < 19; ++i) seen.record(1ms);
    EXPECT_FALSE(seen.percentile(950));
    seen.record(1ms);
    EXPECT_TRUE(seen.percentile(950));
}

TEST(latency_histogram, old_latencies_fade) {
    latency_histogram seen;
    for (int i = 0; i < 4000; ++i) seen.record(100ms);
    for (int i = 0; i < 40'000; ++i) seen.record(1ms);
    EXPECT_LT(*seen.percentile(950), 2ms);
    EXPECT_LE(seen.calls(), latency_histogram::remembered);
}

TEST(latency_histogram, bears_any_latency) {
    latency_histogram seen;
    for (int i = 0; i < 10; ++i) {
        seen.record(duration::min());
        seen.record(duration::max());
        seen.record(0ns);
    }
    EXPECT_EQ(*seen.percentile(1), 1us);
    EXPECT_GT(*seen.percentile(1000), 1h);
}

RC_GTEST_PROP(latency_histogram, is_right_to_within_a_quarter, (std::uint64_t seed)) {
    rng chance{seed};
    latency_histogram seen;
    std::vector<std::int64_t> all;
    const auto scale = chance.below(30);
    for (int i = 0; i < 500; ++i) {
        const auto ns =
            1000 + static_cast<std::int64_t>(chance.below(std::uint64_t{1000} << scale));
        all.push_back(ns);
        seen.record(duration{ns});
    }
    std::ranges::sort(all);
    for (const std::uint32_t p : {1U, 500U, 950U, 999U, 1000U}) {
        const auto exact = all[(all.size() * p + 999) / 1000 - 1];
        const auto told = seen.percentile(p)->count();
        RC_ASSERT(told >= exact);
        RC_ASSERT(told <= exact + exact / 4 + 1000);
    }
}

}  // namespace
}  // namespace thole
