#include "solana/wallet.hpp"

#include <gtest/gtest.h>

#include "solana/codes.hpp"
#include "solana/gather.hpp"
#include "solana/scripted_nodes.hpp"

namespace thole::solana {
namespace {

using namespace std::chrono_literals;
using testing::network;

constexpr std::uint64_t rent(std::uint64_t space) {
    return (space + 128) * 6960;
}

mint_terms some_terms() {
    mint_terms terms;
    terms.seed = std::string(32, 'a');
    terms.fields = {"Name", "SYM", "ipfs://x", {}};
    terms.compute_limit = 100'000;
    terms.compute_price = 1'000;
    return terms;
}

TEST(WalletWatch, KnowsWhatAMintCosts) {
    network net;
    wallet_watch watch{net.client, public_key{{1}}, 0};
    const auto terms = some_terms();
    const auto t22 = net.run(watch.cost_of(mint_standard::token_2022, terms, net.in(5s))).value();
    EXPECT_EQ(t22.rent, rent(rent_space(mint_standard::token_2022, terms)) + rent(170));
    EXPECT_EQ(t22.program_fee, 0U);
    EXPECT_EQ(t22.network_fee, 5'100U);
    EXPECT_EQ(t22.total(), t22.rent + 5'100U);
    const auto mpl = net.run(watch.cost_of(mint_standard::metaplex, terms, net.in(5s))).value();
    EXPECT_EQ(mpl.rent, rent(82) + rent(165) + rent(679) + rent(282));
    EXPECT_EQ(mpl.program_fee, 10'000'000U);
    const auto asked = net.nodes.asked("getMinimumBalanceForRentExemption");
    static_cast<void>(net.run(watch.cost_of(mint_standard::metaplex, terms, net.in(5s))));
    EXPECT_EQ(net.nodes.asked("getMinimumBalanceForRentExemption"), asked);
    watch.forget();
    static_cast<void>(net.run(watch.cost_of(mint_standard::metaplex, terms, net.in(5s))));
    EXPECT_GT(net.nodes.asked("getMinimumBalanceForRentExemption"), asked);
}

// Lamports that one node makes up would be paid into the account for good.
// proves: S3
TEST(WalletWatch, ARentCountsOnlyAsTwoProvidersTellItAlike) {
    for (const std::uint64_t odd : {0U, 2'000'000'000U}) {
        network net;
        net.nodes["a"].rent = odd;  // first in every order
        wallet_watch watch{net.client, public_key{{1}}, 0};
        EXPECT_EQ(net.run(watch.rent_of(100, net.in(5s))).value(), rent(100));
        watch.forget();
        net.nodes["c"].broken = &thole::codes::net_reset;
        const auto disputed = net.run(watch.rent_of(100, net.in(5s)));
        ASSERT_FALSE(disputed);
        EXPECT_TRUE(disputed.error().is(codes::rent_disputed)) << disputed.error().describe();
        EXPECT_EQ(disputed.error().kind(), fault_kind::transient);
        EXPECT_NE(disputed.error().detail().find("a tells " + std::to_string(odd) + " lamports"),
                  std::string_view::npos);
        net.nodes["a"].rent.reset();
        EXPECT_EQ(net.run(watch.rent_of(100, net.in(5s))).value(), rent(100)) << "asked again";
    }
}

TEST(WalletWatch, OneProvidersRentCountsAloneUpToWhatTheNetworkHasAlwaysAsked) {
    auto endpoints = testing::three_endpoints();
    for (auto& each : endpoints) each.provider = name{"same"};
    network net{endpoints};
    wallet_watch strict{net.client, public_key{{1}}, 0};
    EXPECT_EQ(net.run(strict.rent_of(100, net.in(5s))).value(), rent(100));
    for (const std::uint64_t odd : {std::uint64_t{0}, rent(100) + 1}) {
        for (const auto* each : {"a", "b", "c"}) net.nodes[each].rent = odd;
        strict.forget();
        EXPECT_TRUE(net.run(strict.rent_of(100, net.in(5s))).error().is(codes::rent_disputed));
    }
    for (const auto* each : {"a", "b", "c"}) net.nodes[each].rent.reset();
    wallet_watch lenient{net.client, public_key{{1}}, 0, {.required_providers = 1}};
    EXPECT_EQ(net.run(lenient.rent_of(100, net.in(5s))).value(), rent(100));
    net.nodes["b"].rent = 1;
    lenient.forget();
    EXPECT_TRUE(net.run(lenient.rent_of(100, net.in(5s))).error().is(codes::rent_disputed));
}

TEST(WalletWatch, ARentServesForAnHourAndIsSharedByThoseWhoComeTogether) {
    network net;
    wallet_watch watch{net.client, public_key{{1}}, 0};
    for (const auto* n : {"a", "b", "c"}) net.nodes[n].delay = 100ms;
    std::vector<task<result<std::uint64_t>>> all;
    for (int i = 0; i < 20; ++i) all.push_back(watch.rent_of(100, net.in(5s)));
    for (const auto& each : net.run(gather(std::move(all)))) EXPECT_EQ(each.value(), rent(100));
    const auto asked = [&] { return net.nodes.asked("getMinimumBalanceForRentExemption"); };
    EXPECT_EQ(asked(), 3);
    net.loop.advance(59min);
    static_cast<void>(net.run(watch.rent_of(100, net.in(5s))));
    EXPECT_EQ(asked(), 3);
    for (const auto* n : {"a", "b", "c"}) net.nodes[n].rent = 5;
    net.loop.advance(1min);
    EXPECT_EQ(net.run(watch.rent_of(100, net.in(5s))).value(), 5U);
}

// proves: S8
TEST(WalletWatch, TellsNeedAndFloorApart) {
    network net;
    wallet_watch watch{net.client, public_key{{1}}, 1'000};
    const auto state = [&](std::uint64_t held, std::uint64_t needed) {
        net.nodes["a"].balance = held;
        return net.run(watch.check(needed, net.in(5s))).value();
    };
    EXPECT_TRUE(state(1'000, 1'000).enough);
    EXPECT_FALSE(state(1'000, 1'000).below_floor);
    EXPECT_FALSE(state(999, 1'000).enough);
    EXPECT_TRUE(state(999, 10).below_floor);
    EXPECT_TRUE(state(999, 10).enough);
    EXPECT_EQ(state(5, 10).lamports, 5U);
}

TEST(WalletWatch, AnUnreadableBalanceIsAFault) {
    network net;
    for (const auto* n : {"a", "b", "c"}) net.nodes[n].broken = &thole::codes::net_reset;
    wallet_watch watch{net.client, public_key{{1}}, 1'000};
    EXPECT_FALSE(net.run(watch.check(1, net.in(5s))));
    EXPECT_FALSE(net.run(watch.cost_of(mint_standard::metaplex, some_terms(), net.in(5s))));
}

}  // namespace
}  // namespace thole::solana
