#include "app/policies.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "app/config_rules.hpp"
#include "thole/assert.hpp"

namespace thole::app {
namespace {

role_set roles_of(const std::vector<endpoint_role>& from) {
    bool send = false;
    bool read = false;
    bool history = false;
    for (const auto each : from) {
        send = send || each == endpoint_role::send;
        read = read || each == endpoint_role::read;
        history = history || each == endpoint_role::history;
    }
    // role_set has no operator to add one: every combination is spelt once, here.
    if (send && read && history) return role_set::all();
    if (send && read) return {role::send, role::read};
    if (send && history) return {role::send, role::history};
    if (read && history) return {role::read, role::history};
    if (send) return {role::send};
    return history ? role_set{role::history} : role_set{role::read};
}

}  // namespace

breaker_settings breaker_of(const policy_overrides& o) {
    auto out = o.base->breaker;
    if (o.breaker.failures) {
        // The rule that the preset has is the one whose number is meant.
        if (out.failures_in_window > 0) {
            out.failures_in_window = std::min(*o.breaker.failures, most_counted_failures);
        } else {
            out.consecutive_failures = *o.breaker.failures;
        }
    }
    if (o.breaker.open) {
        out.open_for = o.breaker.open->value;
        out.open_for_most = std::max(out.open_for_most, out.open_for);
    }
    if (o.breaker.successes) {
        out.successes_to_close = static_cast<std::uint16_t>(*o.breaker.successes);
    }
    THOLE_ASSERT(validate(out).empty(), "checked overrides of a preset give a valid breaker");
    return out;
}

endpoint_set_settings set_settings(const policy_overrides& o) {
    endpoint_set_settings out;
    out.breaker = breaker_of(o);
    return out;
}

saga::step_policy step_policy_of(const policy_overrides& o) {
    saga::step_policy out;
    out.attempts = static_cast<int>(o.base->retry.attempts);
    out.delays = o.base->retry.delays;
    if (o.retry.attempts) out.attempts = static_cast<int>(*o.retry.attempts) + 1;
    return out;
}

rate_limit limit_of(const std::optional<call_rate>& rate) {
    rate_limit out;
    if (!rate) return out;
    out.permits = rate->calls;
    out.per = rate->per();
    const auto seconds = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(out.per).count());
    out.burst = (rate->calls + seconds - 1) / seconds;
    return out;
}

namespace {

// What a mint among many asks for, as `script/bench mint` counts it: statuses and accounts of many
// go in one request.
constexpr double chain_calls = 5;
constexpr double gateway_calls = 4;
constexpr double provider_calls = 2;  // of each that keeps a copy: picture and metadata

double per_second(const std::optional<call_rate>& rate) {
    constexpr auto unlimited = std::numeric_limits<double>::infinity();
    return rate ? rate->calls / std::chrono::duration<double>{rate->per()}.count() : unlimited;
}

// The calls spread over them.
double together(const std::vector<endpoint_config>& endpoints) {
    double out = endpoints.empty() ? std::numeric_limits<double>::infinity() : 0;
    for (const auto& each : endpoints) out += per_second(each.rate);
    return out;
}

}  // namespace

std::optional<double> mints_per_second(const dependencies_config& d, std::size_t copies) {
    auto slowest = std::min(together(d.solana.endpoint) / chain_calls,
                            together(d.gateway.endpoint) / gateway_calls);
    std::vector<double> providers;
    for (const auto& each : d.ipfs.provider) providers.push_back(per_second(each.rate));
    std::ranges::sort(providers, std::greater{});
    if (copies > 0 && copies <= providers.size()) {
        slowest = std::min(slowest, providers[copies - 1] / provider_calls);
    }
    if (std::isinf(slowest)) return std::nullopt;
    return slowest;
}

std::vector<thole::endpoint_config> endpoints_of(const std::vector<endpoint_config>& from,
                                                 const environment& env) {
    std::vector<thole::endpoint_config> out;
    for (const auto& each : from) {
        auto url = resolve_url(each.url, env);
        THOLE_ASSERT(url.has_value(), "the URL of a checked configuration resolves");
        thole::endpoint_config made;
        made.name = name{each.name};
        made.url = std::move(*url);
        made.provider = name{provider_name(each, env)};
        if (!each.region.empty()) made.region = name{each.region};
        made.tier = static_cast<std::uint16_t>(each.tier);
        made.weight = static_cast<std::uint16_t>(each.weight);
        made.capacity = each.capacity;
        made.limit = limit_of(each.rate);
        made.roles = roles_of(each.roles);
        out.push_back(std::move(made));
    }
    return out;
}

}  // namespace thole::app
