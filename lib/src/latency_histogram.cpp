#include "thole/latency_histogram.hpp"

#include <algorithm>
#include <bit>

namespace thole {

// Below 4 µs a bucket is a microsecond wide; above, a quarter of its octave.
std::size_t latency_histogram::bucket_of(duration latency) noexcept {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
    const auto us = ns / 1000;
    if (us < 4) return us;
    const auto octave = static_cast<unsigned>(std::bit_width(us)) - 1;  // >= 2
    const auto quarter = (us >> (octave - 2)) & 3;
    return std::min<std::size_t>((octave - 1) * std::size_t{4} + quarter, buckets - 1);
}

duration latency_histogram::upper_end(std::size_t bucket) noexcept {
    if (bucket < 4) return std::chrono::microseconds{bucket + 1};
    const auto octave = bucket / 4 + 1;
    const auto quarter = bucket % 4;
    return std::chrono::microseconds{(std::uint64_t{4} + quarter + 1) << (octave - 2)};
}

void latency_histogram::record(duration latency) noexcept {
    counts_[bucket_of(latency)].fetch_add(1, std::memory_order_relaxed);
    if (calls_.fetch_add(1, std::memory_order_relaxed) + 1 != remembered) return;
    std::uint32_t left = 0;
    for (auto& count : counts_) {
        const auto half = count.load(std::memory_order_relaxed) / 2;
        count.store(half, std::memory_order_relaxed);
        left += half;
    }
    calls_.store(left, std::memory_order_relaxed);
}

std::optional<duration> latency_histogram::percentile(std::uint32_t permille) const noexcept {
    std::array<std::uint32_t, buckets> now;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
        now[i] = counts_[i].load(std::memory_order_relaxed);
        total += now[i];
    }
    if (total < minimum_calls) return std::nullopt;
    const auto rank = (total * permille + 999) / 1000;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
        below += now[i];
        if (below >= rank) return upper_end(i);
    }
    return upper_end(buckets - 1);
}

}  // namespace thole
