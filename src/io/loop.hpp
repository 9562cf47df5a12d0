#pragma once

// An event loop as everything above src/io sees it: an executor, the time, and waiting.
//
// main hands in the real one (a thread, a timer wheel, one armed kernel timer); a simulation hands
// in one whose time is virtual and whose order is seeded. The same code runs on both.
//
//   co_await loop.sleep_until(loop.now() + 2s);
//
// Threads: everything here is used on the loop's own thread; `post` alone may be called from any.
// Cancellation: a sleep ends early with codes::policy_cancelled when the waiting coroutine is
// cancelled through its Asio cancellation slot.

#include <functional>

#include "io/task.hpp"
#include "thole/clock.hpp"

namespace thole::io {

class loop : public clock {
  public:
    [[nodiscard]] virtual boost::asio::any_io_executor executor() = 0;
    [[nodiscard]] virtual task<result<>> sleep_until(time_point at) = 0;
    // Runs the job on the loop's thread, soon, in order of posting.
    virtual void post(std::move_only_function<void()> job) = 0;

    [[nodiscard]] task<result<>> sleep_for(duration d) {
        return sleep_until(saturating_add(now(), d));
    }
};

}  // namespace thole::io
