#pragma once

// Waiting for something that another coroutine does.
//
//   io::event ready;                                    // one-shot: once set, every wait ends
//   auto waited = co_await ready.wait();                // or policy.cancelled
//   auto bounded = co_await io::with_deadline(loop, until, ready.wait());
//
//   io::signal changed;                                 // ends the waits there are now
//   while (queue.empty()) co_await changed.wait();
//
// Waiters continue soon after set() or notify, never inside it. Ownership: outlives its waiters.
// Threads: the loop's own. Cancellation: a cancelled wait ends with codes::policy_cancelled.

#include <list>
#include <optional>

#include "io/loop.hpp"
#include "io/suspend.hpp"

namespace thole::io {

class signal {
  public:
    signal() = default;
    ~signal();
    signal(const signal&) = delete;
    signal& operator=(const signal&) = delete;

    [[nodiscard]] task<result<>> wait();
    // For ends that must be waited for in any case (scope::close).
    [[nodiscard]] task<> wait_uncancelled();
    void notify_one();
    void notify_all();
    [[nodiscard]] std::size_t waiting() const noexcept { return waiters_.size(); }

  private:
    enum class wake : std::uint8_t { notified, cancelled };
    // Lives in the frame of the waiting coroutine.
    struct waiter {
        std::optional<resumption<wake>> waiting;
        std::list<waiter*>::iterator place;
    };
    task<wake> enter(bool cancellable);
    void leave(waiter& which, wake reason);

    std::list<waiter*> waiters_;
};

class event {
  public:
    void set();
    [[nodiscard]] bool is_set() const noexcept { return set_; }
    [[nodiscard]] task<result<>> wait();

  private:
    signal changed_;
    bool set_ = false;
};

}  // namespace thole::io
