#pragma once

// Which part of a striped counter the calling thread writes.
//
// Two threads that add to one word pass its cache line back and forth, 50-60 ns each time: more
// than everything else a policy does. So counters are cut into stripes. Each of the first four
// threads owns one while it lives and adds with a plain load and store; further threads share the
// last one with read-modify-write. Readers add up all stripes.
//
//   auto& mine = stripes_[thread_stripe()];
//   add(mine.calls, 1, owns_stripe());

#include <atomic>
#include <cstdint>

namespace thole::detail {

inline constexpr unsigned exclusive_stripes = 4;
inline constexpr unsigned stripe_count = exclusive_stripes + 1;
inline constexpr unsigned unclaimed_stripe = stripe_count;

// Trivial, so usable until its thread is gone. Read without a call, in a shared library too.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local unsigned own_stripe;
unsigned claim_stripe() noexcept;

// 0…3: this thread alone writes it; 4: the shared one.
[[nodiscard, gnu::always_inline]] inline unsigned thread_stripe() noexcept {
    const auto own = own_stripe;
    return own != unclaimed_stripe ? own : claim_stripe();
}

// Adds to a word of the stripe `own`; returns the sum.
template <class T>
[[gnu::always_inline]] inline T add_in_stripe(std::atomic<T>& word, T amount,
                                              unsigned own) noexcept {
    if (own < exclusive_stripes) {
        const auto sum = static_cast<T>(word.load(std::memory_order_relaxed) + amount);
        word.store(sum, std::memory_order_relaxed);
        return sum;
    }
    return static_cast<T>(word.fetch_add(amount, std::memory_order_relaxed) + amount);
}

}  // namespace thole::detail
