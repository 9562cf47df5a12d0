#include "ipfs/content_store.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "ipfs/codec/dag_pb.hpp"
#include "ipfs/codec/testing.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/store_testing.hpp"

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;
using testing::temporary_folder;
namespace fs = std::filesystem;

constexpr store_time start{1'767'225'600'000'000us};

std::unique_ptr<content_store> opened(const temporary_folder& folder) {
    auto store = content_store::open({.folder = folder.path() + "/content", .one_block_bytes = 0});
    EXPECT_TRUE(store) << store.error().describe();
    return std::move(*store);
}

std::string only_object(const temporary_folder& folder) {
    for (const auto& each : fs::recursive_directory_iterator(folder.path() + "/content/objects")) {
        if (each.is_regular_file()) return each.path();
    }
    return {};
}

// proves: I2
TEST(ContentStore, KeepsWhatItAnswered) {
    const temporary_folder folder;
    const auto content = testing::noise(600'000);
    cid root = cid_of({});
    {
        auto store = opened(folder);
        const auto first = store->put(content, start);
        ASSERT_TRUE(first) << first.error().describe();
        EXPECT_TRUE(first->created);
        EXPECT_EQ(first->info.root, cid_of(content));
        EXPECT_EQ(first->info.sha256, sha256(content));
        EXPECT_EQ(first->info.size, content.size());
        EXPECT_FALSE(store->put(content, start)->created);
        root = first->info.root;
    }
    auto store = opened(folder);
    EXPECT_TRUE(store->has(root));
    EXPECT_EQ(store->find(root)->sha256, sha256(content));
    EXPECT_EQ(store->find(root)->shape, v1_256k);
    EXPECT_EQ(*store->read_all(root), content);
    EXPECT_EQ(store->usage().contents, 1U);
    EXPECT_EQ(testing::files_below(folder.path() + "/content/tmp"), 0U);
}

TEST(ContentStore, AnswersForWhatItDoesNotHold) {
    const temporary_folder folder;
    auto store = opened(folder);
    const auto absent = cid_of(as_bytes("absent"));
    EXPECT_FALSE(store->has(absent));
    EXPECT_TRUE(store->find(absent).error().is(codes::not_held));
    EXPECT_TRUE(store->block(absent).error().is(codes::not_held));
    EXPECT_TRUE(store->pin(absent, "op").error().is(codes::not_held));
    EXPECT_TRUE(store->unpin(absent, "op", start));
    EXPECT_TRUE(store->owners(absent).empty());
}

TEST(ContentStore, OneFolderOneProcess) {
    const temporary_folder folder;
    auto store = opened(folder);
    const auto second = content_store::open({.folder = folder.path() + "/content"});
    ASSERT_FALSE(second);
    EXPECT_TRUE(second.error().is(codes::store_locked));
}

RC_GTEST_PROP(ContentStoreProperty, ReadsAnyRangeOfAnyShape, (const bytes& content)) {
    const temporary_folder folder;
    auto store = opened(folder);
    const auto shape = *rc::gen::element(testing::tiny, testing::tiny_v0);
    const auto kept = store->put(content, start, shape);
    RC_ASSERT(kept.has_value());
    auto reader = store->open_content(kept->info.root);
    RC_ASSERT(reader.has_value());
    const auto offset = *rc::gen::inRange<std::size_t>(0, content.size() + 3);
    const auto length = *rc::gen::inRange<std::size_t>(0, content.size() + 3);
    const auto from = std::min(offset, content.size());
    const auto to = std::min(from + length, content.size());
    RC_ASSERT(*reader->read(offset, length) == bytes(content.begin() + from, content.begin() + to));
}

// proves: I2
TEST(ContentStore, ServesEveryBlockAlsoAfterARestart) {
    for (const auto& shape : {testing::tiny, testing::tiny_v0}) {
        const temporary_folder folder;
        const auto content = testing::noise(101);
        const auto made = testing::take_apart(content, shape);
        {
            auto store = opened(folder);
            ASSERT_TRUE(store->put(content, start, shape));
            ASSERT_TRUE(store->put(as_bytes("another"), start, shape));
            for (const auto& [id, block] : made.blocks) EXPECT_EQ(*store->block(id), block);
        }
        auto store = opened(folder);
        for (const auto& [id, block] : made.blocks) {
            ASSERT_TRUE(store->block(id)) << id.text();
            EXPECT_EQ(*store->block(id), block);
        }
        // Both versions of a CID name one content.
        EXPECT_TRUE(store->has(cid::v1(made.root.root.content(), made.root.root.digest())));
    }
}

// proves: I2
TEST(ContentStore, ABlockThatIsNowhereReadsFewContentsAndNoSmallOnes) {
    const temporary_folder folder;
    const store_options options{
        .folder = folder.path() + "/content", .packed_bytes = 10, .one_block_bytes = 200};
    const auto content = testing::noise(20, 5);
    const auto leaf = leaf_cid(bytes_view{content}.first(4), testing::tiny);
    {
        auto store = content_store::open(options, std::make_shared<testing::counting_disk>());
        ASSERT_TRUE(store);
        for (std::uint64_t i = 0; i < 1000; ++i) {
            ASSERT_TRUE((*store)->put(testing::noise(10, i + 10), start));
        }
        for (std::uint64_t i = 0; i < 600; ++i) {
            ASSERT_TRUE((*store)->put(testing::noise(20, i), start, testing::tiny));
        }
    }
    const auto files = std::make_shared<testing::counting_disk>();
    auto store = content_store::open(options, files);
    ASSERT_TRUE(store);
    files->reads = files->opens = 0;
    const auto absent = cid_of(as_bytes("absent"));
    EXPECT_TRUE((*store)->block(absent).error().is(codes::not_held));
    EXPECT_EQ(files->opens, 256U) << "of 600, and no pack";
    EXPECT_EQ(files->reads, 512U);
    // A content whose root was asked for serves its other blocks at once.
    ASSERT_TRUE((*store)->block(cid_of(content, testing::tiny)));
    files->opens = 0;
    EXPECT_EQ(*(*store)->block(leaf), bytes(content.begin(), content.begin() + 4));
    EXPECT_EQ(files->opens, 1U);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE((*store)->block(absent));
    files->opens = 0;
    EXPECT_FALSE((*store)->block(absent));
    EXPECT_EQ(files->opens, 0U) << "each is read once";
    for (std::uint64_t i = 0; i < 600; ++i) {
        const auto each = testing::noise(20, i);
        EXPECT_TRUE((*store)->block(leaf_cid(bytes_view{each}.first(4), testing::tiny))) << i;
    }
}

TEST(ContentStore, ABlockOfTwoContentsOutlivesOneOfThem) {
    const temporary_folder folder;
    auto store = opened(folder);
    const auto one = testing::pattern(8);
    auto two = one;
    two.push_back(9);
    const auto first = store->put(one, start, testing::tiny)->info.root;
    const auto second = store->put(two, start, testing::tiny)->info.root;
    ASSERT_TRUE(store->pin(second, "op"));
    const auto shared = leaf_cid(bytes_view{one}.first(4), testing::tiny);
    ASSERT_TRUE(store->block(shared));
    EXPECT_EQ(*store->gc(start + 25h), std::vector{first});
    EXPECT_TRUE(store->block(shared));
}

// proves: I2
TEST(ContentStore, NeverServesDamagedBytes) {
    const temporary_folder folder;
    const auto content = testing::noise(600'000);
    auto store = opened(folder);
    const auto root = store->put(content, start)->info.root;
    const auto path = only_object(folder);
    const auto size = fs::file_size(path);
    const auto flip = [&](std::uint64_t at) {
        std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
        file.seekg(static_cast<std::streamoff>(at));
        const auto byte = static_cast<char>(file.get() ^ 1);
        file.seekp(static_cast<std::streamoff>(at));
        file.put(byte);
    };
    flip(300'000);
    EXPECT_TRUE(store->read_all(root).error().is(codes::corrupt));
    // What is not damaged is still served.
    EXPECT_TRUE(store->open_content(root)->read(0, 262'144));
    EXPECT_TRUE(store->open_content(root)->read(270'000, 1).error().is(codes::corrupt));
    flip(300'000);
    for (auto at = content.size(); at < size; ++at) {
        flip(at);
        EXPECT_TRUE(store->open_content(root).error().is(codes::corrupt)) << at;
        flip(at);
    }
    fs::resize_file(path, size - 1);
    EXPECT_TRUE(store->find(root).error().is(codes::corrupt));
    fs::resize_file(path, 5);
    EXPECT_TRUE(store->find(root).error().is(codes::corrupt));
    // Putting the same content repairs it.
    EXPECT_FALSE(store->put(content, start)->created);
    EXPECT_EQ(*store->read_all(root), content);
}

// proves: I5
TEST(ContentStore, RemovesWhatNobodyPinnedForADay) {
    const temporary_folder folder;
    auto store = opened(folder);
    const auto pinned = store->put(as_bytes("pinned"), start)->info.root;
    const auto loose = store->put(as_bytes("loose"), start)->info.root;
    ASSERT_TRUE(store->pin(pinned, "op-1"));
    ASSERT_TRUE(store->pin(pinned, "op-1"));
    ASSERT_TRUE(store->pin(pinned, "op-2"));
    EXPECT_EQ(store->owners(pinned), (std::vector<std::string>{"op-1", "op-2"}));
    EXPECT_EQ(store->pinned_by("op-2"), std::vector{pinned});
    EXPECT_TRUE(store->gc(start + 24h - 1us)->empty());
    EXPECT_EQ(*store->gc(start + 24h), std::vector{loose});
    EXPECT_FALSE(store->has(loose));
    // The last unpin starts a new day, and restarts do not shorten it.
    ASSERT_TRUE(store->unpin(pinned, "op-1", start + 30h));
    ASSERT_TRUE(store->unpin(pinned, "op-1", start + 30h));
    EXPECT_TRUE(store->gc(start + 1000h)->empty());
    ASSERT_TRUE(store->unpin(pinned, "op-2", start + 40h));
    store.reset();
    store = opened(folder);
    EXPECT_TRUE(store->gc(start + 64h - 1us)->empty());
    EXPECT_EQ(*store->gc(start + 64h), std::vector{pinned});
    EXPECT_EQ(store->usage().contents, 0U);
    EXPECT_EQ(store->usage().bytes, 0U);
    EXPECT_EQ(testing::files_below(folder.path() + "/content"), 2U);  // the lock, the pins
}

TEST(ContentStore, PinsSurviveARestartAndOwnersAreChecked) {
    const temporary_folder folder;
    const std::string owner = "mint:0190c0de-0000-7000-8000-000000000001";
    cid root = cid_of({});
    {
        auto store = opened(folder);
        root = store->put(as_bytes("x"), start)->info.root;
        ASSERT_TRUE(store->pin(root, owner));
        for (const std::string& bad : {std::string{}, std::string{"../x"}, std::string{"a~b"},
                                       std::string(129, 'a'), std::string{"a b"}}) {
            EXPECT_TRUE(store->pin(root, bad).error().is(codes::bad_owner));
        }
    }
    auto store = opened(folder);
    EXPECT_EQ(store->owners(root), std::vector{owner});
    EXPECT_TRUE(store->gc(start + 1000h)->empty());
}

// Somebody else has removed files from the folder.
TEST(ContentStore, DoesNotPinWhatIsGoneAndLetsGoOfIt) {
    testing::temporary_folder folder;
    auto store = opened(folder);
    const auto id = store->put(as_bytes("hello"), start)->info.root;
    ASSERT_TRUE(store->pin(id, "op-1"));
    fs::remove(only_object(folder));
    EXPECT_TRUE(store->pin(id, "op-2").error().is(codes::not_held));
    EXPECT_FALSE(store->has(id));
    EXPECT_EQ(store->usage().bytes, 0U);
    // The pin outlives the file, over a restart too, until its owner lets go.
    store.reset();
    store = opened(folder);
    EXPECT_EQ(store->usage().contents, 0U);
    EXPECT_TRUE(store->list().empty());
    EXPECT_EQ(store->pinned_by("op-1"), std::vector{id});
    EXPECT_FALSE(store->is_pinned(id));
    EXPECT_TRUE(store->unpin(id, "op-1", start));
    EXPECT_TRUE(store->pinned_by("op-1").empty());
    // Put again, it is there again.
    ASSERT_TRUE(store->put(as_bytes("hello"), start)->created);
    ASSERT_TRUE(store->pin(id, "op-2"));
    EXPECT_EQ(store->owners(id), std::vector<std::string>{"op-2"});
    fs::remove(only_object(folder));
    EXPECT_TRUE(store->unpin_all("op-2", start));
    EXPECT_TRUE(store->pinned_by("op-2").empty());
}

TEST(ContentStore, APinCountsAgainWhenTheContentIsPutAgain) {
    testing::temporary_folder folder;
    auto store = opened(folder);
    const auto id = store->put(as_bytes("hello"), start)->info.root;
    ASSERT_TRUE(store->pin(id, "op-1"));
    fs::remove(only_object(folder));
    store.reset();
    store = opened(folder);
    ASSERT_TRUE(store->put(as_bytes("hello"), start)->created);
    EXPECT_TRUE(store->is_pinned(id));
    EXPECT_TRUE(store->gc(start + 1000h)->empty());
    ASSERT_TRUE(store->unpin(id, "op-1", start));
    EXPECT_FALSE(store->is_pinned(id));
    EXPECT_EQ(store->gc(start + 1000h)->size(), 1U);
}

TEST(ContentStore, WhatCannotBeRemovedDoesNotKeepTheRest) {
    testing::temporary_folder folder;
    auto store = opened(folder);
    std::vector<cid> all;
    for (const auto* each : {"one", "two", "three"}) {
        all.push_back(store->put(as_bytes(std::string_view{each}), start)->info.root);
    }
    std::ranges::sort(all);
    // A folder in the place of the first file: it cannot be unlinked.
    const auto path = folder.path() + "/content/objects/0/" + all[0].text();
    fs::remove(path);
    std::filesystem::create_directory(path);
    EXPECT_FALSE(store->gc(start + 25h));
    EXPECT_EQ(store->list(), std::vector{all[0]});
    fs::remove(path);
    EXPECT_EQ(*store->gc(start + 25h), std::vector{all[0]});
}

// As earlier versions kept it: in folders named by two characters of the CID.
TEST(ContentStore, WhatAFolderIsCalledDoesNotMatter) {
    testing::temporary_folder folder;
    auto store = opened(folder);
    const auto id = store->put(as_bytes("hello"), start)->info.root;
    const auto objects = folder.path() + "/content/objects/";
    store.reset();
    fs::rename(objects + "0", objects + "xy");
    store = opened(folder);
    EXPECT_EQ(*store->read_all(id), bytes({'h', 'e', 'l', 'l', 'o'}));
    ASSERT_TRUE(store->pin(id, "op"));
    EXPECT_FALSE(store->put(as_bytes("hello"), start)->created);
    ASSERT_TRUE(store->put(as_bytes("other"), start)->created);
    store.reset();
    store = opened(folder);
    EXPECT_EQ(store->usage().contents, 2U);
    EXPECT_EQ(store->usage().pinned, 1U);
    EXPECT_EQ(store->gc(start + 25h)->size(), 1U);
    EXPECT_EQ(testing::files_below(objects), 1U);
}

TEST(ContentStore, AFullFolderIsFollowedByAnother) {
    testing::temporary_folder folder;
    const store_options options{.folder = folder.path() + "/content", .folder_contents = 4};
    auto store = std::move(*content_store::open(options));
    std::vector<cid> all;
    const auto put_some = [&](std::uint64_t from, std::uint64_t count) {
        for (std::uint64_t i = from; i < from + count; ++i) {
            all.push_back(store->put(testing::noise(50, i), start)->info.root);
        }
    };
    const auto sizes = [&] {
        std::map<std::string, std::size_t> out;
        for (const auto& each : fs::directory_iterator(folder.path() + "/content/objects")) {
            out[each.path().filename()] = testing::files_below(each.path());
        }
        return out;
    };
    put_some(1, 9);
    using counts = std::map<std::string, std::size_t>;
    EXPECT_EQ(sizes(), (counts{{"0", 4}, {"1", 4}, {"2", 1}}));
    // One that was emptied is filled again.
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i < 4 || i > 5) ASSERT_TRUE(store->pin(all[i], "op"));
    }
    ASSERT_EQ(store->gc(start + 25h)->size(), 2U);
    put_some(10, 5);
    EXPECT_EQ(sizes(), (counts{{"0", 4}, {"1", 4}, {"2", 4}}));
    put_some(20, 1);
    store.reset();
    store = std::move(*content_store::open(options));
    put_some(30, 3);
    EXPECT_EQ(sizes(), (counts{{"0", 4}, {"1", 4}, {"2", 4}, {"3", 4}}));
    EXPECT_EQ(store->usage().contents, 16U);
}

// A removal that was not synced, and the content was put again: the file that came back goes.
TEST(ContentStore, OfTwoFilesOfOneContentTheLaterStays) {
    for (const bool later_first : {true, false}) {
        testing::temporary_folder folder;
        auto store = opened(folder);
        const auto id = store->put(as_bytes("hello"), start)->info.root;
        store.reset();
        const auto objects = folder.path() + "/content/objects/";
        fs::create_directory(objects + "1");
        fs::copy_file(objects + "0/" + id.text(), objects + "1/" + id.text());
        const auto at = fs::last_write_time(objects + "0/" + id.text());
        fs::last_write_time(objects + "1/" + id.text(), later_first ? at - 1h : at + 1h);
        store = opened(folder);
        EXPECT_EQ(testing::files_below(objects), 1U);
        EXPECT_TRUE(fs::exists(objects + (later_first ? "0/" : "1/") + id.text()));
        EXPECT_EQ(*store->read_all(id), bytes({'h', 'e', 'l', 'l', 'o'}));
        EXPECT_EQ(store->usage().contents, 1U);
        store.reset();
        EXPECT_EQ(opened(folder)->usage().contents, 1U);
    }
}

TEST(ContentStore, OwnersAreFoundByTheirPrefix) {
    testing::temporary_folder folder;
    auto store = opened(folder);
    const auto id = store->put(as_bytes("hello"), start)->info.root;
    const auto other = store->put(as_bytes("other"), start)->info.root;
    for (const auto* owner : {"hold:2", "hold:1", "held", "i"}) ASSERT_TRUE(store->pin(id, owner));
    ASSERT_TRUE(store->pin(other, "hold:1"));
    EXPECT_EQ(store->owners_like("hold:"), (std::vector<std::string>{"hold:1", "hold:2"}));
    EXPECT_EQ(store->pinned_by("hold:1").size(), 2U);
}

TEST(ContentStore, KeepsItsLimits) {
    const temporary_folder folder;
    auto store = content_store::open(
        {.folder = folder.path() + "/content", .max_content_bytes = 1000, .max_total_bytes = 1300});
    ASSERT_TRUE(store);
    EXPECT_TRUE((*store)->put(testing::noise(1001), start).error().is(codes::too_large));
    ASSERT_TRUE((*store)->put(testing::noise(1000), start));
    EXPECT_TRUE((*store)->put(testing::noise(500), start).error().is(codes::disk_full));
    EXPECT_TRUE((*store)->put(testing::noise(1000), start));  // held already
    EXPECT_TRUE((*store)->put(testing::noise(10), start));
    EXPECT_EQ(testing::files_below(folder.path() + "/content/tmp"), 0U);
}

TEST(ContentStore, ManyThreadsAtOnce) {
    const temporary_folder folder;
    auto store = opened(folder);
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
                ASSERT_EQ(*store->read_all(kept->info.root), content);
                ASSERT_TRUE(store->block(leaf_cid(bytes_view{content}.first(4), testing::tiny)));
                // What another thread removes at the same time.
                ASSERT_TRUE(store->put(testing::noise(30, seed + 100), start, testing::tiny));
                ASSERT_TRUE(store->gc(start + 100h));
                ASSERT_TRUE(store->unpin(kept->info.root, owner, start + 100h));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    ASSERT_TRUE(store->gc(start + 100h));
    EXPECT_EQ(store->usage().contents, 10U);
    EXPECT_EQ(store->gc(start + 124h)->size(), 10U);
}

}  // namespace
}  // namespace thole::ipfs
