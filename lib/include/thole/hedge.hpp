#pragma once

// Ask a second time when the first answer is unusually late, and take whichever comes first.
//
// The problem: one call in a hundred meets a garbage collection, a lost packet or a busy disk, and
// a page that makes a hundred calls meets it always. A second copy, sent only when the first is
// slower than 95 of 100, costs 5 % more calls and removes that tail (Dean, Barroso: The Tail at
// Scale). Sent at once it would double the load; sent while the dependency fails it is a storm. So:
//
//   hedge copies{settings, call_effect::read, seen.percentile(settings.percentile_permille), until,
//                &budget};
//   auto next = copies.next(hedge_event::start, now);               // call; at = when to ask again
//   ... when `at` comes and no answer is there:
//   next = copies.next(hedge_event::elapsed, now);                  // call: the second copy
//   next = copies.next(hedge_event::success, now);                  // finish: cancel the others
//
// The delay is the percentile of the latencies seen, between `shortest` and `longest`, and
// `longest` while too few are known. Every copy costs one token of the account that pays retries. A
// copy that fails with nothing else in flight ends the hedge (retry takes over); with others in
// flight they are waited for. A failed copy does not bring the next one earlier: that is a retry.
//
// A call that is declared `once` is never copied: that is refused by validate() of a pipeline, and
// here the machine simply makes one call.
//
// Threads: single-owner, one object a call; the budget is shared and outlives it.

#include <optional>

#include "thole/call_effect.hpp"
#include "thole/deadline.hpp"
#include "thole/problem.hpp"

namespace thole {

class retry_budget;

struct hedge_settings {
    std::uint32_t most_copies = 1;                      // besides the first call; 1…4
    std::uint16_t percentile_permille = 950;            // of the latencies seen; 500…999
    duration shortest = std::chrono::milliseconds{10};  // > 0
    duration longest = std::chrono::seconds{1};         // >= shortest

    friend bool operator==(const hedge_settings&, const hedge_settings&) = default;
};

[[nodiscard]] problems validate(const hedge_settings&);

enum class hedge_event : std::uint8_t {
    start,
    elapsed,  // the instant of the last verdict came
    success,  // one copy answered
    failure,  // one copy failed
};

enum class hedge_act : std::uint8_t {
    call,    // send one (more) copy
    wait,    // for an answer, or until `at`
    finish,  // the outcome is known: cancel what is still in flight
};

struct hedge_verdict {
    hedge_act act = hedge_act::finish;
    time_point at = time_point::max();  // when to report `elapsed`; max = never
};

class hedge {
  public:
    // Preconditions: validate(settings) is empty. `usual` is the percentile, empty = not known yet.
    hedge(const hedge_settings& settings, call_effect effect, std::optional<duration> usual,
          deadline until, retry_budget* budget = nullptr) noexcept;

    [[nodiscard]] hedge_verdict next(hedge_event event, time_point now);

    [[nodiscard]] std::uint32_t in_flight() const noexcept { return in_flight_; }
    [[nodiscard]] std::uint32_t copies() const noexcept { return copies_; }
    [[nodiscard]] duration delay() const noexcept { return delay_; }

  private:
    [[nodiscard]] time_point next_copy(time_point now) const noexcept;

    duration delay_;
    deadline until_;
    retry_budget* budget_;
    time_point at_ = time_point::max();
    std::uint32_t most_copies_;
    std::uint32_t copies_ = 0;  // sent besides the first
    std::uint32_t in_flight_ = 0;
};

}  // namespace thole
