#pragma once

// An operation that this node is working on, and the small things its work waits with. Internal to
// the engine; everything on the core loop's thread.

#include <boost/asio/cancellation_signal.hpp>
#include <deque>
#include <memory>

#include "engine/alarms.hpp"
#include "engine/definition.hpp"
#include "engine/journal.hpp"
#include "engine/step.hpp"
#include "io/suspend.hpp"
#include "thole/assert.hpp"

namespace thole::saga {

// One waiter that sleeps until a time or until it is woken, whatever comes first.
class nap {
  public:
    task<bool> until(std::shared_ptr<alarms> clock, time_point at) {
        auto start = [this, clock, at](io::resumption<bool> done) {
            THOLE_ASSERT(!done_, "a nap has one waiter");
            done_.emplace(std::move(done));
            if (std::exchange(woken_early_, false)) return wake(*clock);
            if (at == time_point::max()) return;
            alarm_ = clock->at(at, [this, &ringing = *clock] {
                alarm_ = {};
                wake(ringing);
            });
        };
        return io::suspend<bool>(std::move(start));
    }
    // Wakes the waiter, or the next one if nobody waits. He goes on soon, not inside this call.
    void wake(alarms& clock) {
        if (alarm_.number != 0) clock.cancel(std::exchange(alarm_, {}));
        if (!done_) {
            woken_early_ = true;
            return;
        }
        std::exchange(done_, std::nullopt)->post(true);
    }
    void forget() { done_.reset(); }
    [[nodiscard]] bool waiting() const noexcept { return done_.has_value(); }
    void clear_early() noexcept { woken_early_ = false; }

  private:
    std::optional<io::resumption<bool>> done_;
    alarms::id alarm_{};
    bool woken_early_ = false;
};

// Moves of one operation are journaled one after another, each based on the one before.
class turnstile {
  public:
    // Nobody is inside, and now we are: this needs no coroutine.
    [[nodiscard]] bool try_enter() noexcept { return !std::exchange(taken_, true); }
    task<bool> enter() {
        if (try_enter()) co_return true;
        auto start = [this](io::resumption<bool> done) { queue_.push_back(std::move(done)); };
        co_return co_await io::suspend<bool>(std::move(start));
    }
    void leave() {
        if (queue_.empty()) {
            taken_ = false;
            return;
        }
        auto next = std::move(queue_.front());
        queue_.pop_front();
        next.post(true);
    }
    void forget() { queue_.clear(); }

  private:
    bool taken_ = false;
    std::deque<io::resumption<bool>> queue_;
};

// Calls of steps, one after another: those of the operation's current step, or of one of its group.
struct step_calls {
    int member = -1;           // the step, where it is one of a group
    int attempt = 1;           // … and its attempt
    bool timed_out = false;    // the current call
    bool interrupted = false;  // the current call, by a cancel or a shutdown
    bool started = false;      // before this Asio must not be told of a cancellation
    bool forward = false;      // run, probe or prepare: what a cancel may interrupt
    deadline until;            // of the current call
    duration latency{};        // of calls since the last event
    std::vector<call_note> notes;
    int notes_dropped = 0;
    std::unique_ptr<boost::asio::cancellation_signal> signal;

    void interrupt() {
        interrupted = true;
        cancel();
    }
    void cancel() {
        if (started) signal->emit(boost::asio::cancellation_type::terminal);
    }
};
using calls_ptr = std::shared_ptr<step_calls>;

struct live_operation {
    stored_operation what;
    const definition* saga = nullptr;
    bool lost = false;           // fenced, or given back: nothing more is written from here
    bool claimed_again = false;  // before its driver here had left, who then gives that back
    calls_ptr own = std::make_shared<step_calls>();
    std::vector<calls_ptr> beside;  // under way, of a group's steps
    texts_read texts;
    std::string place;    // the step in which it has a place (operation_state::lane)
    std::string offered;  // the one in which it was woken to take a place
    // Of the driver between two looks, of who waits for a group's steps, and of who repeats a
    // commit, which may be a person's act beside them.
    nap sleeping;
    nap regrouping;
    nap committing;
    turnstile moves;

    [[nodiscard]] operation_state& state() noexcept { return what.op.now; }
    [[nodiscard]] const identity& who() const noexcept { return what.op.who; }
    void interrupt() {
        own->interrupt();
        for (const auto& each : std::vector{beside}) each->interrupt();
    }
    void interrupt_forward() {
        if (own->forward) own->interrupt();
        for (const auto& each : std::vector{beside}) each->interrupt();
    }
};

}  // namespace thole::saga
