#pragma once

// Which latency do 95 of 100 calls stay below? In a kilobyte, to within a quarter.
//
//   latency_histogram seen;
//   seen.record(latency);
//   if (auto slow = seen.percentile(950)) ...        // empty while fewer than 20 calls are known
//
// Buckets grow by a quarter octave (1, 1.25, 1.5, 1.75, 2 … µs, up to about an hour). At 4096 calls
// all counts are halved, so that the last few thousand calls decide and old ones fade.
//
// Threads: any; relaxed counters, of two calls at one instant one may be counted twice or not.

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "thole/time.hpp"

namespace thole {

class latency_histogram {
  public:
    static constexpr std::uint32_t minimum_calls = 20;
    static constexpr std::uint32_t remembered = 4096;

    void record(duration latency) noexcept;

    // The upper end of the bucket in which the call at this rank lies. Precondition: 1…1000.
    [[nodiscard]] std::optional<duration> percentile(std::uint32_t permille) const noexcept;

    [[nodiscard]] std::uint32_t calls() const noexcept {
        return calls_.load(std::memory_order_relaxed);
    }

  private:
    static constexpr std::size_t buckets = 128;  // 32 octaves of 4

    [[nodiscard]] static std::size_t bucket_of(duration latency) noexcept;
    [[nodiscard]] static duration upper_end(std::size_t bucket) noexcept;

    std::atomic<std::uint32_t> calls_{0};
    std::array<std::atomic<std::uint32_t>, buckets> counts_{};
};

}  // namespace thole
