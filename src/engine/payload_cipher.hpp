#pragma once

// What operations carry, unreadable at rest: AES-256-GCM under keys that can be changed.
//
//   auto cipher = payload_cipher::make({{"2026-01", old}, {"2026-07", fresh}}, random);
//   auto sealed = cipher->seal(input, {id, payload_place::event_payload, 1});   // under "2026-07"
//   auto plain  = cipher->open(sealed, {id, payload_place::event_payload, 1});  // under its own
//
// Every value names the key that it is sealed under, so old and new ones stand side by side. What a
// value belongs to – operation, kind of place, number – is part of what is authenticated: moved
// elsewhere it does not open. Each operation has a key of its own, derived from the one that is
// configured, and each value a random nonce: no (key, nonce) pair is used twice within any number
// of operations that a file can hold.
//
//   byte 0       form, 1
//   byte 1       length n of the key's id
//   n bytes      the key's id
//   12 bytes     nonce
//   then         ciphertext, and 16 bytes of tag
//
// Threads: any, when the entropy is; immutable.

#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/entropy.hpp"
#include "base/id.hpp"
#include "base/secret.hpp"
#include "thole/result.hpp"

namespace thole::saga {

inline constexpr std::size_t payload_key_bytes = 32;
inline constexpr std::size_t longest_payload_key_id = 32;

struct payload_key {
    std::string id;       // 1…32 of a–z, A–Z, 0–9, "-", "_", "."
    secret<bytes> value;  // 32 bytes
};

enum class payload_place : std::uint8_t { event_payload = 1, event_data = 2, prepared = 3 };

struct payload_label {
    uuid operation;
    payload_place place = payload_place::event_payload;
    std::int64_t number = 0;  // of the event; step and generation of prepared bytes
};

class payload_cipher {
  public:
    using ptr = std::shared_ptr<const payload_cipher>;

    // The last key seals; all of them open. engine.payload_key_bad says which is no key, and why.
    // `random` outlives it.
    [[nodiscard]] static result<ptr> make(std::vector<payload_key> keys, entropy& random);

    [[nodiscard]] bytes seal(std::string_view plain, const payload_label& label) const;
    // engine.payload_key_missing, engine.payload_unreadable; the detail names key and operation.
    [[nodiscard]] result<std::string> open(bytes_view sealed, const payload_label& label) const;

    [[nodiscard]] const std::string& newest() const noexcept { return keys_.back().id; }
    // The id of the key that a value is sealed under; nullopt: it is no sealed value.
    [[nodiscard]] static std::optional<std::string_view> key_of(bytes_view sealed) noexcept;
    // What tells two keys of one id apart and betrays neither; nullopt: there is no such key here.
    [[nodiscard]] std::optional<std::string> fingerprint(std::string_view id) const;

  private:
    payload_cipher(std::vector<payload_key> keys, entropy& random)
        : keys_{std::move(keys)}, random_{random} {}
    [[nodiscard]] const payload_key* find(std::string_view id) const noexcept;

    std::vector<payload_key> keys_;
    entropy& random_;
};

// Whether a fault says that a value does not open, rather than that it could not be read.
[[nodiscard]] bool is_about_sealing(const fault& f) noexcept;

// Without keys nothing is read that is sealed: the fault names the key.
[[nodiscard]] result<std::string> open_payload(const payload_cipher* cipher, bytes_view sealed,
                                               const payload_label& label);

}  // namespace thole::saga
