#include "io/system_loop.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "io/scope.hpp"
#include "thole/deadline.hpp"

namespace thole::io {

system_loop::system_loop() = default;
system_loop::~system_loop() = default;

void system_loop::run() {
    const auto work = boost::asio::make_work_guard(context_);
    context_.restart();
    context_.run();
}

namespace {

task<> stop_after(system_loop& self, task<> job) {
    co_await std::move(job);
    self.stop();
}

}  // namespace

void system_loop::run_until(task<> job) {
    scope only{*this};
    only.spawn(stop_after(*this, std::move(job)));
    run();
    // The job has ended; what is left is the last step of its own coroutine.
    while (only.running() > 0) {
        context_.restart();
        context_.run_one();
    }
}

void system_loop::stop() {
    context_.stop();
}

void system_loop::post(std::move_only_function<void()> job) {
    boost::asio::post(context_, [job = std::move(job)]() mutable { job(); });
}

void system_loop::timers_changed() {
    const auto next = timers().next();
    // A later next one costs nothing: the kernel timer fires early once and is armed again.
    if (next && *next < armed_for_) arm_kernel_timer(*next);
}

void system_loop::arm_kernel_timer(time_point at) {
    armed_for_ = at;
    // Far waits in hops, so that "never" cannot overflow the timer's own arithmetic.
    const auto wait = std::min<duration>(deadline{at}.remaining(now()), std::chrono::hours{24});
    if (wait == duration::zero()) return post([this] { fire(); });  // due: no need of the kernel
    kernel_timer_.expires_after(wait);
    kernel_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) fire();
    });
}

void system_loop::fire() {
    armed_for_ = time_point::max();
    const auto at = now();
    while (auto* each = timers().pop_due(at)) each->due();
    if (const auto next = timers().next(); next && *next < armed_for_) arm_kernel_timer(*next);
}

}  // namespace thole::io
