#pragma once

// Real images of the four kinds, made by the libraries' own encoders: a seeded noise of 4 bits, so
// that a decoder has something to do.

#include <gif_lib.h>
#include <png.h>
#include <webp/encode.h>
#include <webp/mux.h>
#include <zlib.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <jpeglib.h>

namespace thole::image::testing {

using octets = std::vector<std::uint8_t>;

inline octets pixels_of(std::uint32_t width, std::uint32_t height, std::size_t channels) {
    octets out(std::size_t{width} * height * channels);
    std::uint32_t state = 12345;
    for (auto& each : out)
        each = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 28);
    return out;
}

inline void append(octets& out, const void* data, std::size_t size) {
    const auto* from = static_cast<const std::uint8_t*>(data);
    out.insert(out.end(), from, from + size);
}

inline octets png(std::uint32_t width, std::uint32_t height, bool interlaced = false,
                  int level = 6) {
    octets out;
    auto* png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    auto* info = png_create_info_struct(png);
    png_set_compression_level(png, level);
    png_set_write_fn(
        png, &out,
        [](png_structp to, png_bytep data, std::size_t size) {
            append(*static_cast<octets*>(png_get_io_ptr(to)), data, size);
        },
        nullptr);
    png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGBA,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    auto pixels = pixels_of(width, height, 4);
    std::vector<png_bytep> rows;
    for (std::uint32_t y = 0; y < height; ++y)
        rows.push_back(pixels.data() + std::size_t{y} * width * 4);
    png_set_rows(png, info, rows.data());
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
    png_destroy_write_struct(&png, &info);
    return out;
}

inline octets jpeg(std::uint32_t width, std::uint32_t height, bool progressive = false) {
    jpeg_compress_struct image{};
    jpeg_error_mgr errors{};
    image.err = jpeg_std_error(&errors);
    jpeg_create_compress(&image);
    unsigned char* buffer = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&image, &buffer, &size);
    image.image_width = width;
    image.image_height = height;
    image.input_components = 3;
    image.in_color_space = JCS_RGB;
    jpeg_set_defaults(&image);
    if (progressive) jpeg_simple_progression(&image);
    jpeg_start_compress(&image, TRUE);
    auto pixels = pixels_of(width, height, 3);
    while (image.next_scanline < height) {
        JSAMPROW row = pixels.data() + std::size_t{image.next_scanline} * width * 3;
        jpeg_write_scanlines(&image, &row, 1);
    }
    jpeg_finish_compress(&image);
    octets out(buffer, buffer + size);
    jpeg_destroy_compress(&image);
    std::free(buffer);
    return out;
}

inline octets webp(std::uint32_t width, std::uint32_t height) {
    const auto pixels = pixels_of(width, height, 4);
    std::uint8_t* made = nullptr;
    const auto size =
        WebPEncodeLosslessRGBA(pixels.data(), static_cast<int>(width), static_cast<int>(height),
                               static_cast<int>(width) * 4, &made);
    octets out(made, made + size);
    WebPFree(made);
    return out;
}

inline octets animated_webp(std::uint32_t width, std::uint32_t height, int frames) {
    WebPAnimEncoderOptions options;
    WebPAnimEncoderOptionsInit(&options);
    options.kmin = 0, options.kmax = 1;
    auto* encoder = WebPAnimEncoderNew(static_cast<int>(width), static_cast<int>(height), &options);
    auto pixels = pixels_of(width, height, 4);
    for (int i = 0; i < frames; ++i) {
        WebPPicture picture;
        WebPPictureInit(&picture);
        picture.width = static_cast<int>(width);
        picture.height = static_cast<int>(height);
        picture.use_argb = 1;
        pixels[0] ^= 0xFF;  // equal frames would be merged
        WebPPictureImportRGBA(&picture, pixels.data(), picture.width * 4);
        WebPAnimEncoderAdd(encoder, &picture, 100 * i, nullptr);
        WebPPictureFree(&picture);
    }
    WebPAnimEncoderAdd(encoder, nullptr, 100 * frames, nullptr);
    WebPData data;
    WebPDataInit(&data);
    WebPAnimEncoderAssemble(encoder, &data);
    octets out(data.bytes, data.bytes + data.size);
    WebPDataClear(&data);
    WebPAnimEncoderDelete(encoder);
    return out;
}

inline octets gif(int width, int height, int frames = 1) {
    octets out;
    int error = 0;
    const auto write = [](GifFileType* to, const GifByteType* data, int size) {
        append(*static_cast<octets*>(to->UserData), data, static_cast<std::size_t>(size));
        return size;
    };
    auto* made = EGifOpen(&out, write, &error);
    auto* colours = GifMakeMapObject(256, nullptr);
    EGifPutScreenDesc(made, width, height, 8, 0, colours);
    const auto pixels =
        pixels_of(static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), 1);
    for (int i = 0; i < frames; ++i) {
        EGifPutImageDesc(made, 0, 0, width, height, false, nullptr);
        for (int y = 0; y < height; ++y) {
            auto line = octets(pixels.begin() + y * width, pixels.begin() + (y + 1) * width);
            EGifPutLine(made, line.data(), width);
        }
    }
    EGifCloseFile(made, &error);
    GifFreeMapObject(colours);
    return out;
}

inline void append_chunk(octets& out, std::string name, const octets& data) {
    const auto number = [&out](std::uint32_t n) {
        for (int shift = 24; shift >= 0; shift -= 8)
            out.push_back(static_cast<std::uint8_t>(n >> shift));
    };
    number(static_cast<std::uint32_t>(data.size()));
    const auto begin = out.size();
    append(out, name.data(), 4);
    append(out, data.data(), data.size());
    number(static_cast<std::uint32_t>(
        crc32(0, out.data() + begin, static_cast<uInt>(data.size() + 4))));
}

// A PNG of one colour that says `width` × `height`, of which `rows` are really there: small, and
// valid as far as it goes.
inline octets flat_png(std::uint32_t width, std::uint32_t height, std::uint32_t rows) {
    octets out{0x89, 'P', 'N', 'G', 13, 10, 26, 10};
    octets header;
    for (const auto each : {width, height}) {
        for (int shift = 24; shift >= 0; shift -= 8)
            header.push_back(static_cast<std::uint8_t>(each >> shift));
    }
    append(header, "\x01\x00\x00\x00\x00", 5);  // one bit a pixel
    append_chunk(out, "IHDR", header);
    const octets raw(std::size_t{rows} * (1 + (width + 7) / 8));
    octets packed(compressBound(raw.size()));
    auto size = static_cast<uLongf>(packed.size());
    compress2(packed.data(), &size, raw.data(), raw.size(), 9);
    packed.resize(size);
    append_chunk(out, "IDAT", packed);
    append_chunk(out, "IEND", {});
    return out;
}

}  // namespace thole::image::testing
