#include "base/id.hpp"

#include <gtest/gtest.h>

#include <set>

#include <rapidcheck/gtest.h>

namespace thole {
namespace {

using std::chrono::milliseconds;

TEST(Uuid, IsVersion7WithTheTimeInFront) {
    // RFC 9562 appendix A.6: 2022-02-22T19:22:22Z is 017F22E2-79B0-...
    seeded_entropy source{1};
    const auto id = uuid::v7(store_time{milliseconds{1645557742000}}, source);
    const auto text = id.text();
    ASSERT_EQ(text.size(), 36U);
    EXPECT_EQ(text.substr(0, 15), "017f22e2-79b0-7");
    EXPECT_NE(std::string_view{"89ab"}.find(text[19]), std::string_view::npos);
    EXPECT_EQ(id.short_text(), text.substr(28));
}

TEST(Uuid, ParsesCanonicalTextOnly) {
    const auto id = uuid::parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->text(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    for (const auto* bad :
         {"", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "017f22e279b07cc398c4dc0c0c07398f",
          "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
          "017f22e2_79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g"}) {
        EXPECT_FALSE(uuid::parse(bad)) << bad;
    }
}

RC_GTEST_PROP(Uuid, TextReadsBackAndSortsByTime, (std::uint64_t seed)) {
    seeded_entropy source{seed};
    const auto at = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 47);
    const auto first = uuid::v7(store_time{milliseconds{at}}, source);
    const auto later = uuid::v7(store_time{milliseconds{at + 1}}, source);
    RC_ASSERT(uuid::parse(first.text()) == first);
    RC_ASSERT(first < later);
    RC_ASSERT(first.text() < later.text());
}

TEST(Entropy, TheSystemOneFillsEveryByteAndNeverRepeats) {
    system_entropy source;
    std::set<std::string> seen;
    std::array<bool, 16> changed{};
    for (int i = 0; i < 64; ++i) {
        std::array<std::uint8_t, 16> raw{};
        source.fill(raw);
        for (std::size_t b = 0; b < raw.size(); ++b) changed[b] = changed[b] || raw[b] != 0;
        EXPECT_TRUE(seen.insert(uuid{raw}.text()).second);
    }
    for (const auto each : changed) EXPECT_TRUE(each);
}

TEST(Entropy, TheSeededOneReplays) {
    seeded_entropy a{7};
    seeded_entropy b{7};
    seeded_entropy c{8};
    std::array<std::uint8_t, 13> x{};
    std::array<std::uint8_t, 13> y{};
    std::array<std::uint8_t, 13> z{};
    a.fill(x);
    b.fill(y);
    c.fill(z);
    EXPECT_EQ(x, y);
    EXPECT_NE(x, z);
}

}  // namespace
}  // namespace thole
