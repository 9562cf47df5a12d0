#include "io/shared_answer.hpp"

#include <gtest/gtest.h>

#include "io/scope.hpp"
#include "io/virtual_loop.hpp"

namespace thole::io {
namespace {

using namespace std::chrono_literals;

struct desk {
    virtual_loop loop;
    shared_answer<result<int>> shared;
    int asked = 0;
    std::optional<fault> refuses;
    std::vector<result<int>> heard;

    task<result<int>> answer() {
        const int mine = ++asked;
        if (auto slept = co_await loop.sleep_for(100ms); !slept) co_return fail(slept.error());
        if (refuses) co_return fail(*refuses);
        co_return mine;
    }
    task<> come() {
        auto ask = [this] { return answer(); };
        heard.push_back(co_await shared.get(loop, 1s, ask));
    }
};

TEST(SharedAnswer, IsAskedForOnceByAllWhoComeMeanwhile) {
    desk d;
    scope work{d.loop};
    for (int i = 0; i < 5; ++i) work.spawn(d.come());
    d.loop.advance(900ms);
    work.spawn(d.come());
    d.loop.advance(1ms);
    EXPECT_EQ(d.asked, 1);
    ASSERT_EQ(d.heard.size(), 6U);
    for (const auto& each : d.heard) EXPECT_EQ(each.value(), 1);
    d.loop.advance(200ms);  // a second since it was told
    work.spawn(d.come());
    EXPECT_TRUE(d.loop.run_until_idle());
    EXPECT_EQ(d.heard.back().value(), 2);
}

TEST(SharedAnswer, AFaultIsForThoseWhoWaitedAndNobodyLater) {
    desk d;
    d.refuses = fault{codes::net_timeout};
    scope work{d.loop};
    for (int i = 0; i < 3; ++i) work.spawn(d.come());
    EXPECT_TRUE(d.loop.run_until_idle());
    EXPECT_EQ(d.asked, 1);
    for (const auto& each : d.heard) EXPECT_TRUE(each.error().is(codes::net_timeout));
    d.refuses.reset();
    work.spawn(d.come());
    EXPECT_TRUE(d.loop.run_until_idle());
    EXPECT_EQ(d.heard.back().value(), 2);
}

TEST(SharedAnswer, WhenWhoAsksIsCancelledTheNextOneAsks) {
    desk d;
    scope first{d.loop};
    scope second{d.loop};
    first.spawn(d.come());
    d.loop.advance(10ms);
    second.spawn(d.come());
    second.spawn(d.come());
    d.loop.advance(10ms);
    first.cancel();
    EXPECT_TRUE(d.loop.run_until_idle());
    EXPECT_EQ(d.asked, 2);
    ASSERT_EQ(d.heard.size(), 3U);
    EXPECT_EQ(d.heard[0].error().kind(), fault_kind::cancelled);
    EXPECT_EQ(d.heard[1].value(), 2);
    EXPECT_EQ(d.heard[2].value(), 2);
}

TEST(SharedAnswer, WhoWaitsCanBeCancelledAlone) {
    desk d;
    scope first{d.loop};
    scope second{d.loop};
    first.spawn(d.come());
    d.loop.advance(10ms);
    second.spawn(d.come());
    d.loop.advance(10ms);
    second.cancel();
    EXPECT_TRUE(d.loop.run_until_idle());
    EXPECT_EQ(d.asked, 1);
    ASSERT_EQ(d.heard.size(), 2U);
    EXPECT_EQ(d.heard[0].error().kind(), fault_kind::cancelled);
    EXPECT_EQ(d.heard[1].value(), 1);
}

}  // namespace
}  // namespace thole::io
