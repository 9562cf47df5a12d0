#include "app/payload_keys.hpp"

#include "engine/codes.hpp"

namespace thole::app {

std::expected<saga::payload_key, std::string> read_payload_key(const payload_key_config& from,
                                                               const environment& env) {
    if (!from.secret) return std::unexpected{"required: where the key is"};
    const auto text = read_secret(*from.secret, env);
    if (!text) return std::unexpected{std::string{text.error().detail()}};
    std::string_view digits{text->reveal()};
    while (digits.ends_with('\n') || digits.ends_with('\r')) digits.remove_suffix(1);
    auto raw = from_hex(digits);
    if (!raw || raw->size() != saga::payload_key_bytes) {
        return std::unexpected{"must be 64 lower-case hexadecimal digits: 32 random bytes"};
    }
    return saga::payload_key{from.id, secret{std::move(*raw)}};
}

result<saga::payload_cipher::ptr> open_payload_cipher(const engine_config& from,
                                                      const environment& env, entropy& random) {
    if (from.payload_key.empty()) return saga::payload_cipher::ptr{};
    std::vector<saga::payload_key> keys;
    for (const auto& each : from.payload_key) {
        auto key = read_payload_key(each, env);
        if (!key) return fail(codes::engine_payload_key_bad, each.id + ": " + key.error());
        keys.push_back(std::move(*key));
    }
    return saga::payload_cipher::make(std::move(keys), random);
}

}  // namespace thole::app
