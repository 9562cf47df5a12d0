#include "ipfs/object_packs.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "ipfs/codec/testing.hpp"
#include "ipfs/content_reader.hpp"
#include "ipfs/object_file.hpp"
#include "ipfs/store_testing.hpp"

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;
using testing::failing_disk;

constexpr store_time start{1'767'225'600'000'000us};
constexpr std::size_t no_failure = 100'000;

struct object {
    cid id;
    bytes data;
};

// A content of so many bytes as the store hands it over.
object object_of(std::uint64_t seed, std::size_t size = 50) {
    object_index index;
    dag_builder build{
        v1_256k, {}, [&](const sha256_digest& leaf) { index.leaves.push_back(leaf); }};
    auto data = testing::noise(size, seed);
    EXPECT_TRUE(build.feed(data));
    index.size = size;
    index.content_sha256 = sha256(data);
    const auto root = build.finish()->root;
    const auto tail = encode_object_tail(index);
    data.insert(data.end(), tail.begin(), tail.end());
    return {root, data};
}

struct packs_test : ::testing::Test {
    testing::temporary_folder folder;
    std::shared_ptr<disk> files = testing::quick_disk();
    object_packs_options options{.folder = folder.path(),
                                 .draft = folder.path() + "/draft",
                                 .pack_bytes = 1U << 20U,
                                 .fewest_dead = 100};

    [[nodiscard]] std::unique_ptr<object_packs> opened() const {
        auto packs = object_packs::open(options, files);
        EXPECT_TRUE(packs) << packs.error().describe();
        return std::move(*packs);
    }
    [[nodiscard]] bytes read(const object_packs& packs, packed_place at) const {
        bytes out(static_cast<std::size_t>(at.size));
        const auto file = packs.file(at.pack);
        EXPECT_TRUE(file && files->read(*file, at.offset, out));
        return out;
    }
    // Which of them an open finds, each whole.
    [[nodiscard]] std::vector<bool> found(const std::vector<object>& all) const {
        const auto packs = opened();
        const auto there = packs->take_found();
        std::vector<bool> out;
        for (const auto& each : all) {
            const auto at = there.find(each.id);
            out.push_back(at != there.end() && read(*packs, at->second.at) == each.data);
        }
        return out;
    }
    [[nodiscard]] std::string pack(int number) const {
        return folder.path() + "/" + std::to_string(number) + ".pack";
    }
    static void flip(const std::string& path, std::uint64_t at) {
        std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
        file.seekg(static_cast<std::streamoff>(at));
        const auto was = static_cast<char>(file.get());
        file.seekp(static_cast<std::streamoff>(at));
        file.put(static_cast<char>(was ^ 1));
    }
};

// proves: I5
TEST_F(packs_test, what_was_answered_is_there_after_a_restart) {
    const std::vector all{object_of(1), object_of(2, 5000), object_of(3, 0)};
    {
        const auto packs = opened();
        EXPECT_TRUE(packs->take_found().empty());
        for (const auto& each : all) {
            const auto at = packs->put(each.id, each.data, start + 5us);
            ASSERT_TRUE(at);
            EXPECT_EQ(read(*packs, *at), each.data);
        }
    }
    const auto packs = opened();
    const auto there = packs->take_found();
    ASSERT_EQ(there.size(), 3U);
    EXPECT_EQ(there.at(all[1].id).since, start + 5us);
    EXPECT_EQ(read(*packs, there.at(all[1].id).at), all[1].data);
    EXPECT_EQ(testing::files_below(folder.path()), 1U);
    ASSERT_TRUE(packs->put(object_of(4).id, object_of(4).data, start));
    EXPECT_EQ(testing::files_below(folder.path()), 1U);
}

TEST_F(packs_test, several_are_put_with_one_sync) {
    const auto disk = testing::quick_disk();
    files = disk;
    const std::vector all{object_of(1), object_of(2), object_of(3)};
    std::vector<packing> wanted;
    for (const auto& each : all) wanted.push_back({each.id, each.data, start});
    const auto packs = opened();
    ASSERT_TRUE(packs->put_all(wanted));
    disk->log.clear();
    const auto places = packs->put_all(wanted);
    ASSERT_TRUE(places);
    EXPECT_EQ(disk->log, (std::vector<std::string>{"append", "sync_data"}));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(read(*packs, places->at(i)), all[i].data);
    EXPECT_TRUE(packs->put_all({})->empty());
}

TEST_F(packs_test, the_last_of_a_content_counts_and_a_drop_ends_it) {
    const auto one = object_of(1);
    auto packs = opened();
    const auto first = packs->put(one.id, one.data, start);
    const auto second = packs->put(one.id, one.data, start + 1us);
    ASSERT_TRUE(first && second);
    packs.reset();
    packs = opened();
    EXPECT_EQ(packs->take_found().at(one.id).at, *second);
    ASSERT_TRUE(packs->drop(one.id, *first));
    packs.reset();
    EXPECT_EQ(found({one}), std::vector{true});
    packs = opened();
    ASSERT_TRUE(packs->drop(one.id, *second));
    packs.reset();
    EXPECT_EQ(found({one}), std::vector{false});
    packs = opened();
    ASSERT_TRUE(packs->put(one.id, one.data, start));
    packs.reset();
    EXPECT_EQ(found({one}), std::vector{true});
}

// proves: I5
TEST_F(packs_test, an_end_that_is_torn_anywhere_is_cut_off) {
    const std::vector all{object_of(1), object_of(2)};
    std::uint64_t before = 0;
    {
        const auto packs = opened();
        ASSERT_TRUE(packs->put(all[0].id, all[0].data, start));
        before = std::filesystem::file_size(pack(1));
        ASSERT_TRUE(packs->put(all[1].id, all[1].data, start));
    }
    const auto whole = std::filesystem::file_size(pack(1));
    const auto kept = folder.path() + "/kept";
    std::filesystem::copy_file(pack(1), kept);
    for (auto size = before; size < whole; ++size) {
        for (const bool zeros : {false, true}) {
            SCOPED_TRACE(size);
            std::filesystem::copy_file(kept, pack(1),
                                       std::filesystem::copy_options::overwrite_existing);
            std::filesystem::resize_file(pack(1), size);
            // A file that grew before its bytes arrived.
            if (zeros) std::filesystem::resize_file(pack(1), whole);
            const bool only_the_end = zeros && size == whole - 1;  // the line feed behind it
            EXPECT_EQ(found(all), (std::vector{true, only_the_end}));
            const auto packs = opened();
            ASSERT_TRUE(packs->put(all[1].id, all[1].data, start));
            EXPECT_EQ(found(all), (std::vector{true, true}));
        }
    }
}

// proves: I5
TEST_F(packs_test, damage_loses_what_it_hit_and_nothing_else) {
    std::vector<object> all;
    std::vector<packed_place> places;
    std::uint64_t third = 0;
    {
        const auto packs = opened();
        for (std::uint64_t i = 0; i < 5; ++i) {
            if (i == 2) third = std::filesystem::file_size(pack(1));
            all.push_back(object_of(i));
            places.push_back(*packs->put(all.back().id, all.back().data, start));
        }
    }
    const auto size = std::filesystem::file_size(pack(1));
    for (auto at = third; at < places[2].offset; ++at) {  // every byte of its header
        SCOPED_TRACE(at);
        flip(pack(1), at);
        EXPECT_EQ(found(all), (std::vector{true, true, false, true, true}));
        EXPECT_EQ(std::filesystem::file_size(pack(1)), size);
        flip(pack(1), at);
    }
    EXPECT_EQ(found(all), std::vector<bool>(5, true));
    // Inside an object that was durable it is for the reader to find; at the end it was never
    // answered, for all that is known.
    flip(pack(1), places[2].offset);
    flip(pack(1), places[4].offset);
    const auto there = opened()->take_found();
    EXPECT_TRUE(there.contains(all[2].id));
    EXPECT_FALSE(there.contains(all[4].id));
    flip(pack(1), 0);
    const auto refused = object_packs::open(options, files);
    EXPECT_TRUE(!refused && refused.error().is(codes::corrupt));
}

// Of those that came together, each has the same DURABLE.
// proves: I5
TEST_F(packs_test, damage_in_a_group_loses_no_other_of_it) {
    std::vector<object> all;
    std::vector<packing> group;
    for (std::uint64_t i = 0; i < 6; ++i) all.push_back(object_of(i));
    for (std::size_t i = 0; i < 5; ++i) group.push_back({all[i].id, all[i].data, start});
    auto packs = opened();
    const auto places = packs->put_all(group);
    ASSERT_TRUE(places);
    packs.reset();
    const auto flip_second = [&](const std::vector<bool>& expected) {
        const auto size = std::filesystem::file_size(pack(1));
        for (auto at = (*places)[0].offset + all[0].data.size() + 1; at < (*places)[1].offset;
             ++at) {
            SCOPED_TRACE(at);
            flip(pack(1), at);
            EXPECT_EQ(found(all), expected);
            EXPECT_EQ(std::filesystem::file_size(pack(1)), size);
            flip(pack(1), at);
        }
    };
    flip_second({true, false, true, true, true, false});
    packs = opened();
    ASSERT_TRUE(packs->put(all[5].id, all[5].data, start));
    packs.reset();
    flip_second({true, false, true, true, true, true});
}

// proves: I5
TEST_F(packs_test, what_cannot_be_read_now_is_not_taken_for_torn) {
    const auto one = object_of(1);
    const auto at = opened()->put(one.id, one.data, start);
    ASSERT_TRUE(at);
    const auto size = std::filesystem::file_size(pack(1));
    const auto sick = std::make_shared<testing::counting_disk>();
    // The pack's headers can be read, the object cannot.
    sick->cannot_read = [&](std::uint64_t offset) { return offset >= at->offset; };
    const auto refused = object_packs::open(options, sick);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::disk_error));
    EXPECT_EQ(std::filesystem::file_size(pack(1)), size);
    EXPECT_EQ(found({one}), std::vector{true});
}

// proves: I5
TEST_F(packs_test, a_full_disk_can_be_emptied) {
    options.pack_bytes = 500;
    std::vector<object> all;
    std::vector<packed_place> places;
    const auto full = std::make_shared<testing::full_disk>();
    files = full;
    const auto packs = opened();
    for (std::uint64_t i = 0; i < 5; ++i) {
        all.push_back(object_of(i, 150));
        places.push_back(*packs->put(all.back().id, all.back().data, start));
    }
    ASSERT_NE(places[0].pack, places[4].pack);
    full->full = true;
    EXPECT_TRUE(packs->put(all[0].id, all[0].data, start).error().is(codes::disk_full));
    for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(packs->drop(all[i].id, places[i]));
    while (const auto pack = packs->wasteful()) EXPECT_TRUE(*packs->remove(*pack));
    EXPECT_FALSE(std::filesystem::exists(pack(1)));
    EXPECT_EQ(read(*packs, places[4]), all[4].data);
    full->full = false;
    EXPECT_TRUE(packs->put(all[0].id, all[0].data, start));
}

TEST_F(packs_test, a_frame_counts_only_where_it_was_written) {
    const auto one = object_of(1);
    ASSERT_TRUE(opened()->put(one.id, one.data, start));
    std::filesystem::copy_file(pack(1), pack(2));  // as if bytes of one came to be in another
    const auto there = opened()->take_found();
    EXPECT_EQ(there.at(one.id).at.pack, 1U);
}

TEST_F(packs_test, a_full_pack_is_followed_by_another) {
    options.pack_bytes = 500;
    std::vector<object> all;
    auto packs = opened();
    for (std::uint64_t i = 0; i < 6; ++i) {
        all.push_back(object_of(i, 150));
        ASSERT_TRUE(packs->put(all.back().id, all.back().data, start));
    }
    EXPECT_EQ(testing::files_below(folder.path()), 3U);
    packs.reset();
    EXPECT_EQ(found(all), std::vector<bool>(6, true));
}

TEST_F(packs_test, a_wasteful_pack_is_removed_when_nothing_in_it_is_needed) {
    options.fewest_dead = 1;
    const auto one = object_of(1), other = object_of(2);
    auto packs = opened();
    const auto first = packs->put(one.id, one.data, start);
    const auto second = packs->put(other.id, other.data, start);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(packs->wasteful(), std::nullopt);
    ASSERT_TRUE(packs->drop(one.id, *first));
    EXPECT_EQ(packs->wasteful(), 1U);
    EXPECT_EQ(packs->wasteful(1), std::nullopt);
    EXPECT_FALSE(packs->remove(1).value());  // the other one lives
    const auto reader = packs->file(1);
    const auto moved = packs->put(other.id, other.data, start);
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->pack, 2U);
    packs->superseded(*second);
    EXPECT_TRUE(packs->remove(1).value());
    EXPECT_FALSE(packs->is_there(1));
    EXPECT_TRUE(packs->is_there(2));
    EXPECT_EQ(packs->file(1), nullptr);
    bytes out(other.data.size());
    EXPECT_TRUE(files->read(*reader, second->offset, out));  // who had it open reads on
    EXPECT_EQ(out, other.data);
    packs.reset();
    EXPECT_FALSE(std::filesystem::exists(pack(1)));
    EXPECT_EQ(found({one, other}), (std::vector{false, true}));
}

// What was answered as done; what was under way may be so or not.
struct told {
    std::map<std::uint64_t, bool> known;  // by the object's seed: held
    std::optional<std::uint64_t> open;
};

// A few packs' life on a disk that fails.
told live(const object_packs_options& options, const std::shared_ptr<failing_disk>& files) {
    told out;
    try {
        const auto opened = object_packs::open(options, files);
        if (!opened) return out;
        auto& packs = **opened;
        std::map<std::uint64_t, packed_place> places;
        const auto put = [&](std::uint64_t seed) {
            const auto what = object_of(seed, 100);
            out.open = seed;
            const auto at = packs.put(what.id, what.data, start);
            out.open.reset();
            if (!at) return;
            if (places.contains(seed)) packs.superseded(places[seed]);
            places[seed] = *at;
            out.known[seed] = true;
        };
        for (std::uint64_t seed = 0; seed < 5; ++seed) put(seed);
        for (std::uint64_t seed = 0; seed < 3; ++seed) {
            if (!places.contains(seed)) continue;
            out.known.erase(seed);  // it may come back
            if (packs.drop(object_of(seed, 100).id, places[seed])) places.erase(seed);
        }
        while (const auto pack = packs.wasteful()) {
            for (const auto& [seed, at] : std::map{places}) {
                if (at.pack == *pack) put(seed);
            }
            if (!packs.remove(*pack).value_or(false)) break;
        }
        put(5);
    } catch (const testing::power_failed&) {
    }
    return out;
}

// proves: I5
TEST(PacksCrash, PowerLostAtEveryOperation) {
    std::size_t operations = 0;
    for (std::size_t round = 0; operations == 0 || round < 3 * operations; ++round) {
        SCOPED_TRACE(round);
        const testing::temporary_folder folder;
        const object_packs_options options{.folder = folder.path(),
                                           .draft = folder.path() + "/draft",
                                           .pack_bytes = 1200,
                                           .fewest_dead = 1};
        const auto files = std::make_shared<failing_disk>(failing_disk::how::loses_power,
                                                          operations == 0 ? no_failure : round / 3);
        const auto done = live(options, files);
        files->cut_power(round);
        if (operations == 0) {
            ASSERT_EQ(done.known.size(), 3U);
            operations = files->log.size();
            round = SIZE_MAX;
            continue;
        }
        const auto plain = std::make_shared<disk>();
        for (int again = 0; again < 2; ++again) {  // what an open cut off stays off
            auto packs = object_packs::open(options, plain);
            ASSERT_TRUE(packs) << packs.error().describe();
            const auto there = (*packs)->take_found();
            for (const auto& [seed, held] : done.known) {
                const auto what = object_of(seed, 100);
                ASSERT_TRUE(there.contains(what.id)) << seed;
                const auto at = there.at(what.id).at;
                bytes out(static_cast<std::size_t>(at.size));
                ASSERT_TRUE(plain->read(*(*packs)->file(at.pack), at.offset, out));
                EXPECT_EQ(out, what.data);
            }
            // What is found is whole, also when nobody was told that it is there.
            for (const auto& [id, each] : there) {
                auto reader = content_reader::open(plain, (*packs)->file(each.at.pack),
                                                   each.at.offset, each.at.size, id);
                EXPECT_TRUE(reader && reader->read(0, 1000));
            }
            const auto more = object_of(100 + static_cast<std::uint64_t>(again));
            EXPECT_TRUE((*packs)->put(more.id, more.data, start));
        }
    }
    EXPECT_GT(operations, 30U);
}

// proves: I5
TEST(PacksCrash, AFullDiskAtEveryOperationChangesNothing) {
    std::size_t refused = 0;
    for (std::size_t at = 0; at < 40; ++at) {
        SCOPED_TRACE(at);
        const testing::temporary_folder folder;
        const object_packs_options options{.folder = folder.path(),
                                           .draft = folder.path() + "/draft",
                                           .pack_bytes = 1200,
                                           .fewest_dead = 1};
        const auto files = std::make_shared<failing_disk>(failing_disk::how::fills_up, at);
        const auto done = live(options, files);
        auto packs = object_packs::open(options, std::make_shared<disk>());
        ASSERT_TRUE(packs);
        const auto there = (*packs)->take_found();
        refused += 6 - done.known.size() > 3 ? 1 : 0;
        for (std::uint64_t seed = 3; seed < 6; ++seed) {
            EXPECT_EQ(there.contains(object_of(seed, 100).id), done.known.contains(seed)) << seed;
        }
    }
    EXPECT_GE(refused, 5U);
}

TEST(PacksCrash, ThoseThatComeTogetherShareASync) {
    const testing::temporary_folder folder;
    const auto files = testing::quick_disk();
    auto packs =
        object_packs::open({.folder = folder.path(), .draft = folder.path() + "/draft"}, files);
    ASSERT_TRUE(packs);
    files->log.clear();
    ASSERT_TRUE((*packs)->put(object_of(1).id, object_of(1).data, start));
    EXPECT_EQ(files->log, (std::vector<std::string>{"remove", "create", "append", "sync", "rename",
                                                    "sync_folder", "append", "sync_data"}));
    files->log.clear();
    const auto second = (*packs)->put(object_of(2).id, object_of(2).data, start);
    EXPECT_EQ(files->log, (std::vector<std::string>{"append", "sync_data"}));
    files->log.clear();
    ASSERT_TRUE((*packs)->drop(object_of(2).id, *second));
    EXPECT_EQ(files->log, std::vector<std::string>{"append"});
}

TEST_F(packs_test, many_threads_at_once) {
    options.pack_bytes = 4000;
    const auto packs = opened();
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (std::uint64_t i = 0; i < 30; ++i) {
                const auto one = object_of(t * 100 + i);
                const auto at = packs->put(one.id, one.data, start);
                ASSERT_TRUE(at);
                bytes out(one.data.size());
                ASSERT_TRUE(files->read(*packs->file(at->pack), at->offset, out));
                EXPECT_EQ(out, one.data);
                if (i % 2 == 0) EXPECT_TRUE(packs->drop(one.id, *at));
                if (const auto pack = packs->wasteful()) EXPECT_TRUE(packs->remove(*pack));
            }
        });
    }
    for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace thole::ipfs
