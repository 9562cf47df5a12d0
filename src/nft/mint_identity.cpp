#include "nft/mint_identity.hpp"

#include "solana/codec/address.hpp"
#include "thole/assert.hpp"

namespace thole::nft {
namespace {

// Length first, so that ("ab", "c") and ("a", "bc") are different names.
void append_prefixed(bytes& to, std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    for (unsigned shift = 0; shift < 32; shift += 8) {
        to.push_back(static_cast<std::uint8_t>(size >> shift));
    }
    const auto data = as_bytes(text);
    to.insert(to.end(), data.begin(), data.end());
}

}  // namespace

mint_identity identify_mint(const cluster_secret& secret, const solana::public_key& wallet,
                            operation_name name, token_standard standard) {
    bytes text;
    append_prefixed(text, name.tenant);
    append_prefixed(text, name.kind);
    append_prefixed(text, name.key);
    mint_identity id{.base = wallet,
                     .seed = to_hex(secret.sign(text)).substr(0, solana::max_seed_length),
                     .token_program = solana::token_program_of(standard),
                     .mint = {}};
    const auto mint = solana::create_with_seed(id.base, id.seed, id.token_program);
    THOLE_ASSERT(mint.has_value(), "a seed of 32 digits is within the limit");
    id.mint = *mint;
    return id;
}

}  // namespace thole::nft
