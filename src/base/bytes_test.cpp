#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "base/secret.hpp"

namespace thole {
namespace {

std::string hex_of(const std::optional<bytes>& data) {
    return data ? to_hex(*data) : "refused";
}

TEST(Hex, RoundTripsAndRefusesOtherSpellings) {
    EXPECT_EQ(to_hex(bytes{0x00, 0xab, 0xff}), "00abff");
    EXPECT_EQ(hex_of(from_hex("00abff")), "00abff");
    for (const auto* bad : {"0", "0G", "AB", " 0a", "0a ", "0x0a"}) {
        EXPECT_FALSE(from_hex(bad)) << bad;
    }
    EXPECT_TRUE(from_hex("")->empty());
}

TEST(Base64, AgreesWithRfc4648) {
    const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                     {"f", "Zg=="},
                                                                     {"fo", "Zm8="},
                                                                     {"foo", "Zm9v"},
                                                                     {"foob", "Zm9vYg=="},
                                                                     {"fooba", "Zm9vYmE="},
                                                                     {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, text] : vectors) {
        EXPECT_EQ(to_base64(as_bytes(plain)), text);
        EXPECT_EQ(as_text(*from_base64(text)), plain);
    }
}

TEST(Base64, RefusesEverySecondSpelling) {
    // Missing or surplus padding, bits behind the last byte, white space, the other alphabet.
    for (const auto* bad : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=", "====", "Zm9v ", "Zm-v",
                            "Z=g=", "Zm9v\n", "Zm9vZg==Zg=="}) {
        EXPECT_FALSE(from_base64(bad)) << bad;
    }
    for (const auto* bad : {"Zg==", "Zh", "Z", "Zm+v", "Zm/v"}) {
        EXPECT_FALSE(from_base64url(bad)) << bad;
    }
    EXPECT_EQ(to_base64url(bytes{0xfb, 0xff}), "-_8");
    EXPECT_EQ(hex_of(from_base64url("-_8")), "fbff");
}

TEST(Base32, AgreesWithRfc4648InLowerCaseWithoutPadding) {
    const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                     {"f", "my"},
                                                                     {"fo", "mzxq"},
                                                                     {"foo", "mzxw6"},
                                                                     {"foob", "mzxw6yq"},
                                                                     {"fooba", "mzxw6ytb"},
                                                                     {"foobar", "mzxw6ytboi"}};
    for (const auto& [plain, text] : vectors) {
        EXPECT_EQ(to_base32(as_bytes(plain)), text);
        EXPECT_EQ(as_text(*from_base32(text)), plain);
    }
    for (const auto* bad : {"m", "MY", "mz", "my======", "m1", "mzx", "mzxw6yt"}) {
        EXPECT_FALSE(from_base32(bad)) << bad;
    }
}

TEST(Base58, AgreesWithPublishedVectors) {
    EXPECT_EQ(to_base58(as_bytes("Hello World!")), "2NEpo7TZRRrLZSi2U");
    EXPECT_EQ(to_base58(as_bytes("The quick brown fox jumps over the lazy dog.")),
              "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z");
    EXPECT_EQ(to_base58(bytes{0x00, 0x00, 0x28, 0x7f, 0xb4, 0xcd}), "11233QC4");
    EXPECT_EQ(hex_of(from_base58("11233QC4")), "0000287fb4cd");
}

TEST(Base58, KeepsLeadingZerosAndTheAddressOfTheSystemProgram) {
    EXPECT_EQ(to_base58(bytes(32, 0)), std::string(32, '1'));
    EXPECT_EQ(from_base58(std::string(32, '1')), bytes(32, 0));
    EXPECT_EQ(to_base58(bytes{}), "");
    EXPECT_TRUE(from_base58("")->empty());
}

TEST(Base58, RefusesForeignCharactersAndTextOverTheLimit) {
    for (const auto* bad : {"0", "O", "I", "l", "2NEpo7TZRRrLZSi2U ", "+", "1\xc3\xa9"}) {
        EXPECT_FALSE(from_base58(bad)) << bad;
    }
    EXPECT_TRUE(from_base58(std::string(256, '1')));
    EXPECT_FALSE(from_base58(std::string(257, '1')));
    EXPECT_FALSE(from_base58("22", 1));
}

RC_GTEST_PROP(BytesText, EveryEncodingReadsBack, (const bytes& data)) {
    RC_ASSERT(from_hex(to_hex(data)) == data);
    RC_ASSERT(from_base64(to_base64(data)) == data);
    RC_ASSERT(from_base64url(to_base64url(data)) == data);
    RC_ASSERT(from_base32(to_base32(data)) == data);
    RC_ASSERT(from_base58(to_base58(data), 1000) == data);
}

RC_GTEST_PROP(BytesText, WhatIsAcceptedEncodesBackToTheSameText, ()) {
    const auto text =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string{"ABYZabyz0129+/-_=lIO"}));
    if (const auto data = from_hex(text)) RC_ASSERT(to_hex(*data) == text);
    if (const auto data = from_base64(text)) RC_ASSERT(to_base64(*data) == text);
    if (const auto data = from_base64url(text)) RC_ASSERT(to_base64url(*data) == text);
    if (const auto data = from_base32(text)) RC_ASSERT(to_base32(*data) == text);
    if (const auto data = from_base58(text)) RC_ASSERT(to_base58(*data) == text);
}

template <class T>
concept printable = requires(std::ostream& out, const T& t) { out << t; };

TEST(Secret, CanOnlyBeReadByReveal) {
    static_assert(!printable<secret<std::string>>);
    static_assert(!std::is_convertible_v<secret<std::string>, std::string>);
    EXPECT_EQ(secret<std::string>{"key"}.reveal(), "key");
}

}  // namespace
}  // namespace thole
