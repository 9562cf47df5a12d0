#include "base/money.hpp"

#include <gtest/gtest.h>

namespace thole {
namespace {

TEST(Money, IsReadToAMillionthAndWrittenWithTwoDecimalsAtLeast) {
    for (const auto& [text, micros, again] : {std::tuple{"0.15 USD", 150'000, "0.15 USD"},
                                              {"0 EUR", 0, "0.00 EUR"},
                                              {"3 USDC", 3'000'000, "3.00 USDC"},
                                              {"0.000001 USD", 1, "0.000001 USD"},
                                              {"12.3450 CHF", 12'345'000, "12.345 CHF"}}) {
        const auto read = money::parse(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(read->micros, micros);
        EXPECT_EQ(read->text(), again);
        EXPECT_EQ(money::parse(read->text()), read);
    }
    EXPECT_EQ(money::parse("9000 JPY")->micros, 9'000'000'000);
}

TEST(Money, WhatIsNoAmountWithItsCurrencyIsRefused) {
    for (const auto* text :
         {"", "0.15", "USD", "0.15USD", "0.15 usd", "0.15 US", "0.15 DOLLARSUS", "-1 USD", "+1 USD",
          "1. USD", ".5 USD", "1.0000001 USD", "1,5 USD", "0.15  USD", "0.15 USD ",
          "9000.000001 JPY", "99999 JPY", "1e3 USD", "0x1 USD"}) {
        EXPECT_FALSE(money::parse(text)) << text;
    }
}

TEST(Money, PartsAreRoundedUpAndDoNotOverflow) {
    const money price{150'000, "USD"};
    EXPECT_EQ(price.times_parts(0, 1'000'000'000).micros, 0);
    EXPECT_EQ(price.times_parts(1, 1'000'000'000).micros, 1);
    EXPECT_EQ(price.times_parts(2'000'000'000, 1'000'000'000).micros, 300'000);
    EXPECT_EQ(price.times_parts(10'000, 1'000'000'000).micros, 2);
    const money dearest{9'000'000'000, "JPY"};
    EXPECT_EQ(dearest.times_parts(999'999'999, 1'000'000'000).micros, 8'999'999'991);
    EXPECT_EQ(dearest.times_parts(1'000'000'000'000'000'000U, 1'000'000'000).micros,
              9'000'000'000'000'000'000);
}

TEST(Money, SumsAreKeptByCurrency) {
    std::vector<money> sums;
    for (const auto* each : {"0.20 USD", "0.10 EUR", "0.05 USD"}) add_to(sums, *money::parse(each));
    EXPECT_EQ(sums, (std::vector{*money::parse("0.10 EUR"), *money::parse("0.25 USD")}));
}

}  // namespace
}  // namespace thole
