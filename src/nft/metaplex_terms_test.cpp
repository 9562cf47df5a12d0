#include "nft/metaplex_terms.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nft/nft_fixture.hpp"
#include "solana/codes.hpp"

namespace thole::nft {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const solana::public_key other = fixture::key(66);
const solana::public_key parent = fixture::key(5);

metaplex_terms some() {
    return {parent.text(), 500, {{fixture::key(11).text(), 30}, {fixture::key(12).text(), 0}}};
}

std::vector<std::string> told(const metaplex_terms& terms,
                              const std::optional<solana::public_key>& wallet = fixture::issuer) {
    std::vector<std::string> out;
    for (const auto& each : problems_of(terms, wallet)) out.push_back(each.pointer);
    return out;
}

// proves: S9
TEST(metaplex_terms, each_broken_rule_names_its_field) {
    EXPECT_THAT(told(some()), IsEmpty());
    EXPECT_THAT(told({}), IsEmpty());
    EXPECT_THAT(told({.collection = "no key"}), ElementsAre("/collection"));
    EXPECT_THAT(told({.collection = solana::public_key{}.text()}), ElementsAre("/collection"));
    EXPECT_THAT(told({.seller_fee_basis_points = 10'001}), ElementsAre("/seller_fee_basis_points"));
    const auto key = [](std::uint8_t fill) { return fixture::key(fill).text(); };
    EXPECT_THAT(told({.creator = {{"", 1}}}), ElementsAre("/creator/0/address"));
    EXPECT_THAT(told({.creator = {{key(1), 1}, {key(1), 1}}}), ElementsAre("/creator/1/address"));
    EXPECT_THAT(told({.creator = {{fixture::issuer.text(), 1}}}),
                ElementsAre("/creator/0/address"));
    EXPECT_THAT(told({.creator = {{fixture::issuer.text(), 1}}}, std::nullopt), IsEmpty());
    EXPECT_THAT(told({.creator = {{key(1), 101}}}), ElementsAre("/creator/0/share", "/creator"));
    EXPECT_THAT(told({.creator = {{key(1), 60}, {key(2), 41}}}), ElementsAre("/creator"));
    EXPECT_THAT(
        told({.creator = {{key(1), 1}, {key(2), 1}, {key(3), 1}, {key(4), 1}, {key(6), 1}}}),
        ElementsAre("/creator"));
    EXPECT_THAT(told({.creator = {{key(1), 25}, {key(2), 25}, {key(3), 25}, {key(4), 25}}}),
                IsEmpty());
}

// proves: S9
TEST(metaplex_terms, the_wallet_is_a_creator_with_what_the_others_leave) {
    solana::mint_terms mint;
    mint.wallet = fixture::issuer;
    apply(some(), mint);
    const auto data = solana::metaplex_data(mint);
    EXPECT_TRUE(solana::metaplex::check(data));
    ASSERT_EQ(data.creators->size(), 3U);
    EXPECT_EQ(data.creators->at(0), (solana::metaplex::creator{fixture::issuer, true, 70}));
    EXPECT_EQ(data.creators->at(1), (solana::metaplex::creator{fixture::key(11), false, 30}));
    EXPECT_EQ(data.seller_fee_basis_points, 500);
    EXPECT_EQ(data.collection->key, parent);
    apply({}, mint);
    EXPECT_EQ(solana::metaplex_data(mint).creators->front().share, 100);
    EXPECT_FALSE(solana::metaplex_data(mint).collection);
}

chain_nft minted(const metaplex_terms& terms) {
    solana::mint_terms mint;
    mint.wallet = fixture::issuer;
    apply(terms, mint);
    chain_nft nft;
    nft.replaceable = solana::metaplex_data(mint);
    if (nft.replaceable->collection) nft.replaceable->collection->verified = true;
    return nft;
}

// proves: S9, C1
TEST(metaplex_terms, read_back_each_difference_is_told) {
    const auto differs = [](auto change) {
        auto nft = minted(some());
        change(*nft.replaceable);
        return difference(some(), fixture::issuer, nft);
    };
    using data = solana::metaplex::data;
    EXPECT_EQ(differs([](data&) {}), "");
    EXPECT_EQ(difference({}, fixture::issuer, minted({})), "");
    EXPECT_EQ(differs([](data& d) { d.creators->at(1).verified = true; }), "")
        << "a creator may sign later";
    EXPECT_EQ(differs([](data& d) { d.seller_fee_basis_points = 0; }), "seller fee is 0");
    EXPECT_EQ(differs([](data& d) { d.creators->at(1).share = 29; }), "creators differ");
    EXPECT_EQ(differs([](data& d) { d.creators->at(1).address = other; }), "creators differ");
    EXPECT_EQ(differs([](data& d) { d.creators->pop_back(); }), "creators differ");
    EXPECT_EQ(differs([](data& d) { d.creators.reset(); }), "creators differ");
    EXPECT_EQ(differs([](data& d) { d.creators->front().verified = false; }),
              "the issuer is no verified creator");
    EXPECT_EQ(differs([](data& d) { d.collection->verified = false; }),
              "its collection is not verified");
    EXPECT_EQ(differs([](data& d) { d.collection.reset(); }), "it is in no collection");
    EXPECT_EQ(differs([](data& d) { d.collection->key = other; }), "collection is " + other.text());
    auto plain = minted(some());
    EXPECT_EQ(difference({}, fixture::issuer, plain), "seller fee is 500");
    plain.replaceable.reset();
    EXPECT_EQ(difference(some(), fixture::issuer, plain), "it is a programmable NFT");
    auto unasked = minted({.collection = parent.text()});
    EXPECT_EQ(difference({}, fixture::issuer, unasked), "collection is " + parent.text());
}

// proves: S9
TEST(metaplex_terms, a_collection_is_an_nft_whose_authority_the_wallet_is) {
    fixture::metaplex_options how;
    how.mint = parent;
    const auto metadata = fixture::metaplex_metadata("ipfs://x", how);
    const auto edition = fixture::master_edition();
    EXPECT_EQ(collection_problem(parent, fixture::issuer, {metadata, edition}), "");
    const auto problem = [&](const collection_accounts& at,
                             const solana::public_key& wallet = fixture::issuer) {
        return collection_problem(parent, wallet, at);
    };
    EXPECT_THAT(problem({}), testing::HasSubstr("no metadata"));
    EXPECT_THAT(problem({metadata, edition}, other),
                testing::HasSubstr("update authority is " + fixture::issuer.text() +
                                   ", not the wallet " + other.text()));
    EXPECT_THAT(problem({metadata, {}}), testing::HasSubstr("is no NFT"));
    const auto prints = fixture::master_edition(true);
    EXPECT_THAT(problem({metadata, prints}), testing::HasSubstr("forbids prints"));
    const bytes half(40);
    EXPECT_THAT(problem({half, edition}), testing::HasSubstr("cannot be read"));
    how.mint = other;
    const auto of_another = fixture::metaplex_metadata("ipfs://x", how);
    EXPECT_THAT(problem({of_another, edition}), testing::HasSubstr("cannot be read"));
}

// proves: S9
TEST(metaplex_terms, the_longest_terms_fit_into_a_transaction) {
    metaplex_terms most{.collection = parent.text(), .seller_fee_basis_points = 10'000};
    for (std::uint8_t i = 0; i < most_creators; ++i) {
        most.creator.push_back({fixture::key(static_cast<std::uint8_t>(20 + i)).text(), 10});
    }
    ASSERT_THAT(told(most), IsEmpty());
    EXPECT_TRUE(check_size(most, 66)) << "ipfs:// and a CID";
    const auto longest = check_size(most, 200);
    ASSERT_FALSE(longest);
    EXPECT_TRUE(longest.error().is(solana::codes::transaction_too_large));
    EXPECT_TRUE(check_size({.collection = parent.text()}, 200)) << "a collection alone";
}

}  // namespace
}  // namespace thole::nft
