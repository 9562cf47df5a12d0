#pragma once

// What goes wrong when: the course that a day takes under one seed, as a list of single faults.
//
//   auto faults = forecast(day, seed);           // same day and seed, same list
//   faults.erase(faults.begin() + 3);            // what minimise does
//   weather sky{faults, seed};
//   sky.advance(age);                            // applies what begins or ends until then
//
// A fault carries its own number and dice, so that leaving one out changes no other.
// Single-owner; values only.

#include <functional>
#include <vector>

#include "sim/day.hpp"
#include "thole/rng.hpp"

namespace thole::sim {

struct fault_event {
    int number = 0;  // in the forecast; names it in replays
    trouble kind = trouble::link_refuse;
    std::string target{};  // a node's label; empty: not about a node
    duration at{};         // age of the world
    duration lasts{};
    std::int64_t amount = 0;
    std::uint64_t dice = 1;  // its own chance
    int life = 0;            // of process_die…: only in that life, from its start; 0 = by time
    nft::drift drift{};      // of that kind alone

    [[nodiscard]] duration end() const noexcept { return saturating_add(at, lasts); }
    [[nodiscard]] std::string text() const;
};

[[nodiscard]] std::vector<fault_event> forecast(const day& what, std::uint64_t seed);

// Whether it happens at one instant and needs nobody to end it.
[[nodiscard]] bool is_instant(trouble kind) noexcept;

class weather {
  public:
    explicit weather(std::vector<fault_event> faults);

    // Age at which something begins or ends next; nothing when all is over.
    [[nodiscard]] std::optional<duration> next() const;
    // Faults that begin until `age`, in order; those that ended until then are no longer active.
    // Precondition: ages do not go back.
    std::vector<fault_event> advance(duration age);
    [[nodiscard]] const std::vector<fault_event>& active() const noexcept { return active_; }
    [[nodiscard]] bool is_over() const noexcept {
        return begun_ == faults_.size() && active_.empty();
    }
    [[nodiscard]] std::size_t begun() const noexcept { return begun_; }

  private:
    std::vector<fault_event> faults_;  // by time
    std::size_t begun_ = 0;
    std::vector<fault_event> active_;
};

}  // namespace thole::sim
