#pragma once

// The one seam through which blocking code waits; its counterpart for reading time is clock.hpp.
//
//   thole::manual_clock clock;
//   thole::manual_sleeper sleep{clock};
//   sleep.sleep_until(clock.now() + 30s);        // returns at once; the clock stands 30 s later
//
// A wait that another thread may end early takes a wake_flag.
//
// Threads: system_sleeper is stateless and blocks the calling thread; manual_sleeper is
// single-owner, like its clock, which outlives it.

#include <condition_variable>
#include <mutex>

#include "thole/clock.hpp"

namespace thole {

// Set once, by any thread.
class wake_flag {
  public:
    void set() noexcept;
    [[nodiscard]] bool is_set() const;

  private:
    friend class system_sleeper;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool set_ = false;
};

class sleeper {
  public:
    virtual ~sleeper() = default;
    // Returns when the clock has reached `at`; at once if it has already.
    virtual void sleep_until(time_point at) = 0;
    // Returns when the flag is set (true) or the clock has reached `at`.
    virtual bool sleep_until(time_point at, wake_flag& flag) {
        if (!flag.is_set()) sleep_until(at);
        return flag.is_set();
    }
};

// Waits on CLOCK_MONOTONIC.
class system_sleeper final : public sleeper {
  public:
    void sleep_until(time_point at) override;
    bool sleep_until(time_point at, wake_flag& flag) override;
};

// Moves a manual clock instead of waiting.
class manual_sleeper final : public sleeper {
  public:
    explicit manual_sleeper(manual_clock& clock) noexcept : clock_{&clock} {}
    using sleeper::sleep_until;
    void sleep_until(time_point at) override {
        if (at > clock_->now()) clock_->advance(at - clock_->now());
    }

  private:
    manual_clock* clock_;
};

}  // namespace thole
