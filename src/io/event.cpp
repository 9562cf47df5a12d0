#include "io/event.hpp"

#include "io/cancellation.hpp"
#include "thole/assert.hpp"

namespace thole::io {

signal::~signal() {
    THOLE_ASSERT(waiters_.empty(), "a signal outlives those who wait for it");
}

void signal::leave(waiter& which, wake reason) {
    if (!which.waiting) return;
    waiters_.erase(which.place);
    std::exchange(which.waiting, std::nullopt)->post(reason);
}

task<signal::wake> signal::enter(bool cancellable) {
    waiter here;
    auto start = [this, &here, cancellable](resumption<wake> waiting) {
        here.waiting.emplace(std::move(waiting));
        here.place = waiters_.insert(waiters_.end(), &here);
        if (cancellable) here.waiting->on_cancel([this, &here] { leave(here, wake::cancelled); });
    };
    co_return co_await suspend<wake>(std::move(start));
}

task<result<>> signal::wait() {
    if (co_await was_cancelled()) co_return fail(cancelled_fault());
    const auto reason = co_await enter(true);
    if (reason == wake::cancelled) co_return fail(cancelled_fault());
    co_return result<>{};
}

task<> signal::wait_uncancelled() {
    co_await enter(false);
}

void signal::notify_one() {
    if (!waiters_.empty()) leave(*waiters_.front(), wake::notified);
}

void signal::notify_all() {
    while (!waiters_.empty()) leave(*waiters_.front(), wake::notified);
}

void event::set() {
    set_ = true;
    changed_.notify_all();
}

task<result<>> event::wait() {
    if (set_) co_return result<>{};
    co_return co_await changed_.wait();
}

}  // namespace thole::io
