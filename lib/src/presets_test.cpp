#include "thole/presets.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "thole/circuit_breaker.hpp"
#include "thole/clock.hpp"
#include "thole/codes.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

// The delays before each retry, without jitter, as a call under this preset really sleeps them.
std::vector<duration> delays_of(const preset& p) {
    auto settings = p.retry;
    settings.delays.jitter_permille = 0;
    rng chance{1};
    manual_clock clock;
    retry call{settings, {}, chance};
    std::vector<duration> delays;
    const fault failure{codes::net_connect_timeout};
    auto verdict = call.next(retry_start{}, clock.now());
    while (verdict.act != retry_act::finish) {
        if (verdict.act == retry_act::sleep_until) {
            delays.push_back(verdict.at - clock.now());
            clock.advance(delays.back());
            verdict = call.next(retry_wake{}, clock.now());
        } else {
            verdict = call.next(retry_failure{failure}, clock.now());
        }
    }
    return delays;
}

using delays = std::vector<duration>;

// What a preset's breaker does when failures arrive `spacing` apart.
struct trip {
    int failures = 0;
    duration open_for{};
    int successes = 0;
};

trip try_breaker(const preset& p, duration spacing) {
    circuit_breaker breaker{p.breaker};
    manual_clock clock;
    trip t;
    while (breaker.view(clock.now()).computed == breaker_state::closed && t.failures < 100) {
        if (t.failures > 0) clock.advance(spacing);
        breaker.admit(clock.now())->record(outcome::failure(), clock.now());
        ++t.failures;
    }
    t.open_for = breaker.view(clock.now()).remaining;
    clock.advance(t.open_for);
    while (breaker.view(clock.now()).computed != breaker_state::closed && t.successes < 100) {
        breaker.admit(clock.now())->record(outcome::success(), clock.now());
        ++t.successes;
    }
    return t;
}

void expect_breaker(const preset& p, int failures, duration open_for, int successes) {
    const auto t = try_breaker(p, 0s);
    EXPECT_EQ(t.failures, failures) << p.name;
    EXPECT_EQ(t.open_for, open_for) << p.name;
    EXPECT_EQ(t.successes, successes) << p.name;
}

// "N in window": as many within it trip, and the same number spread wider does not.
void expect_window(const preset& p, int failures, duration window) {
    EXPECT_EQ(try_breaker(p, window / (failures - 1)).failures, failures) << p.name;
    EXPECT_EQ(try_breaker(p, window / (failures - 1) + 1ms).failures, 100) << p.name;
}

// "N in a row": however far apart.
void expect_consecutive(const preset& p, int failures) {
    EXPECT_EQ(try_breaker(p, 1h).failures, failures) << p.name;
}

bool has_default_rule(const preset& p) {
    return p.breaker == breaker_settings{};
}

// proves: P2, P4
TEST(presets, default_is_three_calls_and_the_double_rule) {
    const auto& p = presets::default_preset;
    EXPECT_EQ(delays_of(p), (delays{1s, 2s}));
    EXPECT_EQ(p.retry.attempts, 3U);
    EXPECT_EQ(p.retry.delays.cap, 30s);
    EXPECT_EQ(p.retry.delays.jitter_permille, 100);
    EXPECT_EQ(p.retry.delays.floor, 100ms);
    expect_breaker(p, 5, 30s, 3);
    expect_consecutive(p, 5);
    EXPECT_EQ(p.breaker.failure_rate_permille, 500);
    EXPECT_EQ(p.breaker.minimum_calls, 10U);
    EXPECT_EQ(p.breaker.window, 1min);
    EXPECT_EQ(p.breaker.slow_after, 2s);
    EXPECT_EQ(p.breaker.slow_rate_permille, 500);
    EXPECT_EQ(p.breaker.failed_after, 30s);
    EXPECT_EQ(p.breaker.probes_per_period, 5);
    EXPECT_EQ(p.breaker.half_open_period, 60s);
}

// proves: P2, P4
TEST(presets, solana_rpc) {
    const auto& p = presets::solana_rpc;
    EXPECT_EQ(delays_of(p), (delays{2s, 4s, 8s}));
    EXPECT_EQ(p.retry.delays.jitter_permille, 200);
    expect_breaker(p, 3, 60s, 3);
    expect_consecutive(p, 3);
    EXPECT_EQ(p.probe, "getHealth, and a slot that advances");
}

// proves: P2, P4
TEST(presets, ipfs) {
    const auto& p = presets::ipfs;
    EXPECT_EQ(delays_of(p), (delays{1s, 2s, 4s, 8s, 16s}));
    EXPECT_EQ(p.retry.delays.jitter_permille, 100);
    EXPECT_EQ(p.retry.attempts_per_endpoint, 4U);
    expect_breaker(p, 5, 30s, 3);
    expect_window(p, 5, 2min);
    EXPECT_EQ(p.probe, "a small upload and its fetch");
    circuit_breaker breaker{p.breaker};
    for (int i = 0; i < 50; ++i) {
        breaker.admit(time_point{1h})->record(outcome::success(5min), time_point{1h});
    }
    EXPECT_EQ(breaker.view(time_point{1h}).computed, breaker_state::closed)
        << "a large upload is slow, not failed";
}

// proves: P2, P4, D2
TEST(presets, records_database) {
    const auto& p = presets::records_database;
    EXPECT_EQ(delays_of(p), (delays{500ms, 1s, 2s}));
    EXPECT_EQ(p.retry.delays.jitter_permille, 50);
    expect_breaker(p, 3, 10s, 3);
    expect_consecutive(p, 3);
    EXPECT_EQ(p.probe, "SELECT 1");
    EXPECT_EQ(outcome_of(fault{codes::db_unavailable}, 1ms).verdict, call_verdict::failure);
    EXPECT_EQ(outcome_of(fault{codes::db_conflict}, 1ms).verdict, call_verdict::ignored)
        << "only connection failures count";
}

// proves: P4
TEST(presets, identity_and_analytics) {
    for (const auto* p : {&presets::identity, &presets::analytics_database}) {
        EXPECT_EQ(delays_of(*p), (delays{1s, 2s}));
        expect_breaker(*p, 3, 30s, 3);
        expect_consecutive(*p, 3);
    }
}

// proves: P4, N1
TEST(presets, push_services) {
    EXPECT_EQ(delays_of(presets::fcm), (delays{1s, 2s}));
    expect_breaker(presets::fcm, 5, 60s, 3);
    expect_window(presets::fcm, 5, 300s);
    EXPECT_EQ(presets::fcm.timeout, 10s);
    EXPECT_EQ(delays_of(presets::apns), (delays{1s, 2s}));
    expect_breaker(presets::apns, 3, 30s, 2);
    expect_window(presets::apns, 3, 180s);
    EXPECT_EQ(presets::apns.timeout, 15s);
}

// proves: P4
TEST(presets, mongodb_and_redis) {
    EXPECT_EQ(delays_of(presets::mongodb), (delays{500ms, 1s, 2s}));
    expect_breaker(presets::mongodb, 8, 20s, 5);
    expect_window(presets::mongodb, 8, 120s);
    EXPECT_EQ(presets::mongodb.timeout, 5s);
    EXPECT_EQ(delays_of(presets::redis), (delays{500ms, 1s, 2s}));
    expect_breaker(presets::redis, 10, 10s, 3);
    expect_window(presets::redis, 10, 60s);
    EXPECT_EQ(presets::redis.timeout, 2s);
}

// proves: P4
TEST(presets, those_without_figures_have_the_default) {
    for (const auto* p : {&presets::partner_api, &presets::smtp, &presets::sms, &presets::webhook,
                          &presets::rabbitmq}) {
        EXPECT_EQ(delays_of(*p), (delays{1s, 2s})) << p->name;
        EXPECT_TRUE(has_default_rule(*p)) << p->name;
    }
}

// proves: P4
TEST(presets, a_preset_replaces_the_default_rule) {
    for (const auto* p : presets::all) {
        if (has_default_rule(*p)) continue;
        EXPECT_EQ(p->breaker.failure_rate_permille, 0) << p->name;
        EXPECT_EQ(p->breaker.slow_rate_permille, 0) << p->name;
        EXPECT_NE(p->breaker.consecutive_failures == 0, p->breaker.failures_in_window == 0)
            << p->name << ": one rule";
    }
}

TEST(presets, all_are_valid_and_found_by_name) {
    std::set<std::string_view> names;
    for (const auto* p : presets::all) {
        EXPECT_TRUE(names.insert(p->name).second) << p->name;
        EXPECT_EQ(presets::find(p->name), p);
        for (const auto& wrong : validate(p->breaker)) ADD_FAILURE() << p->name << wrong.field;
        for (const auto& wrong : validate(p->retry)) ADD_FAILURE() << p->name << wrong.field;
    }
    EXPECT_EQ(names.size(), 15U);
    EXPECT_EQ(presets::find("nobody"), nullptr);
}

// proves: F1
TEST(presets, only_harmless_repeats_are_made_when_the_effect_is_unknown) {
    std::set<std::string_view> harmless;
    for (const auto* p : presets::all) {
        if (p->retry.idempotent) harmless.insert(p->name);
    }
    EXPECT_EQ(harmless,
              (std::set<std::string_view>{"solana_rpc", "ipfs", "records_database", "identity"}));
}

static_assert(presets::find("redis") == &presets::redis, "usable at compile time");

}  // namespace
}  // namespace thole
