#pragma once

// The keys of [[engine.payload_key]].

#include "app/config.hpp"
#include "engine/payload_cipher.hpp"

namespace thole::app {

// What one key's reference names: 64 hexadecimal digits. Words for what is wrong with it.
[[nodiscard]] std::expected<saga::payload_key, std::string> read_payload_key(
    const payload_key_config& from, const environment& env);

// Null when none is configured. Precondition: the configuration was checked; a key that cannot be
// read any more is engine.payload_key_bad. `random` outlives it.
[[nodiscard]] result<saga::payload_cipher::ptr> open_payload_cipher(const engine_config& from,
                                                                    const environment& env,
                                                                    entropy& random);

}  // namespace thole::app
