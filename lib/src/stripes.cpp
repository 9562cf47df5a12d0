#include "thole/detail/stripes.hpp"

namespace thole::detail {

constinit thread_local unsigned own_stripe = unclaimed_stripe;

namespace {

constinit std::atomic<unsigned> taken{0};  // one bit a stripe

// Gives the stripe back when its thread ends; what runs later in that thread shares.
struct stripe_lease {
    stripe_lease() noexcept {
        auto bits = taken.load(std::memory_order_relaxed);
        for (unsigned i = 0; i < exclusive_stripes;) {
            if ((bits & (1U << i)) != 0) {
                ++i;
            } else if (taken.compare_exchange_weak(bits, bits | (1U << i),
                                                   std::memory_order_acquire,
                                                   std::memory_order_relaxed)) {
                own_stripe = i;
                return;
            } else {
                i = 0;
            }
        }
        own_stripe = exclusive_stripes;
    }
    ~stripe_lease() {
        if (own_stripe < exclusive_stripes) {
            taken.fetch_and(~(1U << own_stripe), std::memory_order_release);
        }
        own_stripe = exclusive_stripes;
    }
    stripe_lease(const stripe_lease&) = delete;
    stripe_lease& operator=(const stripe_lease&) = delete;
};

}  // namespace

unsigned claim_stripe() noexcept {
    static thread_local const stripe_lease lease;
    return own_stripe;
}

}  // namespace thole::detail
