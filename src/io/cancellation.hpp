#pragma once

// How a coroutine learns that its caller gave up. The one file that knows Asio's defaults.
//
// Asio cancels a coroutine by throwing from its next co_await. Here a cancelled wait is a value
// (codes::policy_cancelled) like every other failure, so:
//
//   - whoever spawns a coroutine (scope, with_deadline) begins it with cancellation_as_value();
//   - every wait of src/io asks was_cancelled() first: after a cancellation no wait starts anew,
//     also when the one that was running ended in the ordinary way.
//
// Work that must go on after a cancellation (undo, release) calls forget_cancellation().

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/task.hpp"
#include "thole/codes.hpp"

namespace thole::io {

// co_await socket.async_read_some(buffer, as_values): {error_code, size}, never an exception.
inline constexpr auto as_values = boost::asio::as_tuple(boost::asio::use_awaitable);

[[nodiscard]] task<> cancellation_as_value();
[[nodiscard]] task<bool> was_cancelled();
[[nodiscard]] task<> forget_cancellation();

[[nodiscard]] inline fault cancelled_fault() {
    return fault{codes::policy_cancelled};
}

}  // namespace thole::io
