#include <png.h>

#include <cstring>

#include "image/compress.hpp"

namespace thole::image {
namespace {

void read_some(png_structp png, png_bytep to, std::size_t size) {
    auto& left = *static_cast<file_view*>(png_get_io_ptr(png));
    if (size > left.size()) png_error(png, "it ends too early");
    std::memcpy(to, left.data(), size);
    left = left.subspan(size);
}

void write_some(png_structp png, png_bytep from, std::size_t size) {
    auto& out = *static_cast<std::vector<std::uint8_t>*>(png_get_io_ptr(png));
    out.insert(out.end(), from, from + size);
}

void on_error(png_structp png, png_const_charp) {
    png_longjmp(png, 1);
}
void on_warning(png_structp, png_const_charp) {}

// libpng comes back from an error by longjmp: nothing with a destructor lives in these frames.
bool read_all(png_structp png, png_infop info) {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_read_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
    return true;
}

bool write_all(png_structp png, png_infop info) {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_set_compression_level(png, 9);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
    png_set_IHDR(png, info, png_get_image_width(png, info), png_get_image_height(png, info),
                 png_get_bit_depth(png, info), png_get_color_type(png, info), PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
    return true;
}

}  // namespace

std::vector<std::uint8_t> compress_png(file_view file) {
    std::vector<std::uint8_t> out;
    auto* in = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, on_error, on_warning);
    auto* to = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, on_error, on_warning);
    auto* info = in == nullptr ? nullptr : png_create_info_struct(in);
    bool made = false;
    if (info != nullptr && to != nullptr) {
        png_set_read_fn(in, &file, read_some);
        png_set_write_fn(to, &out, write_some, nullptr);
        made = read_all(in, info) && write_all(to, info);
    }
    if (to != nullptr) png_destroy_write_struct(&to, nullptr);
    if (in != nullptr) png_destroy_read_struct(&in, info == nullptr ? nullptr : &info, nullptr);
    if (!made) out.clear();
    return out;
}

}  // namespace thole::image
