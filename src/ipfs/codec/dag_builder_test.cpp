#include "ipfs/codec/dag_builder.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <cstdio>
#include <set>

#include "ipfs/codec/testing.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

RC_GTEST_PROP(DagBuilderProperty, HowBytesAreFedDoesNotMatter, (const bytes& content)) {
    const auto shape = *rc::gen::element(testing::tiny, testing::tiny_v0);
    dag_builder build{shape};
    bytes_view rest = content;
    while (!rest.empty()) {
        const auto part = *rc::gen::inRange<std::size_t>(1, rest.size() + 1);
        RC_ASSERT(build.feed(rest.first(part)).has_value());
        rest = rest.subspan(part);
    }
    const auto root = build.finish();
    RC_ASSERT(root->root == cid_of(content, shape));
    RC_ASSERT(root->file_size == content.size());
}

RC_GTEST_PROP(DagBuilderProperty, SinkGetsEveryBlockAndTheRootLast, (const bytes& content)) {
    const auto made = testing::take_apart(content, testing::tiny);
    std::uint64_t total = 0;
    for (const auto& [id, block] : made.blocks) {
        RC_ASSERT(id.matches(block));
        total += block.size();
    }
    RC_ASSERT(made.blocks.back().first == made.root.root);
    RC_ASSERT(total == made.root.dag_size);
    RC_ASSERT(made.root.leaves == std::max<std::size_t>(1, (content.size() + 3) / 4));
}

RC_GTEST_PROP(DagBuilderProperty, ATreeOfLeafHashesHasTheSameRoot, (const bytes& content)) {
    const auto shape = *rc::gen::element(testing::tiny, testing::tiny_v0);
    dag_tree tree{shape};
    bytes_view rest = content;
    do {
        const auto part = rest.first(std::min<std::size_t>(rest.size(), shape.chunk_bytes));
        RC_ASSERT(
            tree.add_leaf(leaf_cid(part, shape), leaf_block_size(part.size(), shape), part.size())
                .has_value());
        rest = rest.subspan(part.size());
    } while (!rest.empty());
    RC_ASSERT(tree.finish()->root == cid_of(content, shape));
}

TEST(DagBuilder, PredictsTheSizeOfALeafBlock) {
    for (const auto& shape : {testing::tiny, testing::tiny_v0}) {
        for (const std::size_t size : {0, 1, 100, 120, 127, 128, 16'370, 16'384, 262'144}) {
            EXPECT_EQ(leaf_block_size(size, shape),
                      leaf_block(testing::pattern(size), shape).size());
        }
    }
}

TEST(DagBuilder, DifferentContentAtEveryTreeShapeHasDifferentRoots) {
    std::set<cid> roots;
    for (std::size_t size = 0; size < 130; ++size) {
        roots.insert(cid_of(testing::pattern(size), testing::tiny));
        roots.insert(cid_of(testing::pattern(size), testing::tiny_v0));
    }
    EXPECT_EQ(roots.size(), 260U);
}

TEST(DagBuilder, HandsOnTheSinksFault) {
    for (int allowed = 0; allowed < 6; ++allowed) {
        int left = allowed;
        dag_builder build{testing::tiny, [&](const cid&, bytes_view) -> result<> {
                              if (left-- == 0) return fail(codes::disk_full);
                              return {};
                          }};
        auto outcome = build.feed(testing::pattern(13));
        if (outcome) {
            if (auto root = build.finish(); !root) outcome = std::unexpected(root.error());
        }
        ASSERT_FALSE(outcome) << allowed;
        EXPECT_TRUE(outcome.error().is(codes::disk_full));
    }
}

TEST(DagBuilder, ReadsAnOpenFile) {
    std::FILE* file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    const auto content = testing::pattern(700'000);
    std::fwrite(content.data(), 1, content.size(), file);
    std::fflush(file);
    const auto root = cid_of_file(fileno(file));
    ASSERT_TRUE(root);
    EXPECT_EQ(root->root, cid_of(content));
    EXPECT_EQ(root->leaves, 3U);
    std::fclose(file);
    EXPECT_TRUE(cid_of_file(-1).error().is(codes::disk_error));
}

// proves: I1
TEST(DagBuilder, SeveralThreadsAgreeWithOne) {
    for (const auto& shape :
         {v0_2015, profile{"small", 1000, 3, 1, true}, profile{"odd", 4096, 174, 1, false}}) {
        for (const std::size_t size : {0U, 1U, 1999U, 2000U, 2001U, 64'000U, 64'001U, 600'000U}) {
            const auto content = testing::noise(size);
            std::FILE* file = std::tmpfile();
            ASSERT_EQ(std::fwrite(content.data(), 1, size, file), size);
            std::fflush(file);
            const auto alone = cid_of(content, shape);
            for (const std::size_t threads : {1U, 2U, 5U}) {
                const auto root = cid_of_file(fileno(file), shape, threads);
                ASSERT_TRUE(root);
                EXPECT_EQ(root->root, alone) << shape.name << " " << size << " " << threads;
                EXPECT_EQ(root->file_size, size);
            }
            std::fclose(file);
        }
    }
}

}  // namespace
}  // namespace thole::ipfs
