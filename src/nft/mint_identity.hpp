#pragma once

// The mint's address, fixed when the operation is accepted (SPEC S4).
//
// base = mint wallet, seed = first 32 hex digits of HMAC-SHA256(cluster secret; tenant, kind, key),
// owner = token program. Whoever accepts the same request again – another node, a daemon restored
// from an old backup – computes the same address, and the chain lets an address be created once.
//
//   auto id = nft::identify_mint(secret, wallet, {"default", "mint", key}, standard);
//   id.mint.text();                              // what the operation shows from its first second
//
// The seed is part of the token (field `thole_seed`) and public; without the secret nobody can
// compute it before, and so nobody can occupy the address.
//
// An accepted operation keeps its identity in its journaled input (mint_input.hpp) and is carried
// to its end by that; what is computed here names new operations. Values only. Threads: any.

#include <string>
#include <string_view>

#include "nft/cluster_secret.hpp"
#include "nft/request.hpp"
#include "solana/codec/base58_value.hpp"

namespace thole::nft {

struct operation_name {
    std::string_view tenant;
    std::string_view kind;
    std::string_view key;
};

struct mint_identity {
    solana::public_key base;
    std::string seed;
    solana::public_key token_program;
    solana::public_key mint;
    friend bool operator==(const mint_identity&, const mint_identity&) = default;
};
BOOST_DESCRIBE_STRUCT(mint_identity, (), (base, seed, token_program, mint))

// What every new address of this cluster follows from. The secret outlives what holds this.
struct mint_base {
    const cluster_secret& secret;
    solana::public_key wallet;
};

[[nodiscard]] mint_identity identify_mint(const cluster_secret& secret,
                                          const solana::public_key& wallet, operation_name name,
                                          token_standard standard);

}  // namespace thole::nft
