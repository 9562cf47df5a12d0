#include "nft/sqlite_records.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "io/system_loop.hpp"
#include "ipfs/codes.hpp"
#include "nft/codes.hpp"
#include "nft/images.hpp"

namespace thole::nft {
namespace {

class on_a_real_loop : public testing::Test {
  protected:
    void SetUp() override {
        auto pattern = (std::filesystem::temp_directory_path() / "thole-records-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::filesystem::path folder;
    io::system_loop loop;
    sql::blocking_pool pool{loop};
};

record some_record() {
    record row;
    std::array<std::uint8_t, 16> raw{};
    raw[6] = 0x70;
    raw[8] = 0x80;
    row.operation_id = uuid{raw};
    row.tenant = "default";
    row.account = row.owner = "user-1";
    row.mint = "mint-1";
    return row;
}

task<> write_and_read(records& table) {
    const auto probed = co_await table.probe();
    EXPECT_TRUE(probed);
    const auto written = co_await table.upsert(some_record());
    EXPECT_TRUE(written);
    const auto found = co_await table.find_mint("mint-1");
    EXPECT_TRUE(found && *found && same_content(**found, some_record()));
    const auto listed = co_await table.of_account("user-1", 10);
    EXPECT_TRUE(listed && listed->size() == 1);
    const auto minting = co_await table.minting("user-1");
    EXPECT_TRUE(minting && *minting == some_record().operation_id);
    const auto live = co_await table.live();
    EXPECT_TRUE(live && *live == 1);
    const auto marked = co_await table.mark_rolled_back(some_record().operation_id, store_time{});
    EXPECT_TRUE(marked && *marked);
    const auto stored = co_await table.set_meta("a", "b");
    EXPECT_TRUE(stored);
    const auto meta = co_await table.meta("a");
    EXPECT_TRUE(meta && *meta == "b");
}

// proves: D1
TEST_F(on_a_real_loop, records_are_kept_by_the_pools_thread) {
    sqlite_records table{folder / "records.sqlite", &pool};
    loop.run_until(write_and_read(table));
}

task<> open_late(records& table, std::filesystem::path folder) {
    const auto away = co_await table.probe();
    EXPECT_FALSE(away);
    std::filesystem::create_directory(folder);
    const auto back = co_await table.probe();
    EXPECT_TRUE(back);
}

// proves: D3
TEST_F(on_a_real_loop, a_database_that_comes_later_is_found) {
    sqlite_records table{folder / "later" / "records.sqlite", &pool};
    loop.run_until(open_late(table, folder / "later"));
}

TEST(sqlite_path_test, takes_absolute_paths_only) {
    EXPECT_EQ(sqlite_path("sqlite:///var/lib/thole/records.sqlite").value(),
              "/var/lib/thole/records.sqlite");
    for (const auto* bad : {"", "sqlite://", "sqlite:///", "sqlite://records.sqlite",
                            "sqlite:///folder/", "postgres://host/db", "/var/lib/x"}) {
        const auto refused = sqlite_path(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_TRUE(refused.error().is(codes::record_url));
    }
}

task<> find_images(images& pictures, ipfs::cid png, ipfs::cid text, ipfs::cid nowhere) {
    const auto image = co_await pictures.find(png);
    EXPECT_TRUE(image);
    if (image) EXPECT_EQ(image->media_type, "image/png");
    const auto again = co_await pictures.find(png);
    EXPECT_TRUE(again && again->id == image->id && again->size == image->size);
    const auto bytes = co_await pictures.source(png)->load();
    EXPECT_TRUE(bytes && !(*bytes)->empty());
    const auto other = co_await pictures.find(text);
    EXPECT_TRUE(!other && other.error().is(codes::not_an_image));
    const auto missing = co_await pictures.find(nowhere);
    EXPECT_TRUE(!missing && missing.error().is(ipfs::codes::not_held));
}

TEST_F(on_a_real_loop, images_are_told_by_their_bytes) {
    auto store = ipfs::content_store::open({.folder = (folder / "content").string()});
    ASSERT_TRUE(store);
    // Signature and the header chunk of a PNG of one pixel.
    const bytes png{0x89, 'P', 'N', 'G', 13, 10, 26, 10, 0, 0, 0, 13, 'I', 'H', 'D',
                    'R',  0,   0,   0,   1,  0,  0,  0,  1, 8, 2, 0,  0,   0};
    const auto image = (*store)->put(png, store_time{});
    const auto text = (*store)->put(as_bytes("hello"), store_time{});
    ASSERT_TRUE(image && text);
    store_images pictures{**store, pool};
    const auto nowhere = ipfs::cid::v1(ipfs::codec::raw, sha256(as_bytes("nowhere")));
    loop.run_until(find_images(pictures, image->info.root, text->info.root, nowhere));
}

}  // namespace
}  // namespace thole::nft
