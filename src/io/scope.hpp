#pragma once

// The only way to start a coroutine on its own: whoever starts it waits for its end.
//
//   io::scope work{loop};
//   work.spawn(serve(loop, std::move(socket)));
//   ...
//   co_await work.close();      // refuses new ones, cancels, waits until the last has ended
//
// Ownership: the scope outlives its children; destroying one that still has children is a bug.
// Threads: the loop's own. Cancellation: reaches each child through its cancellation slot; close()
// itself cannot be cancelled. Errors: a child handles its own; an exception that leaves one is a
// bug.

#include <boost/asio/cancellation_signal.hpp>
#include <list>

#include "io/event.hpp"
#include "io/loop.hpp"
#include "thole/deadline.hpp"

namespace thole::io {

class scope {
  public:
    explicit scope(loop& owner) : loop_{owner} {}
    ~scope();
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

    // Starts the work soon, never inside this call. False (and the work never runs) once closing.
    bool spawn(task<> work);
    // Cancels every child there is now; new ones may still be spawned.
    void cancel();
    [[nodiscard]] task<> close();
    // Waits until there is no child, without cancelling or refusing any.
    [[nodiscard]] task<> drained();
    // The same, but ends with codes::policy_cancelled when the waiting coroutine is cancelled.
    [[nodiscard]] task<result<>> ended();
    [[nodiscard]] std::size_t running() const noexcept { return children_.size(); }
    [[nodiscard]] bool closing() const noexcept { return closing_; }

  private:
    struct child {
        boost::asio::cancellation_signal signal;
        // Asio throws inside its own start-up code when it is cancelled there: so not before this.
        bool started = false;
        bool cancelled = false;
    };
    using position = std::list<child>::iterator;
    struct at_end;

    static task<> run(child& self, task<> work);
    void remove(position which, std::exception_ptr error);

    loop& loop_;
    std::list<child> children_;
    signal empty_;
    bool closing_ = false;
};

}  // namespace thole::io
