#include "base/digest.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include <rapidcheck/gtest.h>

namespace thole {
namespace {

template <std::size_t N>
std::array<std::uint8_t, N> fixed(std::string_view hex) {
    const auto data = from_hex(hex).value();
    std::array<std::uint8_t, N> out{};
    EXPECT_EQ(data.size(), N);
    std::ranges::copy(data, out.begin());
    return out;
}

TEST(Sha256, AgreesWithFips180) {
    EXPECT_EQ(to_hex(sha256({})),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha256(as_bytes(std::string(1'000'000, 'a')))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, WorksInThreadsThatNeverHashedBefore) {
    const auto expected = sha256(as_bytes("abc"));
    sha256_digest other{};
    std::thread{[&] { other = sha256(as_bytes("abc")); }}.join();
    EXPECT_EQ(other, expected);
}

RC_GTEST_PROP(Sha256Stream, EqualsTheOneShotHashForEverySplit, (const bytes& data)) {
    const auto cut = *rc::gen::inRange<std::size_t>(0, data.size() + 1);
    sha256_stream stream;
    for (int round = 0; round < 2; ++round) {  // the second round: finish() starts anew
        stream.update(bytes_view{data}.first(cut));
        stream.update(bytes_view{data}.subspan(cut));
        RC_ASSERT(stream.finish() == sha256(data));
    }
}

TEST(Sha256Stream, CanBeMovedInTheMiddle) {
    sha256_stream stream;
    stream.update(as_bytes("a"));
    sha256_stream moved = std::move(stream);
    moved.update(as_bytes("bc"));
    EXPECT_EQ(moved.finish(), sha256(as_bytes("abc")));
}

struct hmac_vector {
    bytes key;
    bytes data;
    std::string_view mac;
};

TEST(HmacSha256, AgreesWithRfc4231) {
    const auto text = [](std::string_view t) {
        const auto view = as_bytes(t);
        return bytes{view.begin(), view.end()};
    };
    bytes counted(25);
    for (std::size_t i = 0; i < counted.size(); ++i) counted[i] = static_cast<std::uint8_t>(i + 1);
    const hmac_vector vectors[] = {
        {bytes(20, 0x0b), text("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {text("Jefe"), text("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {bytes(20, 0xaa), bytes(50, 0xdd),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {counted, bytes(50, 0xcd),
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {bytes(131, 0xaa), text("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"}};
    for (const auto& [key, data, mac] : vectors) EXPECT_EQ(to_hex(hmac_sha256(key, data)), mac);
}

TEST(HmacSha256, AnEmptyKeyIsAKeyAndNotTheFormerOne) {
    const auto keyed = hmac_sha256(as_bytes("key"), as_bytes("data"));
    EXPECT_NE(hmac_sha256({}, as_bytes("data")), keyed);
    EXPECT_EQ(to_hex(hmac_sha256({}, {})),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Ed25519, AgreesWithRfc8032) {
    struct {
        std::string_view seed, key, message, signature;
    } const vectors[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
         "1cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
         "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
         "984dc6594a7c15e9716ed28dc027beceea1ec40a"}};
    for (const auto& each : vectors) {
        const auto seed = fixed<32>(each.seed);
        const auto message = from_hex(each.message).value();
        const ed25519_key signer{seed};
        const auto key = signer.public_half();
        const auto signature = signer.sign(message);
        EXPECT_EQ(to_hex(key), each.key);
        EXPECT_EQ(to_hex(signature), each.signature);
        EXPECT_TRUE(ed25519_verify(key, message, signature));
    }
}

RC_GTEST_PROP(Ed25519, OneFlippedBitAnywhereIsRefused, (bytes message)) {
    message.push_back(0);
    const auto seed = sha256(message);
    const ed25519_key signer{seed};
    const auto key = signer.public_half();
    const auto signature = signer.sign(message);
    RC_ASSERT(ed25519_verify(key, message, signature));

    const auto bit = *rc::gen::inRange(0, 8);
    auto bad_signature = signature;
    bad_signature[*rc::gen::inRange<std::size_t>(0, 64)] ^= static_cast<std::uint8_t>(1 << bit);
    RC_ASSERT(!ed25519_verify(key, message, bad_signature));
    auto bad_message = message;
    bad_message[*rc::gen::inRange<std::size_t>(0, message.size())] ^=
        static_cast<std::uint8_t>(1 << bit);
    RC_ASSERT(!ed25519_verify(key, bad_message, signature));
    // The thread's hash context is shared with signing: it must still hash correctly.
    RC_ASSERT(sha256(message) == seed);
}

}  // namespace
}  // namespace thole
