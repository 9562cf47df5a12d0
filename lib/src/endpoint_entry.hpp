#pragma once

// What an endpoint set knows of one endpoint. The configuration's tier and weight are only the
// first ones; the live ones are the atomics.

#include <algorithm>

#include "thole/endpoint_set.hpp"

namespace thole::detail {

struct endpoint_entry {
    static constexpr std::uint32_t full_rate = 1'000'000;

    endpoint_entry(const endpoint_config& c, const breaker_settings& settings, name dependency,
                   observer* watch)
        : config{c},
          tier{c.tier},
          weight{c.weight},
          breaker{settings, dependency, c.name, watch},
          limiter{c.limit, dependency, c.name, watch} {}

    const endpoint_config config;
    std::atomic<std::uint16_t> tier;
    std::atomic<std::uint16_t> weight;
    std::atomic<bool> drained{false};
    std::atomic<std::uint32_t> in_flight{0};
    std::atomic<std::int64_t> latency{0};    // moving average of successes, ns; 0 = none yet
    std::atomic<std::int64_t> last_used{0};  // steady ns
    std::atomic<std::uint32_t> success_rate{full_rate};  // moving average, millionths
    std::atomic<std::uint32_t> judged_calls{0};          // since it was added or last ejected
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::int64_t> ejected_until{0};  // steady ns
    std::atomic<std::uint32_t> ejections{0};
    circuit_breaker breaker;
    rate_limiter limiter;

    [[nodiscard]] time_point ejected_until_time() const noexcept {
        return time_point{duration{ejected_until.load(std::memory_order_relaxed)}};
    }

    struct blocked {
        endpoint_block why = endpoint_block::none;
        time_point until{};
    };
    // Takes nothing. The time is the latest of all that stand in the way.
    [[nodiscard]] blocked block(time_point now) const;

    // What a call costs here: latency × calls in flight × failures, the latency fading while idle.
    [[nodiscard]] std::uint64_t cost(time_point now) const noexcept;

    void note(outcome, time_point now) noexcept;
};

}  // namespace thole::detail
