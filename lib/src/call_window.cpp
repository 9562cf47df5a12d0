#include "thole/detail/call_window.hpp"

namespace thole::detail {

namespace {

constexpr unsigned succeeded_bits = 20;
constexpr unsigned failed_bits = 18;
constexpr unsigned tag_shift = succeeded_bits + failed_bits;
constexpr std::uint64_t succeeded_mask = (std::uint64_t{1} << succeeded_bits) - 1;
constexpr std::uint64_t failed_mask = (std::uint64_t{1} << failed_bits) - 1;
constexpr unsigned lap_bits = 20;
constexpr std::uint64_t lap_mask = (std::uint64_t{1} << lap_bits) - 1;
constexpr std::uint64_t generation_mask = (std::uint64_t{1} << (64 - tag_shift - lap_bits)) - 1;

constexpr std::uint64_t tag_of(std::uint32_t generation, std::uint64_t epoch) noexcept {
    return ((generation & generation_mask) << lap_bits) |
           ((epoch / call_window::buckets) & lap_mask);
}

constexpr std::uint64_t failed_in(std::uint64_t word) noexcept {
    return (word >> succeeded_bits) & failed_mask;
}
constexpr std::uint64_t succeeded_in(std::uint64_t word) noexcept {
    return word & succeeded_mask;
}

constexpr std::uint64_t pack(std::uint64_t tag, std::uint64_t failed,
                             std::uint64_t succeeded) noexcept {
    return (tag << tag_shift) | (failed << succeeded_bits) | succeeded;
}

// True when `word` belongs to a little later than `tag`: its writer is ahead of us.
bool is_ahead(std::uint64_t word, std::uint64_t tag) noexcept {
    if (word == 0) return false;
    const auto have = word >> tag_shift;
    const auto generations = ((have >> lap_bits) - (tag >> lap_bits)) & generation_mask;
    if (generations != 0) return generations <= 2;
    const auto laps = (have - tag) & lap_mask;
    return laps != 0 && laps < 64;
}

std::uint64_t counted(std::uint64_t word, std::uint64_t tag, bool succeeded) noexcept {
    const bool fresh = (word >> tag_shift) != tag;
    auto good = fresh ? 0 : succeeded_in(word);
    auto bad = fresh ? 0 : failed_in(word);
    if (good == succeeded_mask || bad == failed_mask) {
        good /= 2;
        bad /= 2;
    }
    return succeeded ? pack(tag, bad, good + 1) : pack(tag, bad + 1, good);
}

// ---- which stripe a thread owns -------------------------------------------------------------

constexpr unsigned none = call_window::exclusive_stripes + 1;

constinit std::atomic<unsigned> taken{0};           // one bit a stripe
constinit thread_local unsigned own_stripe = none;  // trivial: usable until the thread is gone

// Gives the stripe back when its thread ends; what runs later in that thread shares.
struct stripe_lease {
    stripe_lease() noexcept {
        auto bits = taken.load(std::memory_order_relaxed);
        for (unsigned i = 0; i < call_window::exclusive_stripes;) {
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
        own_stripe = call_window::exclusive_stripes;
    }
    ~stripe_lease() {
        if (own_stripe < call_window::exclusive_stripes) {
            taken.fetch_and(~(1U << own_stripe), std::memory_order_release);
        }
        own_stripe = call_window::exclusive_stripes;
    }
    stripe_lease(const stripe_lease&) = delete;
    stripe_lease& operator=(const stripe_lease&) = delete;
};

}  // namespace

unsigned thread_stripe() noexcept {
    if (own_stripe == none) [[unlikely]] {
        static thread_local const stripe_lease lease;
    }
    return own_stripe;
}

std::uint64_t call_window::add(bool succeeded, std::uint32_t generation,
                               std::uint64_t epoch) noexcept {
    const auto tag = tag_of(generation, epoch);
    const auto own = thread_stripe();
    auto& cell = stripes_[own].words[epoch % buckets];
    auto word = cell.load(std::memory_order_relaxed);
    std::uint64_t next = 0;
    if (own < exclusive_stripes) {
        if (is_ahead(word, tag)) return 0;
        next = counted(word, tag, succeeded);
        cell.store(next, std::memory_order_relaxed);
    } else {
        do {
            if (is_ahead(word, tag)) return 0;
            next = counted(word, tag, succeeded);
        } while (!cell.compare_exchange_weak(word, next, std::memory_order_relaxed));
    }
    return succeeded_in(next) + failed_in(next);
}

call_counts call_window::sum(std::uint32_t generation, std::uint64_t epoch) const noexcept {
    call_counts counts;
    for (std::uint64_t back = 0; back < buckets && back <= epoch; ++back) {
        const auto tag = tag_of(generation, epoch - back);
        for (const auto& stripe : stripes_) {
            const auto word =
                stripe.words[(epoch - back) % buckets].load(std::memory_order_relaxed);
            if ((word >> tag_shift) != tag) continue;
            counts.succeeded += succeeded_in(word);
            counts.failed += failed_in(word);
        }
    }
    return counts;
}

void call_window::wipe() noexcept {
    for (auto& stripe : stripes_) {
        for (auto& word : stripe.words) word.store(0, std::memory_order_relaxed);
    }
}

}  // namespace thole::detail
