#pragma once

// How long to wait before trying again.
//
// The problem: `sleep(2 ** attempt)` overflows at attempt 63, wakes a thousand clients in the same
// millisecond, and with jitter added after the cap waits longer than the cap. Here:
//
//   constexpr auto wait = backoff::exponential(1s, 30s).with_jitter(100);   // ±10 %
//   wait.delay(3, chance);                                                  // 4 s ± 400 ms
//
// The order of steps is fixed: shape, adaptive factor, jitter, clamp to [floor, cap]. Integers
// only, saturating at every step: attempt 4 000 000 000 gives the cap, on every machine the same.
//
// Adaptive: the delay is multiplied by (2 - success rate of the last ten calls), so that a
// dependency that answers half of the calls is asked 1.5 times more gently (success_history).
//
// A value without state: what varies (attempt, chance, previous delay, success rate) is an
// argument. Threads: a backoff is immutable data; success_history may be shared by any threads.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "thole/problem.hpp"
#include "thole/rng.hpp"
#include "thole/time.hpp"

namespace thole {

enum class backoff_shape : std::uint8_t {
    constant,      // base
    linear,        // base * n
    exponential,   // base * factor^(n - 1)
    decorrelated,  // uniform in [base, 3 * previous delay] (Brooker, "Exponential Backoff And
                   // Jitter")
    listed,        // the n-th of a list; the last one repeats
};

struct backoff {
    static constexpr std::size_t most_listed = 8;

    backoff_shape shape = backoff_shape::exponential;
    bool adaptive = false;                            // multiply by 2 - success rate
    std::uint16_t jitter_permille = 100;              // ± this share of the delay; 0…1000, 0 = none
    std::uint16_t factor_permille = 2000;             // growth of `exponential`; 1000…65535
    std::uint8_t listed_count = 0;                    // how many of `list` count; 1…8 for `listed`
    duration base = std::chrono::seconds{1};          // first delay; > 0
    duration cap = std::chrono::seconds{30};          // longest delay, jitter included; >= floor
    duration floor = std::chrono::milliseconds{100};  // shortest delay, jitter included; >= 0
    std::array<duration, most_listed> list{};

    [[nodiscard]] static constexpr backoff constant(duration every) noexcept {
        return of(backoff_shape::constant, every, saturating_multiply(every, 2));
    }
    [[nodiscard]] static constexpr backoff linear(duration base, duration cap) noexcept {
        return of(backoff_shape::linear, base, cap);
    }
    [[nodiscard]] static constexpr backoff exponential(duration base, duration cap) noexcept {
        return of(backoff_shape::exponential, base, cap);
    }
    [[nodiscard]] static constexpr backoff decorrelated(duration base, duration cap) noexcept {
        return of(backoff_shape::decorrelated, base, cap);
    }
    // At most eight delays; like that of `constant`, the cap leaves room for jitter.
    [[nodiscard]] static constexpr backoff listed(std::initializer_list<duration> delays) noexcept {
        auto b = of(backoff_shape::listed, std::chrono::seconds{1}, duration::zero());
        for (const auto delay : delays) {
            if (b.listed_count == most_listed) break;
            b.list[b.listed_count++] = delay;
            if (saturating_multiply(delay, 2) > b.cap) b.cap = saturating_multiply(delay, 2);
        }
        return b;
    }
    [[nodiscard]] constexpr backoff with_jitter(std::uint16_t permille) const noexcept {
        auto copy = *this;
        copy.jitter_permille = permille;
        return copy;
    }

    // The wait before retry number n (1 = the first retry; 0 counts as 1). `previous` is the delay
    // returned last time, used by `decorrelated` only. Precondition: validate(*this) is empty.
    [[nodiscard]] duration delay(std::uint32_t n, rng& chance, duration previous = {},
                                 std::uint32_t success_permille = 1000) const noexcept;

    friend bool operator==(const backoff&, const backoff&) = default;

  private:
    static constexpr backoff of(backoff_shape shape, duration base, duration cap) noexcept {
        backoff b;
        b.shape = shape;
        b.base = base;
        b.cap = cap < b.floor ? b.floor : cap;
        return b;
    }
};

[[nodiscard]] problems validate(const backoff&);

// The results of the last ten calls of a dependency, in one atomic word.
class success_history {
  public:
    void record(bool succeeded) noexcept;
    // 0…1000; 1000 while nothing is known.
    [[nodiscard]] std::uint32_t permille() const noexcept;

  private:
    // The low ten bits are results, newest lowest; above them how many are valid (0…10).
    std::atomic<std::uint32_t> word_{0};
};

}  // namespace thole
