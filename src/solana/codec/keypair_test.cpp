#include "solana/codec/keypair.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "solana/codec/golden.hpp"
#include "solana/codes.hpp"

namespace thole::solana {
namespace {

std::string json_of(const bytes& raw) {
    std::string out = "[";
    for (const auto b : raw) out += (out.size() > 1 ? "," : "") + std::to_string(b);
    return out + "]";
}

TEST(Keypair, AgreesWithThePackage) {
    for (const auto& k : golden::load("solana").at("keys").as_array()) {
        const auto secret_key = golden::hex(k.at("secret_key"));
        const auto address = golden::text(k.at("public_key"));
        EXPECT_EQ(keypair::from_bytes(secret_key).value().address().text(), address);
        EXPECT_EQ(keypair::from_json(json_of(secret_key)).value().address().text(), address);
        EXPECT_EQ(keypair::from_text(" \n" + json_of(secret_key) + "\n").value().address().text(),
                  address);
        const auto base58 = signature::from(secret_key)->text();
        EXPECT_EQ(keypair::from_text(base58 + "\n").value().address().text(), address);
    }
}

TEST(Keypair, SignsWhatVerifies) {
    const auto wallet = keypair::from_seed({7});
    const auto s = wallet.sign(as_bytes("message"));
    EXPECT_TRUE(verify(wallet.address(), as_bytes("message"), s));
    EXPECT_FALSE(verify(wallet.address(), as_bytes("Message"), s));
    EXPECT_FALSE(verify(keypair::from_seed({8}).address(), as_bytes("message"), s));
}

// proves: S10
TEST(Keypair, RefusesWithoutRepeatingTheKey) {
    const auto file = golden::load("solana");
    auto raw = golden::hex(file.at("keys").as_array().front().at("secret_key"));
    auto swapped = raw;
    swapped.back() ^= 1U;
    const auto wrong_half = keypair::from_json(json_of(swapped));
    ASSERT_FALSE(wrong_half);
    EXPECT_TRUE(wrong_half.error().is(codes::keypair_invalid));
    EXPECT_EQ(wrong_half.error().describe().find(std::to_string(raw[0])), std::string::npos);
    auto text = json_of(raw);
    EXPECT_FALSE(keypair::from_json(text + "]"));
    EXPECT_FALSE(keypair::from_json(text.substr(0, text.size() - 1)));
    EXPECT_FALSE(keypair::from_json("[" + std::string{"256,"} + text.substr(1)));
    EXPECT_FALSE(keypair::from_json("[" + std::string{"007,"} + text.substr(1)));
    EXPECT_FALSE(keypair::from_json("[-1," + text.substr(1)));
    EXPECT_FALSE(keypair::from_json("[1.5," + text.substr(1)));
    EXPECT_FALSE(keypair::from_json("[]"));
    EXPECT_FALSE(keypair::from_text(""));
    EXPECT_FALSE(keypair::from_text("not a key"));
    EXPECT_FALSE(keypair::from_bytes(bytes(63)));
    EXPECT_FALSE(keypair::from_bytes(bytes(65)));
}

RC_GTEST_PROP(Keypair, RandomTextNeverCrashes, (std::string text)) {
    RC_ASSERT(!keypair::from_text(text));
    RC_ASSERT(!keypair::from_json("[" + text));
}

// Leading zeros most of all: each is one digit.
template <class Value>
void same_text_as_the_general_encoder() {
    Value v;
    const auto zeros = *rc::gen::inRange<std::size_t>(0, Value::size + 1);
    for (auto i = zeros; i < Value::size; ++i) v.raw[i] = *rc::gen::arbitrary<std::uint8_t>();
    const auto text = v.text();
    RC_ASSERT(text == to_base58(v.raw));
    RC_ASSERT(Value::parse(text) == v);
}
RC_GTEST_PROP(Base58Value, KeysSayWhatTheGeneralEncoderSays, ()) {
    same_text_as_the_general_encoder<public_key>();
}
RC_GTEST_PROP(Base58Value, SignaturesSayWhatTheGeneralEncoderSays, ()) {
    same_text_as_the_general_encoder<signature>();
}
TEST(Base58Value, TheLargestFit) {
    public_key key;
    key.raw.fill(0xFF);
    EXPECT_EQ(key.text(), to_base58(key.raw));
    signature s;
    s.raw.fill(0xFF);
    EXPECT_EQ(s.text(), to_base58(s.raw));
}

}  // namespace
}  // namespace thole::solana
