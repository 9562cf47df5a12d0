#include "io/timer_queue.hpp"

#include <gtest/gtest.h>

#include <list>
#include <map>

#include <rapidcheck/gtest.h>

namespace thole::io {
namespace {

using namespace std::chrono_literals;

struct alarm final : timer_queue::entry {
    explicit alarm(int n) : number{n} {}
    void due() noexcept override {}
    int number;
};

std::vector<int> pop_all(timer_queue& queue, time_point now) {
    std::vector<int> out;
    while (auto* each = queue.pop_due(now)) out.push_back(static_cast<alarm*>(each)->number);
    return out;
}

TEST(TimerQueue, GivesOutWhatIsDueInOrderOfTimeThenOfArming) {
    timer_queue queue;
    alarm a{1}, b{2}, c{3}, d{4};
    const time_point start{1h};
    queue.arm(a, start + 2s);
    queue.arm(b, start + 1s);
    queue.arm(c, start + 2s);
    queue.arm(d, start + 3s);
    EXPECT_EQ(queue.next(), start + 1s);
    EXPECT_TRUE(pop_all(queue, start).empty());
    EXPECT_EQ(pop_all(queue, start + 2s), (std::vector{2, 1, 3}));
    EXPECT_FALSE(a.armed());
    EXPECT_EQ(pop_all(queue, start + 3s), std::vector{4});
    EXPECT_FALSE(queue.next());
}

TEST(TimerQueue, ArmingAgainMovesAndDisarmingTwiceIsHarmless) {
    timer_queue queue;
    alarm a{1}, b{2};
    const time_point start{1h};
    queue.arm(a, start);
    queue.arm(b, start);
    queue.arm(a, start);  // now behind b
    EXPECT_EQ(queue.size(), 2U);
    EXPECT_EQ(pop_all(queue, start), (std::vector{2, 1}));
    queue.disarm(a);
    queue.arm(a, start);
    queue.disarm(a);
    queue.disarm(a);
    EXPECT_EQ(queue.size(), 0U);
}

TEST(TimerQueueDeathTest, AnArmedEntryMustNotBeDestroyed) {
    timer_queue queue;
    EXPECT_DEATH(
        {
            alarm a{1};
            queue.arm(a, time_point{1h});
        },
        "disarmed before it is destroyed");
}

// Against the obvious model: an ordered map by (time, order of arming).
RC_GTEST_PROP(TimerQueue, BehavesLikeASortedList, ()) {
    timer_queue queue;
    std::vector<std::unique_ptr<alarm>> alarms;
    for (int i = 0; i < 40; ++i) alarms.push_back(std::make_unique<alarm>(i));
    std::map<std::pair<time_point, int>, int> model;
    std::map<int, std::pair<time_point, int>> where;
    int order = 0;
    time_point now{1h};
    const auto forget = [&](int n) {
        if (where.contains(n)) model.erase(where.at(n));
        where.erase(n);
    };
    const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 4), rc::gen::inRange(0, 40), rc::gen::inRange(0, 50)));
    for (const auto& [what, which, delay] : steps) {
        auto& each = *alarms[static_cast<std::size_t>(which)];
        if (what <= 1) {
            const auto at = now + std::chrono::milliseconds{delay};
            forget(which);
            queue.arm(each, at);
            where[which] = {at, order};
            model[{at, order++}] = which;
        } else if (what == 2) {
            queue.disarm(each);
            forget(which);
        } else {
            now += std::chrono::milliseconds{delay};
            std::vector<int> expected;
            while (!model.empty() && model.begin()->first.first <= now) {
                expected.push_back(model.begin()->second);
                forget(model.begin()->second);
            }
            RC_ASSERT(pop_all(queue, now) == expected);
        }
        RC_ASSERT(queue.size() == model.size());
        RC_ASSERT(queue.next() ==
                  (model.empty() ? std::nullopt : std::optional{model.begin()->first.first}));
        RC_ASSERT(each.armed() == where.contains(which));
    }
    for (auto& each : alarms) queue.disarm(*each);
}

}  // namespace
}  // namespace thole::io
