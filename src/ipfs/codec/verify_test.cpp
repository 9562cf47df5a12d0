#include "ipfs/codec/verify.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

#include "ipfs/codec/dag_pb.hpp"
#include "ipfs/codec/testing.hpp"
#include "ipfs/codec/unixfs.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

using blocks = std::vector<std::pair<cid, bytes>>;

result<bytes> verify(const cid& root, const blocks& all, verify_limits limits = {}) {
    dag_verifier verifier{root, limits};
    for (const auto& [id, block] : all) {
        if (auto ok = verifier.add(id, block); !ok) {
            EXPECT_FALSE(verifier.complete());
            EXPECT_FALSE(verifier.take());
            return std::unexpected(ok.error());
        }
    }
    return verifier.take();
}

// In the order of a CAR: a node before its children, each block once.
blocks depth_first(const testing::taken_apart& made) {
    std::map<cid, bytes> known(made.blocks.begin(), made.blocks.end());
    blocks out;
    std::vector<cid> stack{made.root.root};
    while (!stack.empty()) {
        const auto id = stack.back();
        stack.pop_back();
        const auto found = known.find(id);
        if (found == known.end()) continue;  // sent already
        if (id.content() == codec::dag_pb) {
            const auto node = decode_dag_pb(found->second);
            for (auto i = node->links.size(); i-- > 0;) stack.push_back(node->links[i].target);
        }
        out.emplace_back(id, std::move(found->second));
        known.erase(found);
    }
    return out;
}

// proves: I1
RC_GTEST_PROP(DagVerifierProperty, BytesComeBackInAnyOrderOfBlocks, (const bytes& content)) {
    const auto shape = *rc::gen::element(testing::tiny, testing::tiny_v0);
    const auto made = testing::take_apart(content, shape);
    RC_ASSERT(*verify(made.root.root, depth_first(made)) == content);
    RC_ASSERT(*verify(made.root.root, made.blocks) == content);
    auto shuffled = made.blocks;
    rng chance{*rc::gen::arbitrary<std::uint64_t>()};
    for (auto i = shuffled.size(); i > 1; --i)
        std::swap(shuffled[i - 1], shuffled[chance.below(i)]);
    RC_ASSERT(*verify(made.root.root, shuffled) == content);
}

// proves: I1
RC_GTEST_PROP(DagVerifierProperty, AChangedOrMissingBlockIsAlwaysFound, (const bytes& content)) {
    const auto made = testing::take_apart(content, testing::tiny_v0);
    auto sent = depth_first(made);
    const auto at = *rc::gen::inRange<std::size_t>(0, sent.size());
    if (*rc::gen::arbitrary<bool>()) {
        auto& block = sent[at].second;
        block[*rc::gen::inRange<std::size_t>(0, block.size())] ^=
            *rc::gen::inRange<std::uint8_t>(1, 255);
        RC_ASSERT(verify(made.root.root, sent).error().is(codes::wrong_bytes));
    } else {
        sent.erase(sent.begin() + static_cast<std::ptrdiff_t>(at));
        RC_ASSERT(verify(made.root.root, sent).error().is(codes::malformed_car));
    }
}

TEST(DagVerifier, RepeatedContentMayBeSentOnce) {
    const auto content = bytes(200, 'z');
    const auto made = testing::take_apart(content, testing::tiny);
    const auto once = depth_first(made);
    EXPECT_LT(once.size(), made.blocks.size());
    EXPECT_EQ(*verify(made.root.root, once), content);
}

TEST(DagVerifier, RefusesBlocksThatAreNoPartOfTheFile) {
    const auto made = testing::take_apart(testing::pattern(20), testing::tiny);
    auto sent = depth_first(made);
    const bytes stranger{1, 2, 3};
    sent.emplace_back(cid::v1(codec::raw, sha256(stranger)), stranger);
    EXPECT_TRUE(verify(made.root.root, sent).error().is(codes::malformed_car));
    EXPECT_TRUE(verify(made.root.root, made.blocks, {.max_early_bytes = 10})
                    .error()
                    .is(codes::malformed_car));
}

TEST(DagVerifier, KeepsItsLimits) {
    const auto made = testing::take_apart(testing::pattern(100), testing::tiny);
    const auto sent = depth_first(made);
    EXPECT_TRUE(verify(made.root.root, sent, {.max_file_bytes = 100}));
    EXPECT_TRUE(verify(made.root.root, sent, {.max_file_bytes = 99}).error().is(codes::too_large));
    EXPECT_FALSE(verify(made.root.root, sent, {.max_depth = 2}));
    EXPECT_FALSE(verify(made.root.root, sent, {.max_blocks = 30}));
    const auto raw = testing::take_apart(testing::pattern(4), testing::tiny);
    EXPECT_TRUE(
        verify(raw.root.root, raw.blocks, {.max_file_bytes = 3}).error().is(codes::too_large));
}

std::pair<cid, bytes> node_of(const unixfs_node& file, std::vector<pb_link> links) {
    const auto data = encode(file);
    pb_node node{std::move(links), data};
    auto block = encode(node);
    return {cid::v1(codec::dag_pb, sha256(block)), std::move(block)};
}

TEST(DagVerifier, RefusesADirectory) {
    unixfs_node directory;
    directory.type = unixfs_type::directory;
    const auto root = node_of(directory, {});
    EXPECT_TRUE(verify(root.first, {root}).error().is(codes::not_a_file));
}

TEST(DagVerifier, AHundredNodesCannotExpandWithoutBound) {
    // Each level names the one below 100 times: 100^20 visits if sizes were not checked.
    unixfs_node empty;
    auto below = node_of(empty, {});
    blocks all{below};
    for (int level = 0; level < 20; ++level) {
        unixfs_node file;
        file.block_sizes.assign(100, 0);
        below = node_of(
            file, std::vector<pb_link>(100, pb_link{below.first, std::nullopt, std::nullopt}));
        all.insert(all.begin(), below);
    }
    EXPECT_TRUE(verify(below.first, all).error().is(codes::not_a_file));
}

TEST(DagVerifier, AChildMustHaveTheSizeItsParentSays) {
    const bytes leaf{1, 2, 3};
    const auto id = cid::v1(codec::raw, sha256(leaf));
    unixfs_node file;
    file.block_sizes = {4};
    file.file_size = 4;
    const auto root = node_of(file, {pb_link{id, std::nullopt, std::nullopt}});
    EXPECT_TRUE(verify(root.first, {root, {id, leaf}}).error().is(codes::not_a_file));
}

// proves: I1
TEST(VerifyBytes, FindsTheProfileAndRefusesAnyOtherBytes) {
    const auto content = testing::pattern(1'500'000);
    for (const auto& shape : known_profiles) {
        const auto root = cid_of(content, shape);
        ASSERT_TRUE(verify_bytes(root, content));
        EXPECT_EQ(*verify_bytes(root, content), shape);
        auto changed = content;
        changed[700'000] ^= 1;
        EXPECT_TRUE(verify_bytes(root, changed).error().is(codes::unknown_profile));
        EXPECT_TRUE(verify_bytes(root, changed, shape).error().is(codes::wrong_bytes));
        EXPECT_TRUE(verify_bytes(root, bytes_view{content}.first(1'499'999), shape)
                        .error()
                        .is(codes::wrong_bytes));
    }
    const auto small = cid_of(as_bytes("hello"));
    EXPECT_TRUE(verify_bytes(small, as_bytes("hello")));
    EXPECT_TRUE(verify_bytes(small, as_bytes("<html>")).error().is(codes::wrong_bytes));
}

}  // namespace
}  // namespace thole::ipfs
