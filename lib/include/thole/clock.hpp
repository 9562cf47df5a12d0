#pragma once

// The one seam through which time is read.
//
// Policies never read a clock: `now` is an argument. What drives them (run, async_run, a daemon's
// loop) is handed a clock, and a test hands in a manual one that moves only when told:
//
//   thole::manual_clock clock;
//   clock.advance(30s);                          // nothing sleeps
//   EXPECT_TRUE(breaker.admit(clock.now()));
//
// Three readings of the one steady time line, because a precise one (about 23 ns) costs more than
// all a policy does with it:
//
//   now          precise
//   coarse_now   at most one kernel tick (1-10 ms) behind; 3-5 ns. For windows and for deadlines of
//                100 ms and more.
//   latency_now  for the difference of two readings on one thread; within some microseconds of
//                now(). Reads the processor's time stamp counter where that is invariant, checks it
//                against CLOCK_MONOTONIC every 10 ms, and falls back to now() for good when the two
//                disagree.
//
// A clock that overrides only now() serves all three with it. Threads: system_clock is stateless;
// manual_clock is single-owner.

#include "thole/time.hpp"

namespace thole {

class clock {
  public:
    virtual ~clock() = default;
    [[nodiscard]] virtual time_point now() const = 0;
    [[nodiscard]] virtual wall_time wall_now() const = 0;
    [[nodiscard]] virtual time_point coarse_now() const { return now(); }
    [[nodiscard]] virtual time_point latency_now() const { return now(); }
};

// CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE and CLOCK_REALTIME.
class system_clock final : public clock {
  public:
    [[nodiscard]] time_point now() const override;
    [[nodiscard]] wall_time wall_now() const override;
    [[nodiscard]] time_point coarse_now() const override;
    [[nodiscard]] time_point latency_now() const override;

    // Whether latency_now reads the time stamp counter in this process, as far as is known.
    [[nodiscard]] static bool counts_cycles() noexcept;
};

// Starts at an arbitrary non-zero instant so that "zero means unset" mistakes show.
class manual_clock final : public clock {
  public:
    [[nodiscard]] time_point now() const override { return now_; }
    [[nodiscard]] wall_time wall_now() const override { return wall_; }

    // Both times move together. Precondition: by >= 0.
    void advance(duration by);
    // Moves the wall clock alone, as an operator or NTP step does.
    void step_wall(std::chrono::microseconds by) { wall_ += by; }

  private:
    time_point now_{std::chrono::hours{1}};
    wall_time wall_{std::chrono::seconds{1'767'225'600}};  // 2026-01-01T00:00:00Z
};

}  // namespace thole
