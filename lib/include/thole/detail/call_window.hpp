#pragma once

// How many calls succeeded and failed in the last while, counted without a lock or a shared write.
//
// Time is cut into buckets; eight of them make the window, the one that fills included. A bucket
// is one 64-bit word, [tag 26 | failed 18 | succeeded 20]; the tag says which generation and which
// lap around the ring it belongs to, so that resetting an old bucket and counting in it is one
// store, and clearing the window is raising the generation: words of another one do not count.
//
// Each thread counts in its own stripe (stripes.hpp), one cache line. A reader adds up all stripes.
// A full field halves both, which keeps the rate.
//
// A tag repeats after 2^20 laps (months at a window of seconds) of a stripe that nobody wrote.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "thole/detail/stripes.hpp"

namespace thole::detail {

struct call_counts {
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;

    [[nodiscard]] std::uint64_t total() const noexcept { return succeeded + failed; }
};

class call_window {
  public:
    static constexpr std::size_t buckets = 8;

    // Of a word.
    static constexpr unsigned succeeded_bits = 20;
    static constexpr unsigned tag_shift = 38;
    static constexpr std::uint64_t succeeded_mask = (std::uint64_t{1} << succeeded_bits) - 1;
    static constexpr unsigned lap_bits = 20;
    static constexpr std::uint64_t lap_mask = (std::uint64_t{1} << lap_bits) - 1;
    static constexpr std::uint64_t generation_mask =
        (std::uint64_t{1} << (64 - tag_shift - lap_bits)) - 1;

    // Counts one call in the bucket `epoch` (time / bucket length), unless it came too late.
    void add(bool succeeded, std::uint32_t generation, std::uint64_t epoch) noexcept;

    // The same for a success, of the thread whose stripe is `own`: the way of nearly all calls.
    [[gnu::always_inline]] void add_success(std::uint32_t generation, std::uint64_t epoch,
                                            unsigned own) noexcept {
        auto& cell = stripes_[own].words[epoch % buckets];
        const auto word = cell.load(std::memory_order_relaxed);
        if ((word >> tag_shift) == tag_of(generation, epoch) && own < exclusive_stripes &&
            (word & succeeded_mask) < succeeded_mask) [[likely]] {
            cell.store(word + 1, std::memory_order_relaxed);
            return;
        }
        add(true, generation, epoch);
    }

    // How many calls the calling thread's stripe has in that bucket.
    [[nodiscard]] std::uint64_t own_count(std::uint32_t generation,
                                          std::uint64_t epoch) const noexcept;

    // The calls of this generation in the eight buckets up to `epoch`.
    [[nodiscard]] call_counts sum(std::uint32_t generation, std::uint64_t epoch) const noexcept;

    // Wipes old words. Concurrent writers of an older generation may still leave one, with their
    // tag: raise the generation first.
    void wipe() noexcept;

  private:
    static constexpr std::uint64_t tag_of(std::uint32_t generation, std::uint64_t epoch) noexcept {
        return ((generation & generation_mask) << lap_bits) | ((epoch / buckets) & lap_mask);
    }

    struct alignas(64) stripe {
        std::array<std::atomic<std::uint64_t>, buckets> words{};
    };

    std::array<stripe, stripe_count> stripes_{};
};

}  // namespace thole::detail
