// The power fails, or the disk fills up, at every single operation on the disk.

#include <gtest/gtest.h>

#include <algorithm>

#include "ipfs/codec/testing.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/content_store.hpp"
#include "ipfs/store_testing.hpp"

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;
using testing::failing_disk;
using testing::temporary_folder;

constexpr store_time start{1'767'225'600'000'000us};
constexpr std::size_t no_failure = 1000;

std::unique_ptr<content_store> reopened(const temporary_folder& folder) {
    auto store = content_store::open({.folder = folder.path() + "/content"});
    EXPECT_TRUE(store) << store.error().describe();
    return std::move(*store);
}

struct answers {
    bool put = false, pinned = false, unpinned = false;
};

// A day of a content, with a disk that fails at operation `at`; what was answered as done.
answers live(const temporary_folder& folder, const std::shared_ptr<failing_disk>& files,
             bytes_view content) {
    answers done;
    try {
        auto opened = content_store::open({.folder = folder.path() + "/content"}, files);
        if (!opened) return done;
        auto& store = **opened;
        auto writer = store.begin(testing::tiny);
        if (!writer || !writer->feed(content.first(10)) || !writer->feed(content.subspan(10)))
            return done;
        const auto kept = writer->commit(start);
        done.put = kept.has_value();
        if (!kept) {
            EXPECT_FALSE(store.has(cid_of(content, testing::tiny)));
            return done;
        }
        done.pinned = store.pin(kept->info.root, "op-1").has_value();
        done.unpinned = done.pinned && store.unpin(kept->info.root, "op-1", start + 1h).has_value();
    } catch (const testing::power_failed&) {
    }
    return done;
}

// proves: I5
TEST(ContentStoreCrash, PowerLostAtEveryOperation) {
    const auto content = testing::noise(50);
    const auto root = cid_of(content, testing::tiny);
    std::size_t operations = no_failure;
    for (std::size_t at = 0; at <= operations; ++at) {
        SCOPED_TRACE(at);
        const temporary_folder folder;
        const auto files = std::make_shared<failing_disk>(
            failing_disk::how::loses_power, operations == no_failure ? no_failure : at);
        const auto done = live(folder, files, content);
        if (operations == no_failure) {  // the first round counts
            ASSERT_TRUE(done.unpinned);
            operations = files->log.size();
            at = SIZE_MAX;
            continue;
        }
        auto store = reopened(folder);
        EXPECT_EQ(testing::files_below(folder.path() + "/content/tmp"), 0U);
        if (done.put) {
            ASSERT_TRUE(store->has(root));
        }
        if (store->has(root)) {
            EXPECT_EQ(*store->read_all(root), content);
        } else {
            EXPECT_EQ(testing::files_below(folder.path() + "/content/objects"), 0U);
        }
        if (done.pinned && !done.unpinned && !files->dead) {
            EXPECT_EQ(store->owners(root).size(), 1U);
        }
        if (done.unpinned) {
            EXPECT_TRUE(store->owners(root).empty());
        }
        // Whatever happened, the work can be done again.
        EXPECT_TRUE(store->put(content, start, testing::tiny));
        EXPECT_TRUE(store->pin(root, "op-1"));
        EXPECT_EQ(store->owners(root), std::vector<std::string>{"op-1"});
    }
    EXPECT_GT(operations, 15U);
}

// proves: I5
TEST(ContentStoreCrash, AFullDiskAtEveryOperationLeavesNothingVisible) {
    const auto content = testing::noise(50);
    const auto root = cid_of(content, testing::tiny);
    std::size_t refused = 0;
    for (std::size_t at = 0; at < 30; ++at) {
        SCOPED_TRACE(at);
        const temporary_folder folder;
        const auto files = std::make_shared<failing_disk>(failing_disk::how::fills_up, at);
        auto opened = content_store::open({.folder = folder.path() + "/content"}, files);
        if (!opened) {
            EXPECT_TRUE(opened.error().is(codes::disk_full));
            continue;
        }
        auto& store = **opened;
        const auto kept = store.put(content, start, testing::tiny);
        if (!kept) {
            ++refused;
            EXPECT_TRUE(kept.error().is(codes::disk_full));
            EXPECT_FALSE(store.has(root));
            EXPECT_EQ(testing::files_below(folder.path() + "/content"), 1U);  // the lock
            // Space was freed: the same store goes on.
            ASSERT_TRUE(store.put(content, start, testing::tiny));
        }
        const auto pinned = store.pin(root, "op-1");
        if (!pinned) EXPECT_TRUE(pinned.error().is(codes::disk_full));
        EXPECT_EQ(store.owners(root).size(), pinned ? 1U : 0U);
        EXPECT_EQ(*store.read_all(root), content);
    }
    EXPECT_GE(refused, 5U);
}

// The order is what makes a rename safe: content before its name, the name before the answer.
TEST(ContentStoreCrash, SyncsBeforeItNamesAndBeforeItAnswers) {
    const temporary_folder folder;
    const auto files = std::make_shared<failing_disk>(failing_disk::how::loses_power, no_failure);
    auto store = content_store::open({.folder = folder.path() + "/content"}, files);
    ASSERT_TRUE(store);
    files->log.clear();
    ASSERT_TRUE((*store)->put(testing::noise(50), start));
    EXPECT_EQ(files->log,
              (std::vector<std::string>{"create", "append", "append", "stamp", "sync",
                                        "make_folder", "sync_folder", "rename", "sync_folder"}));
    files->log.clear();
    ASSERT_TRUE((*store)->pin(cid_of(testing::noise(50)), "op"));
    EXPECT_EQ(files->log,
              (std::vector<std::string>{"make_folder", "sync_folder", "create", "sync_folder"}));
}

TEST(ContentStoreCrash, AnAbandonedUploadLeavesNothing) {
    const temporary_folder folder;
    auto store = reopened(folder);
    {
        auto writer = store->begin();
        ASSERT_TRUE(writer);
        ASSERT_TRUE(writer->feed(testing::noise(1000)));
        EXPECT_EQ(testing::files_below(folder.path() + "/content/tmp"), 1U);
    }
    EXPECT_EQ(testing::files_below(folder.path() + "/content"), 1U);  // the lock
}

}  // namespace
}  // namespace thole::ipfs
