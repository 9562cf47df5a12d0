#pragma once

// A completion handler with a cancellation slot and nothing else.
//
//   co_spawn(executor, work, cancellable{signal.slot(), [](std::exception_ptr) { ... }});
//
// Why not bind_cancellation_slot: for a handler whose associated executor it cannot see to be the
// default, Boost 1.81 passes a cancellation on by a posted job that holds a plain pointer into the
// slot. When the work ends and the slot is used again before that job runs, the next work is
// cancelled instead. With this type Asio cancels directly, inside emit().

#include <boost/asio/cancellation_signal.hpp>

namespace thole::saga {

template <class F>
struct cancellable {
    using cancellation_slot_type = boost::asio::cancellation_slot;
    cancellable(cancellation_slot_type s, F f) : slot{s}, ended{std::move(f)} {}
    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return slot; }
    template <class... Args>
    void operator()(Args&&... args) {
        ended(std::forward<Args>(args)...);
    }
    cancellation_slot_type slot;
    F ended;
};

}  // namespace thole::saga
