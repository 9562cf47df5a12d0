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

}  // namespace
}  // namespace thole::solana
