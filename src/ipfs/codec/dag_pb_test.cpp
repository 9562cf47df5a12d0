#include "ipfs/codec/dag_pb.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "ipfs/codec/testing.hpp"
#include "ipfs/codec/unixfs.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

TEST(DagPb, RefusesWhatIsNotCanonical) {
    const auto id = cid::v0(sha256({}));
    const auto link = [&](std::uint64_t size) { return pb_link{id, std::string_view{"a"}, size}; };
    const bytes data{1, 2, 3};
    const auto good = encode(pb_node{{link(1), link(2)}, data});
    ASSERT_TRUE(decode_dag_pb(good));
    // Data before links: another encoding of the same node would have another CID.
    bytes swapped = encode(pb_node{{}, data});
    const auto links = encode(pb_node{{link(1)}, std::nullopt});
    swapped.insert(swapped.end(), links.begin(), links.end());
    EXPECT_TRUE(decode_dag_pb(swapped).error().is(codes::not_a_file));
    EXPECT_FALSE(decode_dag_pb(bytes{0x1A, 0x00}));              // unknown field
    EXPECT_FALSE(decode_dag_pb(bytes{0x12, 0x02, 0x12, 0x00}));  // a link without hash
    EXPECT_FALSE(decode_dag_pb(bytes{0x0A, 0x81, 0x00, 0x00}));  // length in a long form
    for (std::size_t cut = 1; cut < good.size(); ++cut) {
        const auto read = decode_dag_pb(bytes_view{good}.first(cut));
        if (read) {
            // Only a cut between fields is another valid node.
            EXPECT_LT(encode(*read).size(), good.size());
        }
    }
}

RC_GTEST_PROP(DagPbProperty, WhatIsAcceptedIsWrittenTheSame, (const bytes& noise)) {
    if (const auto node = decode_dag_pb(noise)) RC_ASSERT(encode(*node) == noise);
    // Near misses: a good node with one byte changed.
    const auto content = *rc::gen::container<bytes>(rc::gen::arbitrary<std::uint8_t>());
    auto block = testing::take_apart(content, testing::tiny_v0).blocks.back().second;
    block[*rc::gen::inRange<std::size_t>(0, block.size())] = *rc::gen::arbitrary<std::uint8_t>();
    if (const auto node = decode_dag_pb(block)) {
        RC_ASSERT(encode(*node) == block);
        if (node->data) (void)decode_unixfs(*node->data);
    }
}

TEST(UnixFs, RefusesSizesThatDoNotAddUp) {
    unixfs_node file;
    file.block_sizes = {3, 4};
    file.file_size = 7;
    ASSERT_TRUE(decode_unixfs(encode(file)));
    file.file_size = 8;
    EXPECT_TRUE(decode_unixfs(encode(file)).error().is(codes::not_a_file));
    file.block_sizes = {UINT64_MAX, 9};
    EXPECT_FALSE(decode_unixfs(encode(file)));
    EXPECT_FALSE(decode_unixfs({}));
    EXPECT_FALSE(decode_unixfs(bytes{0x18, 0x00}));                    // no type
    EXPECT_FALSE(decode_unixfs(bytes{0x08, 0x02, 0x08, 0x02}));        // twice
    EXPECT_FALSE(decode_unixfs(bytes{0x08, 0x07}));                    // unknown type
    EXPECT_FALSE(decode_unixfs(bytes{0x08, 0x02, 0x12, 0x05, 0x00}));  // truncated
}

TEST(UnixFs, ReadsModeAndTimeOfOthersAndIgnoresThem) {
    const bytes data{0x08, 0x02, 0x12, 0x01, 'x',  0x18, 0x01,
                     0x38, 0xA4, 0x03, 0x42, 0x02, 0x08, 0x05};
    const auto node = decode_unixfs(data);
    ASSERT_TRUE(node);
    EXPECT_EQ(as_text(node->data), "x");
}

RC_GTEST_PROP(UnixFsProperty, RoundTripsAndNeverCrashes, (const bytes& noise, const bytes& held)) {
    (void)decode_unixfs(noise);
    unixfs_node file;
    file.data = held;
    file.file_size = held.size();
    for (const auto size :
         *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::arbitrary<std::uint32_t>())) {
        file.block_sizes.push_back(size);
        file.file_size += size;
    }
    const auto block = encode(file);
    const auto read = decode_unixfs(block);
    RC_ASSERT(read.has_value());
    RC_ASSERT(encode(*read) == block);
}

}  // namespace
}  // namespace thole::ipfs
