#pragma once

// Steady time from the processor's time stamp counter: 10 ns where CLOCK_MONOTONIC takes 23.
//
// Each thread keeps an anchor (a counter value and the CLOCK_MONOTONIC of that instant) and a
// scale, and computes the time since. An anchor serves 10 ms; then a new one is taken, the scale is
// refined over up to a second, and the prediction is compared with what the kernel says: when they
// are more than 100 µs apart the counter is not what it claims to be (unsynchronised cores, a
// migrated virtual machine), and the whole process reads CLOCK_MONOTONIC from then on.
//
// The arithmetic is cycle_anchor, apart from counter and clock, for the tests.

#include <cstdint>

#include "thole/time.hpp"

namespace thole::detail {

class cycle_anchor {
  public:
    static constexpr std::int64_t serves_ns = 10'000'000;
    static constexpr std::int64_t shortest_base_ns = 1'000'000;
    static constexpr std::int64_t longest_base_ns = 1'000'000'000;
    static constexpr std::int64_t most_apart_ns = 100'000;

    // True while the anchor is fresh enough to predict.
    [[nodiscard]] bool serves(std::uint64_t cycles) const noexcept {
        return cycles - cycles_ < horizon_;
    }
    // Precondition: serves(cycles).
    [[nodiscard]] std::int64_t predict(std::uint64_t cycles) const noexcept {
        return ns_ + static_cast<std::int64_t>(((cycles - cycles_) * scale_) >> scale_bits);
    }
    // A pair of readings of one instant. False when they contradict the earlier ones.
    [[nodiscard]] bool anchor(std::uint64_t cycles, std::int64_t ns) noexcept;

  private:
    static constexpr unsigned scale_bits = 32;

    std::uint64_t cycles_ = 0;
    std::int64_t ns_ = 0;
    std::uint64_t scale_ = 0;    // ns per cycle, times 2^32; 0 = not known yet
    std::uint64_t horizon_ = 0;  // cycles that the anchor serves
    std::uint64_t base_cycles_ = 0;
    std::int64_t base_ns_ = 0;  // 0 = no base yet
};

[[nodiscard]] time_point cycle_now() noexcept;
[[nodiscard]] bool cycles_trusted() noexcept;

}  // namespace thole::detail
