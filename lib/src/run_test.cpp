#include "thole/run.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <functional>
#include <map>
#include <stdexcept>
#include <string>

#include "thole/presets.hpp"
#include "thole/retry_budget.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

const fault timed_out{codes::net_connect_timeout};
const fault refused{codes::net_connection_refused};

retry_settings plain(std::uint32_t attempts = 3) {
    retry_settings s;
    s.attempts = attempts;
    s.delays.jitter_permille = 0;
    return s;
}

std::vector<endpoint_config> three() {
    return {{.name = name{"a"}, .url = "https://a", .tier = 0},
            {.name = name{"b"}, .url = "https://b", .tier = 1},
            {.name = name{"c"}, .url = "https://c", .tier = 2}};
}

struct bench {
    run_parts parts() {
        return {.time = clock, .sleep = sleep, .chance = chance, .retry = &settings};
    }
    duration elapsed() const { return clock.now() - start; }

    manual_clock clock;
    manual_sleeper sleep{clock};
    rng chance{1};
    retry_settings settings = plain();
    time_point start = clock.now();
};

// proves: P1
TEST(run, returns_the_first_success) {
    bench b;
    int calls = 0;
    const auto answer = run(
        [&]() -> result<int> {
            if (++calls < 3) return fail(timed_out);
            return 42;
        },
        b.parts());
    EXPECT_EQ(answer.value(), 42);
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(b.elapsed(), 3s) << "1 s and 2 s";
}

// proves: P1
TEST(run, returns_the_last_failure) {
    bench b;
    int calls = 0;
    const auto answer = run(
        [&]() -> result<int> {
            return fail(fault{timed_out}.with_detail("call " + std::to_string(++calls)));
        },
        b.parts());
    EXPECT_EQ(answer.error().detail(), "call 3");
}

TEST(run, an_operation_without_a_value_works_too) {
    bench b;
    EXPECT_TRUE(run([]() -> result<> { return {}; }, b.parts()));
}

TEST(run, tells_the_operation_attempt_and_deadline) {
    bench b;
    auto parts = b.parts();
    parts.until = deadline::after(b.clock.now(), 1h);
    std::vector<std::uint32_t> attempts;
    (void)run(
        [&](const call_context& c) -> result<> {
            EXPECT_EQ(c.until, parts.until);
            EXPECT_EQ(c.endpoint, nullptr);
            attempts.push_back(c.attempt);
            return fail(timed_out);
        },
        parts);
    EXPECT_EQ(attempts, (std::vector<std::uint32_t>{1, 2, 3}));
}

TEST(run, default_settings_need_not_be_named) {
    bench b;
    auto parts = b.parts();
    parts.retry = nullptr;
    int calls = 0;
    (void)run([&]() -> result<> { return ++calls, fail(timed_out); }, parts);
    EXPECT_EQ(calls, 3);
}

// proves: P7
TEST(run, an_expired_deadline_is_a_fault_and_no_call) {
    bench b;
    auto parts = b.parts();
    parts.until = deadline{b.clock.now()};
    int calls = 0;
    const auto answer = run([&]() -> result<int> { return ++calls; }, parts);
    EXPECT_TRUE(answer.error().is(codes::policy_deadline));
    EXPECT_EQ(calls, 0);
}

// proves: P1, P7
TEST(run, never_sleeps_past_the_deadline) {
    bench b;
    auto parts = b.parts();
    parts.until = deadline::after(b.clock.now(), 2s);
    const auto answer = run([]() -> result<int> { return fail(timed_out); }, parts);
    EXPECT_TRUE(answer.error().is(codes::net_connect_timeout)) << "what is known, not the deadline";
    EXPECT_EQ(b.elapsed(), 1s);
}

// proves: P4
TEST(run, a_breaker_alone_is_asked_before_each_call) {
    bench b;
    auto rule = breaker_settings::no_rules();
    rule.consecutive_failures = 2;
    circuit_breaker breaker{rule};
    auto parts = b.parts();
    parts.breaker = &breaker;
    int calls = 0;
    const auto answer = run([&]() -> result<int> { return ++calls, fail(timed_out); }, parts);
    EXPECT_EQ(calls, 3) << "two that open it, and after the wait one as a probe";
    EXPECT_GE(b.elapsed(), 30s);
    EXPECT_TRUE(answer.error().is(codes::net_connect_timeout));

    b.settings.longest_refusal = 0s;
    const auto at_once = run([&]() -> result<int> { return ++calls; }, parts);
    EXPECT_TRUE(at_once.error().is(codes::policy_breaker_open));
    EXPECT_EQ(calls, 3);
}

TEST(run, latency_reaches_the_breaker) {
    bench b;
    circuit_breaker breaker;
    auto parts = b.parts();
    parts.breaker = &breaker;
    for (int i = 0; i < 10; ++i) {
        (void)run([&]() -> result<> { return b.clock.advance(3s), result<>{}; }, parts);
    }
    EXPECT_EQ(breaker.view(b.clock.now()).why, breaker_reason::slow);
}

// proves: P10, F2
TEST(run, an_outage_moves_to_the_next_endpoint_at_once) {
    bench b;
    endpoint_set set{name{"set"}, {}, three()};
    auto parts = b.parts();
    parts.endpoints = &set;
    std::string order;
    const auto answer = run(
        [&](const call_context& c) -> result<std::string> {
            order += c.endpoint->name.view();
            if (c.endpoint->name != name{"c"}) return fail(refused);
            return c.endpoint->url;
        },
        parts);
    EXPECT_EQ(answer.value(), "https://c");
    EXPECT_EQ(order, "abc");
    EXPECT_EQ(b.elapsed(), 0s);
}

// proves: P10
TEST(run, when_all_are_gone_it_waits_and_makes_another_pass) {
    bench b;
    endpoint_set set{name{"set"}, {}, three()};
    auto parts = b.parts();
    parts.endpoints = &set;
    std::string order;
    const auto answer = run(
        [&](const call_context& c) -> result<int> {
            order += c.endpoint->name.view();
            if (b.elapsed() < 1s) return fail(refused);
            return 7;
        },
        parts);
    EXPECT_EQ(answer.value(), 7);
    EXPECT_EQ(order, "abcc");
    EXPECT_EQ(b.elapsed(), 1s);
}

TEST(run, transient_failures_wait_and_go_elsewhere) {
    bench b;
    endpoint_set set{name{"set"}, {}, three()};
    auto parts = b.parts();
    parts.endpoints = &set;
    std::string order;
    (void)run(
        [&](const call_context& c) -> result<> {
            order += c.endpoint->name.view();
            return fail(timed_out);
        },
        parts);
    EXPECT_EQ(order, "abc");
    EXPECT_EQ(b.elapsed(), 3s);
}

// proves: I3
TEST(run, ipfs_stays_with_its_provider_for_three_retries_then_takes_the_backup) {
    bench b;
    endpoint_set_settings s;
    s.breaker = presets::ipfs.breaker;
    endpoint_set set{name{"ipfs"}, s, three()};
    auto parts = b.parts();
    parts.endpoints = &set;
    parts.retry = &presets::ipfs.retry;
    std::string order;
    (void)run(
        [&](const call_context& c) -> result<> {
            order += c.endpoint->name.view();
            return fail(timed_out);
        },
        parts);
    EXPECT_EQ(order, "aaaabb");
}

TEST(run, an_endpoint_that_opens_meanwhile_is_left) {
    bench b;
    endpoint_set_settings s;
    s.breaker = breaker_settings::no_rules();
    s.breaker.consecutive_failures = 2;
    endpoint_set set{name{"ipfs"}, s, three()};
    auto parts = b.parts();
    parts.endpoints = &set;
    parts.retry = &presets::ipfs.retry;
    std::string order;
    (void)run(
        [&](const call_context& c) -> result<> {
            order += c.endpoint->name.view();
            return fail(timed_out);
        },
        parts);
    EXPECT_EQ(order, "aabbcc");
}

TEST(run, the_role_is_asked_for) {
    bench b;
    auto endpoints = three();
    endpoints[0].roles = {role::read};
    endpoint_set set{name{"set"}, {}, endpoints};
    auto parts = b.parts();
    parts.endpoints = &set;
    parts.wanted = role::send;
    const auto answer =
        run([](const call_context& c) -> result<std::string> { return c.endpoint->url; }, parts);
    EXPECT_EQ(answer.value(), "https://b");
}

TEST(run, an_empty_set_is_a_refusal) {
    bench b;
    b.settings.longest_refusal = 5s;
    endpoint_set set{name{"set"}, {}, {}};
    auto parts = b.parts();
    parts.endpoints = &set;
    const auto answer = run([]() -> result<int> { return 1; }, parts);
    EXPECT_TRUE(answer.error().is(codes::policy_no_endpoint));
    EXPECT_LE(b.elapsed(), 5s);
}

TEST(run, a_refusal_hides_no_known_answer) {
    bench b;
    b.settings.attempts = 9;
    endpoint_set_settings s;
    s.breaker = breaker_settings::no_rules();
    s.breaker.consecutive_failures = 1;
    s.breaker.open_for = 1h;
    s.breaker.open_for_most = 1h;
    const std::array one{three()[0]};
    endpoint_set set{name{"set"}, s, one};
    auto parts = b.parts();
    parts.endpoints = &set;
    const auto answer = run([]() -> result<int> { return fail(timed_out); }, parts);
    EXPECT_TRUE(answer.error().is(codes::net_connect_timeout));
}

TEST(run, an_exception_passes_through_and_blames_nobody) {
    bench b;
    endpoint_set set{name{"set"}, {}, three()};
    auto parts = b.parts();
    parts.endpoints = &set;
    const auto throws = []() -> result<int> { throw std::runtime_error{"bug"}; };
    EXPECT_THROW((void)run(throws, parts), std::runtime_error);
    for (const auto& v : set.view(b.clock.now())) {
        EXPECT_EQ(v.in_flight, 0U);
        EXPECT_EQ(v.calls, 0U);
    }
}

// proves: P3
TEST(run, many_calls_stay_within_the_budget) {
    bench b;
    retry_budget budget{{.percent = 20, .floor_per_second = 0, .window = 10s}};
    auto parts = b.parts();
    parts.budget = &budget;
    int calls = 0;
    b.settings.delays = backoff::constant(1ms);
    b.settings.delays.floor = 0ms;
    for (int i = 0; i < 1000; ++i) {
        (void)run([&]() -> result<> { return ++calls, fail(timed_out); }, parts);
    }
    EXPECT_EQ(calls, 1200);
}

TEST(system_sleeper, returns_at_once_for_the_past) {
    system_sleeper sleep;
    const system_clock clock;
    sleep.sleep_until(time_point{});
    sleep.sleep_until(time_point{duration{-5}});
    sleep.sleep_until(clock.now());
    const auto at = clock.now() + 1us;
    sleep.sleep_until(at);
    EXPECT_GE(clock.now(), at);
}

TEST(manual_sleeper, moves_its_clock_forward_only) {
    manual_clock clock;
    manual_sleeper sleep{clock};
    const auto start = clock.now();
    sleep.sleep_until(start + 5s);
    EXPECT_EQ(clock.now(), start + 5s);
    sleep.sleep_until(start);
    EXPECT_EQ(clock.now(), start + 5s);
}

// Whatever the endpoints do: it ends, no endpoint is used twice in a row of immediate failovers,
// and nothing is left in flight.
// proves: P1, P10
RC_GTEST_PROP(run, ends_and_leaves_nothing_behind, (std::uint64_t seed)) {
    bench b;
    b.chance = rng{seed};
    b.settings.attempts = *rc::gen::inRange(1U, 6U);
    endpoint_set_settings s;
    s.breaker.consecutive_failures = *rc::gen::inRange(1U, 4U);
    endpoint_set set{name{"set"}, s, three()};
    auto parts = b.parts();
    parts.endpoints = &set;
    parts.until = deadline::after(b.clock.now(), 2min);
    rng weather{seed + 1};
    int calls = 0;
    std::map<std::int64_t, std::vector<name>> at;
    const auto answer = run(
        [&](const call_context& c) -> result<int> {
            ++calls;
            at[b.clock.now().time_since_epoch().count()].push_back(c.endpoint->name);
            switch (weather.below(5)) {
                case 0:
                    return 1;
                case 1:
                    return fail(refused);
                case 2:
                    return fail(timed_out);
                case 3:
                    return fail(fault{codes::http_rate_limited}.with_retry_after(3s));
                default:
                    return fail(codes::db_conflict);
            }
        },
        parts);
    RC_ASSERT(calls <= 64);
    if (!answer) RC_ASSERT(!answer.error().code().empty());  // RC_ASSERT evaluates both sides of ||
    RC_ASSERT(b.elapsed() < 2min);
    for (const auto& [instant, names] : at) {
        for (std::size_t i = 1; i < names.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) RC_ASSERT(names[i] != names[j]);
        }
    }
    for (const auto& v : set.view(b.clock.now())) RC_ASSERT(v.in_flight == 0U);
}

}  // namespace
}  // namespace thole
