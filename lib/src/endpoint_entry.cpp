#include "endpoint_entry.hpp"

namespace thole::detail {

using namespace std::chrono_literals;

namespace {

constexpr duration fades_each{endpoint_entry::fades_each_ns};
constexpr std::int64_t most_fading = 20;
constexpr duration used_to_within = 1s;
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
    if (config.capacity > 0 && places.load(std::memory_order_relaxed) >= config.capacity) {
        consider(endpoint_block::at_capacity, now + ask_again_for_capacity);
    }
    return worst;
}

std::uint32_t endpoint_entry::in_flight() const noexcept {
    std::int32_t sum = 0;
    for (const auto& s : stripes) sum += s.in_flight.load(std::memory_order_relaxed);
    return static_cast<std::uint32_t>(std::max(sum, 0));
}

std::uint64_t endpoint_entry::calls() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& s : stripes) sum += s.calls.load(std::memory_order_relaxed);
    return sum;
}

void endpoint_entry::look_around(unsigned own) noexcept {
    auto& mine = stripes[own];
    mine.others.store(
        static_cast<std::int32_t>(in_flight()) - mine.in_flight.load(std::memory_order_relaxed),
        std::memory_order_relaxed);
}

std::int64_t endpoint_entry::faded(std::int64_t remembered, std::int64_t idle_ns) noexcept {
    return remembered >> std::clamp<std::int64_t>(idle_ns / fades_each.count(), 0, most_fading);
}

// Averages are read and written without a lock: of two reports at the same instant one may be
// lost, which an average bears.
void endpoint_entry::note_use(time_point now, unsigned own) noexcept {
    add_in_stripe(stripes[own].calls, std::uint64_t{1}, own);
    const auto ns = now.time_since_epoch().count();
    if (ns - last_used.load(std::memory_order_relaxed) >= used_to_within.count()) [[unlikely]] {
        last_used.store(ns, std::memory_order_relaxed);
    }
}

void endpoint_entry::note_failure(time_point now) noexcept {
    note_use(now, thread_stripe());
    const auto rate = success_rate.load(std::memory_order_relaxed);
    success_rate.store(rate - rate / 16, std::memory_order_relaxed);
    failures.fetch_add(1, std::memory_order_relaxed);
}

void endpoint_entry::note_success(duration took, time_point now, unsigned own) noexcept {
    note_use(now, own);
    const auto rate = success_rate.load(std::memory_order_relaxed);
    if (rate < full_rate) [[unlikely]] {
        success_rate.store(rate + (full_rate - rate + 15) / 16, std::memory_order_relaxed);
    }
    // Below a microsecond nothing is told apart.
    auto& mine = stripes[own];
    const auto sample = std::max<std::int64_t>(took.count(), 1000);
    const auto shared = latency.load(std::memory_order_relaxed);
    const auto before = mine.latency.load(std::memory_order_relaxed);
    const auto from = before == 0 ? shared : before;
    const auto average = from == 0 ? sample : from + (sample - from) / 8;
    mine.latency.store(average, std::memory_order_relaxed);
    const auto moved = average > shared ? average - shared : shared - average;
    if (moved * 16 >= shared) [[unlikely]]
        latency.store(average, std::memory_order_relaxed);
}

}  // namespace thole::detail
