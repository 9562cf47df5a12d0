#pragma once

// How the last calls ended: two bits each, the oldest forgotten with each new one.
//
// Threads: the owner's lock guards it.

#include <array>
#include <bit>
#include <cstdint>

#include "thole/breaker_settings.hpp"

namespace thole::detail {

class recent_calls {
  public:
    struct counts {
        std::uint32_t total = 0;
        std::uint32_t failed = 0;
        std::uint32_t slow = 0;
    };

    // The last `length` calls count. Precondition: 1 <= length <= most_window_calls.
    explicit recent_calls(std::uint32_t length) noexcept : length_{length} {}

    void add(bool failed, bool slow) noexcept {
        const auto bit = std::uint64_t{1} << (next_ % 64);
        auto& failures = failed_[next_ / 64];
        auto& slow_ones = slow_[next_ / 64];
        failures = failed ? failures | bit : failures & ~bit;
        slow_ones = slow ? slow_ones | bit : slow_ones & ~bit;
        next_ = (next_ + 1) % length_;
        if (total_ < length_) ++total_;
    }
    [[nodiscard]] std::uint32_t length() const noexcept { return length_; }
    [[nodiscard]] counts sum() const noexcept {
        counts c{.total = total_};
        for (const auto word : failed_) c.failed += static_cast<std::uint32_t>(std::popcount(word));
        for (const auto word : slow_) c.slow += static_cast<std::uint32_t>(std::popcount(word));
        return c;
    }

  private:
    std::array<std::uint64_t, most_window_calls / 64> failed_{};
    std::array<std::uint64_t, most_window_calls / 64> slow_{};
    std::uint32_t length_;
    std::uint32_t next_ = 0;
    std::uint32_t total_ = 0;
};

}  // namespace thole::detail
