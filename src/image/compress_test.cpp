#include "image/compress.hpp"

#include <gtest/gtest.h>

#include "image/pictures_testing.hpp"

namespace thole::image {
namespace {

using testing::octets;

// Every pixel, by the libraries' simple interfaces: not the code under test.
octets pixels_of_png(const octets& file) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    EXPECT_NE(png_image_begin_read_from_memory(&image, file.data(), file.size()), 0);
    image.format = PNG_FORMAT_RGBA;
    octets out(PNG_IMAGE_SIZE(image));
    EXPECT_NE(png_image_finish_read(&image, nullptr, out.data(), 0, nullptr), 0);
    return out;
}

octets pixels_of_jpeg(const octets& file) {
    jpeg_decompress_struct image{};
    jpeg_error_mgr errors{};
    image.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&image);
    jpeg_mem_src(&image, file.data(), file.size());
    jpeg_read_header(&image, TRUE);
    jpeg_start_decompress(&image);
    const std::size_t row = image.output_width * 3;
    octets out(row * image.output_height);
    while (image.output_scanline < image.output_height) {
        JSAMPROW to = out.data() + image.output_scanline * row;
        jpeg_read_scanlines(&image, &to, 1);
    }
    jpeg_finish_decompress(&image);
    jpeg_destroy_decompress(&image);
    return out;
}

octets compressed(const octets& file) {
    const auto seen = decode(file, {});
    EXPECT_TRUE(seen);
    auto out = compress(file, *seen);
    if (out.empty()) return out;
    const auto again = decode(out, {});
    EXPECT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->width, seen->width);
    EXPECT_EQ(again->height, seen->height);
    EXPECT_LT(out.size(), file.size());
    return out;
}

// proves: I3
TEST(Compress, KeepsEveryPixelInFewerBytes) {
    for (const bool interlaced : {false, true}) {
        const auto file = testing::png(200, 150, interlaced, 0);  // not deflated at all
        const auto smaller = compressed(file);
        ASSERT_FALSE(smaller.empty());
        EXPECT_EQ(pixels_of_png(smaller), pixels_of_png(file));
    }
    const auto photo = testing::jpeg(200, 150);
    const auto smaller = compressed(photo);
    ASSERT_FALSE(smaller.empty());
    EXPECT_EQ(pixels_of_jpeg(smaller), pixels_of_jpeg(photo));
}

TEST(Compress, LeavesWhatItCannotBetter) {
    EXPECT_TRUE(compressed(compressed(testing::jpeg(200, 150))).empty())
        << "nothing is left to win";
    EXPECT_TRUE(compressed(testing::gif(20, 20)).empty());
    EXPECT_TRUE(compressed(testing::webp(20, 20)).empty());
    const auto large = testing::flat_png(4'000, 1'001, 1'001);
    EXPECT_TRUE(compressed(large).empty()) << "more pixels than it takes on";
}

TEST(Compress, DamagedFilesAreLeftAlone) {
    std::uint32_t state = 7;
    for (const auto& [type, file] :
         {std::pair{"png", testing::png(40, 30)}, std::pair{"jpeg", testing::jpeg(40, 30)}}) {
        for (int round = 0; round < 200; ++round) {
            auto damaged = file;
            for (int i = 0; i < 3; ++i) {
                state = state * 1664525 + 1013904223;
                damaged[state % damaged.size()] = static_cast<std::uint8_t>(state >> 24);
            }
            EXPECT_LT(compress(damaged, {type, 40, 30, 1}).size(), damaged.size());
        }
    }
}

}  // namespace
}  // namespace thole::image
