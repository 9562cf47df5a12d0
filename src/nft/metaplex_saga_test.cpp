// Whole mints by Metaplex' standard, on the model of its program.

#include "engine/codes.hpp"
#include "nft/mint_world_test.hpp"
#include "solana/codec/address.hpp"
#include "solana/codec/metaplex_accounts.hpp"

namespace thole::nft {
namespace {

using namespace testing;
using ::testing::HasSubstr;

const solana::public_key artist = solana::keypair::from_seed({77}).address();

mint_request metaplex_request(world& w, const std::string& what = "Seat B-7") {
    auto r = w.request(what);
    r.standard = token_standard::metaplex;
    return r;
}

// An NFT of the wallet, which is what a collection is; its address.
solana::public_key mint_collection(world& w) {
    auto r = metaplex_request(w, "Seats");
    r.account = "user-0";
    const auto end = w.b.end_of(w.accept("collection", r));
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    return w.identity("collection", token_standard::metaplex).mint;
}

metaplex_terms terms_in(const solana::public_key& collection) {
    return {collection.text(), 500, {{artist.text(), 40}}};
}

chain_nft nft_of(world& w, const std::string& key) {
    return w.on_chain(w.identity(key, token_standard::metaplex))->nft.value();
}

// proves: S9, M2, C1
TEST(metaplex_saga, mints_into_a_verified_collection_with_its_creators) {
    world w;
    const auto collection = mint_collection(w);
    EXPECT_FALSE(nft_of(w, "collection").collection);
    w.metaplex = terms_in(collection);
    const auto id = w.accept("order-1", metaplex_request(w));
    w.metaplex = {};  // what was accepted stays
    const auto end = w.b.end_of(id);
    ASSERT_EQ(end.view.state, "completed") << json::write(end.view);
    const auto nft = nft_of(w, "order-1");
    EXPECT_EQ(uniqueness_problem(nft), "");
    EXPECT_TRUE(issuer_verified(nft, w.wallet.address()));
    EXPECT_EQ(nft.collection, (solana::metaplex::collection{true, collection}));
    EXPECT_EQ(nft.replaceable->seller_fee_basis_points, 500);
    const std::vector<solana::metaplex::creator> creators{{w.wallet.address(), true, 60},
                                                          {artist, false, 40}};
    EXPECT_EQ(nft.replaceable->creators, creators);
    EXPECT_EQ(end.find_output<steps::verify>()->layers.size(), 4U);
    w.b.expect_stories_true();
}

// proves: S9, E2
TEST(metaplex_saga, a_token_2022_mint_beside_it_is_in_none) {
    world w;
    w.metaplex = terms_in(mint_collection(w));
    const auto end = w.mint("order-1");
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(w.on_chain(w.identity("order-1"))->nft->collection, std::nullopt);
}

// proves: S9, M1
TEST(metaplex_saga, a_collection_of_somebody_else_stops_a_mint_before_anything_leaves) {
    world w;
    const auto collection = mint_collection(w);
    const auto place = solana::metadata_address(collection);
    auto account = *w.chain.accounts().at(place, w.chain.slot());
    std::ranges::copy(artist.raw, account.data.begin() + 1);  // the update authority
    w.chain.place(place, account);
    w.b.loop.advance(2s);  // until it is confirmed
    w.metaplex = terms_in(collection);
    const auto sent = w.sends();
    const auto id = w.accept("order-1", metaplex_request(w));
    const auto parked = w.until(id, [](const auto& view) { return view.state == "parked"; });
    EXPECT_THAT(json::write(parked.view), HasSubstr("nft.collection_not_ours"));
    EXPECT_THAT(json::write(parked.view), HasSubstr("its update authority is " + artist.text()));
    EXPECT_EQ(w.sends(), sent);
    EXPECT_TRUE(w.b.wait(w.b->cancel(id, "test", "another collection")));
    EXPECT_EQ(w.b.end_of(id).view.state, "rolled_back");
}

// The mint that lands is not what was asked for: a program that forgot, or somebody's later act.
// proves: S9, M2, C1
TEST(metaplex_saga, a_token_that_its_collection_gave_up_is_never_completed) {
    world w;
    const auto collection = mint_collection(w);
    w.metaplex = terms_in(collection);
    const auto id = w.accept("order-1", metaplex_request(w));
    const auto place =
        solana::metadata_address(w.identity("order-1", token_standard::metaplex).mint);
    const auto landed = [&] { return w.chain.accounts().at(place, w.chain.slot()); };
    // In the very slot: what happens later may become final after the mint was verified.
    for (int i = 0; landed() == nullptr && i < 600; ++i) w.b.loop.advance(100ms);
    ASSERT_NE(landed(), nullptr);
    auto account = *landed();
    auto named = std::ranges::search(account.data, collection.raw);
    ASSERT_FALSE(named.empty());
    *(named.begin() - 1) = 0;  // verified
    w.chain.place(place, account);
    const auto parked = w.until(id, [](const auto& view) { return view.state == "parked"; });
    EXPECT_THAT(json::write(parked.view), HasSubstr("chain: its collection is not verified"));
    *(named.begin() - 1) = 1;
    w.chain.place(place, account);
    EXPECT_TRUE(w.b.wait(w.b->retry(id, "test", "verified again")));
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
}

}  // namespace
}  // namespace thole::nft
