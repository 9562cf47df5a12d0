#pragma once

// When a circuit breaker trips, and how it finds its way back (see circuit_breaker.hpp).
//
// The defaults are the default preset. A preset *replaces* its rules: begin with `no_rules()` and
// set the ones that are meant.
//
//   constexpr auto solana = [] {
//       auto s = breaker_settings::no_rules();
//       s.consecutive_failures = 3;
//       s.open_for = 60s;
//       return s;
//   }();

#include <cstdint>
#include <string_view>

#include "thole/problem.hpp"
#include "thole/time.hpp"

namespace thole {

inline constexpr std::uint32_t most_counted_failures = 32;
inline constexpr std::uint32_t most_window_calls = 256;

struct breaker_settings {
    // Rules; any that holds trips the breaker.
    std::uint32_t consecutive_failures = 5;     // failures in a row; 0 = off
    std::uint32_t failures_in_window = 0;       // failures within `window`; 0 = off, at most 32
    std::uint16_t failure_rate_permille = 500;  // share of failures in `window`; 0 = off
    std::uint16_t slow_rate_permille = 500;     // share of slow calls in `window`; 0 = off
    std::uint32_t minimum_calls = 10;           // rates count from so many calls on; 1…100 000
    duration window = std::chrono::minutes{1};  // 1 s…24 h
    // The rates look at the last so many calls instead of at `window`: for calls too rare, or too
    // uneven, to fill a time window. 0 = off, minimum_calls…256. Then each record takes a lock.
    std::uint32_t window_calls = 0;
    duration slow_after = std::chrono::seconds{2};  // a call this long is slow; > 0
    duration failed_after =
        std::chrono::seconds{30};  // a success longer than this is a failure; 0 = off

    // Open.
    duration open_for = std::chrono::seconds{30};      // 100 ms…1 h
    std::uint16_t open_growth_permille = 2000;         // each reopening is longer by this; >= 1000
    duration open_for_most = std::chrono::minutes{5};  // >= open_for

    // Half-open.
    std::uint16_t successes_to_close = 3;  // consecutive; 1…probes_per_period
    std::uint16_t probes_per_period = 5;   // >= 1
    duration half_open_period =
        std::chrono::seconds{60};  // also: without a probe for this long it reopens
    duration probe_interval{};     // shortest time between probes; < half_open_period
    duration probe_lease =
        std::chrono::seconds{30};  // a probe counts as lost after this; <= half_open_period

    // Closed again: the share of calls let in grows from a tenth to all over this time, so that
    // what has just recovered is not met by everything that waited; 0 = all at once; at most 1 h.
    duration ramp{};

    // Decide and show, but never refuse.
    bool shadow = false;

    [[nodiscard]] static constexpr breaker_settings no_rules() noexcept {
        breaker_settings s;
        s.consecutive_failures = 0;
        s.failures_in_window = 0;
        s.failure_rate_permille = 0;
        s.slow_rate_permille = 0;
        return s;
    }

    friend bool operator==(const breaker_settings&, const breaker_settings&) = default;
};

// Every mistake; among them more successes than probes per period, which could never close.
[[nodiscard]] problems validate(const breaker_settings&);

enum class breaker_state : std::uint8_t { closed, open, half_open };

enum class breaker_override : std::uint8_t {
    none,
    forced_open,    // refuse everything
    forced_closed,  // refuse nothing; go on computing what it would do
    bypass,         // refuse nothing, count nothing
};

enum class breaker_reason : std::uint8_t {
    none,
    consecutive,    // tripped by N failures in a row
    count,          // tripped by N failures in the window
    rate,           // tripped by the failure rate
    slow,           // tripped by the slow-call rate
    open_elapsed,   // half-open: the open time is over
    hint,           // half-open: a monitor saw it healthy
    probe_failed,   // reopened
    no_probe,       // reopened: nobody asked for a whole period
    probes_passed,  // closed
    reset,          // closed by an operator
    forced,         // an override was set or removed
};

[[nodiscard]] std::string_view to_string(breaker_state) noexcept;
[[nodiscard]] std::string_view to_string(breaker_override) noexcept;
[[nodiscard]] std::string_view to_string(breaker_reason) noexcept;

}  // namespace thole
