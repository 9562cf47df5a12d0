#pragma once

// Instructions of SPL Token and Token-2022 (the same bytes; the program differs), of the Associated
// Token Account program, and memos. Pure; threads: any.

#include <optional>

#include "solana/codec/instruction.hpp"

namespace thole::solana {

// `program` is token_program or token_2022_program (programs.hpp) throughout.

[[nodiscard]] instruction initialize_mint(const public_key& program, const public_key& mint,
                                          std::uint8_t decimals, const public_key& mint_authority,
                                          const std::optional<public_key>& freeze_authority);

struct mint_to_accounts {
    public_key mint;
    public_key destination;
    public_key authority;
};
[[nodiscard]] instruction mint_to(const public_key& program, const mint_to_accounts& accounts,
                                  std::uint64_t amount);

enum class authority_type : std::uint8_t {
    mint_tokens = 0,
    freeze_account = 1,
    account_owner = 2,
    close_account = 3,
};
// No next authority: the right is given up for good.
[[nodiscard]] instruction set_authority(const public_key& program, const public_key& account,
                                        const public_key& current, authority_type type,
                                        const std::optional<public_key>& next);

// Creates the owner's associated token account unless it exists.
[[nodiscard]] instruction create_associated_token_account(const public_key& program,
                                                          const public_key& payer,
                                                          const public_key& owner,
                                                          const public_key& mint);

// `signers` must sign the transaction; the memo is then their word.
[[nodiscard]] instruction memo(std::string_view text, const std::vector<public_key>& signers = {});

}  // namespace thole::solana
