#include "thole/chaos.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <vector>

namespace thole {
namespace {

using namespace std::chrono_literals;

std::vector<chaos_injection> sequence(const chaos_settings& settings, int count) {
    chaos trouble{settings};
    std::vector<chaos_injection> list;
    for (int i = 0; i < count; ++i) list.push_back(trouble.next());
    return list;
}

bool same(const chaos_injection& a, const chaos_injection& b) {
    return a.act == b.act && a.delay == b.delay && a.code == b.code;
}

// proves: P12
TEST(chaos, a_seed_replays) {
    const chaos_settings settings{
        .seed = 7, .latency_permille = 300, .latency_most = 1s, .fault_permille = 200};
    const auto a = sequence(settings, 200), b = sequence(settings, 200);
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), same));
    auto other = settings;
    other.seed = 8;
    const auto c = sequence(other, 200);
    EXPECT_FALSE(std::equal(a.begin(), a.end(), c.begin(), same));
}

// proves: P12
TEST(chaos, injects_the_shares_it_was_told) {
    int slow = 0, failed = 0, answered = 0;
    for (const auto& i : sequence({.seed = 3,
                                   .latency_permille = 250,
                                   .latency_least = 10ms,
                                   .latency_most = 20ms,
                                   .fault_permille = 100,
                                   .fault = &codes::net_reset,
                                   .result_permille = 50},
                                  20'000)) {
        if (i.delay > 0ns) {
            ++slow;
            EXPECT_GE(i.delay, 10ms);
            EXPECT_LE(i.delay, 20ms);
        }
        if (i.act == chaos_act::fail) {
            ++failed;
            EXPECT_TRUE(i.what().is(codes::net_reset));
            EXPECT_EQ(i.what().detail(), "injected by chaos");
        }
        if (i.act == chaos_act::answer) ++answered;
    }
    EXPECT_NEAR(slow, 5000, 250);
    EXPECT_NEAR(failed, 2000, 150);
    EXPECT_NEAR(answered, 1000, 120);
}

TEST(chaos, off_is_off) {
    chaos trouble{{.enabled = false, .fault_permille = 1000}};
    for (int i = 0; i < 10; ++i) EXPECT_EQ(trouble.next().act, chaos_act::pass);
    trouble.reconfigure({.fault_permille = 1000});
    EXPECT_EQ(trouble.next().act, chaos_act::fail);
}

TEST(chaos, another_share_of_latency_leaves_the_faults_where_they_were) {
    const auto quiet = sequence({.seed = 5, .fault_permille = 300}, 300);
    const auto slow = sequence(
        {.seed = 5, .latency_permille = 500, .latency_most = 1s, .fault_permille = 300}, 300);
    for (int i = 0; i < 300; ++i) EXPECT_EQ(quiet[i].act, slow[i].act) << i;
}

TEST(chaos, says_every_mistake_of_its_settings) {
    EXPECT_EQ(validate(chaos_settings{.latency_permille = 1001,
                                      .latency_least = -1ms,
                                      .latency_most = -2ms,
                                      .fault_permille = 1001,
                                      .fault = nullptr})
                  .size(),
              6U);
    EXPECT_EQ(validate(chaos_settings{.fault_permille = 600, .result_permille = 401}).size(), 1U);
    EXPECT_TRUE(validate(chaos_settings{.fault_permille = 600, .result_permille = 400}).empty());
}

}  // namespace
}  // namespace thole
