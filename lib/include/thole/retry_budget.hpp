#pragma once

// One account of repeats per dependency, so that retries cannot become the outage.
//
// The problem: with three retries a dependency that fails under load gets four times the load. A
// limit per call does not help, because there are more calls; only a limit over all of them does:
//
//   retry_budget budget{{}, solana};
//   budget.deposit(now);                          // each first call earns 0.2 of a repeat
//   if (auto paid = budget.withdraw(now); !paid)  // each retry or hedge costs one
//       return last_failure;                      // refused: hand back what is known, do not wait
//
// In any `window` (10 s) repeats are at most 20 % of the first calls plus 10 a second. Charge when
// it is decided to repeat, not when the repeat starts: then waiting retries count too, and a
// thousand sleepers cannot wake together. Retries and hedges share the account. A durable step
// treats the refusal as a delay (its kind is `rejected`, retry_after says how long), not as an
// attempt.
//
// Threads: any. `deposit` takes no lock and writes only what its thread owns; `withdraw` takes a
// lock. An account may show less than it has for an instant, never more: the limit is not exceeded.

#include <array>
#include <atomic>
#include <mutex>

#include "thole/detail/division.hpp"
#include "thole/detail/stripes.hpp"
#include "thole/problem.hpp"
#include "thole/result.hpp"

namespace thole {

struct retry_budget_settings {
    std::uint32_t percent = 20;                  // repeats per hundred first calls; 0…1000
    std::uint32_t floor_per_second = 10;         // repeats always allowed; 0…1 000 000
    duration window = std::chrono::seconds{10};  // what is earned expires after this; 1 s…1 h

    friend bool operator==(const retry_budget_settings&, const retry_budget_settings&) = default;
};

[[nodiscard]] problems validate(const retry_budget_settings&);

class retry_budget {
  public:
    // Precondition: validate(settings) is empty.
    explicit retry_budget(retry_budget_settings settings = {}, name dependency = {});

    // A first call is made.
    void deposit(time_point now) noexcept { deposit(now, detail::thread_stripe()); }
    // The same by a thread that knows its stripe (detail/stripes.hpp).
    void deposit(time_point now, unsigned own) noexcept {
        const auto slot = slot_at(now);
        auto& earned = stripes_[own].earned[slot % slots];
        const auto word = earned.load(std::memory_order_relaxed);
        if (own < detail::exclusive_stripes && (word >> amount_bits) == (slot & tag_mask) &&
            (word & amount_mask) < amount_mask / 2) [[likely]] {
            earned.store(word + percent_.load(std::memory_order_relaxed),
                         std::memory_order_relaxed);
            return;
        }
        deposit_slow(slot, own);
    }

    // A repeat is wanted: takes one token, or refuses with policy.budget_spent.
    [[nodiscard]] result<> withdraw(time_point now);

    // Repeats that could be paid now, rounded down; never negative.
    [[nodiscard]] std::uint64_t available(time_point now) const;

    // Other settings from now on. What was earned is kept, unless the window's length changed (then
    // the account starts with its floor). Precondition: validate(settings) is empty.
    void reconfigure(const retry_budget_settings& settings);

    [[nodiscard]] retry_budget_settings settings() const;

  private:
    static constexpr std::size_t slots = 11;  // ten whole ones and the one that fills

    // High 24 bits: which slot of time this is; low 40 bits: centitokens earned in it.
    using cell = std::atomic<std::uint64_t>;

    static constexpr unsigned amount_bits = 40;
    static constexpr std::uint64_t amount_mask = (std::uint64_t{1} << amount_bits) - 1;
    static constexpr std::uint64_t tag_mask = (std::uint64_t{1} << (64 - amount_bits)) - 1;

    [[nodiscard]] std::uint64_t slot_at(time_point now) const noexcept {
        // Shifted, so that the ring reaches back `slots` from the very first instant.
        return static_cast<std::uint64_t>(now.time_since_epoch().count()) / slot_.load() + slots;
    }
    void deposit_slow(std::uint64_t slot, unsigned own) noexcept;
    static std::uint64_t amount_in(std::uint64_t word, std::uint64_t slot) noexcept;
    static std::uint64_t added(std::uint64_t word, std::uint64_t slot,
                               std::uint64_t amount) noexcept;
    static bool is_later(std::uint64_t word, std::uint64_t slot) noexcept;
    [[nodiscard]] duration slot_length() const noexcept { return settings_.window / (slots - 1); }
    [[nodiscard]] std::int64_t balance(std::uint64_t slot) const noexcept;

    // Read by every call.
    std::atomic<std::uint64_t> percent_{0};
    detail::shared_divisor slot_;  // by the length of a slot
    name dependency_;
    struct alignas(64) stripe {
        std::array<cell, slots> earned{};
    };
    std::array<stripe, detail::stripe_count> stripes_{};
    mutable std::mutex mutex_;  // guards everything below
    retry_budget_settings settings_;
    std::int64_t reserve_ = 0;
    std::array<std::uint64_t, slots> spent_{};
};

}  // namespace thole
