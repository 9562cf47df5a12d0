#include "nft/text.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <string>

namespace thole::nft {
namespace {

std::string encode(std::uint32_t point) {
    std::string out;
    const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xC0 | point >> 6);
        put(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        put(0xE0 | point >> 12);
        put(0x80 | (point >> 6 & 0x3F));
        put(0x80 | (point & 0x3F));
    } else {
        put(0xF0 | point >> 18);
        put(0x80 | (point >> 12 & 0x3F));
        put(0x80 | (point >> 6 & 0x3F));
        put(0x80 | (point & 0x3F));
    }
    return out;
}

TEST(nft_text, every_code_point_but_surrogates_is_utf8) {
    for (std::uint32_t point = 0; point < 0x11'0000; ++point) {
        const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
        ASSERT_EQ(is_utf8(encode(point)), !surrogate) << point;
        if (surrogate) continue;
        const bool control = point < 0x20 || (point >= 0x7F && point <= 0x9F);
        ASSERT_EQ(has_control(encode(point)), control) << point;
    }
}

TEST(nft_text, malformed_sequences_are_refused) {
    for (const std::string_view bad :
         {"\x80", "\xC3", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xE2\x82", "\xE2\x28\xA1",
          "\xF0\x80\x80\x80", "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
        EXPECT_FALSE(is_utf8(bad));
        EXPECT_FALSE(is_utf8(std::string{"a"} + std::string{bad} + "z"));
    }
}

TEST(nft_text, line_feeds_are_controls_unless_allowed) {
    EXPECT_TRUE(has_control("a\nb"));
    EXPECT_FALSE(has_control("a\nb", true));
    EXPECT_TRUE(has_control("a\r\nb", true));
    EXPECT_TRUE(has_control(std::string_view{"a\0b", 3}, true));
}

RC_GTEST_PROP(nft_text, joined_good_text_is_good, (const std::vector<std::uint16_t>& points)) {
    std::string text;
    for (const auto point : points) {
        if (point < 0xD800 || point > 0xDFFF) text += encode(point);
    }
    RC_ASSERT(is_utf8(text));
}

TEST(nft_text, case_is_ignored_for_ascii_only) {
    EXPECT_TRUE(same_ignoring_case("Level", "LEVEL"));
    EXPECT_FALSE(same_ignoring_case("Level", "Levels"));
    EXPECT_FALSE(same_ignoring_case("\xC3\x84", "\xC3\xA4"));
}

}  // namespace
}  // namespace thole::nft
