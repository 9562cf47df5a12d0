#pragma once

// Three kinds of time that cannot be mixed up, because they are three types.
//
// The problem: a breaker that waits "until the wall clock says 12:00:30" stays open for an hour
// when the wall clock is set back, and a steady reading written to disk means nothing after a
// restart. So:
//
//   time_point  steady time, for intervals, deadlines and windows. Never written to disk.
//   wall_time   civil time (UTC), for people and logs. Never compared to decide anything.
//   store_time  the time of the store that schedules durable work: it never goes backward and
//               survives restarts.
//
//   thole::time_point start = clock.now();
//   if (clock.now() - start > 2s) ...            // fine
//   start + store_time{};                        // does not compile
//
// Values only: nothing here reads a clock (see clock.hpp).

#include <chrono>
#include <cstdint>

namespace thole {

// Nanoseconds in 64 bits: about ±292 years.
using duration = std::chrono::nanoseconds;

// The three time lines. They satisfy no Clock: there is deliberately no now().
struct steady_timeline {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<steady_timeline>;
    static constexpr bool is_steady = true;
};
struct wall_timeline {
    using duration = std::chrono::microseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<wall_timeline>;
    static constexpr bool is_steady = false;
};
struct store_timeline {
    using duration = std::chrono::microseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<store_timeline>;
    static constexpr bool is_steady = false;
};

using time_point = steady_timeline::time_point;
using wall_time = wall_timeline::time_point;    // microseconds since 1970-01-01 UTC
using store_time = store_timeline::time_point;  // microseconds since 1970-01-01 UTC, monotonic

// a + b without overflow: ends at the largest or smallest duration.
[[nodiscard]] constexpr duration saturating_add(duration a, duration b) noexcept {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a.count(), b.count(), &sum)) {
        return b.count() > 0 ? duration::max() : duration::min();
    }
    return duration{sum};
}

// t + d without overflow.
[[nodiscard]] constexpr time_point saturating_add(time_point t, duration d) noexcept {
    return time_point{saturating_add(t.time_since_epoch(), d)};
}

// d * n without overflow, for d >= 0.
[[nodiscard]] constexpr duration saturating_multiply(duration d, std::uint64_t n) noexcept {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(d.count(), n, &product)) return duration::max();
    return duration{product};
}

// d * thousandths / 1000 without overflow and without floating point, for d >= 0.
[[nodiscard]] constexpr duration saturating_permille(duration d,
                                                     std::uint64_t thousandths) noexcept {
    __extension__ using wide = unsigned __int128;
    const auto product = static_cast<wide>(d.count()) * thousandths / 1000;
    constexpr auto most = static_cast<wide>(duration::max().count());
    return duration{static_cast<std::int64_t>(product < most ? product : most)};
}

}  // namespace thole
