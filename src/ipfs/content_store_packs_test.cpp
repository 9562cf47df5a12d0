// A store whose small contents are packed: it serves, pins and removes like one of files.

#include <gtest/gtest.h>

#include <unistd.h>

#include <thread>

#include "ipfs/codec/testing.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/content_store.hpp"
#include "ipfs/store_testing.hpp"

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr store_time start{1'767'225'600'000'000us};

struct packed_store : ::testing::Test {
    testing::temporary_folder folder;
    store_options options{.folder = folder.path() + "/content",
                          .packed_bytes = 1000,
                          .pack_bytes = 4000,
                          .fewest_dead = 1,
                          .one_block_bytes = 0};
    std::unique_ptr<content_store> store = opened();

    std::unique_ptr<content_store> opened() {
        auto made = content_store::open(options, testing::quick_disk());
        EXPECT_TRUE(made) << made.error().describe();
        return std::move(*made);
    }
    void reopen() {
        store.reset();
        store = opened();
    }
    cid put(const bytes& content, store_time now = start) {
        const auto kept = store->put(content, now, testing::tiny);
        EXPECT_TRUE(kept) << kept.error().describe();
        return kept->info.root;
    }
    [[nodiscard]] std::size_t files(const char* below) const {
        return testing::files_below(options.folder + below);
    }
};

// proves: I2, I5
TEST_F(packed_store, small_contents_are_read_like_all_others) {
    const auto small = testing::noise(1000), large = testing::noise(1001);
    for (const auto& content : {small, large, bytes{}}) put(content);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(files("/objects"), 1U);
        EXPECT_EQ(files("/packs"), 2U);
        for (const auto& content : {small, large, bytes{}}) {
            const auto root = cid_of(content, testing::tiny);
            EXPECT_EQ(*store->read_all(root), content);
            EXPECT_EQ(store->find(root)->sha256, sha256(content));
            EXPECT_EQ(store->find(root)->size, content.size());
        }
        const auto leaf = leaf_cid(bytes_view{small}.subspan(400, 4), testing::tiny);
        EXPECT_EQ(*store->block(leaf), bytes(small.begin() + 400, small.begin() + 404));
        EXPECT_EQ(store->list().size(), 3U);
        EXPECT_EQ(store->usage().contents, 3U);
        reopen();
    }
}

TEST_F(packed_store, what_is_fed_can_be_read_back_before_it_is_kept) {
    const auto content = testing::noise(900);
    auto writer = store->begin();
    ASSERT_TRUE(writer);
    for (const std::size_t at : {0U, 450U}) {
        ASSERT_TRUE(writer->feed(bytes_view{content}.subspan(at, 450)));
        const auto file = writer->read_back();
        ASSERT_TRUE(file);
        bytes out(at + 450);
        EXPECT_EQ(::read(file->get(), out.data(), out.size()), static_cast<ssize_t>(out.size()));
        EXPECT_EQ(out,
                  bytes(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(at) + 450));
    }
    EXPECT_EQ(files("/tmp"), 0U);
    EXPECT_TRUE(writer->commit(start));
    // One that comes to be too large for a pack becomes a file.
    auto larger = store->begin();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(larger->feed(bytes_view{content}.first(400)));
    EXPECT_EQ(files("/tmp"), 1U);
    const auto kept = larger->commit(start);
    ASSERT_TRUE(kept);
    EXPECT_EQ(store->read_all(kept->info.root)->size(), 1200U);
    EXPECT_TRUE(store->probe());
    EXPECT_EQ(files("/tmp"), 0U);
}

TEST_F(packed_store, never_serves_damaged_bytes_and_is_repaired_by_a_put) {
    const auto content = testing::noise(300);
    const auto root = put(content);
    put(testing::noise(10));
    const auto path = options.folder + "/packs/1.pack";
    const auto size = fs::file_size(path);
    std::size_t refused = 0;
    for (std::uint64_t at = 0; at < size; ++at) {
        const auto flip = [&] {
            std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
            file.seekg(static_cast<std::streamoff>(at));
            const auto byte = static_cast<char>(file.get() ^ 1);
            file.seekp(static_cast<std::streamoff>(at));
            file.put(byte);
        };
        flip();
        const auto read = store->read_all(root);
        if (read) EXPECT_EQ(*read, content) << at;
        if (!read) EXPECT_TRUE(read.error().is(codes::corrupt)) << at;
        refused += read ? 0 : 1;
        flip();
    }
    EXPECT_GT(refused, 300U);
    std::fstream{path, std::ios::in | std::ios::out | std::ios::binary}.seekp(300) << "damage";
    EXPECT_FALSE(store->read_all(root));
    EXPECT_FALSE(store->put(content, start, testing::tiny)->created);
    EXPECT_EQ(*store->read_all(root), content);
    reopen();
    EXPECT_EQ(*store->read_all(root), content);
}

// proves: I5
TEST_F(packed_store, a_pack_that_is_mostly_dead_is_written_anew) {
    std::vector<bytes> kept;
    for (std::uint64_t i = 0; i < 60; ++i) {
        const auto content = testing::noise(100, i);
        const auto root = put(content);
        if (i % 5 != 0) continue;
        kept.push_back(content);
        ASSERT_TRUE(store->pin(root, "op"));
    }
    const auto before = files("/packs");
    const auto reader = store->open_content(cid_of(kept[0], testing::tiny));
    EXPECT_TRUE(store->gc(start + 24h - 1us)->empty());
    EXPECT_EQ(store->gc(start + 24h)->size(), 48U);
    EXPECT_LT(files("/packs"), before / 2);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(store->usage().contents, kept.size());
        for (const auto& content : kept) {
            EXPECT_EQ(*store->read_all(cid_of(content, testing::tiny)), content);
            EXPECT_EQ(store->owners(cid_of(content, testing::tiny)).size(), 1U);
        }
        reopen();
    }
    // Since when they are unreferenced has not changed.
    ASSERT_TRUE(store->unpin_all("op", start));
    EXPECT_EQ(store->gc(start + 24h)->size(), kept.size());
    EXPECT_EQ(files("/packs"), 0U);
    EXPECT_EQ(store->usage().bytes, 0U);
    EXPECT_EQ(put(kept[0]), cid_of(kept[0], testing::tiny));
}

// proves: I5
TEST_F(packed_store, either_layout_is_read_and_a_put_changes_to_the_present_one) {
    const auto content = testing::noise(100), other = testing::noise(200);
    const auto root = put(content);
    options.packed_bytes = 0;
    reopen();
    EXPECT_EQ(*store->read_all(root), content);
    const auto in_file = put(other);
    EXPECT_EQ(files("/objects"), 1U);
    EXPECT_EQ(put(content, start + 1h), root);
    EXPECT_EQ(files("/objects"), 2U);
    ASSERT_TRUE(store->pin(root, "op"));
    options.packed_bytes = 1000;
    for (int i = 0; i < 2; ++i) {
        reopen();
        EXPECT_EQ(*store->read_all(root), content);
        EXPECT_EQ(*store->read_all(in_file), other);
        EXPECT_EQ(store->usage().contents, 2U);
        EXPECT_EQ(store->usage().pinned, 1U);
    }
    EXPECT_EQ(put(content, start + 2h), root);
    EXPECT_EQ(put(other, start + 2h), in_file);
    EXPECT_EQ(files("/objects"), 0U);
    reopen();
    EXPECT_EQ(*store->read_all(root), content);
    EXPECT_EQ(*store->read_all(in_file), other);
    EXPECT_EQ(store->gc(start + 26h)->size(), 1U);
}

// proves: I5
TEST_F(packed_store, what_was_put_twice_is_gone_for_good_when_it_is_removed) {
    const auto content = testing::noise(100);
    put(content);
    for (std::uint64_t i = 0; i < 40; ++i) put(testing::noise(100, 2 + i), start + 100h);
    put(content, start + 1h);
    put(content, start + 2h);
    EXPECT_EQ(store->gc(start + 26h)->size(), 1U);
    reopen();
    EXPECT_FALSE(store->has(cid_of(content, testing::tiny)));
    EXPECT_EQ(store->usage().contents, 40U);
}

// proves: I5
TEST_F(packed_store, an_object_that_cannot_be_read_keeps_no_other_from_being_moved) {
    // Four packs, of which each keeps one content in five.
    std::vector<cid> kept;
    for (std::uint64_t i = 0; i < 20; ++i) {
        const bool stays = i % 5 == 0;
        const auto root = store->put(testing::noise(800, i + 1), stays ? start + 48h : start);
        ASSERT_TRUE(root);
        if (stays) kept.push_back(root->info.root);
    }
    store.reset();
    const auto sick = std::make_shared<testing::counting_disk>();
    auto made = content_store::open(options, sick);
    ASSERT_TRUE(made);
    sick->cannot_read = [at = 0](std::uint64_t) mutable { return ++at == 1; };  // the first one
    const auto before = files("/packs");
    const auto removed = (*made)->gc(start + 25h);
    ASSERT_FALSE(removed);
    EXPECT_TRUE(removed.error().is(codes::disk_error));
    EXPECT_LT(files("/packs"), before - 1) << "the later packs are written anew all the same";
    for (const auto& each : kept) EXPECT_TRUE((*made)->read_all(each));
    EXPECT_TRUE((*made)->gc(start + 25h)) << "and the first one when it can be read";
    EXPECT_EQ((*made)->usage().contents, kept.size());
}

TEST_F(packed_store, what_is_in_a_pack_that_somebody_removed_is_not_pinned) {
    const auto content = testing::noise(100);
    const auto root = put(content);
    fs::remove(options.folder + "/packs/1.pack");
    EXPECT_TRUE(store->pin(root, "op").error().is(codes::not_held));
    EXPECT_FALSE(store->has(root));
    reopen();
    EXPECT_EQ(put(content), root);
    EXPECT_TRUE(store->pin(root, "op"));
}

TEST_F(packed_store, keeps_its_limits) {
    options.max_content_bytes = 500;
    options.max_total_bytes = 900;
    reopen();
    EXPECT_TRUE(store->put(testing::noise(501), start).error().is(codes::too_large));
    ASSERT_TRUE(store->put(testing::noise(500), start));
    EXPECT_TRUE(store->put(testing::noise(400), start).error().is(codes::disk_full));
    EXPECT_TRUE(store->put(testing::noise(500), start));  // held already
    EXPECT_TRUE(store->put(testing::noise(10), start));
}

TEST_F(packed_store, many_threads_at_once) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 40; ++i) {
                const auto seed = static_cast<std::uint64_t>(i % 10 + 1);
                const auto content = testing::noise(30, seed);
                const auto owner = "op-" + std::to_string(t);
                const auto kept = store->put(content, start + 100h, testing::tiny);
                ASSERT_TRUE(kept) << kept.error().describe();
                ASSERT_TRUE(store->pin(kept->info.root, owner));
                const auto read = store->read_all(kept->info.root);
                ASSERT_TRUE(read) << read.error().describe();
                ASSERT_EQ(*read, content);
                // What another thread removes at the same time, and packs with it.
                ASSERT_TRUE(store->put(testing::noise(30, seed + 100), start, testing::tiny));
                ASSERT_TRUE(store->gc(start + 100h));
                ASSERT_TRUE(store->unpin(kept->info.root, owner, start + 100h));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    ASSERT_TRUE(store->gc(start + 100h));
    EXPECT_EQ(store->usage().contents, 10U);
    reopen();
    EXPECT_EQ(store->usage().contents, 10U);
    EXPECT_EQ(store->gc(start + 124h)->size(), 10U);
}

}  // namespace
}  // namespace thole::ipfs
