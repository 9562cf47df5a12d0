#include "ipfs/codec/cid.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <algorithm>

#include "ipfs/codec/varint.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

constexpr auto hello_v1 = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
constexpr auto hello_v0 = "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD";

TEST(Cid, ParsesAndPrintsBothVersions) {
    const auto one = cid::parse(hello_v1);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->version(), 1);
    EXPECT_EQ(one->content(), codec::raw);
    EXPECT_EQ(one->digest(), sha256(as_bytes("hello world")));
    EXPECT_TRUE(one->matches(as_bytes("hello world")));
    EXPECT_FALSE(one->matches(as_bytes("hello worle")));
    EXPECT_EQ(one->text(), hello_v1);
    EXPECT_EQ(*cid::parse(one->base58_text()), *one);
    const auto zero = cid::parse(hello_v0);
    ASSERT_TRUE(zero);
    EXPECT_EQ(zero->version(), 0);
    EXPECT_EQ(zero->content(), codec::dag_pb);
    EXPECT_EQ(zero->text(), hello_v0);
    EXPECT_TRUE(zero->same_block(cid::v1(codec::dag_pb, zero->digest())));
    EXPECT_NE(*zero, cid::v1(codec::dag_pb, zero->digest()));
}

TEST(Cid, RefusesEveryBrokenText) {
    const std::string good = hello_v1;
    for (const std::string& text :
         {std::string{}, std::string{"b"}, std::string{"z"}, std::string{"Qm"}, good + "a",
          good.substr(0, good.size() - 1), " " + good, good + "\n", "B" + good.substr(1),
          "f" + good.substr(1), std::string{hello_v0} + "D", "z" + std::string{hello_v0},
          std::string(200, 'b'), std::string{"bafkrei!"}, std::string{"/ipfs/"} + good}) {
        const auto read = cid::parse(text);
        ASSERT_FALSE(read) << text;
        EXPECT_TRUE(read.error().is(codes::bad_cid)) << text;
        EXPECT_FALSE(read.error().detail().empty()) << text;
    }
}

TEST(Cid, SaysWhenAWellFormedOneIsNotSupported) {
    auto raw = cid::parse(hello_v1)->to_bytes();
    raw[1] = 0x71;  // dag-cbor
    EXPECT_TRUE(cid::from_bytes(raw).error().is(codes::unsupported_cid));
    raw[1] = 0x55;
    raw[2] = 0x11;  // sha1
    EXPECT_TRUE(cid::from_bytes(raw).error().is(codes::unsupported_cid));
    raw[2] = 0x12;
    raw[0] = 2;
    EXPECT_TRUE(cid::from_bytes(raw).error().is(codes::bad_cid));
    // An identity CID: the content stands in the text itself.
    EXPECT_TRUE(cid::parse("bafkqaaa").error().is(codes::unsupported_cid));
}

RC_GTEST_PROP(CidProperty, EveryCidRoundTrips, ()) {
    sha256_digest digest;
    for (auto& byte : digest) byte = *rc::gen::arbitrary<std::uint8_t>();
    const auto id = *rc::gen::element(cid::v0(digest), cid::v1(codec::raw, digest),
                                      cid::v1(codec::dag_pb, digest));
    RC_ASSERT(*cid::parse(id.text()) == id);
    RC_ASSERT(*cid::parse(id.base58_text()) == id);
    RC_ASSERT(*cid::from_bytes(id.to_bytes()) == id);
    RC_ASSERT(id.to_bytes().size() == id.byte_size());
    const auto cut = *rc::gen::inRange<std::size_t>(0, id.byte_size());
    RC_ASSERT(!cid::from_bytes(bytes_view{id.to_bytes()}.first(cut)));
}

RC_GTEST_PROP(CidProperty, WhatIsAcceptedIsWrittenTheSame, (const bytes& data)) {
    std::size_t used = 0;
    if (const auto id = cid::from_prefix(data, used)) {
        RC_ASSERT(std::ranges::equal(id->to_bytes(), bytes_view{data}.first(used)));
    }
    if (const auto id = cid::parse(as_text(data))) RC_ASSERT(id->text() == as_text(data));
}

RC_GTEST_PROP(VarintProperty, RoundTripsInItsShortestForm,
              (std::uint64_t value, const bytes& junk)) {
    bytes out;
    put_varint(out, value);
    RC_ASSERT(out.size() == varint_size(value));
    byte_cursor in{out};
    RC_ASSERT(in.varint() == value);
    RC_ASSERT(in.empty());
    byte_cursor other{junk};
    if (const auto read = other.varint()) {
        bytes again;
        put_varint(again, *read);
        RC_ASSERT(std::ranges::equal(again, bytes_view{junk}.first(again.size())));
    }
}

TEST(Varint, RefusesLongFormsAndOverflow) {
    for (const bytes& data :
         {bytes{}, bytes{0x80}, bytes{0x80, 0x00},
          bytes{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02}, bytes(11, 0x80)}) {
        byte_cursor in{data};
        EXPECT_EQ(in.varint(), std::nullopt);
    }
    const bytes largest{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01};
    byte_cursor in{largest};
    EXPECT_EQ(in.varint(), UINT64_MAX);
}

TEST(Codes, EachHasItsOwnTextAndMeaning) {
    for (std::size_t i = 0; i < ipfs_codes.size(); ++i) {
        EXPECT_TRUE(ipfs_codes[i]->text.starts_with("ipfs."));
        EXPECT_FALSE(ipfs_codes[i]->meaning.empty());
        for (std::size_t j = 0; j < i; ++j) EXPECT_NE(ipfs_codes[i]->text, ipfs_codes[j]->text);
    }
}

}  // namespace
}  // namespace thole::ipfs
