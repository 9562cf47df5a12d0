// The bugs that other resilience libraries were reported with, each as a test that it cannot happen
// here. The threads are in the comments; they name the library where it was met first.

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <array>
#include <memory>

#include "thole/bulkhead.hpp"
#include "thole/compose.hpp"
#include "thole/endpoint_set.hpp"
#include "thole/hedge.hpp"
#include "thole/pipeline.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

breaker_settings one_failure() {
    auto s = breaker_settings::no_rules();
    s.consecutive_failures = 1;
    s.open_for = 30s;
    s.successes_to_close = 1;
    s.probe_lease = 10s;
    return s;
}

struct open_breaker {
    explicit open_breaker(const breaker_settings& s = one_failure()) : breaker{s} {
        breaker.admit(now)->record(outcome::failure(), now);
    }
    breaker_state state() const { return breaker.view(now).computed; }

    time_point now{1h};
    circuit_breaker breaker;
};

// resilience4j#544 #903, opossum#57 #276, gobreaker, failsafe-go, cockatiel: the next 40 calls were
// refused, or waited for ever.
// proves: P4
TEST(peers_bugs, hung_or_lost_half_open_probe) {
    open_breaker b;
    b.now += 30s;
    auto hung = b.breaker.admit(b.now);
    ASSERT_TRUE(hung && hung->is_probe());
    int admitted = 0;
    for (int period = 0; period < 20; ++period) {
        b.now += 10s;  // the lease of a probe
        for (int call = 0; call < 2; ++call) {
            auto p = b.breaker.admit(b.now);
            if (p && p->is_probe()) {
                ++admitted;
                // Lost: moved somewhere, never reported.
                auto* lost = new breaker_permit{std::move(*p)};
                delete lost;
            }
        }
    }
    EXPECT_GE(admitted, 15) << "five a minute, as configured: there is always a next probe";
    auto next = b.breaker.admit(b.now);
    for (int second = 0; second < 60 && !next; ++second) {
        b.now += 1s;
        next = b.breaker.admit(b.now);
    }
    ASSERT_TRUE(next && next->is_probe());
    next->record(outcome::success(), b.now);
    EXPECT_EQ(b.state(), breaker_state::closed);
    hung->record(outcome::failure(), b.now);
    EXPECT_EQ(b.state(), breaker_state::closed) << "and the hung one has no say any more";
}

// Polly: a probe that its caller cancelled closed the breaker. Finagle's rule is the right one.
// proves: P4
TEST(peers_bugs, probe_cancelled_by_its_caller) {
    open_breaker b;
    b.now += 30s;
    {
        auto probe = b.breaker.admit(b.now);
        ASSERT_TRUE(probe);
        probe->record(outcome_of(fault{codes::policy_cancelled}, 5ms), b.now);
    }
    EXPECT_EQ(b.state(), breaker_state::half_open) << "neither closed nor opened";
    {
        const auto given_up = b.breaker.admit(b.now);
    }
    auto next = b.breaker.admit(b.now);
    ASSERT_TRUE(next && next->is_probe()) << "the place of both is free at once";
    next->record(outcome::success(), b.now);
    EXPECT_EQ(b.state(), breaker_state::closed);
}

// cockatiel (Date.now), resilience4j's default window: an hour back kept it open for an hour, or
// emptied the window.
// proves: P4, P13
TEST(peers_bugs, wall_clock_stepped) {
    manual_clock clock;
    circuit_breaker breaker{one_failure()};
    breaker.admit(clock.now())->record(outcome::failure(), clock.now());
    clock.step_wall(-1h);
    clock.advance(30s);
    EXPECT_TRUE(breaker.admit(clock.now()));

    auto rate = breaker_settings::no_rules();
    rate.failure_rate_permille = 500;
    circuit_breaker window{rate};
    for (int i = 0; i < 4; ++i) window.admit(clock.now())->record(outcome::failure(), clock.now());
    clock.step_wall(10h);
    EXPECT_EQ(window.view(clock.now()).failed, 4U);
}

// resilience4j#299 #975, Polly#1578: a new configuration was a new breaker, and calls in flight met
// a disposed one.
// proves: P11
TEST(peers_bugs, reload_loses_the_window) {
    auto settings = breaker_settings::no_rules();
    settings.failure_rate_permille = 500;
    settings.minimum_calls = 10;
    const time_point now{1h};
    circuit_breaker breaker{settings};
    for (int i = 0; i < 9; ++i) breaker.admit(now)->record(outcome::failure(), now);
    auto in_flight = breaker.admit(now);
    settings.failure_rate_permille = 600;
    settings.open_for = 5s;
    breaker.reconfigure(settings, now);
    EXPECT_EQ(breaker.view(now).failed, 9U);
    in_flight->record(outcome::failure(), now);
    EXPECT_EQ(breaker.view(now).computed, breaker_state::open);
    EXPECT_EQ(breaker.view(now).remaining, 5s);
}

// Polly#217 #223: calls that began before it opened decided about it after it had closed again.
// proves: P4
TEST(peers_bugs, stale_result_from_an_earlier_state) {
    circuit_breaker breaker{one_failure()};
    time_point now{1h};
    auto old_bad = breaker.admit(now);
    auto old_good = breaker.admit(now);
    breaker.admit(now)->record(outcome::failure(), now);
    old_good->record(outcome::success(), now);
    EXPECT_EQ(breaker.view(now).computed, breaker_state::open) << "a late success closes nothing";
    now += 30s;
    breaker.admit(now)->record(outcome::success(), now);
    old_bad->record(outcome::failure(), now);
    EXPECT_EQ(breaker.view(now).computed, breaker_state::closed) << "nor does a late failure open";
}

// failsafe#393 #400, cockatiel#112: a waiter that timed out, or went away while it was being
// served, kept its permit. proves: P5
TEST(peers_bugs, permit_leaked_by_an_abandoned_waiter) {
    const time_point now{1h};
    bulkhead cabin{{.limit = 1, .queue = 10}};
    for (int round = 0; round < 100; ++round) {
        auto held = cabin.try_admit();
        ASSERT_TRUE(held) << round;
        auto goes_away = std::make_unique<bulkhead_waiter>();
        auto times_out = std::make_unique<bulkhead_waiter>();
        ASSERT_TRUE(cabin.enqueue(*goes_away, now));
        ASSERT_TRUE(cabin.enqueue(*times_out, now));
        if (round % 2 == 0) {
            goes_away.reset();
            EXPECT_FALSE(times_out->finish(now + 1s));
            held.release();
        } else {
            held.release();     // granted to the first,
            goes_away.reset();  // which is gone: granted to the second,
            EXPECT_TRUE(times_out->finish(now));
        }
        EXPECT_EQ(cabin.in_flight(), 0U);
        EXPECT_EQ(cabin.waiting(), 0U);
    }
}

// envoy#2671 #3263 #26877, istio#20135: the maximum was checked before the ejection, or not at all.
// proves: P10
TEST(peers_bugs, all_endpoints_ejected) {
    std::vector<endpoint_config> endpoints;
    for (const auto* n : {"a", "b", "c", "d"}) endpoints.push_back({.name = name{n}, .url = n});
    endpoint_set_settings settings;
    settings.breaker = breaker_settings::no_rules();
    settings.breaker.consecutive_failures = 1'000'000;
    settings.outlier.most_ejected_permille = 500;
    endpoint_set set{name{"x"}, settings, endpoints};
    manual_clock clock;
    rng chance{1};
    // Three of four fail, one after the other, so that each has better peers when it is judged.
    for (const auto* failing : {"a", "b", "c"}) {
        for (int i = 0; i < 400; ++i) {
            auto p = set.pick(clock.now(), {}, role::read, chance, name{failing});
            if (!p) continue;
            const bool bad = p->endpoint().name == name{failing};
            bad ? p->fail(fault{codes::net_timeout}, 1ms, clock.now())
                : p->succeed(1ms, clock.now());
            auto other = set.pick(clock.now(), {}, role::read, chance);
            if (other) other->succeed(1ms, clock.now());
        }
    }
    int ejected = 0;
    for (const auto& v : set.view(clock.now())) ejected += v.block == endpoint_block::ejected;
    EXPECT_GE(ejected, 1);
    EXPECT_LE(ejected, 2) << "half of four";
    EXPECT_TRUE(set.any_eligible(clock.now(), {}, role::read));
}

// Polly#2163, cockatiel#86, Contrib.WaitAndRetry#24: jitter after the cap, 2^attempt overflowed,
// attempt 0 was NaN.
// proves: P2
TEST(peers_bugs, jitter_beyond_the_cap_overflow_or_nan) {
    const std::array shapes{backoff::constant(1s), backoff::linear(1s, 30s),
                            backoff::exponential(1s, 30s), backoff::decorrelated(1s, 30s),
                            backoff::listed({1s, 2s, 4s})};
    rng chance{3};
    for (auto b : shapes) {
        b = b.with_jitter(1000);
        auto previous = duration{0};
        for (std::uint32_t attempt = 0; attempt <= 10'000; ++attempt) {
            previous = b.delay(attempt, chance, previous, 0);
            ASSERT_GE(previous, b.floor) << attempt;
            ASSERT_LE(previous, b.cap) << attempt;
        }
        EXPECT_LE(b.delay(0xFFFFFFFF, chance, duration::max()), b.cap);
    }
}

// A breaker that closed kept the failures that had opened it, and the next one opened it again.
// proves: P4
TEST(peers_bugs, failure_window_kept_after_closing) {
    auto settings = breaker_settings::no_rules();
    settings.failures_in_window = 3;
    settings.failure_rate_permille = 500;
    settings.minimum_calls = 4;
    settings.window = 10min;
    settings.successes_to_close = 1;
    circuit_breaker breaker{settings};
    time_point now{1h};
    for (int i = 0; i < 3; ++i) breaker.admit(now)->record(outcome::failure(), now);
    ASSERT_EQ(breaker.view(now).computed, breaker_state::open);
    now += 30s;
    breaker.admit(now)->record(outcome::success(), now);
    breaker.admit(now)->record(outcome::failure(), now);
    breaker.admit(now)->record(outcome::failure(), now);
    EXPECT_EQ(breaker.view(now).computed, breaker_state::closed);
    EXPECT_EQ(breaker.view(now).failed, 2U);
}

// safe-client-gateway#3442: 17 times the load during an outage. Here: a fifth more, and ten a
// second. proves: P3
TEST(peers_bugs, retry_storm) {
    manual_clock clock;
    manual_sleeper sleep{clock};
    rng chance{1};
    auto settings = compose(retry_settings{.attempts = 10, .delays = backoff::constant(100ms)});
    settings.budget = retry_budget_settings{.percent = 20, .floor_per_second = 10, .window = 10s};
    pipeline line{name{"x"}, settings};
    const auto began = clock.now();
    std::uint64_t calls = 0, first = 0;
    while (clock.now() - began < 60s) {
        for (int i = 0; i < 20; ++i) {
            ++first;
            (void)line.run(
                [&]() -> result<int> {
                    ++calls;
                    return fail(codes::net_connect_timeout);
                },
                {.time = clock, .sleep = sleep, .chance = chance});
        }
        clock.advance(100ms);
    }
    const auto seconds = (clock.now() - began) / 1s;
    EXPECT_LE(calls - first, first / 5 + 10 * static_cast<std::uint64_t>(seconds + 11));
    EXPECT_GT(calls, first) << "and some repeats there were";
}

// No peer shares them: each had its own account, and an outage got both.
// proves: P3, P8
TEST(peers_bugs, hedge_and_retry_spending_two_budgets) {
    const time_point now{1h};
    manual_clock clock;
    manual_sleeper sleep{clock};
    rng chance{1};
    auto settings = compose(hedge_settings{}, retry_settings{.attempts = 2});
    settings.budget = retry_budget_settings{.percent = 0, .floor_per_second = 1, .window = 1s};
    pipeline line{name{"x"}, settings};
    hedge copy{*settings.hedge, call_effect::read, 10ms, {}, &line.budget()};
    (void)copy.next(hedge_event::start, now);
    ASSERT_EQ(copy.next(hedge_event::elapsed, now + 10ms).act, hedge_act::call) << "the one token";
    int calls = 0;
    EXPECT_FALSE(line.run(
        [&]() -> result<int> {
            ++calls;
            return fail(codes::net_connect_timeout);
        },
        {.time = clock, .sleep = sleep, .chance = chance}));
    EXPECT_EQ(calls, 1) << "none is left for a retry";
}

// safe-eth-py#1171, Polly#414: the call slept past its caller's deadline because the server said
// so. proves: P1, P7
TEST(peers_bugs, retry_after_beyond_the_deadline) {
    manual_clock clock;
    manual_sleeper sleep{clock};
    rng chance{1};
    pipeline line{name{"x"}, compose(total_time{5s}, retry_settings{})};
    const auto began = clock.now();
    const auto answer = line.run(
        []() -> result<int> {
            return std::unexpected{fault{codes::http_rate_limited}.with_retry_after(60s)};
        },
        {.time = clock, .sleep = sleep, .chance = chance});
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().is(codes::http_rate_limited)) << "what is known, not a timeout";
    EXPECT_EQ(clock.now(), began) << "at once: a wait that cannot help is not begun";
}

// resilience4j#558 #593 #2383: CallNotPermitted was retried against the same open breaker, three
// times in a row.
// proves: P1, P10
TEST(peers_bugs, rejection_retried_against_the_same_endpoint) {
    manual_clock clock;
    manual_sleeper sleep{clock};
    rng chance{1};
    endpoint_set_settings settings;
    settings.breaker = one_failure();
    const std::vector<endpoint_config> two{{.name = name{"a"}, .url = "a", .tier = 0},
                                           {.name = name{"b"}, .url = "b", .tier = 1}};
    endpoint_set set{name{"x"}, settings, two};
    set.breaker(name{"a"})->admit(clock.now())->record(outcome::failure(), clock.now());
    pipeline line{name{"x"}, compose(retry_settings{}), nullptr, &set};
    std::vector<std::string_view> asked;
    EXPECT_TRUE(line.run(
        [&](const call_context& c) -> result<int> {
            asked.push_back(c.endpoint->name.view());
            return 1;
        },
        {.time = clock, .sleep = sleep, .chance = chance}));
    EXPECT_EQ(asked, std::vector<std::string_view>{"b"});
    // With nobody else the call waits until the breaker says, and spends no attempt on refusals.
    circuit_breaker alone{one_failure()};
    alone.admit(clock.now())->record(outcome::failure(), clock.now());
    retry_settings retry{.attempts = 1};
    const auto began = clock.now();
    int calls = 0;
    EXPECT_TRUE(
        run([&]() -> result<int> { return ++calls; },
            {.time = clock, .sleep = sleep, .chance = chance, .retry = &retry, .breaker = &alone}));
    EXPECT_EQ(calls, 1);
    EXPECT_GE(clock.now() - began, 30s);
    EXPECT_LE(clock.now() - began, 34s);
}

}  // namespace
}  // namespace thole
