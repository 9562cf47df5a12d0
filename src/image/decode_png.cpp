#include <png.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "image/decode.hpp"

namespace thole::image {
namespace {

constexpr std::size_t signature = 8;
constexpr std::size_t chunk_frame = 12;  // length, name, checksum

std::uint32_t big_endian(file_view data, std::size_t at) {
    return std::uint32_t{data[at]} << 24 | std::uint32_t{data[at + 1]} << 16 |
           std::uint32_t{data[at + 2]} << 8 | data[at + 3];
}

// Walks the chunks without inflating any. Empty when they are not whole.
std::optional<facts> read_header(file_view file) {
    facts out{.type = "png"};
    std::size_t at = signature;
    for (bool first = true;; first = false) {
        if (file.size() - at < chunk_frame) return std::nullopt;
        const auto length = big_endian(file, at);
        if (length > file.size() - at - chunk_frame) return std::nullopt;
        const auto is = [&](const char* name) {
            return std::memcmp(file.data() + at + 4, name, 4) == 0;
        };
        if (first != is("IHDR")) return std::nullopt;
        if (first) {
            if (length != 13) return std::nullopt;
            out.width = big_endian(file, at + 8);
            out.height = big_endian(file, at + 12);
        }
        if (is("acTL") && length == 8) out.frames = std::max(1U, big_endian(file, at + 8));
        if (is("IEND")) return out;
        at += chunk_frame + length;
    }
}

struct source {
    file_view left;
    char trouble[120] = "";
};

void read_some(png_structp png, png_bytep to, std::size_t size) {
    auto& from = *static_cast<source*>(png_get_io_ptr(png));
    if (size > from.left.size()) png_error(png, "it ends too early");
    std::memcpy(to, from.left.data(), size);
    from.left = from.left.subspan(size);
}

void on_error(png_structp png, png_const_charp text) {
    auto& from = *static_cast<source*>(png_get_error_ptr(png));
    std::strncpy(from.trouble, text, sizeof from.trouble - 1);
    png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

// libpng comes back from an error by longjmp: nothing with a destructor lives in this frame.
bool decode_rows(png_structp png, png_infop info, std::vector<std::uint8_t>& row) {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_read_info(png, info);
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    row.resize(png_get_rowbytes(png, info));
    const auto height = png_get_image_height(png, info);
    for (int pass = 0; pass < passes; ++pass) {
        for (std::uint32_t y = 0; y < height; ++y) png_read_row(png, row.data(), nullptr);
    }
    png_read_end(png, nullptr);
    return true;
}

}  // namespace

verdict decode_png(file_view file, const limits& most) {
    const auto told = read_header(file);
    if (!told) return malformed("its chunks are not whole");
    if (auto broken = broken_rule(*told, most)) return std::unexpected{*std::move(broken)};
    source from{.left = file};
    auto* png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &from, on_error, on_warning);
    if (png == nullptr) return std::unexpected{refusal{"memory", "libpng did not start"}};
    auto* info = png_create_info_struct(png);
    png_set_read_fn(png, &from, read_some);
    png_set_user_limits(png, told->width, told->height);
    std::vector<std::uint8_t> row;
    const bool whole = info != nullptr && decode_rows(png, info, row);
    png_destroy_read_struct(&png, info == nullptr ? nullptr : &info, nullptr);
    if (!whole) return malformed(std::string{"PNG: "} + from.trouble);
    return *told;
}

}  // namespace thole::image
