#include "thole/detail/recent_calls.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

namespace thole::detail {
namespace {

RC_GTEST_PROP(recent_calls, equals_a_queue, (std::vector<std::pair<bool, bool>> all)) {
    const auto length = *rc::gen::inRange<std::uint32_t>(1, thole::most_window_calls + 1);
    recent_calls calls{length};
    std::deque<std::pair<bool, bool>> queue;
    for (int lap = 0; lap < 8; ++lap) {
        for (const auto& [failed, slow] : all) {
            calls.add(failed, slow);
            queue.emplace_back(failed, slow);
            if (queue.size() > length) queue.pop_front();
            const auto sum = calls.sum();
            RC_ASSERT(sum.total == queue.size());
            RC_ASSERT(sum.failed == std::ranges::count_if(queue, [](auto c) { return c.first; }));
            RC_ASSERT(sum.slow == std::ranges::count_if(queue, [](auto c) { return c.second; }));
        }
    }
}

}  // namespace
}  // namespace thole::detail
