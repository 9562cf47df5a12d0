#pragma once

// A pipeline of policies (thole/pipeline_settings.hpp) as it stands in a configuration.
//
//   [dependency.partner.shop.pipeline]
//   preset = "partner_api"                # its retry, breaker and timeout; below is laid over them
//   total = "10s"
//   retry.attempts = 3
//   breaker = {open_for = "20s", successes_to_close = 2}
//   limiter = {permits = 20, burst = 5}
//   order = ["deadline", "retry", "limiter", "breaker", "timeout"]
//
//   auto shop = read_pipeline(value);     // pipeline_settings, or every mistake with its place
//   calls.reconfigure(*shop, now);        // the same pipeline, reloaded
//
// Every key is the name that it has in code, with the same meaning and the same default; the delays
// of retry stand among its own keys. A stage that is not named is not there, unless the preset has
// it; one that is named without keys ("breaker = {}") has its defaults. What code cannot compile is
// a problem here, in the same words. Pure.

#include <expected>

#include "base/json.hpp"
#include "thole/pipeline_settings.hpp"

namespace thole {

BOOST_DESCRIBE_ENUM(call_effect, read, idempotent, once)
BOOST_DESCRIBE_ENUM(stage, fallback, cache, deadline, hedge, retry, limiter, bulkhead, breaker,
                    timeout, chaos)
BOOST_DESCRIBE_ENUM(backoff_shape, constant, linear, exponential, decorrelated, listed)
BOOST_DESCRIBE_ENUM(adaptive_shape, aimd, gradient)

BOOST_DESCRIBE_STRUCT(hedge_settings, (), (most_copies, percentile_permille, shortest, longest))
BOOST_DESCRIBE_STRUCT(retry_budget_settings, (), (percent, floor_per_second, window))
BOOST_DESCRIBE_STRUCT(rate_limit, (), (permits, per, burst, recovery, longest_block))
BOOST_DESCRIBE_STRUCT(bulkhead_settings, (), (limit, queue, queue_timeout))
BOOST_DESCRIBE_STRUCT(adaptive_settings, (),
                      (shape, least, most, round, minimum_calls, backoff_permille,
                       tolerance_permille))
BOOST_DESCRIBE_STRUCT(breaker_settings, (),
                      (consecutive_failures, failures_in_window, failure_rate_permille,
                       slow_rate_permille, minimum_calls, window, window_calls, slow_after,
                       failed_after, open_for, open_growth_permille, open_for_most,
                       successes_to_close, probes_per_period, half_open_period, probe_interval,
                       probe_lease, ramp, shadow))

// As far as a table has the same members.
BOOST_DESCRIBE_STRUCT(backoff, (),
                      (shape, adaptive, jitter_permille, factor_permille, base, cap, floor))
BOOST_DESCRIBE_STRUCT(retry_settings, (),
                      (attempts, attempts_per_endpoint, longest_refusal, longest_retry_after,
                       idempotent))
BOOST_DESCRIBE_STRUCT(chaos_settings, (),
                      (enabled, seed, latency_permille, latency_least, latency_most, fault_permille,
                       result_permille))
BOOST_DESCRIBE_STRUCT(pipeline_settings, (),
                      (effect, retried_elsewhere, total, timeout, hedge, budget, limiter, bulkhead,
                       adaptive, breaker, order))

}  // namespace thole

namespace thole::app {

// retry_settings and its delays, but for what only code can say (retry_if).
struct retry_table {
    std::uint32_t attempts = retry_settings{}.attempts;
    std::map<std::string, std::uint32_t> kind_attempts;  // by the kind of fault
    std::uint32_t attempts_per_endpoint = retry_settings{}.attempts_per_endpoint;
    backoff_shape shape = backoff{}.shape;
    bool adaptive = backoff{}.adaptive;
    std::uint16_t jitter_permille = backoff{}.jitter_permille;
    std::uint16_t factor_permille = backoff{}.factor_permille;
    duration base = backoff{}.base;
    duration cap = backoff{}.cap;
    duration floor = backoff{}.floor;
    std::vector<duration> list;
    duration longest_refusal = retry_settings{}.longest_refusal;
    duration longest_retry_after = retry_settings{}.longest_retry_after;
    bool idempotent = retry_settings{}.idempotent;
};
BOOST_DESCRIBE_STRUCT(retry_table, (),
                      (attempts, kind_attempts, attempts_per_endpoint, shape, adaptive,
                       jitter_permille, factor_permille, base, cap, floor, list, longest_refusal,
                       longest_retry_after, idempotent))

struct chaos_table {
    bool enabled = chaos_settings{}.enabled;
    std::uint64_t seed = chaos_settings{}.seed;
    std::uint16_t latency_permille = 0;
    duration latency_least{};
    duration latency_most{};
    std::uint16_t fault_permille = 0;
    std::string fault{chaos_settings{}.fault->text};  // as `thole explain fault` knows it
    std::uint16_t result_permille = 0;
};
BOOST_DESCRIBE_STRUCT(chaos_table, (),
                      (enabled, seed, latency_permille, latency_least, latency_most, fault_permille,
                       fault, result_permille))

struct pipeline_table {
    std::optional<std::string> preset;
    call_effect effect = pipeline_settings{}.effect;
    bool retried_elsewhere = false;
    duration total{};
    duration timeout{};
    std::optional<hedge_settings> hedge;
    std::optional<retry_table> retry;
    std::optional<retry_budget_settings> budget;
    std::optional<rate_limit> limiter;
    std::optional<bulkhead_settings> bulkhead;
    std::optional<adaptive_settings> adaptive;
    std::optional<breaker_settings> breaker;
    std::optional<chaos_table> chaos;
    std::vector<stage> order;
};
BOOST_DESCRIBE_STRUCT(pipeline_table, (),
                      (preset, effect, retried_elsewhere, total, timeout, hedge, retry, budget,
                       limiter, bulkhead, adaptive, breaker, chaos, order))

// Laid over `base`, with the preset between; without a retry and a budget of the preset's where
// something else repeats the calls. Pointers of problems begin at the table: "/breaker/window".
[[nodiscard]] std::expected<pipeline_settings, json::problems> read_pipeline(
    const boost::json::value& table, pipeline_table base = {});
// Mistakes that the library tells of settings, with their pointers.
[[nodiscard]] json::problems placed(const problems& of_settings);
// The table that reads as these settings; retry_if is not in it.
[[nodiscard]] pipeline_table table_of(const pipeline_settings&);

}  // namespace thole::app

namespace thole::json {
template <>
inline constexpr auto optional_members<hedge_settings> = all_members;
template <>
inline constexpr auto optional_members<retry_budget_settings> = all_members;
template <>
inline constexpr auto optional_members<rate_limit> = all_members;
template <>
inline constexpr auto optional_members<bulkhead_settings> = all_members;
template <>
inline constexpr auto optional_members<adaptive_settings> = all_members;
template <>
inline constexpr auto optional_members<breaker_settings> = all_members;
template <>
inline constexpr auto optional_members<app::retry_table> = all_members;
template <>
inline constexpr auto optional_members<app::chaos_table> = all_members;
template <>
inline constexpr auto optional_members<app::pipeline_table> = all_members;
}  // namespace thole::json
