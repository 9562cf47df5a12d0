#include "nft/mint_input.hpp"

#include <gtest/gtest.h>

#include "nft/codes.hpp"
#include "nft/nft_fixture.hpp"

namespace thole::nft {
namespace {

const cluster_secret secret{sha256(as_bytes("a cluster"))};
const cluster_secret other_secret{sha256(as_bytes("another cluster"))};
const operation_name order{"default", "mint", "order-1"};

mint_request request() {
    mint_request r;
    r.owner = fixture::key(3).text();
    r.account = "user-1";
    r.name = "n";
    r.image = "bafkimage";
    return r;
}

// proves: S4
TEST(mint_input, carries_the_identity_that_was_fixed_at_acceptance) {
    const auto text = json::write(accept_mint(request(), {secret, fixture::issuer}, order));
    const auto read = read_mint_input(text);
    ASSERT_TRUE(read.has_value()) << text;
    EXPECT_EQ(read->request, request());
    const auto fixed = identify_mint(secret, fixture::issuer, order, token_standard::token_2022);
    // Whatever this process is configured with.
    EXPECT_EQ(identity_of(*read, {other_secret, fixture::key(1)}, order), fixed);
    EXPECT_NE(text.find(R"("seed":")" + fixed.seed), std::string::npos) << text;
    EXPECT_NE(text.find(R"("base":")" + fixed.base.text()), std::string::npos) << text;
}

// proves: S4
TEST(mint_input, an_input_of_version_1_is_the_bare_request) {
    const auto read = read_mint_input(json::write(request()));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->v, mint_input::newest);
    EXPECT_EQ(read->request, request());
    EXPECT_FALSE(read->identity.has_value());
    const mint_base base{secret, fixture::issuer};
    EXPECT_EQ(identity_of(*read, base, order),
              identify_mint(secret, fixture::issuer, order, token_standard::token_2022));
}

// proves: S9
TEST(mint_input, carries_the_issuers_terms_where_the_standard_has_them) {
    const metaplex_terms terms{fixture::key(5).text(), 500, {{fixture::key(6).text(), 40}}};
    const mint_base base{secret, fixture::issuer};
    EXPECT_FALSE(accept_mint(request(), base, order, terms).metaplex);
    auto wanted = request();
    wanted.standard = token_standard::metaplex;
    EXPECT_FALSE(accept_mint(wanted, base, order).metaplex);
    const auto read = read_mint_input(json::write(accept_mint(wanted, base, order, terms)));
    ASSERT_TRUE(read && read->metaplex);
    EXPECT_EQ(*read->metaplex, terms);
}

TEST(mint_input, an_input_of_version_2_has_no_terms) {
    auto input = accept_mint(request(), {secret, fixture::issuer}, order);
    input.v = 2;
    const auto read = read_mint_input(json::write(input));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->identity, input.identity);
    EXPECT_FALSE(read->metaplex);
}

TEST(mint_input, what_is_newer_or_none_is_not_guessed_at) {
    auto input = accept_mint(request(), {secret, fixture::issuer}, order);
    input.v = mint_input::newest + 1;
    EXPECT_FALSE(read_mint_input(json::write(input)).has_value());
    EXPECT_FALSE(read_mint_input(R"({"v":2})").has_value());
    EXPECT_FALSE(read_mint_input(R"({"x":1})").has_value());
    EXPECT_FALSE(read_mint_input("[]").has_value());
    EXPECT_FALSE(read_mint_input("{").has_value());
}

// proves: S4
TEST(mint_input, another_wallet_is_refused_while_mints_are_live) {
    const auto stored = fixture::key(1).text();
    EXPECT_TRUE(check_wallet(fixture::issuer, std::nullopt, 5));
    EXPECT_TRUE(check_wallet(fixture::issuer, stored, 0));
    EXPECT_TRUE(check_wallet(fixture::key(1), stored, 5));
    const auto refused = check_wallet(fixture::issuer, stored, 5);
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(refused.error().is(codes::wallet_changed));
    const auto detail = std::string{refused.error().detail()};
    EXPECT_NE(detail.find("wallet.key is " + fixture::issuer.text()), std::string::npos) << detail;
    EXPECT_NE(detail.find(stored), std::string::npos) << detail;
    EXPECT_NE(detail.find("must stay the same"), std::string::npos) << detail;
}

}  // namespace
}  // namespace thole::nft
