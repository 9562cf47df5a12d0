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
// Threads: any. `deposit` takes no lock (one atomic add); `withdraw` takes one. An account may show
// less than it has for an instant, never more: the limit is not exceeded.

#include <array>
#include <atomic>
#include <mutex>

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
    void deposit(time_point now) noexcept;

    // A repeat is wanted: takes one token, or refuses with policy.budget_spent.
    [[nodiscard]] result<> withdraw(time_point now);

    // Repeats that could be paid now, rounded down; never negative.
    [[nodiscard]] std::uint64_t available(time_point now) const;

    [[nodiscard]] const retry_budget_settings& settings() const noexcept { return settings_; }

  private:
    static constexpr std::size_t slots = 11;  // ten whole ones and the one that fills

    // High 24 bits: which slot of time this is; low 40 bits: centitokens earned in it.
    using cell = std::atomic<std::uint64_t>;

    [[nodiscard]] std::uint64_t slot_at(time_point now) const noexcept;
    [[nodiscard]] std::int64_t balance(std::uint64_t slot) const noexcept;

    retry_budget_settings settings_;
    name dependency_;
    duration slot_length_;
    std::int64_t reserve_;
    std::array<cell, slots> earned_{};
    mutable std::mutex mutex_;  // guards spent_
    std::array<std::uint64_t, slots> spent_{};
};

}  // namespace thole
