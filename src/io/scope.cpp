#include "io/scope.hpp"

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

// Has its slot as a member: a handler of bind_cancellation_slot() has an executor in Asio's eyes,
// through which a cancellation would travel as a job with a bare pointer to the child's signal, and
// on a loop that only queues the child may be gone by then.
struct scope::at_end {
    using cancellation_slot_type = boost::asio::cancellation_slot;
    scope* owner;
    position which;

    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
        return which->signal.slot();
    }
    void operator()(std::exception_ptr error) const { owner->remove(which, error); }
};

bool scope::spawn(task<> work) {
    if (closing_) return false;
    const auto which = children_.emplace(children_.end());
    boost::asio::co_spawn(loop_.executor(), run(*which, std::move(work)), at_end{this, which});
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
