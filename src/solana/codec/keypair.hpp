#pragma once

// A signing key, kept as a secret, and the address it signs for.
//
//   auto wallet = keypair::from_json(text);      // the 64-number array of the usual key files
//   wallet->address();                           // printable; the key itself has no printed form
//
// Reading the file with its mode check is in solana/keypair_file.hpp. Errors (never with any of
// the key's text): codes::keypair_invalid. Threads: any, const access.

#include "base/digest.hpp"
#include "solana/codec/base58_value.hpp"
#include "thole/result.hpp"

namespace thole::solana {

class keypair {
  public:
    [[nodiscard]] static keypair from_seed(const ed25519_seed& seed);
    // seed ‖ public key; refused when the second half is not the key of the first.
    [[nodiscard]] static result<keypair> from_bytes(bytes_view secret_key);
    // "[174,47, … ]": exactly 64 numbers of 0…255, JSON white space allowed.
    [[nodiscard]] static result<keypair> from_json(std::string_view text);
    // Either form of text: the JSON array, or base58 of the 64 bytes.
    [[nodiscard]] static result<keypair> from_text(std::string_view text);

    [[nodiscard]] const public_key& address() const noexcept { return address_; }
    [[nodiscard]] signature sign(bytes_view message) const;

  private:
    explicit keypair(const ed25519_seed& seed) : key_{seed}, address_{key_.public_half()} {}

    ed25519_key key_;
    public_key address_;
};

[[nodiscard]] bool verify(const public_key& signer, bytes_view message, const signature& s);

}  // namespace thole::solana
