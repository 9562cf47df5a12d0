#include "nft/mint_identity.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "solana/codec/address.hpp"
#include "solana/codec/programs.hpp"

namespace thole::nft {
namespace {

const cluster_secret secret{sha256(as_bytes("a cluster"))};
const auto wallet =
    solana::public_key::parse("7A4NamkMyPufJdqsoRxUt3fE2KYuQ9NAb25GgAKECwaf").value();

// proves: S4
TEST(mint_identity, is_the_hmac_of_the_length_prefixed_name) {
    const auto id =
        identify_mint(secret, wallet, {"default", "mint", "order-1"}, token_standard::token_2022);
    const std::string name{"\x07\0\0\0default\x04\0\0\0mint\x07\0\0\0order-1", 30};
    EXPECT_EQ(id.seed,
              to_hex(hmac_sha256(sha256(as_bytes("a cluster")), as_bytes(name))).substr(0, 32));
    bytes whole{wallet.raw.begin(), wallet.raw.end()};
    whole.insert(whole.end(), id.seed.begin(), id.seed.end());
    const auto& program = solana::token_2022_program.raw;
    whole.insert(whole.end(), program.begin(), program.end());
    EXPECT_EQ(id.mint.raw, sha256(whole));
}

// proves: S4
RC_GTEST_PROP(mint_identity, one_name_one_address,
              (const std::string& tenant, const std::string& kind, const std::string& key,
               const std::string& other)) {
    const auto mint = [](std::string_view t, std::string_view k, std::string_view y) {
        return identify_mint(secret, wallet, {t, k, y}, token_standard::token_2022).mint;
    };
    RC_ASSERT(mint(tenant, kind, key) == mint(tenant, kind, key));
    RC_ASSERT((other == key) == (mint(tenant, kind, other) == mint(tenant, kind, key)));
    // Moving a letter from one part to the next gives another name.
    RC_ASSERT(mint(tenant + "a", kind, key) != mint(tenant, "a" + kind, key));
}

TEST(mint_identity, depends_on_secret_wallet_and_program) {
    const operation_name name{"default", "mint", "k"};
    const auto id = identify_mint(secret, wallet, name, token_standard::token_2022);
    const cluster_secret other{sha256(as_bytes("another cluster"))};
    EXPECT_NE(identify_mint(other, wallet, name, token_standard::token_2022).seed, id.seed);
    const auto stranger =
        identify_mint(secret, solana::token_program, name, token_standard::token_2022);
    EXPECT_EQ(stranger.seed, id.seed);
    EXPECT_NE(stranger.mint, id.mint);
    const auto metaplex = identify_mint(secret, wallet, name, token_standard::metaplex);
    EXPECT_EQ(metaplex.token_program, solana::token_program);
    EXPECT_NE(metaplex.mint, id.mint);
}

}  // namespace
}  // namespace thole::nft
