#pragma once

// What an image is, by its first bytes and a sane header, never by what a client says.
//
//   ipfs::recognise(first_bytes);     // media::png … or std::nullopt: not one of the four
//
// Enough for a decision about storing and serving; it is no decoder. Pure; threads: any.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"

namespace thole::ipfs {

enum class media : std::uint8_t { png, jpeg, gif, webp };

// How many leading bytes recognise() may look at.
inline constexpr std::size_t media_prefix = 64;

[[nodiscard]] std::optional<media> recognise(bytes_view prefix) noexcept;
[[nodiscard]] std::string_view media_type(media) noexcept;  // "image/png"

// For serving: an image type, application/json when it starts like a JSON object or array, else
// application/octet-stream. Never a type that a browser would run.
[[nodiscard]] std::string_view served_type(bytes_view prefix) noexcept;

}  // namespace thole::ipfs
