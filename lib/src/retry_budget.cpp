#include "thole/retry_budget.hpp"

#include <algorithm>

#include "thole/assert.hpp"
#include "thole/codes.hpp"
#include "thole/detail/division.hpp"

namespace thole {

namespace {

constexpr std::uint64_t token = 100;  // one repeat, in centitokens; a first call earns `percent`

}  // namespace

problems validate(const retry_budget_settings& s) {
    problems found;
    if (s.percent > 1000) found.push_back({"percent", "must be at most 1000"});
    if (s.floor_per_second > 1'000'000) {
        found.push_back({"floor_per_second", "must be at most 1000000"});
    }
    if (s.window < std::chrono::seconds{1} || s.window > std::chrono::hours{1}) {
        found.push_back({"window", "must be between 1 s and 1 h"});
    }
    return found;
}

retry_budget::retry_budget(retry_budget_settings settings, name dependency)
    : dependency_{dependency} {
    reconfigure(settings);
}

void retry_budget::reconfigure(const retry_budget_settings& settings) {
    THOLE_ASSERT(validate(settings).empty(), "valid retry budget settings");
    const std::scoped_lock lock{mutex_};
    if (settings.window != settings_.window) {
        for (auto& stripe : stripes_) {
            for (auto& word : stripe.earned) word.store(0, std::memory_order_relaxed);
        }
        spent_.fill(0);
    }
    settings_ = settings;
    reserve_ = settings.window / std::chrono::milliseconds{1} *
               static_cast<std::int64_t>(settings.floor_per_second * token) / 1000;
    percent_.store(settings.percent, std::memory_order_relaxed);
    slot_.store(detail::divisor{static_cast<std::uint64_t>(slot_length().count())});
}

retry_budget_settings retry_budget::settings() const {
    const std::scoped_lock lock{mutex_};
    return settings_;
}

// What a cell holds for this slot of time: nothing when it was last written in another one.
std::uint64_t retry_budget::amount_in(std::uint64_t word, std::uint64_t slot) noexcept {
    return (word >> amount_bits) == (slot & tag_mask) ? word & amount_mask : 0;
}

std::uint64_t retry_budget::added(std::uint64_t word, std::uint64_t slot,
                                  std::uint64_t amount) noexcept {
    return ((slot & tag_mask) << amount_bits) |
           std::min(amount_in(word, slot) + amount, amount_mask);
}

// True when `word` was written in a slot after this one: a thread with an older `now` came late.
// Only a little later: anything else is a cell that was not used for months.
bool retry_budget::is_later(std::uint64_t word, std::uint64_t slot) noexcept {
    const auto ahead = ((word >> amount_bits) - slot) & tag_mask;
    return word != 0 && ahead != 0 && ahead < 64;
}

void retry_budget::deposit_slow(std::uint64_t slot, unsigned own) noexcept {
    auto& earned = stripes_[own].earned[slot % slots];
    auto word = earned.load(std::memory_order_relaxed);
    const auto amount = percent_.load(std::memory_order_relaxed);
    if (own < detail::exclusive_stripes) {
        if (!is_later(word, slot)) {
            earned.store(added(word, slot, amount), std::memory_order_relaxed);
        }
        return;
    }
    do {
        if (is_later(word, slot)) return;
    } while (
        !earned.compare_exchange_weak(word, added(word, slot, amount), std::memory_order_relaxed));
}

// Under the lock. Only what was earned and spent in the last `slots` slots counts.
std::int64_t retry_budget::balance(std::uint64_t slot) const noexcept {
    auto sum = reserve_;
    for (auto s = slot - slots + 1; s <= slot; ++s) {
        for (const auto& stripe : stripes_) {
            sum += static_cast<std::int64_t>(
                amount_in(stripe.earned[s % slots].load(std::memory_order_relaxed), s));
        }
        sum -= static_cast<std::int64_t>(amount_in(spent_[s % slots], s));
    }
    return sum;
}

result<> retry_budget::withdraw(time_point now) {
    const auto slot = slot_at(now);
    duration later{};
    {
        const std::scoped_lock lock{mutex_};
        auto& spent = spent_[slot % slots];
        if (!is_later(spent, slot) && balance(slot) >= static_cast<std::int64_t>(token)) {
            spent = added(spent, slot, token);
            return {};
        }
        later = slot_length();
    }
    return fail(fault{codes::policy_budget_spent}.at(dependency_).with_retry_after(later));
}

std::uint64_t retry_budget::available(time_point now) const {
    const std::scoped_lock lock{mutex_};
    const auto tokens = balance(slot_at(now)) / static_cast<std::int64_t>(token);
    return static_cast<std::uint64_t>(std::max<std::int64_t>(tokens, 0));
}

}  // namespace thole
