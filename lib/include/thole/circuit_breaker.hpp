#pragma once

// Stop asking what keeps failing; find out gently when it is back.
//
// The problem: every caller of a dead dependency waits for its own timeout, holds its own thread
// and adds its own load to what tries to recover. A breaker refuses at once instead, in
// nanoseconds, and lets single probes through later:
//
//   circuit_breaker breaker{settings, solana, primary};
//   auto permit = breaker.admit(clock.now());
//   if (!permit) return fail(permit.error());       // policy.breaker_open, retry_after = time left
//   auto answer = ask();
//   permit->record(outcome_of(answer, latency), clock.now());
//
// closed     calls pass and are counted. Any rule trips it: N consecutive failures; N failures in
//            the window; failure rate or slow-call rate over at least `minimum_calls` calls of the
//            window, which is a time or a number of calls. Rules are evaluated on a failure or slow
//            call, and on a success that may complete the minimum volume.
// open       calls are refused until `open_for` is over; each reopening makes it longer.
// half-open  one probe at a time, a few per period. Closes after N consecutive successes and
//            forgets the window; reopens on a failure, or when no probe came for a whole period. A
//            probe is a lease with an expiry: a lost or hung one never wedges the breaker.
// ramp       closed again with `ramp` set: a growing share of the calls passes, the others are
//            refused, until the ramp is over. Only after probes; an operator's reset opens at once.
//
// Operators override: forced open, forced closed and bypass; `shadow` settings never refuse and
// show what they would have done. Computed and forced state are both in view().
//
// A permit is move-only; destroyed without record() it says nothing (the caller gave up). Results
// from before a change of state carry an old generation and are dropped. A window keeps every call
// that is younger than `window`, and some up to a seventh older.
//
// Ownership: the breaker outlives its permits. Threads: any; admit and record of a closed breaker
// take no lock and write no shared memory, a refusal takes no lock. At most 1 KiB each.

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "thole/breaker_settings.hpp"
#include "thole/detail/call_window.hpp"
#include "thole/detail/division.hpp"
#include "thole/detail/recent_calls.hpp"
#include "thole/observer.hpp"
#include "thole/outcome.hpp"

namespace thole {

class circuit_breaker;

class breaker_permit {
  public:
    breaker_permit() noexcept = default;
    breaker_permit(breaker_permit&& other) noexcept { swap(other); }
    breaker_permit& operator=(breaker_permit&& other) noexcept {
        breaker_permit{std::move(other)}.swap(*this);
        return *this;
    }
    breaker_permit(const breaker_permit&) = delete;
    breaker_permit& operator=(const breaker_permit&) = delete;
    ~breaker_permit();

    // Reports the end of the call; the permit is empty afterwards, a second report does nothing.
    void record(outcome, time_point now);
    // The same for a success, by a thread that knows its stripe (detail/stripes.hpp).
    inline void succeed(duration latency, time_point now, unsigned own);

    // False when its result is of no interest to anybody.
    [[nodiscard]] explicit operator bool() const noexcept { return owner_ != nullptr; }
    // True for a half-open probe: a call whose result decides.
    [[nodiscard]] bool is_probe() const noexcept { return lease_ != 0; }

  private:
    friend class circuit_breaker;
    breaker_permit(circuit_breaker* owner, std::uint32_t generation, std::uint32_t lease) noexcept
        : owner_{owner}, generation_{generation}, lease_{lease} {}

    void swap(breaker_permit& other) noexcept {
        std::swap(owner_, other.owner_);
        std::swap(generation_, other.generation_);
        std::swap(lease_, other.lease_);
    }

    circuit_breaker* owner_ = nullptr;  // null: its result is of no interest
    std::uint32_t generation_ = 0;
    std::uint32_t lease_ = 0;
};

// What operators see.
struct breaker_view {
    breaker_state computed = breaker_state::closed;
    breaker_override forced = breaker_override::none;
    bool shadow = false;
    breaker_reason why = breaker_reason::none;  // what led to the computed state
    duration remaining{};                       // while computed is open: until probes may start
    bool ramping = false;                       // closed, but only a share of the calls passes
    std::uint32_t generation = 0;               // grows with each change of the computed state
    std::uint32_t times_opened = 0;
    std::uint32_t consecutive_failures = 0;
    std::uint32_t probe_successes = 0;
    std::uint64_t succeeded = 0;  // in the window
    std::uint64_t failed = 0;
    std::uint64_t slow = 0;
};

struct breaker_change {
    name dependency;
    name endpoint;
    breaker_state from;
    breaker_state to;
    breaker_override forced;
    breaker_reason why;
    duration open_for;  // when `to` is open
    std::uint32_t generation;
    time_point at;
};

class circuit_breaker {
  public:
    // Precondition: validate(settings) is empty.
    explicit circuit_breaker(const breaker_settings& settings = {}, name dependency = {},
                             name endpoint = {}, observer* watch = nullptr);
    circuit_breaker(const circuit_breaker&) = delete;
    circuit_breaker& operator=(const circuit_breaker&) = delete;

    [[nodiscard]] std::expected<breaker_permit, fault> admit(time_point now) {
        const auto word = word_.load(std::memory_order_acquire);
        if ((word & not_plain_closed) == 0) [[likely]] {
            return breaker_permit{this, generation_of(word), 0};
        }
        return admit_slow(word, now);
    }

    // Closed, and neither forced, shadowed nor ramping: admit refuses nobody now.
    [[nodiscard]] bool passes_all() const noexcept {
        return (word_.load(std::memory_order_relaxed) & not_plain_closed) == 0;
    }
    // Whether outcomes need a latency: a rule about slow calls is on.
    [[nodiscard]] bool wants_latency() const noexcept {
        return notable_after_.load(std::memory_order_relaxed) !=
               std::numeric_limits<std::int64_t>::max();
    }

    // A permit while nothing stands in the way, else an empty one: then ask admit.
    [[nodiscard]] breaker_permit try_admit() noexcept {
        const auto word = word_.load(std::memory_order_acquire);
        const bool plain = (word & not_plain_closed) == 0;
        return breaker_permit{plain ? this : nullptr, generation_of(word), 0};
    }

    // The time left while it is simply open and nobody watches; zero when admit has to decide.
    [[nodiscard]] duration refuses_for(time_point now) const noexcept {
        const auto word = word_.load(std::memory_order_acquire);
        if ((word & not_plain_closed) != static_cast<std::uint64_t>(breaker_state::open) ||
            watch_ != nullptr) {
            return duration::zero();
        }
        const auto left = until_.load(std::memory_order_relaxed) - now.time_since_epoch().count();
        return duration{left > 0 ? left : 0};
    }

    // When a call could be admitted: `now` if it could be at once, time_point::max() if only an
    // operator can change that. Takes nothing.
    [[nodiscard]] time_point admissible_at(time_point now) const;

    [[nodiscard]] breaker_view view(time_point now) const;

    // Operator verbs. force(none) returns to the computed state; reset closes and forgets.
    void force(breaker_override, time_point now);
    void reset(time_point now);
    // A monitor saw the endpoint healthy: an open breaker takes probes from now on.
    void hint_healthy(time_point now);
    // Other settings from now on; state and window are kept, unless the length of the window
    // changed (then the window starts empty). Precondition: validate(settings) is empty.
    void reconfigure(const breaker_settings& settings, time_point now);

  private:
    friend class breaker_permit;

    // word_: [generation 32 | override 8 | shadow, ramp 8 | state 8], so that "closed, no override,
    // no shadow, no ramp" is one comparison.
    static constexpr std::uint64_t not_plain_closed = 0xFFFFFF;
    static constexpr std::uint32_t generation_of(std::uint64_t word) noexcept {
        return static_cast<std::uint32_t>(word >> 32);
    }
    struct changes;
    struct slow_bucket {
        std::uint32_t epoch = 0;
        std::uint32_t calls = 0;
    };

    std::expected<breaker_permit, fault> admit_slow(std::uint64_t word, time_point now);
    std::expected<breaker_permit, fault> refuse(time_point until, time_point now) const;
    time_point probe_at(time_point now) const;
    breaker_permit grant_probe(time_point now);
    time_point admit_to_ramp(time_point now);
    void record_success(std::uint32_t generation, duration latency, time_point now, unsigned own);
    void record_call(std::uint32_t generation, outcome, time_point now);
    void record_suspect(std::uint32_t generation, time_point now);
    void record_notable(std::uint32_t generation, bool failed, bool slow, time_point now);
    void record_probe(std::uint32_t lease, outcome, time_point now);
    void release_probe(std::uint32_t lease) noexcept;

    // All below: under the lock.
    void settle(time_point now, changes&);
    void move_to(breaker_state, breaker_reason, time_point now, duration open_for, changes&);
    void trip(breaker_reason, time_point now, changes&);
    void clear_window() noexcept;
    void evaluate(time_point now, changes&);
    void publish() noexcept;
    [[nodiscard]] duration open_time() const noexcept;
    [[nodiscard]] std::uint64_t slow_calls(std::uint64_t epoch) const noexcept;
    struct window_counts {
        std::uint64_t total = 0;
        std::uint64_t failed = 0;
        std::uint64_t slow = 0;
    };
    [[nodiscard]] window_counts counts_at(time_point now) const noexcept;
    [[nodiscard]] std::uint64_t epoch_at(time_point now) const noexcept {
        return static_cast<std::uint64_t>(now.time_since_epoch().count()) / bucket_.load();
    }
    [[nodiscard]] breaker_state state_at(time_point now) const noexcept;
    void tell(const changes&) const;

    // Read by every call, written by few.
    std::atomic<std::uint64_t> word_{0};
    std::atomic<std::int64_t> until_{0};       // end of the open time, steady ns
    detail::shared_divisor bucket_;            // by the length of a bucket
    std::atomic<std::int64_t> notable_after_;  // the shorter of slow and failed; 0: all calls are
    std::atomic<std::uint64_t> last_bad_{0};  // bucket of the last failure or slow call, plus 1; 0:
                                              // none that matters any more
    std::atomic<std::uint32_t> minimum_calls_;
    std::atomic<std::uint32_t> consecutive_{0};

    detail::call_window window_;
    std::atomic<std::int64_t> slow_after_;
    std::atomic<std::int64_t> failed_after_;

    mutable std::mutex mutex_;  // guards everything below, and writes of word_ and until_
    breaker_settings settings_;
    name dependency_;
    name endpoint_;
    observer* watch_;
    std::array<time_point, most_counted_failures> failures_{};  // ring of the latest instants
    std::array<slow_bucket, detail::call_window::buckets> slow_{};
    std::unique_ptr<detail::recent_calls> recent_;  // where the window is a number of calls
    time_point lease_until_{};
    time_point last_probe_{};
    time_point began_{};  // the half-open period, or the ramp
    std::uint32_t generation_ = 0;
    std::uint32_t failure_count_ = 0;  // pushed to failures_ since it was cleared
    std::uint32_t lease_ = 0;          // the probe in flight; 0 = none
    std::uint32_t last_lease_ = 0;
    std::uint32_t probes_ = 0;  // started in this period
    std::uint32_t probe_successes_ = 0;
    std::uint32_t reopened_ = 0;  // openings since it was last closed, the first not counted
    std::uint32_t times_opened_ = 0;
    std::uint32_t ramp_credit_ = 0;  // thousandths of a call that may pass
    bool ramping_ = false;
    breaker_state state_ = breaker_state::closed;
    breaker_override forced_ = breaker_override::none;
    breaker_reason why_ = breaker_reason::none;
    breaker_reason tripped_by_ = breaker_reason::none;
};

static_assert(sizeof(circuit_breaker) <= 1024);

inline breaker_permit::~breaker_permit() {
    if (owner_ != nullptr && lease_ != 0) owner_->release_probe(lease_);
}

[[gnu::always_inline]] inline void circuit_breaker::record_success(std::uint32_t generation,
                                                                   duration latency, time_point now,
                                                                   unsigned own) {
    if (generation_of(word_.load(std::memory_order_acquire)) != generation) return;
    if (latency.count() >= notable_after_.load(std::memory_order_relaxed)) [[unlikely]]
        return record_call(generation, outcome::success(latency), now);
    window_.add_success(generation, epoch_at(now), own);
    if (last_bad_.load(std::memory_order_relaxed) != 0) [[unlikely]]
        record_suspect(generation, now);
}

[[gnu::always_inline]] inline void breaker_permit::succeed(duration latency, time_point now,
                                                           unsigned own) {
    auto* const owner = std::exchange(owner_, nullptr);
    const auto lease = std::exchange(lease_, 0);
    if (owner == nullptr) return;
    if (lease != 0) [[unlikely]]
        return owner->record_probe(lease, outcome::success(latency), now);
    owner->record_success(generation_, latency, now, own);
}

}  // namespace thole
