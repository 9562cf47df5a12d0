#include "ipfs/content_costs.hpp"

#include <gtest/gtest.h>

#include "ipfs/client_testing.hpp"

namespace thole::ipfs {
namespace {

using testing::run;

const std::vector<content_place> places{
    {"store", "store", money::parse("0.02 EUR"), true},
    {"pinata", "pinata", money::parse("0.15 USD")},
    {"kubo", "kubo", std::nullopt},
    {"archive", "psa", money::parse("0.05 USD")},
};

content_costs costs_of(std::vector<pin_total> ledger) {
    return {places, [] { return store_usage{3, 1, 2'500'000'000}; },
            [ledger = std::move(ledger)]() -> task<result<std::vector<pin_total>>> {
                co_return ledger;
            }};
}

// proves: I2
TEST(ContentCosts, EachProviderIsShownWithItsPriceAndWhatItKeeps) {
    io::virtual_loop loop;
    auto costs = costs_of({{"gone", 4, 40, 0, 1},
                           {"pinata", 2, 1'000'000'000, 1, 0},
                           // Of a time when another provider had that name.
                           {"store", 1, 10, 0, 0}});
    const auto shown = run(loop, costs.look());
    ASSERT_TRUE(shown);
    ASSERT_EQ(shown->size(), 6U);
    const auto text = [&](std::size_t i) {
        const auto& cost = shown->at(i).cost_per_month;
        return shown->at(i).name + " " + (cost ? cost->text() : "-");
    };
    EXPECT_EQ(text(0), "store 0.05 EUR");
    EXPECT_EQ(text(1), "pinata 0.15 USD");
    EXPECT_EQ(shown->at(1).unknown_size, 1U);
    EXPECT_EQ(text(2), "kubo -");
    EXPECT_EQ(text(3), "archive 0.00 USD");
    EXPECT_EQ(text(4), "gone -");
    EXPECT_EQ(shown->at(4).kind, std::nullopt);
    EXPECT_EQ(shown->at(4).tried, 1U);
    EXPECT_EQ(text(5), "store -");
    EXPECT_EQ(sum_of(*shown), (std::vector{*money::parse("0.05 EUR"), *money::parse("0.15 USD")}));
}

// proves: I2
TEST(ContentCosts, WhatIsToComeCostsAsMuchAsItsCopiesAtTheFirstPlaces) {
    const auto costs = costs_of({});
    EXPECT_TRUE(costs.of(1'000'000'000, 0).empty());
    EXPECT_EQ(costs.of(1'000'000'000, 1), std::vector{*money::parse("0.02 EUR")});
    EXPECT_EQ(costs.of(1'000'000'000, 9),
              (std::vector{*money::parse("0.02 EUR"), *money::parse("0.20 USD")}));
}

TEST(ContentCosts, ALedgerThatCannotBeReadIsAFault) {
    io::virtual_loop loop;
    content_costs broken{places, [] { return store_usage{}; },
                         []() -> task<result<std::vector<pin_total>>> {
                             co_return fail(thole::codes::db_unavailable);
                         }};
    EXPECT_FALSE(run(loop, broken.look()));
}

}  // namespace
}  // namespace thole::ipfs
