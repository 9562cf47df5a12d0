#include "io/scope.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>

#include "io/cancellation.hpp"
#include "thole/assert.hpp"

namespace thole::io {

scope::~scope() {
    THOLE_ASSERT(children_.empty(), "a scope is closed before it is destroyed");
}

task<> scope::run(child& self, task<> work) {
    co_await cancellation_as_value();
    co_await boost::asio::post(boost::asio::use_awaitable);
    self.started = true;
    if (!self.cancelled) co_await std::move(work);
}

bool scope::spawn(task<> work) {
    if (closing_) return false;
    const auto which = children_.emplace(children_.end());
    auto done = [this, which](std::exception_ptr error) { remove(which, error); };
    boost::asio::co_spawn(loop_.executor(), run(*which, std::move(work)),
                          boost::asio::bind_cancellation_slot(which->signal.slot(), done));
    return true;
}

void scope::remove(position which, std::exception_ptr error) {
    if (error) {
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& caught) {
            std::fprintf(stderr, "thole: %s\n", caught.what());
        } catch (...) {
        }
        THOLE_ASSERT(!error, "no exception leaves a spawned coroutine");
    }
    children_.erase(which);
    if (children_.empty()) empty_.notify_all();
}

void scope::cancel() {
    // Cancellation handlers only post, so no child ends while this walks.
    for (auto& each : children_) {
        each.cancelled = true;
        if (each.started) each.signal.emit(boost::asio::cancellation_type::terminal);
    }
}

task<> scope::close() {
    closing_ = true;
    cancel();
    co_await drained();
}

task<> scope::drained() {
    while (!children_.empty()) co_await empty_.wait_uncancelled();
}

task<result<>> scope::ended() {
    while (!children_.empty()) {
        auto waited = co_await empty_.wait();
        if (!waited) co_return waited;
    }
    co_return result<>{};
}

}  // namespace thole::io
