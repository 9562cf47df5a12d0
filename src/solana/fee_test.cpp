#include "solana/fee.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <rapidcheck/gtest.h>

namespace thole::solana {
namespace {

std::vector<prioritization_fee> fees(const std::vector<std::uint64_t>& values) {
    std::vector<prioritization_fee> out;
    for (const auto v : values) out.push_back({0, v});
    return out;
}

// proves: S7
TEST(Fee, IsAPercentileBetweenFloorAndCap) {
    std::vector<std::uint64_t> hundred;
    for (std::uint64_t i = 0; i <= 100; ++i) hundred.push_back((100 - i) * 100);
    EXPECT_EQ(choose_price(fees(hundred), {}, 1), 7500U);
    EXPECT_EQ(choose_price(fees(hundred), {.percentile = 50}, 1), 5000U);
    EXPECT_EQ(choose_price(fees({0, 0, 0}), {}, 1), 1000U);
    EXPECT_EQ(choose_price({}, {}, 1), 1000U);
    EXPECT_EQ(choose_price(fees({UINT64_MAX}), {}, 1), 2'000'000U);
}

// proves: S7
TEST(Fee, RisesWithEachGenerationUpToTheCap) {
    std::vector<std::uint64_t> hundred;
    for (std::uint64_t i = 0; i <= 100; ++i) hundred.push_back(i * 100);
    EXPECT_EQ(choose_price(fees(hundred), {}, 2), 2 * 9000U);
    EXPECT_EQ(choose_price(fees(hundred), {}, 3), 4 * 9500U);
    EXPECT_EQ(choose_price({}, {}, 3), 4000U);
    EXPECT_EQ(choose_price({}, {.cap = 3000}, 3), 3000U);
    EXPECT_EQ(choose_price(fees({1'500'000}), {}, 2), 2'000'000U);
}

RC_GTEST_PROP(Fee, NeverLeavesItsBoundsNorFalls,
              (std::vector<std::uint64_t> values, int generation)) {
    const fee_policy policy;
    const auto price = choose_price(fees(values), policy, generation);
    RC_ASSERT(price >= policy.floor && price <= policy.cap);
    if (generation < INT32_MAX)
        RC_ASSERT(choose_price(fees(values), policy, generation + 1) >= price);
}

TEST(ComputeLimit, IsATenthMoreThanUsed) {
    EXPECT_EQ(choose_limit(100'000, {}), 110'000U);
    EXPECT_EQ(choose_limit(0, {}), 1'000U);
    EXPECT_EQ(choose_limit(1'399'999, {}), 1'400'000U);
    EXPECT_EQ(choose_limit(UINT64_MAX, {}), 1'400'000U);
}

}  // namespace
}  // namespace thole::solana
