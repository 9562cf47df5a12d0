#pragma once

// Suspends a coroutine until something that knows nothing of coroutines hands it a value.
//
//   auto start = [&](resumption<int> r) { waiting.emplace(std::move(r)); };
//   int answer = co_await suspend<int>(std::move(start));
//   ...
//   std::exchange(waiting, std::nullopt)->resume(7);       // later, on the loop's thread
//
// A resumption is used once. resume() continues the coroutine before it returns: only from a timer
// or socket callback of the loop. post() continues it soon: from anywhere on the loop's thread,
// cancellation handlers included. Dropping it destroys the coroutine.

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/task.hpp"

namespace thole::io {

template <class T>
class resumption {
  public:
    using handler_type =
        typename boost::asio::async_result<boost::asio::use_awaitable_t<>, void(T)>::handler_type;

    explicit resumption(handler_type handler) : handler_{std::move(handler)} {}

    // `action` runs when the coroutine is cancelled, inside the canceller's call; it may post().
    // It must stay valid until the coroutine has been resumed.
    template <class Action>
    void on_cancel(Action action) {
        auto slot = boost::asio::get_associated_cancellation_slot(handler_);
        if (!slot.is_connected()) return;
        slot.assign([action = std::move(action)](boost::asio::cancellation_type type) mutable {
            if (type != boost::asio::cancellation_type::none) action();
        });
    }

    void resume(T value) { std::move(handler_)(std::move(value)); }

    void post(T value) {
        auto executor = boost::asio::get_associated_executor(handler_);
        boost::asio::post(executor,
                          [handler = std::move(handler_), value = std::move(value)]() mutable {
                              std::move(handler)(std::move(value));
                          });
    }

  private:
    handler_type handler_;
};

template <class T, class Start>
task<T> suspend(Start start) {
    auto initiate = [start = std::move(start)](auto handler) mutable {
        start(resumption<T>{std::move(handler)});
    };
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(T)>(
        std::move(initiate), boost::asio::use_awaitable);
}

}  // namespace thole::io
