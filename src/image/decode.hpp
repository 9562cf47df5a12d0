#pragma once

// Whether some bytes really are an image, by decoding every pixel of it.
//
//   const auto seen = image::decode(file, limits);          // facts, or the rule that it breaks
//
// The first bytes choose the decoder. Its header is read first: dimensions, and the number of
// frames where it is told, are held to the limits before anything is inflated. Rows are decoded
// into one row where the format permits, and thrown away.
//
// The decoders are libpng, libjpeg, libwebp and giflib: it is for the sandboxed child alone
// (worker_main.cpp), never for a process that has keys. Pure; threads: any.

#include <span>

#include "image/limits.hpp"

namespace thole::image {

using file_view = std::span<const std::uint8_t>;

[[nodiscard]] verdict decode(file_view file, const limits&);

[[nodiscard]] verdict decode_png(file_view file, const limits&);
[[nodiscard]] verdict decode_jpeg(file_view file, const limits&);
[[nodiscard]] verdict decode_gif(file_view file, const limits&);
[[nodiscard]] verdict decode_webp(file_view file, const limits&);

// What a header tells, before anything is decoded: the rule it breaks, if any.
[[nodiscard]] std::optional<refusal> broken_rule(const facts&, const limits&);
[[nodiscard]] inline std::unexpected<refusal> malformed(std::string detail) {
    return std::unexpected{refusal{"malformed", std::move(detail)}};
}

}  // namespace thole::image
