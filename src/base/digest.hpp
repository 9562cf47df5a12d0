#pragma once

// SHA-256 and HMAC-SHA256 by OpenSSL, Ed25519 (RFC 8032) by libsodium in half the time. Values in,
// values out; what fails in them (out of memory) ends the process: THOLE_ASSERT. Threads: any.

#include <array>
#include <memory>
#include <optional>

#include "base/bytes.hpp"

namespace thole {

using sha256_digest = std::array<std::uint8_t, 32>;

[[nodiscard]] sha256_digest sha256(bytes_view data);
[[nodiscard]] sha256_digest hmac_sha256(bytes_view key, bytes_view data);

// Incremental hashing of a stream. Single-owner; reusable after finish().
class sha256_stream {
  public:
    sha256_stream();
    ~sha256_stream();
    sha256_stream(sha256_stream&&) noexcept;
    sha256_stream& operator=(sha256_stream&&) noexcept;

    void update(bytes_view data);
    [[nodiscard]] sha256_digest finish();  // and starts anew

  private:
    struct state;
    std::unique_ptr<state> state_;
};

using ed25519_seed = std::array<std::uint8_t, 32>;
using ed25519_public_key = std::array<std::uint8_t, 32>;
using ed25519_signature = std::array<std::uint8_t, 64>;

// A signing key, made ready once: deriving it from its seed costs as much as a signature. It is
// wiped with its last copy, and has no printed form.
class ed25519_key {
  public:
    explicit ed25519_key(const ed25519_seed& seed);

    [[nodiscard]] ed25519_public_key public_half() const;
    [[nodiscard]] ed25519_signature sign(bytes_view message) const;

  private:
    std::shared_ptr<void> key_;
};
[[nodiscard]] bool ed25519_verify(const ed25519_public_key& key, bytes_view message,
                                  const ed25519_signature& signature);  // strict

}  // namespace thole
