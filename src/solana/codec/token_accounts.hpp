#pragma once

// What a mint or token account holds, read from its bytes (SPL Token and Token-2022).
//
//   auto mint = decode_mint(account.data);
//   if (mint && mint->supply == 1 && !mint->mint_authority && mint->metadata) ...
//
// An authority is there or not by its tag alone: programs leave old key bytes behind. Unknown
// extensions are skipped by their length; a length that leads outside the data is an error.
// Errors: codes::account_malformed. Pure; threads: any.

#include <optional>

#include "solana/codec/token_metadata.hpp"
#include "thole/result.hpp"

namespace thole::solana {

struct metadata_pointer {
    std::optional<public_key> authority;
    std::optional<public_key> address;
    friend bool operator==(const metadata_pointer&, const metadata_pointer&) = default;
};

struct token_metadata {
    std::optional<public_key> update_authority;
    public_key mint;
    token_metadata_fields fields;

    // The value of an additional pair; nothing when absent or given twice.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view key) const noexcept;
    friend bool operator==(const token_metadata&, const token_metadata&) = default;
};

struct mint_account {
    std::optional<public_key> mint_authority;
    std::optional<public_key> freeze_authority;
    std::uint64_t supply = 0;
    std::uint8_t decimals = 0;
    bool initialized = false;
    std::optional<metadata_pointer> pointer;  // Token-2022 only
    std::optional<token_metadata> metadata;   // Token-2022 only
    friend bool operator==(const mint_account&, const mint_account&) = default;
};

enum class token_account_state : std::uint8_t { uninitialized = 0, initialized = 1, frozen = 2 };

struct token_account {
    public_key mint;
    public_key owner;
    std::uint64_t amount = 0;
    std::optional<public_key> delegate;
    std::uint64_t delegated = 0;
    std::optional<public_key> close_authority;
    token_account_state state = token_account_state::uninitialized;
    friend bool operator==(const token_account&, const token_account&) = default;
};

[[nodiscard]] result<mint_account> decode_mint(bytes_view data);
[[nodiscard]] result<token_account> decode_token_account(bytes_view data);
// The value of the metadata extension alone.
[[nodiscard]] result<token_metadata> decode_token_metadata(bytes_view value);

// The reverse, for models and tests: the bytes that the program would keep.
[[nodiscard]] bytes encode_mint(const mint_account& mint);
[[nodiscard]] bytes encode_token_account(const token_account& account);

}  // namespace thole::solana
