#pragma once

// What Metaplex's metadata and edition accounts hold.
//
// The length says nothing (679 bytes from programs of 2023, 607 from current ones, whose last byte
// is a flag about fees), and the fields behind the creators move with their number: so the layout
// is walked. Text is padded with NULs on the chain; here it is without them. Errors:
// codes::account_malformed. Pure; threads: any.

#include "solana/codec/metaplex.hpp"

namespace thole::solana::metaplex {

struct metadata_account {
    public_key update_authority;
    public_key mint;
    metaplex::data data;
    bool primary_sale_happened = false;
    bool is_mutable = false;
    std::optional<std::uint8_t> edition_nonce;
    std::optional<std::uint8_t> token_standard;  // 0 = non-fungible
    // The parent of a collection that keeps count of its members; 0 of the form that no longer
    // does.
    std::optional<std::uint64_t> collection_size;
    std::optional<public_key> rule_set;
    bool programmable = false;  // has a programmable configuration (with or without a rule set)
    friend bool operator==(const metadata_account&, const metadata_account&) = default;
};

struct edition_account {
    std::uint64_t supply = 0;                 // prints made
    std::optional<std::uint64_t> max_supply;  // nothing: unlimited
    friend bool operator==(const edition_account&, const edition_account&) = default;
};

[[nodiscard]] result<metadata_account> decode_metadata(bytes_view account);
[[nodiscard]] result<edition_account> decode_master_edition(bytes_view account);

// A verified creator signed for this token: the issuer check of this standard.
[[nodiscard]] bool has_verified_creator(const metadata_account& account, const public_key& creator);

}  // namespace thole::solana::metaplex
