#include "endpoint_entry.hpp"

namespace thole::detail {

using namespace std::chrono_literals;

namespace {

constexpr duration fades_each = 10s;
constexpr std::int64_t most_fading = 20;
// When a place becomes free is not known; ask again soon.
constexpr duration ask_again_for_capacity = 100ms;

}  // namespace

endpoint_entry::blocked endpoint_entry::block(time_point now) const {
    if (drained.load(std::memory_order_relaxed))
        return {endpoint_block::drained, time_point::max()};
    blocked worst;
    const auto consider = [&](endpoint_block why, time_point until) {
        if (until > now && until > worst.until) worst = {why, until};
    };
    consider(endpoint_block::ejected, ejected_until_time());
    consider(endpoint_block::breaker, breaker.admissible_at(now));
    consider(endpoint_block::rate_limited, limiter.admissible_at(now));
    if (config.capacity > 0 && in_flight.load(std::memory_order_relaxed) >= config.capacity) {
        consider(endpoint_block::at_capacity, now + ask_again_for_capacity);
    }
    return worst;
}

std::uint64_t endpoint_entry::cost(time_point now) const noexcept {
    const auto idle = now.time_since_epoch().count() - last_used.load(std::memory_order_relaxed);
    const auto fading = std::clamp<std::int64_t>(idle / fades_each.count(), 0, most_fading);
    const auto remembered = latency.load(std::memory_order_relaxed) >> fading;
    const auto microseconds =
        static_cast<std::uint64_t>(std::max<std::int64_t>(remembered, 1000)) / 1000;
    const auto failing = 2 * full_rate - success_rate.load(std::memory_order_relaxed);
    return microseconds * (in_flight.load(std::memory_order_relaxed) + 1U) * (failing / 1000);
}

// Averages are read and written without a lock: of two reports at the same instant one may be
// lost, which an average bears.
void endpoint_entry::note(outcome what, time_point now) noexcept {
    if (what.verdict == call_verdict::ignored) return;
    last_used.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    const auto rate = success_rate.load(std::memory_order_relaxed);
    if (what.verdict == call_verdict::success) {
        const auto sample = std::max<std::int64_t>(what.latency.count(), 1);
        const auto before = latency.load(std::memory_order_relaxed);
        latency.store(before == 0 ? sample : before + (sample - before) / 8,
                      std::memory_order_relaxed);
        success_rate.store(rate + (full_rate - rate + 15) / 16, std::memory_order_relaxed);
    } else {
        success_rate.store(rate - rate / 16, std::memory_order_relaxed);
        failures.fetch_add(1, std::memory_order_relaxed);
    }
    judged_calls.fetch_add(1, std::memory_order_relaxed);
    calls.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace thole::detail
