#include "image/decode.hpp"

#include <algorithm>

namespace thole::image {
namespace {

using namespace std::string_view_literals;

bool starts_with(file_view file, std::string_view magic, std::size_t at = 0) {
    return file.size() >= at + magic.size() &&
           std::ranges::equal(file.subspan(at, magic.size()), magic, {}, {},
                              [](char c) { return static_cast<std::uint8_t>(c); });
}

std::string more_than(std::uint64_t value, std::uint64_t most, const char* what) {
    return std::to_string(value) + " " + what + ", at most " + std::to_string(most) + " are taken";
}

}  // namespace

std::optional<refusal> broken_rule(const facts& f, const limits& most) {
    if (f.width == 0 || f.height == 0) return refusal{"malformed", "it has no pixels"};
    const auto pixels = std::uint64_t{f.width} * f.height;
    if (pixels > most.pixels) return refusal{"pixels", more_than(pixels, most.pixels, "pixels")};
    if (f.frames > most.frames)
        return refusal{"frames", more_than(f.frames, most.frames, "frames")};
    const auto together = pixels * f.frames;
    if (together <= most.pixels * limits::all) return std::nullopt;
    return refusal{"pixels",
                   more_than(together, most.pixels * limits::all, "pixels in all frames")};
}

verdict decode(file_view file, const limits& most) {
    if (file.size() > most.bytes) {
        return std::unexpected{refusal{"bytes", more_than(file.size(), most.bytes, "bytes")}};
    }
    if (starts_with(file, "\x89PNG\r\n\x1A\n"sv)) return decode_png(file, most);
    if (starts_with(file, "\xFF\xD8\xFF"sv)) return decode_jpeg(file, most);
    if (starts_with(file, "GIF87a"sv) || starts_with(file, "GIF89a"sv)) {
        return decode_gif(file, most);
    }
    if (starts_with(file, "RIFF"sv) && starts_with(file, "WEBP"sv, 8)) {
        return decode_webp(file, most);
    }
    return std::unexpected{refusal{"type", "it is no PNG, JPEG, GIF or WebP"}};
}

}  // namespace thole::image
