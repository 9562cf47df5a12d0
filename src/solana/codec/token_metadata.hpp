#pragma once

// Token-2022's own metadata: the metadata pointer extension and the token-metadata interface.
//
// Order in a transaction: create the account with mint_with_pointer_space bytes but the rent of the
// final length (the program grows the account itself), initialize_metadata_pointer,
// initialize_mint, initialize_metadata, update_field for each additional pair. Pure; threads: any.

#include <optional>

#include "solana/codec/instruction.hpp"

namespace thole::solana {

// A mint of 82 bytes padded to 165, the account type, and the pointer extension (4 + 64).
inline constexpr std::uint64_t mint_with_pointer_space = 234;

using metadata_pair = std::pair<std::string, std::string>;

// What the metadata extension holds, without the keys.
struct token_metadata_fields {
    std::string name;
    std::string symbol;
    std::string uri;
    std::vector<metadata_pair> additional;
    friend bool operator==(const token_metadata_fields&, const token_metadata_fields&) = default;
};

// The account's length once pointer and metadata are in: what the rent must cover.
[[nodiscard]] std::uint64_t mint_with_metadata_space(const token_metadata_fields& fields) noexcept;

[[nodiscard]] instruction initialize_metadata_pointer(const public_key& mint,
                                                      const std::optional<public_key>& authority,
                                                      const public_key& metadata_address);

struct metadata_keys {
    public_key mint;  // the metadata lies in the mint account itself
    public_key update_authority;
    public_key mint_authority;  // signs
};
// Name, symbol and URI; the additional pairs are written by update_field().
[[nodiscard]] instruction initialize_metadata(const metadata_keys& keys, std::string_view name,
                                              std::string_view symbol, std::string_view uri);

enum class metadata_field : std::uint8_t { name = 0, symbol = 1, uri = 2 };
[[nodiscard]] instruction update_field(const public_key& mint, const public_key& update_authority,
                                       metadata_field field, std::string_view value);
// A pair under a key of one's own.
[[nodiscard]] instruction update_field(const public_key& mint, const public_key& update_authority,
                                       std::string_view key, std::string_view value);
[[nodiscard]] instruction remove_key(const public_key& mint, const public_key& update_authority,
                                     std::string_view key, bool idempotent);
// No next authority: nobody can change the metadata any more.
[[nodiscard]] instruction update_metadata_authority(const public_key& mint,
                                                    const public_key& current,
                                                    const std::optional<public_key>& next);

}  // namespace thole::solana
