#pragma once

// What the real and the virtual loop share: one timer queue and sleeping on it.

#include "io/loop.hpp"
#include "io/timer_queue.hpp"

namespace thole::io {

class timed_loop : public loop {
  public:
    [[nodiscard]] task<result<>> sleep_until(time_point at) final;

    // For components of src/io that are no coroutines: due() is called on the loop's thread.
    void arm(timer_queue::entry& which, time_point at);
    void disarm(timer_queue::entry& which) noexcept { timers_.disarm(which); }
    [[nodiscard]] std::size_t armed() const noexcept { return timers_.size(); }

  protected:
    [[nodiscard]] timer_queue& timers() noexcept { return timers_; }
    [[nodiscard]] const timer_queue& timers() const noexcept { return timers_; }
    // The earliest entry may have changed.
    virtual void timers_changed() = 0;

  private:
    timer_queue timers_;
};

// A timer that calls a function; disarms itself when destroyed. Not movable.
template <class Action>
class timer final : public timer_queue::entry {
  public:
    timer(timed_loop& owner, Action action) : owner_{owner}, action_{std::move(action)} {}
    ~timer() { stop(); }
    void start(time_point at) { owner_.arm(*this, at); }
    void stop() noexcept { owner_.disarm(*this); }

  private:
    void due() noexcept override { action_(); }

    timed_loop& owner_;
    Action action_;
};

}  // namespace thole::io
