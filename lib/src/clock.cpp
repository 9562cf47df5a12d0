#include "thole/clock.hpp"

#include <cerrno>
#include <ctime>

#include "cycle_clock.hpp"
#include "thole/assert.hpp"
#include "thole/sleeper.hpp"

namespace thole {

namespace {

std::chrono::nanoseconds read(clockid_t id) {
    timespec t{};
    clock_gettime(id, &t);
    return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

}  // namespace

time_point system_clock::now() const {
    return time_point{read(CLOCK_MONOTONIC)};
}

time_point system_clock::coarse_now() const {
    return time_point{read(CLOCK_MONOTONIC_COARSE)};
}

time_point system_clock::latency_now() const {
    return detail::cycle_now();
}

bool system_clock::counts_cycles() noexcept {
    return detail::cycles_trusted();
}

wall_time system_clock::wall_now() const {
    return wall_time{std::chrono::floor<std::chrono::microseconds>(read(CLOCK_REALTIME))};
}

void system_sleeper::sleep_until(time_point at) {
    const auto since = at.time_since_epoch();
    if (since <= duration::zero()) return;
    const auto whole = std::chrono::floor<std::chrono::seconds>(since);
    const timespec until{.tv_sec = static_cast<time_t>(whole.count()),
                         .tv_nsec = static_cast<long>((since - whole).count())};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
}

void wake_flag::set() noexcept {
    // Notified under the lock: the waiter may destroy the flag as soon as it sees it set.
    const std::scoped_lock lock{mutex_};
    set_ = true;
    changed_.notify_all();
}

bool wake_flag::is_set() const {
    const std::scoped_lock lock{mutex_};
    return set_;
}

// libstdc++'s steady_clock is CLOCK_MONOTONIC, as ours is.
bool system_sleeper::sleep_until(time_point at, wake_flag& flag) {
    const std::chrono::steady_clock::time_point until{at.time_since_epoch()};
    std::unique_lock lock{flag.mutex_};
    return flag.changed_.wait_until(lock, until, [&flag] { return flag.set_; });
}

void manual_clock::advance(duration by) {
    THOLE_ASSERT(by >= duration::zero(), "a steady clock never goes backward");
    now_ += by;
    wall_ += std::chrono::floor<std::chrono::microseconds>(by);
}

}  // namespace thole
