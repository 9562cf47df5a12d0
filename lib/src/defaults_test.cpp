// Every default of every settings struct, once more and by hand: a value that changes by one unit
// of its last digit must be changed here too, and in doc/library/policies.md. The presets have
// their own table in presets_test.cpp.

#include <gtest/gtest.h>

#include "thole/endpoint_set.hpp"
#include "thole/fallback.hpp"
#include "thole/pipeline_settings.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

// proves: P1, P2
TEST(defaults, of_retry_and_backoff) {
    const retry_settings r;
    EXPECT_EQ(r.attempts, 3U);
    EXPECT_EQ(r.kind_attempts, (std::array<std::uint32_t, 7>{0, 5, 0, 0, 0, 0, 0}));
    EXPECT_EQ(r.attempts_per_endpoint, 1U);
    EXPECT_EQ(r.longest_refusal, 60s);
    EXPECT_EQ(r.longest_retry_after, 5min);
    EXPECT_FALSE(r.idempotent);
    EXPECT_EQ(r.retry_if, nullptr);
    EXPECT_EQ(r.delays.shape, backoff_shape::exponential);
    EXPECT_EQ(r.delays.base, 1s);
    EXPECT_EQ(r.delays.cap, 30s);
    EXPECT_EQ(r.delays.floor, 100ms);
    EXPECT_EQ(r.delays.jitter_permille, 100);
    EXPECT_EQ(r.delays.factor_permille, 2000);
    EXPECT_FALSE(r.delays.adaptive);
}

// proves: P3
TEST(defaults, of_the_budget) {
    const retry_budget_settings b;
    EXPECT_EQ(b.percent, 20U);
    EXPECT_EQ(b.floor_per_second, 10U);
    EXPECT_EQ(b.window, 10s);
}

// proves: P4
TEST(defaults, of_the_breaker) {
    const breaker_settings b;
    EXPECT_EQ(b.consecutive_failures, 5U);
    EXPECT_EQ(b.failures_in_window, 0U);
    EXPECT_EQ(b.failure_rate_permille, 500);
    EXPECT_EQ(b.slow_rate_permille, 500);
    EXPECT_EQ(b.minimum_calls, 10U);
    EXPECT_EQ(b.window, 1min);
    EXPECT_EQ(b.window_calls, 0U);
    EXPECT_EQ(b.slow_after, 2s);
    EXPECT_EQ(b.failed_after, 30s);
    EXPECT_EQ(b.open_for, 30s);
    EXPECT_EQ(b.open_growth_permille, 2000);
    EXPECT_EQ(b.open_for_most, 5min);
    EXPECT_EQ(b.successes_to_close, 3);
    EXPECT_EQ(b.probes_per_period, 5);
    EXPECT_EQ(b.half_open_period, 60s);
    EXPECT_EQ(b.probe_interval, 0s);
    EXPECT_EQ(b.probe_lease, 30s);
    EXPECT_EQ(b.ramp, 0s);
    EXPECT_FALSE(b.shadow);
}

// proves: P5, P6
TEST(defaults, of_bulkhead_limits_and_limiter) {
    const bulkhead_settings b;
    EXPECT_EQ(b.limit, 20U);
    EXPECT_EQ(b.queue, 0U);
    EXPECT_EQ(b.queue_timeout, 1s);
    const adaptive_settings a;
    EXPECT_EQ(a.shape, adaptive_shape::gradient);
    EXPECT_EQ(a.least, 4U);
    EXPECT_EQ(a.most, 1000U);
    EXPECT_EQ(a.round, 500ms);
    EXPECT_EQ(a.minimum_calls, 10U);
    EXPECT_EQ(a.backoff_permille, 900);
    EXPECT_EQ(a.tolerance_permille, 1500);
    const rate_limit l;
    EXPECT_EQ(l.permits, 0U);
    EXPECT_EQ(l.per, 1s);
    EXPECT_EQ(l.burst, 1U);
    EXPECT_EQ(l.recovery, 30s);
    EXPECT_EQ(l.longest_block, 5min);
    EXPECT_EQ(rate_limiter::batching_burst, 20U);
}

// proves: P8, P9, P12
TEST(defaults, of_hedge_cache_and_chaos) {
    const hedge_settings h;
    EXPECT_EQ(h.most_copies, 1U);
    EXPECT_EQ(h.percentile_permille, 950);
    EXPECT_EQ(h.shortest, 10ms);
    EXPECT_EQ(h.longest, 1s);
    const stale_cache_settings c;
    EXPECT_EQ(c.fresh_for, 0s);
    EXPECT_EQ(c.usable_for, 10min);
    EXPECT_EQ(c.most_entries, 1000U);
    const chaos_settings x;
    EXPECT_TRUE(x.enabled);
    EXPECT_EQ(x.seed, 1U);
    EXPECT_EQ(x.latency_permille, 0);
    EXPECT_EQ(x.latency_least, 0s);
    EXPECT_EQ(x.latency_most, 0s);
    EXPECT_EQ(x.fault_permille, 0);
    EXPECT_EQ(x.fault, &codes::net_connect_timeout);
    EXPECT_EQ(x.result_permille, 0);
}

// proves: P10
TEST(defaults, of_the_endpoint_set) {
    const endpoint_set_settings s;
    EXPECT_EQ(s.outlier.minimum_calls, 20U);
    EXPECT_EQ(s.outlier.margin_permille, 300);
    EXPECT_EQ(s.outlier.most_ejected_permille, 500);
    EXPECT_EQ(s.outlier.eject_for, 30s);
    EXPECT_EQ(s.least_bad.permits, 10U);
    EXPECT_EQ(s.least_bad.per, 1s);
    EXPECT_EQ(s.least_bad.burst, 10U);
    EXPECT_EQ(s.breaker, breaker_settings{});
    const endpoint_config e;
    EXPECT_EQ(e.tier, 0);
    EXPECT_EQ(e.weight, 100);
    EXPECT_EQ(e.capacity, 0U);
    EXPECT_EQ(e.roles, role_set::all());
    EXPECT_EQ(endpoint_set::most_endpoints, 64U);
}

// proves: P11
TEST(defaults, of_the_pipeline) {
    const pipeline_settings p;
    EXPECT_EQ(p.effect, call_effect::read);
    EXPECT_FALSE(p.retried_elsewhere);
    EXPECT_EQ(p.total, 0s);
    EXPECT_EQ(p.timeout, 0s);
    EXPECT_FALSE(p.hedge || p.retry || p.budget || p.limiter || p.bulkhead || p.adaptive ||
                 p.breaker || p.chaos);
    EXPECT_TRUE(p.order.empty());
}

// What the headers promise about memory.
TEST(defaults, sizes_stay_within_their_bounds) {
    EXPECT_LE(sizeof(circuit_breaker), 1024U);
    EXPECT_LE(sizeof(fault), 64U);
}

}  // namespace
}  // namespace thole
