#pragma once

// Waiting in a coroutine until something happens or a time comes, whichever is first.
//
//   loop_event changed{executor, timers};
//   ... somewhere on the same loop: changed.notify();
//   const bool go_on = co_await changed.wait(until);     // false: the waiting coroutine was
//   cancelled
//
// One coroutine waits at a time; a notification before the wait is not lost. Threads: the loop's.
// Another thread posts to the loop.

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

#include "thole/asio/timers.hpp"

namespace thole::asio {

template <class Executor>
class loop_event final : public timer_target {
  public:
    loop_event(const Executor& loop, timers& wait)
        : signal_{loop, std::chrono::steady_clock::time_point::max()}, wait_{&wait} {}
    ~loop_event() { disarm(); }
    loop_event(const loop_event&) = delete;
    loop_event& operator=(const loop_event&) = delete;

    void notify() noexcept {
        notified_ = true;
        signal_.cancel();
    }
    void elapsed() noexcept override {
        armed_ = {};
        notify();
    }

    // True: notified, or the time came. False: the caller's coroutine was cancelled.
    boost::asio::awaitable<bool, Executor> wait(time_point at) {
        boost::system::error_code ignored;
        if (!notified_) {
            if (at != time_point::max()) armed_ = wait_->arm(at, *this);
            co_await signal_.async_wait(
                boost::asio::redirect_error(boost::asio::use_awaitable_t<Executor>{}, ignored));
        }
        disarm();
        const bool told = std::exchange(notified_, false);
        const auto state = co_await boost::asio::this_coro::cancellation_state;
        co_return told || state.cancelled() == boost::asio::cancellation_type::none;
    }

    // Until notified, whatever is cancelled: for what must be waited for.
    boost::asio::awaitable<void, Executor> wait_unconditionally() {
        boost::system::error_code ignored;
        if (!notified_) {
            co_await signal_.async_wait(boost::asio::bind_cancellation_slot(
                boost::asio::cancellation_slot{},
                boost::asio::redirect_error(boost::asio::use_awaitable_t<Executor>{}, ignored)));
        }
        notified_ = false;
    }

  private:
    void disarm() noexcept {
        if (armed_ != timer_id{}) wait_->cancel(std::exchange(armed_, timer_id{}));
    }

    // Never expires by itself: cancelling it is what wakes the waiter.
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>, Executor>
        signal_;
    timers* wait_;
    timer_id armed_{};
    bool notified_ = false;
};

}  // namespace thole::asio
