#pragma once

// A message: the accounts, the blockhash and the instructions that signatures cover.
//
//   auto message = compile_message(message_version::legacy, payer, recent, instructions);
//   bytes signed_part = serialize(*message);
//
// Compiling merges the mentions of a key (signer and writable are or-ed) and orders keys: writable
// signers with the payer first, readonly signers, writable others, readonly others; within a group
// by first mention, an instruction mentioning its program before its accounts.
// Address lookup tables are read and written, but not used by compile_message().
// Values; threads: any. Errors: codes::transaction_malformed, codes::transaction_too_large.

#include <span>

#include "solana/codec/instruction.hpp"
#include "solana/codec/wire.hpp"
#include "thole/result.hpp"

namespace thole::solana {

enum class message_version : std::uint8_t { legacy, v0 };

struct compiled_instruction {
    std::uint8_t program = 0;  // index into the keys
    bytes accounts;            // indices into the keys, then the looked-up ones
    bytes data;
    friend bool operator==(const compiled_instruction&, const compiled_instruction&) = default;
};

struct address_lookup {
    public_key table;
    bytes writable;  // indices into the table
    bytes readonly;
    friend bool operator==(const address_lookup&, const address_lookup&) = default;
};

struct message {
    message_version version = message_version::legacy;
    std::uint8_t required_signatures = 0;  // the first so many keys sign
    std::uint8_t readonly_signed = 0;      // the last so many of them are readonly
    std::uint8_t readonly_unsigned = 0;    // the last so many keys are readonly
    std::vector<public_key> keys;
    solana::blockhash blockhash;
    std::vector<compiled_instruction> instructions;
    std::vector<address_lookup> lookups;  // v0 only

    [[nodiscard]] bool is_signer(std::size_t key) const noexcept {
        return key < required_signatures;
    }
    [[nodiscard]] bool is_writable(std::size_t key) const noexcept;
    friend bool operator==(const message&, const message&) = default;
};

[[nodiscard]] result<message> compile_message(message_version version, const public_key& payer,
                                              const blockhash& recent,
                                              std::span<const instruction> instructions);

[[nodiscard]] bytes serialize(const message& m);
// Reads a message from the rest of `in` and checks every count and index of it.
[[nodiscard]] result<message> parse_message(reader& in);
[[nodiscard]] result<message> parse_message(bytes_view data);

}  // namespace thole::solana
