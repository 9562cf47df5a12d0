#include <csetjmp>
#include <cstdio>
#include <cstdlib>

// jpeglib.h needs FILE declared before it.
#include <jpeglib.h>

#include "image/compress.hpp"

namespace thole::image {
namespace {

struct way_back {
    jpeg_error_mgr base;  // first, so that the library's pointer to it is one to this
    std::jmp_buf at;
};

[[noreturn]] void give_up(j_common_ptr about) {
    std::longjmp(reinterpret_cast<way_back*>(about->err)->at, 1);
}
void on_message(j_common_ptr, int) {}

constexpr int exif = JPEG_APP0 + 1;
constexpr int profile = JPEG_APP0 + 2;

struct both {
    jpeg_decompress_struct in;
    jpeg_compress_struct out;
    unsigned char* made;
    unsigned long size;
};

// libjpeg comes back from an error by longjmp: nothing with a destructor lives in this frame.
bool transcode(both& b, way_back& back, file_view file) {
    if (setjmp(back.at) != 0) return false;
    jpeg_create_decompress(&b.in);
    jpeg_create_compress(&b.out);
    jpeg_mem_src(&b.in, file.data(), static_cast<unsigned long>(file.size()));
    jpeg_save_markers(&b.in, exif, 0xFFFF);
    jpeg_save_markers(&b.in, profile, 0xFFFF);
    jpeg_read_header(&b.in, TRUE);
    auto** const coefficients = jpeg_read_coefficients(&b.in);
    jpeg_copy_critical_parameters(&b.in, &b.out);
    b.out.optimize_coding = TRUE;
    jpeg_simple_progression(&b.out);
    jpeg_mem_dest(&b.out, &b.made, &b.size);
    jpeg_write_coefficients(&b.out, coefficients);
    for (auto* each = b.in.marker_list; each != nullptr; each = each->next) {
        jpeg_write_marker(&b.out, each->marker, each->data, each->data_length);
    }
    jpeg_finish_compress(&b.out);
    jpeg_finish_decompress(&b.in);
    return true;
}

}  // namespace

std::vector<std::uint8_t> compress_jpeg(file_view file) {
    way_back back{};
    both b{};
    b.in.err = b.out.err = jpeg_std_error(&back.base);
    back.base.error_exit = give_up;
    back.base.emit_message = on_message;
    std::vector<std::uint8_t> out;
    if (transcode(b, back, file)) out.assign(b.made, b.made + b.size);
    jpeg_destroy_compress(&b.out);
    jpeg_destroy_decompress(&b.in);
    std::free(b.made);
    return out;
}

}  // namespace thole::image
