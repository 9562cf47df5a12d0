#pragma once

// All timers of one loop on one wheel, and the wheel on one timer of the loop.
//
// The problem: a steady_timer per call costs a system call per call when it is the earliest one,
// and a cancelled one still runs its handler. Here arming and cancelling is a list insertion
// (timer_wheel.hpp), and the kernel is asked only when something becomes due earlier than all else.
//
//   boost::asio::io_context loop{1};
//   thole::system_clock clock;
//   thole::asio::timers timers{loop.get_executor(), clock};
//
// With a manual clock nothing is armed in the kernel: the test moves the clock and calls poll().
//
// Ownership: outlives everything that waits on it, and is destroyed before its loop. Threads: that
// of the loop.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <bit>
#include <optional>

#include "thole/clock.hpp"
#include "thole/timer_wheel.hpp"

namespace thole::asio {

class timer_target {
  public:
    // On the loop. May arm and cancel.
    virtual void elapsed() noexcept = 0;

  protected:
    ~timer_target() = default;
};

class timers {
  public:
    timers(boost::asio::any_io_executor loop, const system_clock& time,
           duration tick = std::chrono::milliseconds{1})
        : time_{&time}, wheel_{time.now(), tick} {
        alarm_.emplace(loop);
    }
    // Without the kernel: somebody calls poll().
    explicit timers(const clock& time, duration tick = std::chrono::milliseconds{1})
        : time_{&time}, wheel_{time.now(), tick} {}
    timers(const timers&) = delete;
    timers& operator=(const timers&) = delete;

    timer_id arm(time_point at, timer_target& target) {
        const auto id = wheel_.arm(at, std::bit_cast<std::uintptr_t>(&target));
        set_alarm();
        return id;
    }
    // False when it fired or was cancelled before.
    bool cancel(timer_id id) noexcept { return wheel_.cancel(id); }

    // Fires what is due by now.
    void poll() {
        wheel_.advance(time_->now(), [](timer_id, std::uint64_t data) {
            std::bit_cast<timer_target*>(static_cast<std::uintptr_t>(data))->elapsed();
        });
        alarm_at_ = time_point::max();
        set_alarm();
    }
    [[nodiscard]] std::optional<time_point> next() const { return wheel_.next(); }
    [[nodiscard]] std::size_t armed() const noexcept { return wheel_.armed(); }
    [[nodiscard]] const clock& time() const noexcept { return *time_; }

  private:
    void set_alarm() {
        if (!alarm_) return;
        const auto at = wheel_.next();
        if (!at || *at >= alarm_at_) return;
        alarm_at_ = *at;
        // libstdc++'s steady_clock is CLOCK_MONOTONIC, as system_clock is.
        alarm_->expires_at(std::chrono::steady_clock::time_point{at->time_since_epoch()});
        alarm_->async_wait([this](const boost::system::error_code& error) {
            if (error != boost::asio::error::operation_aborted) poll();
        });
    }

    const clock* time_;
    timer_wheel wheel_;
    std::optional<boost::asio::steady_timer> alarm_;
    time_point alarm_at_ = time_point::max();
};

}  // namespace thole::asio
