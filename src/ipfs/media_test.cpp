#include "ipfs/media.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace thole::ipfs {
namespace {

using namespace std::string_view_literals;

constexpr auto png = "\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\0\x01\0\0\0\x02\x08\x06\0\0\0"sv;
constexpr auto jpeg = "\xFF\xD8\xFF\xE0\0\x10JFIF\0"sv;
constexpr auto gif = "GIF89a\x01\0\x02\0\x80\0\0"sv;
constexpr auto webp = "RIFF\x24\0\0\0WEBPVP8L\x10\0\0\0"sv;

TEST(Media, RecognisesTheFour) {
    EXPECT_EQ(recognise(as_bytes(png)), media::png);
    EXPECT_EQ(recognise(as_bytes(jpeg)), media::jpeg);
    EXPECT_EQ(recognise(as_bytes(gif)), media::gif);
    EXPECT_EQ(recognise(as_bytes(webp)), media::webp);
}

TEST(Media, RefusesBrokenHeadersAndEverythingElse) {
    std::string zero_width{png};
    zero_width[19] = 0;
    EXPECT_EQ(recognise(as_bytes(zero_width)), std::nullopt);
    std::string odd_depth{png};
    odd_depth[24] = 3;
    EXPECT_EQ(recognise(as_bytes(odd_depth)), std::nullopt);
    EXPECT_EQ(recognise(as_bytes("\xFF\xD8\xFF\x00\0\x10"sv)), std::nullopt);
    EXPECT_EQ(recognise(as_bytes("GIF89a\0\0\x02\0\x80\0\0"sv)), std::nullopt);
    EXPECT_EQ(recognise(as_bytes("RIFF\x24\0\0\0WAVEfmt \x10\0\0\0"sv)), std::nullopt);
    EXPECT_EQ(recognise(as_bytes("<svg xmlns=...>")), std::nullopt);
    EXPECT_EQ(recognise({}), std::nullopt);
    for (const auto text : {png, jpeg, gif, webp}) {
        const auto header = text.substr(0, text == jpeg  ? 5
                                           : text == gif ? 12
                                           : text == png ? 25
                                                         : 19);
        EXPECT_EQ(recognise(as_bytes(header)), std::nullopt) << header.size();
    }
}

TEST(Media, NeverServesATypeThatABrowserRuns) {
    EXPECT_EQ(served_type(as_bytes(png)), "image/png");
    EXPECT_EQ(served_type(as_bytes(" \n{\"name\":1}")), "application/json");
    EXPECT_EQ(served_type(as_bytes("<html><script>")), "application/octet-stream");
    EXPECT_EQ(served_type({}), "application/octet-stream");
}

RC_GTEST_PROP(MediaProperty, AnyBytesHaveAnAnswer, (const bytes& noise)) {
    RC_ASSERT(!served_type(noise).empty());
    std::string cut{*rc::gen::element(png, jpeg, gif, webp)};
    cut.resize(*rc::gen::inRange<std::size_t>(0, cut.size() + 1));
    (void)recognise(as_bytes(cut));
}

}  // namespace
}  // namespace thole::ipfs
