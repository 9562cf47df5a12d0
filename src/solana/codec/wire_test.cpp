#include "solana/codec/wire.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "solana/codec/golden.hpp"
#include "solana/codec/programs.hpp"

namespace thole::solana {
namespace {

TEST(Base58Value, AgreesWithThePackage) {
    const auto file = golden::load("solana");
    int checked = 0;
    for (const auto& c : file.at("base58").as_array()) {
        const auto raw = golden::hex(c.at("bytes"));
        const auto text = golden::text(c.at("text"));
        if (raw.size() == 32) {
            const auto parsed = public_key::parse(text);
            ASSERT_TRUE(parsed) << text;
            EXPECT_EQ(to_hex(parsed->raw), to_hex(raw));
            EXPECT_EQ(parsed->text(), text);
            ++checked;
        } else if (raw.size() == 64) {
            ASSERT_TRUE(signature::parse(text)) << text;
            EXPECT_EQ(signature::parse(text)->text(), text);
            ++checked;
        } else {
            EXPECT_FALSE(public_key::parse(text)) << text;
        }
    }
    EXPECT_GE(checked, 8);
}

TEST(Base58Value, RefusesEverySpellingButOne) {
    const auto text = token_program.text();
    EXPECT_FALSE(public_key::parse(""));
    EXPECT_FALSE(public_key::parse("1" + text));
    EXPECT_FALSE(public_key::parse(text + " "));
    EXPECT_FALSE(public_key::parse(text.substr(1)));
    EXPECT_FALSE(public_key::parse(std::string(31, '1')));
    EXPECT_FALSE(public_key::parse(std::string(33, '1')));
    EXPECT_FALSE(public_key::parse(std::string(44, 'z')));  // over 2^256
    EXPECT_FALSE(public_key::parse("0" + text.substr(1)));
    EXPECT_EQ(public_key::parse(std::string(32, '1')), system_program);
}

RC_GTEST_PROP(Base58Value, ReadsBackWhatItPrints, ()) {
    public_key key;
    const auto zeros = *rc::gen::inRange<std::size_t>(0, 33);
    for (std::size_t i = zeros; i < key.raw.size(); ++i)
        key.raw[i] = *rc::gen::arbitrary<std::uint8_t>();
    RC_ASSERT(public_key::parse(key.text()) == key);
}

TEST(CompactU16, AgreesWithThePackage) {
    for (const auto& c : golden::load("solana").at("compact_u16").as_array()) {
        const auto value = static_cast<std::uint16_t>(golden::number(c.at("value")));
        writer out;
        out.compact_u16(value);
        const auto raw = out.take();
        EXPECT_EQ(to_hex(raw), golden::text(c.at("bytes")));
        reader in{raw};
        EXPECT_EQ(in.compact_u16(), value);
        EXPECT_TRUE(in.finished());
    }
}

TEST(CompactU16, RefusesAliasesAndOverflow) {
    for (const auto* text :
         {"8000", "808000", "ff8000", "808004", "ffff04", "808080", "80", "8080", ""}) {
        const auto raw = from_hex(text).value();
        reader in{raw};
        EXPECT_EQ(in.compact_u16(), 0) << text;
        EXPECT_FALSE(in.ok()) << text;
    }
}

RC_GTEST_PROP(CompactU16, EveryAcceptedFormIsTheWrittenOne, (std::array<std::uint8_t, 3> raw)) {
    reader in{raw};
    const auto value = in.compact_u16();
    if (!in.ok()) return;
    writer out;
    out.compact_u16(value);
    const auto again = out.take();
    RC_ASSERT(again == bytes(raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(in.offset())));
}

TEST(Reader, StaysFailedAndAnswersZeros) {
    const bytes raw{1, 2, 3};
    reader in{raw};
    EXPECT_EQ(in.u16(), 0x0201);
    EXPECT_EQ(in.u32(), 0U);
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.u8(), 0);  // although a byte was left
    EXPECT_EQ(in.left(), 0U);
    EXPECT_FALSE(in.finished());
}

TEST(Reader, ABoolIsZeroOrOne) {
    const bytes raw{0, 1, 2};
    reader in{raw};
    EXPECT_FALSE(in.flag());
    EXPECT_TRUE(in.flag());
    EXPECT_TRUE(in.ok());
    EXPECT_FALSE(in.flag());
    EXPECT_FALSE(in.ok());
}

TEST(Reader, NeverTrustsALength) {
    for (const auto* text : {"ffffffff61", "0200000061", "05000000"}) {
        const auto raw = from_hex(text).value();
        reader in{raw};
        EXPECT_EQ(in.text(), "");
        EXPECT_FALSE(in.ok()) << text;
    }
    const auto huge = from_hex("ffffffffffffffff61").value();
    reader in{huge};
    EXPECT_EQ(in.long_text(), "");
    EXPECT_FALSE(in.ok());
}

TEST(Utf8, IsCheckedStrictly) {
    for (const auto* good :
         {"", "a", "\xC3\xA9", "\xE5\x90\x8D", "\xF0\x9F\x9A\xA3", "\xF4\x8F\xBF\xBF"}) {
        EXPECT_TRUE(is_utf8(good)) << good;
    }
    for (const auto* bad : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
                            "\xF0\x80\x80\xAF", "\xF4\x90\x80\x80", "\xFF", "\xE5\x90", "\xC3("}) {
        EXPECT_FALSE(is_utf8(bad)) << bad;
    }
}

}  // namespace
}  // namespace thole::solana
