#pragma once

// Addresses that are computed instead of generated.
//
//   auto mint = create_with_seed(wallet, seed, token_2022_program);   // result<public_key>
//   auto account = associated_token_address(owner, *mint, token_2022_program);
//
// Pure functions; threads: any. Errors: codes::seed_invalid.

#include <span>

#include "solana/codec/base58_value.hpp"
#include "thole/result.hpp"

namespace thole::solana {

inline constexpr std::size_t max_seed_length = 32;
inline constexpr std::size_t max_seeds = 16;  // the bump included

// sha256(base ‖ seed ‖ owner). No curve test: only `base` can sign the account into being.
[[nodiscard]] result<public_key> create_with_seed(const public_key& base, std::string_view seed,
                                                  const public_key& owner);

struct derived_address {
    public_key address;
    std::uint8_t bump = 0;
};

// The first of bump 255, 254 … whose digest is no curve point, so that no key can sign for it.
[[nodiscard]] result<derived_address> find_program_address(std::span<const bytes_view> seeds,
                                                           const public_key& program);
// With the bump given among the seeds; fails when the digest is a curve point.
[[nodiscard]] result<public_key> create_program_address(std::span<const bytes_view> seeds,
                                                        const public_key& program);

// Where a wallet holds a token. The token program is part of it: Token-2022's differs.
[[nodiscard]] public_key associated_token_address(const public_key& owner, const public_key& mint,
                                                  const public_key& token_program);
// Metaplex Token Metadata's two accounts of a mint.
[[nodiscard]] public_key metadata_address(const public_key& mint);
[[nodiscard]] public_key master_edition_address(const public_key& mint);

}  // namespace thole::solana
