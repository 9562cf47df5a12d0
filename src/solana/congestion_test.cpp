#include "solana/congestion.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include <rapidcheck/gtest.h>

namespace thole::solana {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{};

uuid id(std::uint8_t n) {
    std::array<std::uint8_t, 16> raw{};
    raw.fill(n);
    return uuid{raw};
}

congestion crowded(time_point now = start) {
    congestion road;
    for (int i = 0; i < 8; ++i) road.died(now);
    return road;
}

// proves: S7
TEST(Congestion, IsAShareOfTheLastEndsThatFoundNoRoom) {
    congestion road;
    EXPECT_FALSE(road.at(start).congested);
    for (int i = 0; i < 24; ++i) road.landed(3s, start);
    for (int i = 0; i < 7; ++i) road.died(start);
    EXPECT_EQ(road.at(start).permille(), 225U);
    EXPECT_FALSE(road.at(start).congested);
    road.landed(30s, start);
    EXPECT_EQ(road.at(start).late, 8U);
    EXPECT_TRUE(road.at(start).congested) << "250 of 1000";
    road.landed(30s - 1ns, start);
    EXPECT_EQ(road.at(start).ends, 32U) << "the oldest is forgotten";
    EXPECT_TRUE(road.at(start).congested);
}

// proves: S7
TEST(Congestion, AFewEndsSayNothing) {
    congestion road;
    for (int i = 0; i < 7; ++i) road.died(start);
    EXPECT_FALSE(road.at(start).congested);
    EXPECT_FALSE(road.hold(id(1), start));
    EXPECT_FALSE(road.hold(id(2), start));
    road.died(start);
    EXPECT_TRUE(road.at(start).congested);
}

// proves: S7
TEST(Congestion, IsOverByItself) {
    auto road = crowded();
    EXPECT_TRUE(road.at(start + 2min - 1ns).congested);
    EXPECT_FALSE(road.at(start + 2min).congested) << "nothing ended since";
    for (int i = 0; i < 25; ++i) road.landed(2s, start + 1min);
    EXPECT_FALSE(road.at(start + 1min).congested) << "or what ends finds room again";
}

// proves: S7
TEST(Congestion, OneGoesEachPaceInTheOrderOfComing) {
    auto road = crowded();
    EXPECT_FALSE(road.hold(id(1), start));
    EXPECT_EQ(road.hold(id(2), start), 250ms);
    EXPECT_EQ(road.hold(id(3), start), 500ms);
    EXPECT_EQ(road.hold(id(2), start + 100ms), 150ms) << "it has its turn already";
    EXPECT_FALSE(road.hold(id(3), start + 500ms));
    EXPECT_FALSE(road.hold(id(2), start + 500ms)) << "late, and still its turn";
    EXPECT_EQ(road.hold(id(2), start + 500ms), 250ms) << "it was used up";
    EXPECT_FALSE(road.hold(id(9), start + 2min)) << "there is room";
}

TEST(Congestion, NobodyIsHeldLongWithoutAskingAgain) {
    auto road = crowded();
    for (std::uint8_t i = 0; i < 100; ++i) {
        const auto pause = road.hold(id(i), start);
        EXPECT_LE(pause.value_or(0s), 15s);
    }
}

TEST(Congestion, WithoutAPaceAllGoAtOnce) {
    congestion road{{.pace = 0ns}};
    for (int i = 0; i < 8; ++i) road.died(start);
    for (std::uint8_t i = 0; i < 100; ++i) EXPECT_FALSE(road.hold(id(i), start));
}

// However they come, while it is congested at most one goes each pace, and everybody goes.
// proves: S7
RC_GTEST_PROP(Congestion, PacesAndStarvesNobody, ()) {
    congestion road{{.memory = 24h}};
    for (int i = 0; i < 8; ++i) road.died(start);
    auto now = start;
    std::map<std::uint8_t, time_point> due;  // who waits, until when
    const auto count = *rc::gen::inRange<std::uint8_t>(1, 40);
    for (std::uint8_t i = 0; i < count; ++i)
        due[i] = start + std::chrono::milliseconds{*rc::gen::inRange(0, 5000)};
    std::vector<time_point> gone;
    while (!due.empty()) {
        const auto next = std::ranges::min_element(due, {}, [](const auto& e) { return e.second; });
        now = std::max(now, next->second);
        if (const auto pause = road.hold(id(next->first), now)) {
            RC_ASSERT(*pause > 0ns && *pause <= 15s);
            next->second = now + *pause + std::chrono::milliseconds{*rc::gen::inRange(0, 50)};
        } else {
            gone.push_back(now);
            due.erase(next);
        }
        RC_ASSERT(now - start < 2min);
    }
    RC_ASSERT(gone.size() == count);
    // Late ones may catch up with the next turn; over all no more went than there were turns.
    for (std::size_t i = 0; i < gone.size(); ++i) {
        const auto turns = (gone[i] - start) / 250ms + 1;
        RC_ASSERT(static_cast<std::int64_t>(i) < turns);
    }
}

}  // namespace
}  // namespace thole::solana
