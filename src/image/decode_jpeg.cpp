#include <csetjmp>
#include <cstdio>
#include <vector>

// jpeglib.h needs FILE declared before it.
#include <jerror.h>
#include <jpeglib.h>

#include "image/decode.hpp"

namespace thole::image {
namespace {

struct jpeg_trouble {
    jpeg_error_mgr base;  // first, so that the library's pointer to it is one to this
    std::jmp_buf back;
    char text[JMSG_LENGTH_MAX];
};

[[noreturn]] void give_up(j_common_ptr about) {
    auto* const trouble = reinterpret_cast<jpeg_trouble*>(about->err);
    about->err->format_message(about, trouble->text);
    std::longjmp(trouble->back, 1);
}

// libjpeg paints over what is missing and warns: that is no whole image. Other warnings are about
// what viewers overlook too.
void on_message(j_common_ptr about, int level) {
    if (level >= 0) return;
    const auto code = about->err->msg_code;
    if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE) {
        give_up(about);
    }
}

// libjpeg comes back from an error by longjmp: nothing with a destructor lives in this frame.
bool decode_rows(jpeg_decompress_struct& image, jpeg_trouble& trouble, file_view file, facts& told,
                 const limits& most, std::vector<std::uint8_t>& row,
                 std::optional<refusal>& broken) {
    if (setjmp(trouble.back) != 0) return false;
    jpeg_create_decompress(&image);
    jpeg_mem_src(&image, file.data(), static_cast<unsigned long>(file.size()));
    jpeg_read_header(&image, TRUE);
    told.width = image.image_width;
    told.height = image.image_height;
    broken = broken_rule(told, most);
    if (broken) return false;
    jpeg_start_decompress(&image);
    row.resize(std::size_t{image.output_width} * static_cast<unsigned>(image.output_components));
    while (image.output_scanline < image.output_height) {
        JSAMPROW to = row.data();
        jpeg_read_scanlines(&image, &to, 1);
    }
    jpeg_finish_decompress(&image);
    return true;
}

}  // namespace

verdict decode_jpeg(file_view file, const limits& most) {
    jpeg_decompress_struct image{};
    jpeg_trouble trouble{};
    image.err = jpeg_std_error(&trouble.base);
    trouble.base.error_exit = give_up;
    trouble.base.emit_message = on_message;
    facts told{.type = "jpeg"};
    std::vector<std::uint8_t> row;
    std::optional<refusal> broken;
    const bool whole = decode_rows(image, trouble, file, told, most, row, broken);
    jpeg_destroy_decompress(&image);
    if (broken) return std::unexpected{*std::move(broken)};
    if (!whole) return malformed(std::string{"JPEG: "} + trouble.text);
    return told;
}

}  // namespace thole::image
