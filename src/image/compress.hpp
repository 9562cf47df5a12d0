#pragma once

// The same picture in fewer bytes, to the last pixel.
//
//   const auto smaller = image::compress(file, *seen);       // empty: it stays as it is
//
// PNG: all filters, the strongest deflate, not interlaced; colours, transparency, colour profile
// and texts stay. JPEG: the same coefficients with optimal codes, progressive; profile and Exif
// (which way is up) stay. GIF, WebP and animations stay as they are, and so does what is larger
// than `most_pixels`: the processor time of the worker is for deciding, not for this.
//
// Precondition: the file was decoded. For the sandboxed child alone. Threads: any.

#include <vector>

#include "image/decode.hpp"

namespace thole::image {

inline constexpr std::uint64_t most_pixels = 4'000'000;

[[nodiscard]] std::vector<std::uint8_t> compress(file_view file, const facts& seen);

[[nodiscard]] std::vector<std::uint8_t> compress_png(file_view file);
[[nodiscard]] std::vector<std::uint8_t> compress_jpeg(file_view file);

}  // namespace thole::image
