#pragma once

// n / d for a d that rarely changes: a multiplication and a shift where the processor's division
// would be the dearest part of a call.
//
// Exact for every n < 2^63: with 2^s the largest power of two below d, the multiplier is
// 2^(64 + s) / d rounded up, and what the rounding adds is too little to reach the next quotient
// (Granlund, Montgomery: Division by Invariant Integers using Multiplication, 1994, theorem 4.2).

#include <atomic>
#include <bit>
#include <cstdint>

namespace thole::detail {

class divisor {
  public:
    // Precondition: 1 < d < 2^63.
    explicit constexpr divisor(std::uint64_t d) noexcept
        : shift_{static_cast<unsigned>(std::bit_width(d - 1)) - 1},
          multiplier_{static_cast<std::uint64_t>(((wide{1} << (64 + shift_)) + d - 1) / d)} {}

    // Precondition: n < 2^63.
    friend constexpr std::uint64_t operator/(std::uint64_t n, divisor d) noexcept {
        return static_cast<std::uint64_t>((wide{n} * d.multiplier_) >> 64) >> d.shift_;
    }

  private:
    __extension__ using wide = unsigned __int128;
    friend class shared_divisor;
    constexpr divisor(unsigned shift, std::uint64_t multiplier) noexcept
        : shift_{shift}, multiplier_{multiplier} {}

    unsigned shift_;
    std::uint64_t multiplier_;
};

// One that is replaced while others divide. A division meanwhile may come out wrong: of use where
// results from before the change do not count.
class shared_divisor {
  public:
    void store(divisor d) noexcept {
        shift_.store(d.shift_, std::memory_order_relaxed);
        multiplier_.store(d.multiplier_, std::memory_order_relaxed);
    }
    [[nodiscard]] divisor load() const noexcept {
        return {shift_.load(std::memory_order_relaxed),
                multiplier_.load(std::memory_order_relaxed)};
    }

  private:
    std::atomic<unsigned> shift_{0};
    std::atomic<std::uint64_t> multiplier_{0};
};

}  // namespace thole::detail
