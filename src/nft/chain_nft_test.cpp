#include "nft/chain_nft.hpp"

#include <gtest/gtest.h>

#include "nft/nft_fixture.hpp"

namespace thole::nft {
namespace {

result<chain_nft> decode(const fixture::token& token) {
    const auto data = solana::encode_mint(token.account);
    return decode_nft({token.mint, solana::token_2022_program, data, {}, {}});
}

result<chain_nft> decode_metaplex(const fixture::metaplex_options& how, bool prints = false) {
    const auto mint = fixture::metaplex_mint(how.mint);
    const auto metadata = fixture::metaplex_metadata("ipfs://x", how);
    const auto edition = fixture::master_edition(prints);
    return decode_nft({how.mint, solana::token_program, mint, metadata, edition});
}

// proves: S9
TEST(chain_nft, reads_a_token_2022_mint) {
    const auto nft = decode(fixture::token_2022("ipfs://x"));
    ASSERT_TRUE(nft.has_value());
    EXPECT_EQ(nft->name, "Seat B-7");
    EXPECT_EQ(nft->symbol, "TIX");
    EXPECT_EQ(nft->uri, "ipfs://x");
    EXPECT_TRUE(nft->is_mutable);
    EXPECT_EQ(uniqueness_problem(*nft), "");
    EXPECT_TRUE(issuer_verified(*nft, fixture::issuer));
}

// proves: S9, C4
TEST(chain_nft, a_wrong_seed_is_not_the_issuer) {
    auto token = fixture::token_2022("ipfs://x");
    token.account.metadata->fields.additional = {{std::string{solana::seed_field}, "other"}};
    EXPECT_FALSE(issuer_verified(decode(token).value(), fixture::issuer));
    token.account.metadata->fields.additional.clear();
    EXPECT_FALSE(issuer_verified(decode(token).value(), fixture::issuer));
}

// proves: S9, C4
TEST(chain_nft, a_forger_with_our_update_authority_is_not_the_issuer) {
    auto token = fixture::token_2022("ipfs://x");
    // Made under the forger's own key: the address follows from that key, whatever he writes.
    token.mint =
        *solana::create_with_seed(fixture::key(66), "0123456789abcdef", solana::token_2022_program);
    token.account.pointer->address = token.mint;
    token.account.metadata->mint = token.mint;
    EXPECT_FALSE(issuer_verified(decode(token).value(), fixture::issuer));
}

TEST(chain_nft, someone_elses_update_authority_is_not_the_issuer) {
    auto token = fixture::token_2022("ipfs://x");
    token.account.metadata->update_authority = fixture::key(66);
    EXPECT_FALSE(issuer_verified(decode(token).value(), fixture::issuer));
    token.account.metadata->update_authority.reset();
    const auto frozen = decode(token).value();
    EXPECT_TRUE(issuer_verified(frozen, fixture::issuer));
    EXPECT_FALSE(frozen.is_mutable);
}

TEST(chain_nft, metadata_that_the_mint_does_not_point_to_does_not_count) {
    auto token = fixture::token_2022("ipfs://x");
    token.account.pointer->address = fixture::key(5);
    EXPECT_FALSE(decode(token)->has_metadata);
    token = fixture::token_2022("ipfs://x");
    token.account.pointer.reset();
    EXPECT_FALSE(decode(token)->has_metadata);
    token = fixture::token_2022("ipfs://x");
    token.account.metadata->mint = fixture::key(5);
    EXPECT_FALSE(decode(token)->has_metadata);
}

TEST(chain_nft, what_is_not_one_of_a_kind_is_told) {
    auto token = fixture::token_2022("ipfs://x");
    token.account.supply = 2;
    EXPECT_EQ(uniqueness_problem(decode(token).value()), "supply is 2");
    token.account.supply = 1;
    token.account.decimals = 6;
    EXPECT_EQ(uniqueness_problem(decode(token).value()), "decimals is 6");
    token.account.decimals = 0;
    token.account.mint_authority = fixture::issuer;
    EXPECT_EQ(uniqueness_problem(decode(token).value()), "more can be minted");
}

// proves: S9
TEST(chain_nft, reads_a_metaplex_mint) {
    const auto nft = decode_metaplex({});
    ASSERT_TRUE(nft.has_value());
    EXPECT_EQ(nft->name, "Seat B-7");
    EXPECT_EQ(nft->uri, "ipfs://x");
    EXPECT_EQ(uniqueness_problem(*nft), "");
    EXPECT_TRUE(issuer_verified(*nft, fixture::issuer));
}

// proves: S9, C4
TEST(chain_nft, an_unverified_creator_is_not_the_issuer) {
    EXPECT_FALSE(issuer_verified(*decode_metaplex({.creator_verified = false}), fixture::issuer));
    EXPECT_FALSE(issuer_verified(*decode_metaplex({.creator = fixture::key(66)}), fixture::issuer));
    EXPECT_FALSE(
        issuer_verified(*decode_metaplex({.update_authority = fixture::key(66)}), fixture::issuer));
}

// proves: S9
TEST(chain_nft, what_an_update_of_metaplex_replaces_is_read_whole) {
    const auto nft = decode_metaplex({.collection = fixture::key(5)}).value();
    ASSERT_TRUE(nft.replaceable);
    EXPECT_EQ(nft.replaceable->uri, "ipfs://x");
    EXPECT_EQ(nft.replaceable->seller_fee_basis_points, 0);
    EXPECT_EQ(nft.replaceable->creators->size(), 1U);
    EXPECT_EQ(nft.replaceable->collection->key, fixture::key(5));
    EXPECT_FALSE(nft.lacks_metadata);
    EXPECT_FALSE(decode(fixture::token_2022("ipfs://x"))->replaceable);
}

TEST(chain_nft, a_metaplex_edition_with_prints_is_not_unique) {
    EXPECT_EQ(uniqueness_problem(*decode_metaplex({}, true)), "more can be minted");
}

TEST(chain_nft, without_metadata_nothing_is_verified) {
    const auto mint = fixture::metaplex_mint(fixture::key(9));
    const auto nft = decode_nft({fixture::key(9), solana::token_program, mint, {}, {}});
    ASSERT_TRUE(nft.has_value());
    EXPECT_FALSE(nft->has_metadata);
    EXPECT_TRUE(nft->lacks_metadata);
    EXPECT_FALSE(issuer_verified(*nft, fixture::issuer));
    EXPECT_EQ(uniqueness_problem(*nft), "more can be minted");
}

TEST(chain_nft, damaged_accounts_are_faults) {
    const bytes half(40);
    EXPECT_FALSE(decode_nft({fixture::key(9), solana::token_program, half, {}, {}}).has_value());
    const auto mint = fixture::metaplex_mint(fixture::key(9));
    EXPECT_FALSE(decode_nft({fixture::key(9), solana::token_program, mint, half, {}}).has_value());
}

}  // namespace
}  // namespace thole::nft
