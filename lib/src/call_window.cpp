#include "thole/detail/call_window.hpp"

namespace thole::detail {

namespace {

constexpr auto succeeded_bits = call_window::succeeded_bits;
constexpr auto tag_shift = call_window::tag_shift;
constexpr auto succeeded_mask = call_window::succeeded_mask;
constexpr auto failed_mask = (std::uint64_t{1} << (tag_shift - succeeded_bits)) - 1;

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
    constexpr auto lap_bits = call_window::lap_bits;
    const auto generations =
        ((have >> lap_bits) - (tag >> lap_bits)) & call_window::generation_mask;
    if (generations != 0) return generations <= 2;
    const auto laps = (have - tag) & call_window::lap_mask;
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

}  // namespace

void call_window::add(bool succeeded, std::uint32_t generation, std::uint64_t epoch) noexcept {
    const auto tag = tag_of(generation, epoch);
    const auto own = thread_stripe();
    auto& cell = stripes_[own].words[epoch % buckets];
    auto word = cell.load(std::memory_order_relaxed);
    if (own < exclusive_stripes) {
        if (is_ahead(word, tag)) return;
        cell.store(counted(word, tag, succeeded), std::memory_order_relaxed);
        return;
    }
    do {
        if (is_ahead(word, tag)) return;
    } while (!cell.compare_exchange_weak(word, counted(word, tag, succeeded),
                                         std::memory_order_relaxed));
}

std::uint64_t call_window::own_count(std::uint32_t generation, std::uint64_t epoch) const noexcept {
    const auto& stripe = stripes_[thread_stripe()];
    const auto word = stripe.words[epoch % buckets].load(std::memory_order_relaxed);
    return (word >> tag_shift) == tag_of(generation, epoch) ? succeeded_in(word) + failed_in(word)
                                                            : 0;
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
