#include "nft/judge.hpp"

#include <gtest/gtest.h>

#include "nft/nft_fixture.hpp"
#include "thole/codes.hpp"

namespace thole::nft {
namespace {

chain_nft genuine() {
    const auto token = fixture::token_2022("ipfs://x");
    const auto data = solana::encode_mint(token.account);
    return decode_nft({token.mint, solana::token_2022_program, data, {}, {}}).value();
}

std::string json_of(std::string_view name, std::string_view level) {
    return R"({"name":")" + std::string{name} + R"(","symbol":"TIX","attributes":[{"trait_type":)" +
           R"("Level","value":")" + std::string{level} + "\"}]}";
}

// proves: C4
TEST(judge, a_genuine_token_is_verified_in_full) {
    const auto seen = judge(genuine(), {fixture::issuer}, json_of("Seat B-7", "3"));
    EXPECT_TRUE(seen.issuer_verified);
    EXPECT_TRUE(seen.content_verified);
    EXPECT_EQ(seen.level, 3U);
    EXPECT_EQ(seen.reason, "");
    EXPECT_EQ(seen.uri, "ipfs://x");
}

// proves: C4
TEST(judge, a_token_of_another_issuer_has_no_level) {
    const auto seen = judge(genuine(), {fixture::key(66)}, json_of("Seat B-7", "9"));
    EXPECT_FALSE(seen.issuer_verified);
    EXPECT_FALSE(seen.content_verified);
    EXPECT_FALSE(seen.level.has_value());
    EXPECT_EQ(seen.reason, "not made by the issuer");
    EXPECT_FALSE(deserves_fetching(genuine(), {fixture::key(66)}));
}

// proves: C4
TEST(judge, content_of_another_token_is_not_this_tokens) {
    const auto seen = judge(genuine(), {fixture::issuer}, json_of("Seat A-1", "9"));
    EXPECT_TRUE(seen.issuer_verified);
    EXPECT_FALSE(seen.content_verified);
    EXPECT_FALSE(seen.level.has_value());
    EXPECT_EQ(seen.reason, "metadata names another token: Seat A-1");
}

// proves: C4, S9
TEST(judge, a_collection_counts_only_when_it_verified_the_token) {
    const auto content = json_of("Seat B-7", "3");
    const auto seen_in = [&](const std::optional<solana::public_key>& collection, bool verified,
                             const collections& known) {
        const auto mint = fixture::metaplex_mint(fixture::key(9));
        const auto metadata = fixture::metaplex_metadata(
            "ipfs://x", {.collection = collection, .collection_verified = verified});
        const auto edition = fixture::master_edition();
        const auto nft = decode_nft(
            {fixture::key(9), solana::token_program, mint, metadata, bytes_view{edition}});
        return judge(nft.value(), {fixture::issuer}, content, known);
    };
    const auto ours = fixture::key(5);
    const auto strange = fixture::key(66);
    EXPECT_EQ(seen_in(ours, true, {ours}).reason, "");
    EXPECT_EQ(seen_in(ours, true, {strange, ours}).level, 3U);
    EXPECT_EQ(seen_in({}, false, {ours}).reason, "") << "minted before there was one";
    EXPECT_EQ(seen_in(strange, true, {}).reason, "") << "none is known, and the issuer signed";
    for (const auto& claimed : {ours, strange}) {
        const auto seen = seen_in(claimed, false, {ours});
        EXPECT_FALSE(seen.issuer_verified);
        EXPECT_FALSE(seen.level.has_value());
        EXPECT_EQ(seen.reason, "its collection did not verify it: " + claimed.text());
    }
    EXPECT_FALSE(seen_in(ours, false, {}).issuer_verified);
    const auto elsewhere = seen_in(strange, true, {ours});
    EXPECT_FALSE(elsewhere.issuer_verified);
    EXPECT_EQ(elsewhere.reason, "in another collection: " + strange.text());
}

TEST(judge, content_that_is_missing_or_broken_is_told) {
    auto seen = judge(genuine(), {fixture::issuer}, fail(thole::codes::net_timeout));
    EXPECT_TRUE(seen.issuer_verified);
    EXPECT_FALSE(seen.content_verified);
    EXPECT_TRUE(seen.reason.starts_with("content: net.timeout")) << seen.reason;
    seen = judge(genuine(), {fixture::issuer}, std::string{"<html>"});
    EXPECT_FALSE(seen.content_verified);
    EXPECT_TRUE(seen.reason.starts_with("metadata: ")) << seen.reason;
}

TEST(judge, a_second_copy_takes_everything_away) {
    auto nft = genuine();
    nft.supply = 2;
    const auto seen = judge(nft, {fixture::issuer}, json_of("Seat B-7", "3"));
    EXPECT_FALSE(seen.issuer_verified);
    EXPECT_EQ(seen.reason, "supply is 2");
    nft = genuine();
    nft.has_metadata = false;
    EXPECT_EQ(judge(nft, {fixture::issuer}, json_of("Seat B-7", "3")).reason, "no metadata");
}

// proves: C4
TEST(judge, only_tokens_verified_in_full_lift_the_level) {
    seen_nft low{.mint = "a",
                 .uri = "",
                 .level = 2,
                 .issuer_verified = true,
                 .content_verified = true,
                 .reason = ""};
    auto forged = low;
    forged.level = 99;
    forged.issuer_verified = false;
    auto lost = low;
    lost.level = 50;
    lost.content_verified = false;
    auto plain = low;
    plain.level.reset();
    EXPECT_EQ(highest_level({forged, low, lost, plain}), 2U);
    EXPECT_FALSE(highest_level({forged, plain}).has_value());
}

}  // namespace
}  // namespace thole::nft
