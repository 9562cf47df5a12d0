// The power fails, or the disk fills up, at every single operation on the disk.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <thread>

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

// A file for a content, or a place in a pack.
enum class layout : std::uint8_t { files, packs };
constexpr std::array layouts{layout::files, layout::packs};

store_options options_of(const temporary_folder& folder, layout how = layout::files) {
    store_options out{.folder = folder.path() + "/content"};
    if (how == layout::packs) out.packed_bytes = 1000, out.pack_bytes = 2000, out.fewest_dead = 1;
    return out;
}

std::unique_ptr<content_store> reopened(const temporary_folder& folder,
                                        layout how = layout::files) {
    auto store = content_store::open(options_of(folder, how));
    EXPECT_TRUE(store) << store.error().describe();
    return std::move(*store);
}

struct answers {
    bool put = false, pinned = false, unpin_begun = false, unpinned = false, collected = false;
};

// Two days of a content, with a disk that fails at some operation; what was answered as done.
answers live(const temporary_folder& folder, layout how, const std::shared_ptr<failing_disk>& files,
             bytes_view content) {
    answers done;
    try {
        auto opened = content_store::open(options_of(folder, how), files);
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
        const auto root = kept->info.root;
        done.pinned = store.pin(root, "op-1").has_value();
        if (!done.pinned) return done;
        EXPECT_TRUE(store.gc(start + 1000h)->empty());
        done.unpin_begun = true;
        done.unpinned = store.unpin(root, "op-1", start + 1h).has_value();
        if (!done.unpinned) return done;
        EXPECT_TRUE(store.gc(start + 24h)->empty());
        const auto gone = store.gc(start + 25h);
        done.collected = gone && gone->size() == 1;
    } catch (const testing::power_failed&) {
    }
    return done;
}

// What must hold after a power cut, whatever was answered before it.
void check_after(content_store& store, const answers& done, bytes_view content,
                 const temporary_folder& folder, layout how) {
    const auto root = cid_of(content, testing::tiny);
    EXPECT_EQ(testing::files_below(folder.path() + "/content/tmp"), 0U);
    if (done.put && !done.unpinned) EXPECT_TRUE(store.has(root));
    if (store.has(root)) {
        EXPECT_EQ(*store.read_all(root), bytes(content.begin(), content.end()));
    } else if (how == layout::files) {
        EXPECT_EQ(testing::files_below(folder.path() + "/content/objects"), 0U);
    }
    if (done.pinned && !done.unpin_begun) {
        EXPECT_EQ(store.owners(root).size(), 1U);
        EXPECT_TRUE(store.gc(start + 1000h)->empty());
    }
    if (done.unpinned) EXPECT_TRUE(store.owners(root).empty());
    // The day since the unpin is not shortened.
    if (done.unpinned && store.has(root)) EXPECT_TRUE(store.gc(start + 25h - 1us)->empty());
}

void lose_power_at_every_operation(layout how) {
    const auto content = testing::noise(50);
    const auto root = cid_of(content, testing::tiny);
    std::size_t operations = no_failure;
    for (std::size_t round = 0; round <= 3 * operations; ++round) {
        const auto at = round / 3;  // each thrice, with other luck
        SCOPED_TRACE(round);
        const temporary_folder folder;
        const auto files = std::make_shared<failing_disk>(
            failing_disk::how::loses_power, operations == no_failure ? no_failure : at);
        const auto done = live(folder, how, files, content);
        files->cut_power(round);
        if (operations == no_failure) {  // the first round counts
            ASSERT_TRUE(done.collected);
            operations = files->log.size();
            round = SIZE_MAX;
            continue;
        }
        auto store = reopened(folder, how);
        check_after(*store, done, content, folder, how);
        // Whatever happened, the work can be done again.
        EXPECT_TRUE(store->put(content, start, testing::tiny));
        EXPECT_TRUE(store->pin(root, "op-1"));
        EXPECT_EQ(store->owners(root), std::vector<std::string>{"op-1"});
    }
    EXPECT_GT(operations, 15U);
}

// proves: I5
TEST(ContentStoreCrash, PowerLostAtEveryOperation) {
    for (const auto how : layouts) lose_power_at_every_operation(how);
}

// Files as earlier versions wrote them: an empty one for each pin.
std::vector<cid> write_earlier(const temporary_folder& folder) {
    std::vector<cid> out;
    auto store = reopened(folder);
    const auto top = folder.path() + "/content/pins";
    std::filesystem::create_directory(top);
    for (std::uint64_t i = 1; i <= 3; ++i) {
        out.push_back(store->put(testing::noise(50, i), start)->info.root);
        const auto name = out.back().text();
        const auto shard = top + "/" + name.substr(name.size() - 3, 2);
        std::filesystem::create_directory(shard);
        std::ofstream{shard + "/" + name + "~op-" + std::to_string(i)};
        std::ofstream{shard + "/" + name + "~hold:1"};
    }
    store.reset();
    std::filesystem::remove(folder.path() + "/content/pins.log");
    return out;
}

// proves: I5
TEST(ContentStoreCrash, PinsOfEarlierVersionsAreCarriedOverOnceWhereverThePowerFails) {
    std::size_t operations = 0;
    for (std::size_t at = 0; operations == 0 || at < operations; ++at) {
        SCOPED_TRACE(at);
        const temporary_folder folder;
        const auto contents = write_earlier(folder);
        const auto files = std::make_shared<failing_disk>(failing_disk::how::loses_power,
                                                          operations == 0 ? no_failure : at);
        try {
            const auto first = content_store::open({.folder = folder.path() + "/content"}, files);
            if (operations == 0) {
                ASSERT_TRUE(first);
                operations = files->log.size();
                at = SIZE_MAX;
            }
        } catch (const testing::power_failed&) {
        }
        files->cut_power(at);
        auto store = reopened(folder);
        EXPECT_FALSE(std::filesystem::exists(folder.path() + "/content/pins"));
        for (std::size_t i = 0; i < contents.size(); ++i) {
            EXPECT_EQ(store->owners(contents[i]),
                      (std::vector<std::string>{"hold:1", "op-" + std::to_string(i + 1)}));
        }
        // What was unpinned since does not come back, though files of it may be left.
        ASSERT_TRUE(store->unpin_all("hold:1", start));
        const auto name = contents[0].text();
        const auto shard = folder.path() + "/content/pins/" + name.substr(name.size() - 3, 2);
        std::filesystem::create_directories(shard);
        std::ofstream{shard + "/" + name + "~hold:1"};
        store.reset();
        store = reopened(folder);
        EXPECT_TRUE(store->pinned_by("hold:1").empty());
        EXPECT_FALSE(std::filesystem::exists(folder.path() + "/content/pins"));
    }
    EXPECT_GT(operations, 15U);
}

// Many threads put, pin and let go while the power fails: what was answered is there.
void lose_power_while_many_work(layout how) {
    for (std::size_t round = 0; round < 12; ++round) {
        SCOPED_TRACE(round);
        const temporary_folder folder;
        const auto files =
            std::make_shared<failing_disk>(failing_disk::how::loses_power, 20 + round * 7);
        auto opened = content_store::open(options_of(folder, how), files);
        ASSERT_TRUE(opened);
        std::array<std::vector<std::uint64_t>, 4> pinned;
        std::vector<std::thread> threads;
        for (std::uint64_t t = 0; t < pinned.size(); ++t) {
            threads.emplace_back([&, t] {
                const auto owner = "op-" + std::to_string(t);
                try {
                    for (std::uint64_t i = 0; i < 20; ++i) {
                        const auto seed = t * 100 + i;
                        const auto kept = (*opened)->put(testing::noise(50, seed), start);
                        if (!kept || !(*opened)->pin(kept->info.root, "hold:" + owner)) return;
                        if (!(*opened)->pin(kept->info.root, owner)) return;
                        pinned.at(t).push_back(seed);
                        if (!(*opened)->unpin(kept->info.root, "hold:" + owner, start)) return;
                    }
                } catch (const testing::power_failed&) {
                }
            });
        }
        for (auto& thread : threads) thread.join();
        EXPECT_TRUE(files->dead);
        opened->reset();
        files->cut_power(round);
        auto store = reopened(folder, how);
        EXPECT_TRUE(store->gc(start + 1000h));
        for (std::uint64_t t = 0; t < pinned.size(); ++t) {
            const auto owner = "op-" + std::to_string(t);
            for (const auto seed : pinned.at(t)) {
                const auto content = testing::noise(50, seed);
                const auto root = cid_of(content);
                ASSERT_EQ(*store->read_all(root), content);
                const auto owners = store->owners(root);
                EXPECT_NE(std::ranges::find(owners, owner), owners.end());
            }
        }
    }
}

// proves: I5
TEST(ContentStoreCrash, PowerLostWhileManyWork) {
    for (const auto how : layouts) lose_power_while_many_work(how);
}

void fill_the_disk_at_every_operation(layout how) {
    const auto content = testing::noise(50);
    const auto root = cid_of(content, testing::tiny);
    std::size_t refused = 0;
    for (std::size_t at = 0; at < 30; ++at) {
        SCOPED_TRACE(at);
        const temporary_folder folder;
        const auto files = std::make_shared<failing_disk>(failing_disk::how::fills_up, at);
        auto opened = content_store::open(options_of(folder, how), files);
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
            const auto left = testing::files_below(folder.path() + "/content");
            EXPECT_LE(left, how == layout::files ? 2U : 3U);  // the lock, the pins, a pack
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

// proves: I5
TEST(ContentStoreCrash, AFullDiskAtEveryOperationLeavesNothingVisible) {
    for (const auto how : layouts) fill_the_disk_at_every_operation(how);
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
    ASSERT_TRUE((*store)->put(testing::noise(50, 2), start));
    EXPECT_EQ(files->log, (std::vector<std::string>{"create", "append", "append", "stamp", "sync",
                                                    "rename", "sync_folder"}));
    files->log.clear();
    ASSERT_TRUE((*store)->pin(cid_of(testing::noise(50)), "op"));
    EXPECT_EQ(files->log, (std::vector<std::string>{"append", "sync_data"}));
    files->log.clear();
    ASSERT_TRUE((*store)->unpin(cid_of(testing::noise(50)), "op", start));
    EXPECT_EQ(files->log, (std::vector<std::string>{"append", "sync_data"}));
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
    EXPECT_EQ(testing::files_below(folder.path() + "/content"), 2U);  // the lock, the pins
}

}  // namespace
}  // namespace thole::ipfs
