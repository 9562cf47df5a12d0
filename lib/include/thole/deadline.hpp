#pragma once

// A deadline is an instant, handed down a chain of calls, that no callee can push out.
//
// The problem: passing timeouts ("5 s") down three layers gives 15 s. Passing the instant gives 5:
//
//   auto whole = deadline::after(now, 5s);
//   auto attempt = whole.child(now, 2s);         // the earlier of now + 2 s and the parent's end
//   if (attempt.expired(now)) ...
//
// A value; default-constructed it never expires.

#include <algorithm>

#include "thole/time.hpp"

namespace thole {

class deadline {
  public:
    constexpr deadline() noexcept = default;
    constexpr explicit deadline(time_point at) noexcept : at_{at} {}

    [[nodiscard]] static constexpr deadline never() noexcept { return {}; }
    [[nodiscard]] static constexpr deadline after(time_point now, duration d) noexcept {
        return deadline{saturating_add(now, d)};
    }

    // A deadline for a part of this work: never later than this one.
    [[nodiscard]] constexpr deadline child(time_point now, duration d) const noexcept {
        return deadline{std::min(at_, saturating_add(now, d))};
    }

    [[nodiscard]] constexpr time_point at() const noexcept { return at_; }
    [[nodiscard]] constexpr bool is_never() const noexcept { return at_ == time_point::max(); }
    [[nodiscard]] constexpr bool expired(time_point now) const noexcept { return now >= at_; }

    // What is left: zero when expired, duration::max() when it never expires.
    [[nodiscard]] constexpr duration remaining(time_point now) const noexcept {
        if (is_never()) return duration::max();
        return now >= at_ ? duration::zero() : at_ - now;
    }

    friend constexpr auto operator<=>(deadline, deadline) noexcept = default;

  private:
    time_point at_ = time_point::max();
};

}  // namespace thole
