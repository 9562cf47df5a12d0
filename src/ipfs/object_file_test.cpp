#include "ipfs/object_file.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "ipfs/codec/testing.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

object_index index_of(bytes_view content, const profile& shape) {
    object_index out;
    out.shape = shape;
    out.size = content.size();
    out.content_sha256 = sha256(content);
    dag_builder build{shape, {}, [&](const sha256_digest& leaf) { out.leaves.push_back(leaf); }};
    (void)build.feed(content);
    (void)build.finish();
    return out;
}

RC_GTEST_PROP(ObjectFileProperty, RoundTrips, (const bytes& content)) {
    const auto shape =
        *rc::gen::element(testing::tiny, testing::tiny_v0, v1_256k, v1_2025, v0_2015);
    const auto index = index_of(content, shape);
    const auto tail = encode_object_tail(index);
    const auto size = content.size() + tail.size();
    RC_ASSERT(*object_tail_size(bytes_view{tail}.last(object_trailer_size), size) == tail.size());
    const auto root = cid_of(content, shape);
    const auto read = decode_object_tail(tail, size, root);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->leaves == index.leaves);
    RC_ASSERT(read->content_sha256 == index.content_sha256);
    RC_ASSERT(read->shape.chunk_bytes == shape.chunk_bytes);
    RC_ASSERT(read->root()->root == root);
    // The same file under another name is refused.
    RC_ASSERT(!decode_object_tail(tail, size, cid_of(as_bytes("other"))));
}

RC_GTEST_PROP(ObjectFileProperty, AnyBytesAreRefusedNotTrusted, (const bytes& noise)) {
    const auto root = cid_of({});
    RC_ASSERT(!decode_object_tail(noise, *rc::gen::arbitrary<std::uint64_t>(), root));
    const auto content = *rc::gen::container<bytes>(rc::gen::arbitrary<std::uint8_t>());
    auto tail = encode_object_tail(index_of(content, testing::tiny));
    tail[*rc::gen::inRange<std::size_t>(0, tail.size())] ^= *rc::gen::inRange<std::uint8_t>(1, 255);
    RC_ASSERT(decode_object_tail(tail, content.size() + tail.size(), cid_of(content, testing::tiny))
                  .error()
                  .is(codes::corrupt));
}

TEST(ObjectFile, ThePublishedProfilesKeepTheirNames) {
    for (const auto& shape : known_profiles) {
        const auto content = testing::pattern(10);
        const auto tail = encode_object_tail(index_of(content, shape));
        EXPECT_EQ(decode_object_tail(tail, 10 + tail.size(), cid_of(content, shape))->shape, shape);
    }
}

// Files written by this version must be read by every later one: the bytes are fixed here.
TEST(ObjectFile, TheFormatIsTheseBytes) {
    const auto tail = encode_object_tail(index_of(as_bytes("hello world"), v1_256k));
    const std::string hash = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    EXPECT_EQ(to_hex(bytes_view{tail}.first(tail.size() - 16)), hash +
                                                                    "0b00000000000000"
                                                                    "0100000000000000"
                                                                    "00000400"
                                                                    "ae000000"
                                                                    "0101000000000000" +
                                                                    hash +
                                                                    "01000000"
                                                                    "00000000"
                                                                    "74686f6c656f626a");
    EXPECT_TRUE(decode_object_tail(tail, 11 + tail.size(), cid_of(as_bytes("hello world"))));
}

}  // namespace
}  // namespace thole::ipfs
