// What a partner shows against what it must show.

#include "nft/partners.hpp"

#include <gmock/gmock.h>

#include "solana/codec/keypair.hpp"

namespace thole::nft {
namespace {

using testing::StartsWith;

const shown_nft expected{.wallet = solana::keypair::from_seed({1}).address(),
                         .mint = solana::keypair::from_seed({2}).address(),
                         .uri = "ipfs://content",
                         .level = 7};

// The answer's one NFT, with these members changed.
std::string difference(const boost::json::object& changes, const shown_nft& what = expected) {
    boost::json::object nft{{"mint", expected.mint.text()},
                            {"uri", "ipfs://content"},
                            {"level", 7},
                            {"issuer_verified", true},
                            {"content_verified", true},
                            {"reason", ""},
                            {"colour", "blue"}};
    for (const auto& [key, value] : changes) nft[key] = value;
    for (const auto& [key, value] : changes) {
        if (value.is_null() && key != "level") nft.erase(key);
    }
    return partner_difference(boost::json::object{{"nfts", {nft}}}, what);
}

// proves: C4
TEST(partner_difference, is_empty_for_what_must_be_seen) {
    EXPECT_EQ(difference({}), "");
    EXPECT_EQ(difference({{"level", "7"}}), "");
    EXPECT_EQ(difference({{"issuer_verified", nullptr}, {"content_verified", nullptr}}), "");
    EXPECT_EQ(difference({{"uri", nullptr}}), "");
    auto without = expected;
    without.level.reset();
    EXPECT_EQ(difference({{"level", nullptr}}, without), "");
}

// proves: C4
TEST(partner_difference, names_what_a_partner_sees_otherwise) {
    EXPECT_EQ(difference({{"mint", expected.wallet.text()}}), "the wallet does not show it");
    EXPECT_EQ(difference({{"uri", "ipfs://other"}}), "URI is ipfs://other");
    EXPECT_EQ(difference({{"level", 8}}), "level is 8");
    EXPECT_EQ(difference({{"level", "-7"}}), "level is -7");
    EXPECT_EQ(difference({{"level", nullptr}}), "it shows no level");
    EXPECT_EQ(difference({{"issuer_verified", false}}), "it does not hold the issuer proved");
    EXPECT_EQ(difference({{"content_verified", false}}), "it does not hold the content proved");
    auto without = expected;
    without.level.reset();
    EXPECT_EQ(difference({}, without), "it shows a level");
    EXPECT_EQ(partner_difference(boost::json::object{{"nfts", boost::json::array{}}}, expected),
              "the wallet does not show it");
}

// proves: C4
TEST(partner_difference, tells_an_answer_of_another_form) {
    const auto wrong = StartsWith("answer: ");
    EXPECT_THAT(partner_difference(nullptr, expected), wrong);
    EXPECT_THAT(partner_difference(boost::json::object{}, expected), wrong);
    EXPECT_THAT(partner_difference(boost::json::object{{"nfts", "none"}}, expected), wrong);
    EXPECT_THAT(difference({{"level", "7.0"}}), wrong);
    EXPECT_THAT(difference({{"level", "seven"}}), wrong);
    EXPECT_THAT(difference({{"level", true}}), wrong);
    EXPECT_THAT(difference({{"uri", 7}}), wrong);
}

}  // namespace
}  // namespace thole::nft
