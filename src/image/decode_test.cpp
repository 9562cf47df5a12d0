#include "image/decode.hpp"

#include <gtest/gtest.h>

#include "image/pictures_testing.hpp"

namespace thole::image {
namespace {

using testing::octets;

struct sample {
    const char* type;
    octets file;
    std::uint32_t frames = 1;
};

std::vector<sample> samples() {
    return {{"png", testing::png(40, 30)},   {"png", testing::png(40, 30, true)},
            {"jpeg", testing::jpeg(40, 30)}, {"jpeg", testing::jpeg(40, 30, true)},
            {"gif", testing::gif(40, 30)},   {"gif", testing::gif(40, 30, 3), 3},
            {"webp", testing::webp(40, 30)}, {"webp", testing::animated_webp(40, 30, 3), 3}};
}

std::string_view rule_of(const verdict& seen) {
    return seen ? "taken" : seen.error().rule;
}

// proves: I3
TEST(Decode, TellsWhatAnImageIs) {
    for (const auto& each : samples()) {
        const auto seen = decode(each.file, {});
        ASSERT_TRUE(seen) << each.type << ": " << seen.error().detail;
        EXPECT_EQ(seen->type, each.type);
        EXPECT_EQ(seen->width, 40U);
        EXPECT_EQ(seen->height, 30U);
        EXPECT_EQ(seen->frames, each.frames) << each.type;
    }
}

TEST(Decode, EveryTruncatedFileIsRefused) {
    for (const auto& each : samples()) {
        // What ends a file may be missing in some formats: WebP pads, JPEG and GIF have a last
        // mark.
        for (std::size_t size = 0; size + 2 < each.file.size(); size += 1 + size / 50) {
            const octets part(each.file.begin(), each.file.begin() + static_cast<long>(size));
            const auto seen = decode(part, {});
            EXPECT_FALSE(seen) << each.type << " of " << each.file.size() << " cut at " << size;
        }
    }
}

// Any answer will do, but one there must be (with the sanitizers, that is the test).
TEST(Decode, DamagedFilesAreAnsweredFor) {
    std::uint32_t state = 1;
    for (const auto& each : samples()) {
        for (int round = 0; round < 200; ++round) {
            auto damaged = each.file;
            for (int i = 0; i < 3; ++i) {
                state = state * 1664525 + 1013904223;
                damaged[state % damaged.size()] = static_cast<std::uint8_t>(state >> 24);
            }
            const auto seen = decode(damaged, {.pixels = 1 << 20});
            if (seen) EXPECT_LE(std::uint64_t{seen->width} * seen->height, 1U << 20U);
        }
    }
}

TEST(Decode, AFileThatLiesAboutItsTypeIsRefused) {
    for (const auto& each : samples()) {
        for (const auto& other : samples()) {
            if (std::string_view{each.type} == other.type) continue;
            // The first bytes of one kind before the body of another.
            auto liar = octets(other.file.begin(), other.file.begin() + 12);
            liar.insert(liar.end(), each.file.begin() + 12, each.file.end());
            EXPECT_EQ(rule_of(decode(liar, {})), "malformed")
                << other.type << " before " << each.type;
        }
    }
    const std::string text = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    EXPECT_EQ(rule_of(decode(octets(text.begin(), text.end()), {})), "type");
    EXPECT_EQ(rule_of(decode({}, {})), "type");
}

// proves: I3
TEST(Decode, DecompressionBombsAreRefusedByTheirHeaders) {
    const auto bomb = testing::flat_png(50'000, 50'000, 1);
    EXPECT_LT(bomb.size(), 200U);
    const auto seen = decode(bomb, {});
    ASSERT_EQ(rule_of(seen), "pixels");
    EXPECT_EQ(seen.error().detail, "2500000000 pixels, at most 40000000 are taken");
    // Within the limit, and most of it missing: found by decoding.
    EXPECT_EQ(rule_of(decode(testing::flat_png(5'000, 5'000, 10), {})), "malformed");
    EXPECT_EQ(rule_of(decode(testing::flat_png(5'000, 5'000, 5'000), {})), "taken");
    EXPECT_EQ(rule_of(decode(testing::flat_png(0, 10, 10), {})), "malformed");
}

TEST(Decode, LimitsHoldToTheLastPixelByteAndFrame) {
    for (const auto& each : samples()) {
        EXPECT_EQ(rule_of(decode(each.file, {.pixels = 1200})), "taken") << each.type;
        EXPECT_EQ(rule_of(decode(each.file, {.pixels = 1199})), "pixels") << each.type;
        EXPECT_EQ(rule_of(decode(each.file, {.bytes = each.file.size()})), "taken");
        EXPECT_EQ(rule_of(decode(each.file, {.bytes = each.file.size() - 1})), "bytes");
    }
    EXPECT_EQ(rule_of(decode(testing::gif(4, 4, 3), {.frames = 3})), "taken");
    EXPECT_EQ(rule_of(decode(testing::gif(4, 4, 4), {.frames = 3})), "frames");
    EXPECT_EQ(rule_of(decode(testing::animated_webp(4, 4, 3), {.frames = 3})), "taken");
    EXPECT_EQ(rule_of(decode(testing::animated_webp(4, 4, 4), {.frames = 3})), "frames");
    // Many frames, each within the limit, are a bomb too.
    EXPECT_EQ(rule_of(decode(testing::gif(10, 10, 8), {.pixels = 100})), "taken");
    EXPECT_EQ(rule_of(decode(testing::gif(10, 10, 9), {.pixels = 100})), "pixels");
    EXPECT_EQ(rule_of(decode(testing::animated_webp(10, 10, 8), {.pixels = 100})), "taken");
    EXPECT_EQ(rule_of(decode(testing::animated_webp(10, 10, 9), {.pixels = 100})), "pixels");
}

}  // namespace
}  // namespace thole::image
