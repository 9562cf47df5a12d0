#include "thole/backoff.hpp"

#include <algorithm>
#include <bit>

namespace thole {

namespace {

duration grow(const backoff& b, std::uint32_t n) noexcept {
    auto delay = b.base;
    // Ends at the cap, and where growth rounds to nothing, so that a large n costs no more.
    for (std::uint32_t i = 1; i < n && delay < b.cap; ++i) {
        const auto next = saturating_permille(delay, b.factor_permille);
        if (next == delay) break;
        delay = next;
    }
    return delay;
}

duration shaped(const backoff& b, std::uint32_t n, rng& chance, duration previous) noexcept {
    switch (b.shape) {
        case backoff_shape::constant:
            return b.base;
        case backoff_shape::linear:
            return saturating_multiply(b.base, n);
        case backoff_shape::exponential:
            return grow(b, n);
        case backoff_shape::decorrelated: {
            const auto high = std::max(b.base, saturating_multiply(std::max(previous, b.base), 3));
            return duration{
                chance.between(b.base.count(), std::min(high, std::max(b.base, b.cap)).count())};
        }
        case backoff_shape::listed:
            return b.listed_count == 0 ? b.base
                                       : b.list[std::min<std::size_t>(n, b.listed_count) - 1];
    }
    return b.base;
}

duration jittered(duration delay, std::uint32_t permille, rng& chance) noexcept {
    const auto spread = saturating_permille(delay, permille);
    if (spread == duration::zero()) return delay;
    return saturating_add(delay, duration{chance.between(-spread.count(), spread.count())});
}

}  // namespace

duration backoff::delay(std::uint32_t n, rng& chance, duration previous,
                        std::uint32_t success_permille) const noexcept {
    auto wait = shaped(*this, std::max(n, 1U), chance, previous);
    if (adaptive) wait = saturating_permille(wait, 2000 - std::min(success_permille, 1000U));
    // Decorrelated delays are random already.
    if (shape != backoff_shape::decorrelated) wait = jittered(wait, jitter_permille, chance);
    return std::clamp(wait, floor, cap);
}

problems validate(const backoff& b) {
    problems found;
    const auto refuse = [&found](bool bad, std::string_view field, const char* text) {
        if (bad) found.push_back({field, text});
    };
    refuse(b.base <= duration::zero(), "base", "must be longer than zero");
    refuse(b.floor < duration::zero(), "floor", "must not be negative");
    refuse(b.cap < b.floor, "cap", "must not be shorter than the floor");
    refuse(b.jitter_permille > 1000, "jitter_permille", "must be at most 1000");
    refuse(b.factor_permille < 1000, "factor_permille", "must be at least 1000");
    if (b.shape == backoff_shape::listed) {
        refuse(b.listed_count == 0, "list", "must hold at least one delay");
        refuse(b.listed_count > backoff::most_listed, "list", "must hold at most 8 delays");
        const auto used = std::min<std::size_t>(b.listed_count, backoff::most_listed);
        refuse(std::any_of(b.list.begin(), b.list.begin() + used,
                           [](duration d) { return d < duration::zero(); }),
               "list", "must not hold a negative delay");
    }
    return found;
}

namespace {

constexpr std::uint32_t remembered = 10;
constexpr std::uint32_t result_bits = (1U << remembered) - 1;

}  // namespace

void success_history::record(bool succeeded) noexcept {
    auto word = word_.load(std::memory_order_relaxed);
    std::uint32_t next = 0;
    do {
        const auto results = ((word << 1) | (succeeded ? 1U : 0U)) & result_bits;
        const auto valid = std::min((word >> remembered) + 1, remembered);
        next = (valid << remembered) | results;
    } while (next != word && !word_.compare_exchange_weak(word, next, std::memory_order_relaxed));
}

std::uint32_t success_history::permille() const noexcept {
    const auto word = word_.load(std::memory_order_relaxed);
    const auto valid = word >> remembered;
    if (valid == 0) return 1000;
    return static_cast<std::uint32_t>(std::popcount(word & result_bits)) * 1000 / valid;
}

}  // namespace thole
