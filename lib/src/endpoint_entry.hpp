#pragma once

// What an endpoint set knows of one endpoint. The configuration's tier and weight are only the
// first ones; the live ones are the atomics.

#include <algorithm>

#include "thole/endpoint_set.hpp"

namespace thole::detail {

struct endpoint_entry {
    static constexpr std::uint32_t full_rate = 1'000'000;
    static constexpr std::int64_t fades_each_ns = 10'000'000'000;

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
    std::atomic<std::uint32_t> places{0};  // in flight, where there is a capacity: exact
    // Moving average of successes, ns; 0 = none yet. Written when a stripe's own average has moved
    // away by a sixteenth, so that reading it seldom waits for another thread's write.
    std::atomic<std::int64_t> latency{0};
    std::atomic<std::int64_t> last_used{0};              // steady ns, to within a second
    std::atomic<std::uint32_t> success_rate{full_rate};  // moving average, millionths
    std::atomic<std::uint64_t> judged_from{0};           // calls when it was last ejected
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::int64_t> ejected_until{0};  // steady ns
    std::atomic<std::uint32_t> ejections{0};
    circuit_breaker breaker;
    rate_limiter limiter;

    // What each thread writes itself (stripes.hpp). A call may end on another thread than it began
    // on, so one stripe's count may be negative; the sum is not.
    struct alignas(64) stripe {
        std::atomic<std::int32_t> in_flight{0};
        std::atomic<std::int32_t> others{0};   // in flight in the other stripes, when last looked
        std::atomic<std::int64_t> latency{0};  // as above, of this stripe's calls
        std::atomic<std::uint64_t> calls{0};   // judged: ended in success or failure
    };
    std::array<stripe, stripe_count> stripes{};

    [[nodiscard]] std::uint32_t in_flight() const noexcept;
    [[nodiscard]] std::uint64_t calls() const noexcept;
    [[nodiscard]] std::uint64_t judged_calls() const noexcept {
        return calls() - judged_from.load(std::memory_order_relaxed);
    }
    // `own`: the calling thread's stripe.
    void enter(unsigned own) noexcept {
        add_in_stripe(stripes[own].in_flight, std::int32_t{1}, own);
        if (config.capacity > 0) places.fetch_add(1, std::memory_order_relaxed);
    }
    void leave(unsigned own) noexcept {
        add_in_stripe(stripes[own].in_flight, std::int32_t{-1}, own);
        if (config.capacity > 0) places.fetch_sub(1, std::memory_order_relaxed);
    }
    // Nothing at all stands in the way, seen without a lock or a computation. Of a front's.
    [[nodiscard]] bool is_plain(time_point now) const noexcept {
        return breaker.passes_all() &&
               ejected_until.load(std::memory_order_relaxed) <= now.time_since_epoch().count() &&
               limiter.is_free(now);
    }

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
    [[nodiscard, gnu::always_inline]] std::uint64_t cost(time_point now,
                                                         unsigned own) const noexcept {
        const auto& mine = stripes[own];
        // The own calls in flight are exact, those of others as last seen.
        const auto busy = std::max(mine.in_flight.load(std::memory_order_relaxed) +
                                       mine.others.load(std::memory_order_relaxed),
                                   std::int32_t{0});
        auto remembered = latency.load(std::memory_order_relaxed);
        const auto idle =
            now.time_since_epoch().count() - last_used.load(std::memory_order_relaxed);
        if (idle >= fades_each_ns) [[unlikely]]
            remembered = faded(remembered, idle);
        const auto microseconds =
            static_cast<std::uint64_t>(std::max<std::int64_t>(remembered, 1000)) / 1000;
        const auto failing = 2 * full_rate - success_rate.load(std::memory_order_relaxed);
        return microseconds * (static_cast<std::uint64_t>(busy) + 1U) * (failing / 1000);
    }
    // What the other threads have in flight, for cost(). Waits for their cache lines: now and then.
    void look_around(unsigned own) noexcept;
    [[nodiscard]] static std::int64_t faded(std::int64_t remembered, std::int64_t idle_ns) noexcept;

    void note_success(duration latency, time_point now, unsigned own) noexcept;
    void note_failure(time_point now) noexcept;

  private:
    void note_use(time_point now, unsigned own) noexcept;
};

}  // namespace thole::detail
