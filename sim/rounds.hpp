#pragma once

// Orders that begin by the clock: what a day's workload.rounds says, in the fields of cron.
//
//   const rounds daily{"1-6 0 1 1 *"};                 // each world begins on 1 January 2026, 0:00
//   saga::cron_runner runner{at, {daily.job()}};
//   rounds::tick_of("cron/round/2026-01-01T00:01Z")    // when that order was due

#include "engine/cron_runner.hpp"

namespace thole::sim {

class rounds {
  public:
    // Empty: there are none. Precondition: it reads as cron.
    explicit rounds(const std::string& at);
    // Why a day may not have these; empty: it may. All of them are in its first half hour, since a
    // run waits for the last.
    [[nodiscard]] static std::string why_not(const std::string& at);

    [[nodiscard]] bool any() const noexcept { return at_.has_value(); }
    [[nodiscard]] const saga::cron& at() const { return *at_; }
    [[nodiscard]] saga::cron_job job() const;
    // Of an operation's key; nothing: it is no round.
    [[nodiscard]] static std::optional<store_time> tick_of(std::string_view key);
    // When a world of that age has it, while nobody sets its clock.
    [[nodiscard]] static store_time at_age(duration age);
    // The age at which the last one has been begun, if nothing is in its way.
    [[nodiscard]] duration over_at() const;

  private:
    std::optional<saga::cron> at_;
};

// How long a round may be late: an attempt to begin it is repeated every five seconds.
inline constexpr duration round_delay = std::chrono::seconds{10};

}  // namespace thole::sim
