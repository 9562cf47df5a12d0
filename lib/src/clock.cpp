#include "thole/clock.hpp"

#include <ctime>

#include "thole/assert.hpp"

namespace thole {

namespace {

std::chrono::nanoseconds read(clockid_t id) {
    timespec t{};
    clock_gettime(id, &t);
    return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

}  // namespace

time_point system_clock::now() const { return time_point{read(CLOCK_MONOTONIC)}; }

wall_time system_clock::wall_now() const {
    return wall_time{std::chrono::floor<std::chrono::microseconds>(read(CLOCK_REALTIME))};
}

void manual_clock::advance(duration by) {
    THOLE_ASSERT(by >= duration::zero(), "a steady clock never goes backward");
    now_ += by;
    wall_ += std::chrono::floor<std::chrono::microseconds>(by);
}

}  // namespace thole
