#pragma once

// A signed message: what is sent. Its id is its first signature, hence known before it is sent.
//
//   auto tx = sign(*message, std::array{&wallet});
//   journal(tx->id(), serialize(*tx));           // before the first byte leaves
//
// Values; threads: any. Errors: codes::signer_missing, codes::transaction_too_large,
// codes::transaction_malformed.

#include "solana/codec/keypair.hpp"
#include "solana/codec/message.hpp"

namespace thole::solana {

inline constexpr std::size_t max_transaction_size = 1232;  // one IPv6 packet

struct transaction {
    std::vector<signature> signatures;  // one per signing key of the message
    solana::message message;

    // Precondition: there is a signature (sign() and parse_transaction() see to it).
    [[nodiscard]] const signature& id() const noexcept { return signatures.front(); }
    friend bool operator==(const transaction&, const transaction&) = default;
};

// Every signing key of the message needs its keypair among `keys`; surplus ones are ignored.
[[nodiscard]] result<transaction> sign(message m, std::span<const keypair* const> keys);

[[nodiscard]] bytes serialize(const transaction& tx);
[[nodiscard]] result<transaction> parse_transaction(bytes_view data);
[[nodiscard]] bool signatures_hold(const transaction& tx);

// What the message will weigh once signed.
[[nodiscard]] std::size_t transaction_size(const message& m);

}  // namespace thole::solana
