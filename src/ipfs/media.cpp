#include "ipfs/media.hpp"

namespace thole::ipfs {
namespace {

using namespace std::string_view_literals;

std::uint32_t big_endian(bytes_view data, std::size_t at) {
    return std::uint32_t{data[at]} << 24 | std::uint32_t{data[at + 1]} << 16 |
           std::uint32_t{data[at + 2]} << 8 | data[at + 3];
}

// Signature, then an IHDR chunk of 13 bytes with a width and height that PNG allows.
bool is_png(bytes_view data) {
    if (!as_text(data).starts_with("\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR"sv) || data.size() < 26)
        return false;
    const auto width = big_endian(data, 16);
    const auto height = big_endian(data, 20);
    const auto depth = data[24];
    return width != 0 && height != 0 && width < 1U << 31 && height < 1U << 31 && depth != 0 &&
           depth <= 16 && (depth & (depth - 1)) == 0;
}

// SOI, then a marker that may follow it: an application segment, a comment, tables or a frame.
bool is_jpeg(bytes_view data) {
    if (data.size() < 6 || data[0] != 0xFF || data[1] != 0xD8 || data[2] != 0xFF) return false;
    const auto marker = data[3];
    const bool segment = (marker >= 0xC0 && marker <= 0xCF) || (marker >= 0xDB && marker <= 0xFE);
    return segment && (data[4] << 8 | data[5]) >= 2;
}

bool is_gif(bytes_view data) {
    const auto text = as_text(data);
    if (!text.starts_with("GIF87a") && !text.starts_with("GIF89a")) return false;
    return data.size() >= 13 && (data[6] | data[7]) != 0 && (data[8] | data[9]) != 0;
}

// RIFF container of form WEBP whose first chunk is one of the three kinds.
bool is_webp(bytes_view data) {
    if (data.size() < 20) return false;
    const auto text = as_text(data);
    if (!text.starts_with("RIFF") || text.substr(8, 4) != "WEBP") return false;
    const auto chunk = text.substr(12, 4);
    return chunk == "VP8 " || chunk == "VP8L" || chunk == "VP8X";
}

}  // namespace

std::optional<media> recognise(bytes_view prefix) noexcept {
    if (is_png(prefix)) return media::png;
    if (is_jpeg(prefix)) return media::jpeg;
    if (is_gif(prefix)) return media::gif;
    if (is_webp(prefix)) return media::webp;
    return std::nullopt;
}

std::string_view media_type(media kind) noexcept {
    switch (kind) {
        case media::png:
            return "image/png";
        case media::jpeg:
            return "image/jpeg";
        case media::gif:
            return "image/gif";
        case media::webp:
            return "image/webp";
    }
    return "application/octet-stream";
}

std::string_view served_type(bytes_view prefix) noexcept {
    if (const auto image = recognise(prefix)) return media_type(*image);
    for (const auto byte : prefix) {
        if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') continue;
        return byte == '{' || byte == '[' ? "application/json" : "application/octet-stream";
    }
    return "application/octet-stream";
}

}  // namespace thole::ipfs
