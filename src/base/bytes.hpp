#pragma once

// Bytes and their printed forms. Decoders are strict: no white space, no missing or surplus
// padding, no alternative alphabets; what they accept encodes back to the same text.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thole {

using bytes = std::vector<std::uint8_t>;
using bytes_view = std::span<const std::uint8_t>;

// The same memory seen as bytes or as text; no copy.
[[nodiscard]] inline bytes_view as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(bytes_view data) noexcept {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}

[[nodiscard]] std::string to_hex(bytes_view);  // lower case
[[nodiscard]] std::optional<bytes> from_hex(std::string_view);

[[nodiscard]] std::string to_base64(bytes_view);  // RFC 4648 §4, padded
[[nodiscard]] std::optional<bytes> from_base64(std::string_view);

[[nodiscard]] std::string to_base64url(bytes_view);  // RFC 4648 §5, unpadded
[[nodiscard]] std::optional<bytes> from_base64url(std::string_view);

[[nodiscard]] std::string to_base58(bytes_view);  // Bitcoin alphabet; leading zero = '1'
// Quadratic in the length, hence the limit: longer text is refused.
[[nodiscard]] std::optional<bytes> from_base58(std::string_view, std::size_t max_text = 256);

[[nodiscard]] std::string to_base32(bytes_view);  // RFC 4648 §6, lower case, unpadded (multibase b)
[[nodiscard]] std::optional<bytes> from_base32(std::string_view);

}  // namespace thole
