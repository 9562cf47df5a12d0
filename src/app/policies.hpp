#pragma once

// From the configuration of a dependency to the policies that guard it.
//
//   const auto how = overrides_of(d.solana, presets::solana_rpc, d);
//   endpoint_set rpc{name{"solana"}, set_settings(how), endpoints_of(d.solana.endpoint, env),
//   &watch};
//
// A preset replaces the default rules; what the configuration sets goes over the preset. Pure, but
// for URLs that are references to files.

#include <vector>

#include "app/config.hpp"
#include "engine/plan.hpp"
#include "thole/endpoint_set.hpp"
#include "thole/presets.hpp"

namespace thole::app {

// The policy parts that every dependency has.
struct policy_overrides {
    const preset* base = &presets::default_preset;
    std::optional<time_span> timeout{};
    retry_config retry{};
    breaker_config breaker{};
};
// What is set for the dependency itself; with the preset "default" also what is set for that.
// Precondition: the configuration was checked.
template <class Dependency>
[[nodiscard]] policy_overrides overrides_of(const Dependency& d, const preset& usual,
                                            const dependencies_config& all) {
    policy_overrides out{d.preset ? presets::find(*d.preset) : &usual, d.timeout, d.retry,
                         d.breaker};
    if (!out.timeout && out.base->timeout) out.timeout = time_span{*out.base->timeout};
    if (out.base != &presets::default_preset) return out;
    const auto& s = all.standard;
    if (!out.timeout) out.timeout = s.timeout;
    if (!out.retry.attempts) out.retry.attempts = s.retry.attempts;
    if (!out.breaker.failures) out.breaker.failures = s.breaker.failures;
    if (!out.breaker.open) out.breaker.open = s.breaker.open;
    if (!out.breaker.successes) out.breaker.successes = s.breaker.successes;
    return out;
}

[[nodiscard]] breaker_settings breaker_of(const policy_overrides&);
[[nodiscard]] endpoint_set_settings set_settings(const policy_overrides&);
// Of a durable step that calls the dependency: `attempts` of the configuration are retries.
[[nodiscard]] saga::step_policy step_policy_of(const policy_overrides&);

// Evenly, and as much at once as a second allows.
[[nodiscard]] rate_limit limit_of(const std::optional<call_rate>&);
// How many mints a second the rates of endpoints and providers let through; nothing: no rate says.
[[nodiscard]] std::optional<double> mints_per_second(const dependencies_config&,
                                                     std::size_t copies);
// Precondition: the configuration was checked.
[[nodiscard]] std::vector<thole::endpoint_config> endpoints_of(const std::vector<endpoint_config>&,
                                                               const environment&);

}  // namespace thole::app
