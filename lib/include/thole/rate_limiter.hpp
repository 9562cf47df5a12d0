#pragma once

// Send no faster than agreed, and slower for a while when told that it was too fast.
//
// The problem: a provider allows 10 requests a second and answers 429 beyond that; each 429 costs a
// round trip, and some providers answer persistence with a ban. So the limit is kept on our side:
//
//   rate_limiter limiter{{.permits = 10, .per = 1s, .burst = 5}, pinata, primary};
//   if (auto ok = limiter.admit(now); !ok) return fail(ok.error());  // policy.rate_limited + time
//   ...
//   if (answer.error().kind() == fault_kind::rate_limited)
//       limiter.penalise(now, answer.error().retry_after());
//
// A token bucket kept as one number, the theoretical arrival time of the next call (GCRA, ITU-T
// I.371): no timer, no refill. A penalty blocks until Retry-After and doubles the spacing, at most
// sixteenfold; every `recovery` without another one halves it again. Without a limit of its own
// (permits = 0) a limiter still honours Retry-After.
//
// A limit with a burst of at least `batching_burst` is lent to threads in batches of up to a tenth
// of the burst (at most 32 calls, at most 10 ms' worth), so that two threads do not pass one number
// back and forth. What is lent is paid for and lapses after 10 ms; so calls in any time T are at
// most burst + (T + 10 ms) / interval. A smaller burst is kept exactly.
//
// Threads: any; no locks. The rate may be changed at any time.

#include <array>
#include <atomic>
#include <optional>

#include "thole/detail/stripes.hpp"
#include "thole/observer.hpp"
#include "thole/problem.hpp"
#include "thole/result.hpp"

namespace thole {

struct rate_limit {
    std::uint32_t permits = 0;                     // calls per `per`; 0 = unlimited
    duration per = std::chrono::seconds{1};        // 1 ms…24 h
    std::uint32_t burst = 1;                       // calls at once after a rest; 1…1 000 000
    duration recovery = std::chrono::seconds{30};  // a penalty is halved after this; > 0
    duration longest_block =
        std::chrono::minutes{5};  // of a Retry-After, at most this is kept; >= 0

    friend bool operator==(const rate_limit&, const rate_limit&) = default;
};

[[nodiscard]] problems validate(const rate_limit&);

// What an observer is told after a penalty.
struct limiter_penalty {
    name dependency;
    name endpoint;
    std::uint32_t slowdown;  // spacing is this many times the configured one: 1, 2, 4, 8, 16
    duration blocked_for;
    time_point at;
};

class rate_limiter {
  public:
    // Precondition: validate(limit) is empty.
    explicit rate_limiter(const rate_limit& limit = {}, name dependency = {}, name endpoint = {},
                          observer* watch = nullptr);

    static constexpr std::uint32_t batching_burst = 20;

    // Takes one permit, or refuses with policy.rate_limited and the time until there is one.
    [[nodiscard]] result<> admit(time_point now) {
        if (batch_.load(std::memory_order_relaxed) > 1 && take_lent(now, detail::thread_stripe())) {
            return {};
        }
        return admit_slow(now);
    }
    // Takes a permit that was lent to the thread whose stripe is `own` (detail/stripes.hpp); false
    // when there is none: then ask admit.
    [[nodiscard]] bool take_lent(time_point now, unsigned own) noexcept {
        if (own >= detail::exclusive_stripes) return false;
        auto& lent = stripes_[own].lent;
        const auto word = lent.load(std::memory_order_relaxed);
        const auto ns = now.time_since_epoch().count();
        if ((word & 0xFFFF) == 0 || ns > static_cast<std::int64_t>(word >> 16) * 1024 ||
            ns < blocked_until_.load(std::memory_order_relaxed)) {
            return false;
        }
        lent.store(word - 1, std::memory_order_relaxed);
        return true;
    }

    // When admit would succeed: `now` if at once. Takes nothing.
    [[nodiscard]] time_point admissible_at(time_point now) const noexcept;

    // No limit and no penalty: admit takes nothing and refuses nobody now.
    [[nodiscard]] bool is_free(time_point now) const noexcept {
        return interval_.load(std::memory_order_relaxed) == 0 &&
               blocked_until_.load(std::memory_order_relaxed) <= now.time_since_epoch().count();
    }

    // The server said "too many requests".
    void penalise(time_point now, std::optional<duration> retry_after);

    // Another limit from now on; penalties stay. Precondition: validate(limit) is empty.
    void adjust(const rate_limit& limit);

    // 1 without a penalty.
    [[nodiscard]] std::uint32_t slowdown(time_point now) const noexcept;

  private:
    // What a thread has been lent: [until in steady ns / 1024, 48 bits | calls 16].
    struct alignas(64) stripe {
        std::atomic<std::uint64_t> lent{0};
    };

    [[nodiscard]] result<> admit_slow(time_point now);
    [[nodiscard]] std::uint32_t level_at(time_point now, std::uint64_t penalty) const noexcept;

    std::atomic<std::int64_t> interval_;   // ns between calls; 0 = unlimited
    std::atomic<std::int64_t> tolerance_;  // ns a call may come before its time
    std::atomic<std::int64_t> recovery_;
    std::atomic<std::int64_t> longest_block_;
    std::atomic<std::int64_t> blocked_until_{0};
    std::atomic<std::uint64_t> penalty_{0};  // [since in steady ms 56 | level 8]
    std::atomic<std::uint32_t> batch_{1};    // calls lent at once
    name dependency_;
    name endpoint_;
    observer* watch_;
    // Theoretical arrival time of the next call. Written by all threads, hence on a line of its
    // own.
    alignas(64) std::atomic<std::int64_t> arrival_{0};
    std::array<stripe, detail::exclusive_stripes> stripes_{};
};

}  // namespace thole
