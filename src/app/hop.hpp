#pragma once

// Work on another loop, awaited from this one.
//
//   auto answer = co_await hop(core, router.handle(std::move(request)));    // from the front loop
//
// Cancelling the awaiting coroutine cancels the work, on the work's own thread; it is always waited
// for. T is default-constructible. Threads: called on one loop, the work runs on the other's.

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "io/loop.hpp"

namespace thole::app {

namespace detail {

// Carries a cancellation over: emitted on the thread of the work only.
class carried_cancellation {
  public:
    carried_cancellation(boost::asio::cancellation_slot from, boost::asio::any_io_executor to)
        : from_{from} {
        if (!from_.is_connected()) return;
        from_.assign([signal = signal_, to](boost::asio::cancellation_type type) {
            boost::asio::post(to, [signal, type] { signal->emit(type); });
        });
    }
    ~carried_cancellation() {
        if (from_.is_connected()) from_.clear();
    }
    carried_cancellation(const carried_cancellation&) = delete;
    carried_cancellation& operator=(const carried_cancellation&) = delete;

    [[nodiscard]] boost::asio::cancellation_slot slot() const { return signal_->slot(); }

  private:
    boost::asio::cancellation_slot from_;
    std::shared_ptr<boost::asio::cancellation_signal> signal_ =
        std::make_shared<boost::asio::cancellation_signal>();
};

}  // namespace detail

template <class T>
[[nodiscard]] task<T> hop(io::loop& to, task<T> work) {
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    detail::carried_cancellation carried{state.slot(), to.executor()};
    auto token = boost::asio::bind_cancellation_slot(carried.slot(), boost::asio::use_awaitable);
    co_return co_await boost::asio::co_spawn(to.executor(), std::move(work), token);
}

}  // namespace thole::app
