#pragma once

// Whether, when and where to try again: one call's retries as a machine without clock or I/O.
//
// The problem: a loop with a sleep in it repeats what must not be repeated, sleeps past its
// caller's deadline, counts a refusal by an open breaker as an attempt, and cannot be tested
// without sleeping. Here the loop belongs to a driver (run.hpp, a daemon's coroutine), and every
// decision to this machine:
//
//   retry calls{settings, until, chance};
//   auto next = calls.next(retry_start{}, clock.now());
//   while (next.act != retry_act::finish) {
//       if (next.act == retry_act::sleep_until) {
//           sleep_until(next.at);
//           next = calls.next(retry_wake{}, clock.now());
//           continue;
//       }
//       answer = ask();                                       // next.act == retry_act::call
//       next = answer ? calls.next(retry_success{}, clock.now())
//                     : calls.next(retry_failure{answer.error()}, clock.now());
//   }
//   return answer;                                            // the last outcome, good or bad
//
// What each kind of fault leads to is the table of classify.hpp. On top of it:
//
//   deadline    a wait that would reach it is not begun: finish with what is known, at once
//   retry-after the wait is the longer of our own and the server's. A server's wish binds that
//               server: when other endpoints are eligible the call goes there after our own wait
//   rejected    never spends an attempt; sleeps until the time it was told, plus jitter
//   outage      the next endpoint at once, no attempt spent; without another one, as transient
//   conflict    once after 100-500 ms, then as transient
//   cancelled   finish
//   effect unknown   repeated only when the settings say that a repeat does no harm
//
// Threads: single-owner, one object per call. The referenced settings, rng, budget and history
// outlive it; budget and history may be shared.

#include <array>
#include <cstdint>
#include <string_view>
#include <variant>

#include "thole/backoff.hpp"
#include "thole/deadline.hpp"
#include "thole/fault.hpp"
#include "thole/observer.hpp"

namespace thole {

class retry_budget;

struct retry_settings {
    std::uint32_t attempts = 3;  // calls in all, the first included; >= 1
    // Calls that may end in this kind, by fault_kind; 0 = `attempts`. One that is larger than
    // `attempts` raises the total for calls that end in this kind.
    std::array<std::uint32_t, 7> kind_attempts{0, 5, 0, 0, 0, 0, 0};
    // Failed calls at one endpoint before the next call goes to another, if there is one; >= 1.
    std::uint32_t attempts_per_endpoint = 1;
    backoff delays{};
    // Longest time in all that a call waits for refusals to end; 0 = hand them back at once.
    duration longest_refusal = std::chrono::seconds{60};
    // A server that asks for a longer wait than this gets no repeat from this call.
    duration longest_retry_after = std::chrono::minutes{5};
    // True: a repeat does no harm (reads, idempotent writes), so a call whose effect is unknown is
    // repeated too.
    bool idempotent = false;
    // When set, decides instead of the table which faults are repeated (rejections and
    // cancellations excepted). A captureless lambda converts.
    bool (*retry_if)(const fault&) = nullptr;

    friend bool operator==(const retry_settings&, const retry_settings&) = default;

    [[nodiscard]] constexpr std::uint32_t attempts_for(fault_kind kind) const noexcept {
        const auto own = kind_attempts[static_cast<std::size_t>(kind)];
        return own == 0 ? attempts : own;
    }
};

[[nodiscard]] problems validate(const retry_settings&);

// Events.
struct retry_start {
    bool paid = false;  // the first call was counted by the budget already
};
struct retry_wake {};
struct retry_success {};
struct retry_failure {
    const fault& what;
    bool others_eligible = false;  // another endpoint of the set could take the next call
};
struct retry_cancel {};
using retry_event =
    std::variant<retry_start, retry_wake, retry_success, retry_failure, retry_cancel>;

enum class retry_act : std::uint8_t { call, sleep_until, finish };

enum class retry_reason : std::uint8_t {
    first_call,      // call
    backoff,         // sleep: our own delay
    retry_after,     // sleep: the server asked for longer
    conflict,        // sleep: the short random wait after a conflict
    refused,         // sleep: until a local refusal ends
    failover,        // call: another endpoint, at once
    waited,          // call: the sleep is over
    succeeded,       // finish
    not_repeatable,  // finish: the kind or the predicate says so
    effect_unknown,  // finish: it may have taken effect, and a repeat may do harm
    attempts_spent,  // finish
    budget_spent,    // finish
    asked_too_long,  // finish: a refusal or Retry-After outlasts what the settings allow
    deadline,        // finish
    cancelled,       // finish
};

[[nodiscard]] std::string_view to_string(retry_act) noexcept;
[[nodiscard]] std::string_view to_string(retry_reason) noexcept;

struct retry_verdict {
    retry_act act = retry_act::finish;
    retry_reason reason = retry_reason::cancelled;
    time_point at{};             // for sleep_until
    std::uint32_t attempt = 0;   // attempts spent, the coming call included; 1 = the first
    bool next_endpoint = false;  // the coming call should go to another endpoint
};

// What an observer is told after each failed call.
struct retry_decision {
    const fault& after;
    const retry_verdict& verdict;
    time_point decided_at;
};

// Shared parts, each optional.
struct retry_parts {
    retry_budget* budget = nullptr;
    success_history* history = nullptr;  // feeds adaptive back-off
    observer* watch = nullptr;
};

class retry {
  public:
    // Precondition: validate(settings) is empty.
    retry(const retry_settings& settings, deadline until, rng& chance, retry_parts parts = {});

    // Precondition: the event fits the last verdict (start first; wake after sleep_until; success
    // or failure after call; cancel at any time before finish).
    [[nodiscard]] retry_verdict next(const retry_event& event, time_point now);

    // Calls made so far, failovers included.
    [[nodiscard]] std::uint32_t calls() const noexcept { return calls_; }

  private:
    enum class phase : std::uint8_t { idle, calling, sleeping, done };

    retry_verdict on_failure(const retry_failure&, time_point now);
    retry_verdict on_rejected(const retry_failure&, time_point now);
    retry_verdict on_repeatable(const retry_failure&, time_point now);
    retry_verdict call(retry_reason, bool next_endpoint);
    retry_verdict sleep(retry_reason, duration wait, bool next_endpoint, time_point now);
    retry_verdict finish(retry_reason);
    [[nodiscard]] bool attempts_left(fault_kind) const noexcept;

    const retry_settings* settings_;
    rng* chance_;
    retry_parts parts_;
    deadline until_;
    time_point wake_at_{};
    duration last_delay_{};
    duration refused_for_{};
    std::array<std::uint32_t, 7> ended_in_{};  // failed attempts by kind
    std::uint32_t calls_ = 0;
    std::uint32_t spent_ = 0;        // failed attempts
    std::uint32_t waits_ = 0;        // back-off waits taken: the n of backoff::delay
    std::uint32_t at_endpoint_ = 0;  // failed attempts since the last move
    std::uint32_t failovers_ = 0;
    phase phase_ = phase::idle;
    bool move_after_sleep_ = false;
};

}  // namespace thole
