#pragma once

// The addresses of the programs that this codec speaks to.

#include "solana/codec/base58_value.hpp"

namespace thole::solana {

namespace detail {

consteval public_key known_key(std::string_view text) {
    return public_key::parse(text).value();
}

}  // namespace detail

inline constexpr public_key system_program{};  // 32 zero bytes
inline constexpr public_key compute_budget_program =
    detail::known_key("ComputeBudget111111111111111111111111111111");
inline constexpr public_key token_program =
    detail::known_key("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
inline constexpr public_key token_2022_program =
    detail::known_key("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
inline constexpr public_key associated_token_program =
    detail::known_key("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
inline constexpr public_key memo_program =
    detail::known_key("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
inline constexpr public_key metaplex_program =
    detail::known_key("metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s");
// Not a program: the account through which one sees the other instructions of the transaction.
inline constexpr public_key instructions_sysvar =
    detail::known_key("Sysvar1nstructions1111111111111111111111111");

}  // namespace thole::solana
