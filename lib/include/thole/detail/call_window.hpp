#pragma once

// How many calls succeeded and failed in the last while, counted without a lock or a shared write.
//
// Time is cut into buckets; eight of them make the window, the one that fills included. A bucket
// is one 64-bit word, [tag 26 | failed 18 | succeeded 20]; the tag says which generation and which
// lap around the ring it belongs to, so that resetting an old bucket and counting in it is one
// store, and clearing the window is raising the generation: words of another one do not count.
//
// Each of the first four threads owns a stripe (one cache line) and adds with a plain load and
// store; further threads share the last stripe and use compare-exchange. A reader adds up all
// stripes. A full field halves both, which keeps the rate.
//
// A tag repeats after 2^20 laps (months at a window of seconds) of a stripe that nobody wrote.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace thole::detail {

struct call_counts {
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;

    [[nodiscard]] std::uint64_t total() const noexcept { return succeeded + failed; }
};

// 0…3: a stripe that this thread alone owns while it lives; 4: the shared one.
[[nodiscard]] unsigned thread_stripe() noexcept;

class call_window {
  public:
    static constexpr std::size_t buckets = 8;
    static constexpr unsigned exclusive_stripes = 4;

    // Counts one call in the bucket `epoch` (time / bucket length). Returns how many calls this
    // stripe has in that bucket; 0 when the call came too late to count.
    std::uint64_t add(bool succeeded, std::uint32_t generation, std::uint64_t epoch) noexcept;

    // The calls of this generation in the eight buckets up to `epoch`.
    [[nodiscard]] call_counts sum(std::uint32_t generation, std::uint64_t epoch) const noexcept;

    // Wipes old words. Concurrent writers of an older generation may still leave one, with their
    // tag: raise the generation first.
    void wipe() noexcept;

  private:
    struct alignas(64) stripe {
        std::array<std::atomic<std::uint64_t>, buckets> words{};
    };

    std::array<stripe, exclusive_stripes + 1> stripes_{};
};

}  // namespace thole::detail
