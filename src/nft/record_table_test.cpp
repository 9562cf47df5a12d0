#include "nft/record_table.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <array>
#include <filesystem>
#include <ranges>

#include "nft/codes.hpp"
#include "thole/codes.hpp"

namespace thole::nft {
namespace {

uuid id_of(std::uint8_t last) {
    std::array<std::uint8_t, 16> raw{};
    raw[6] = 0x70;
    raw[8] = 0x80;
    raw[15] = last;
    return uuid{raw};
}

record pending(std::uint8_t last = 1) {
    record row;
    row.operation_id = id_of(last);
    row.tenant = "default";
    row.account = "user-1";
    row.owner = "owner";
    row.mint = "mint-" + std::to_string(last);
    row.image_cid = "bafkimage";
    row.metadata_cid = "bafkjson";
    row.uri = "ipfs://bafkjson";
    row.metadata_json = R"({"name":"n"})";
    row.level = 4294967295U;
    row.created_at = row.updated_at = store_time{std::chrono::seconds{1'767'225'600 + last}};
    return row;
}

record minted(std::uint8_t last = 1) {
    auto row = pending(last);
    row.status = record_status::minted;
    row.signature = "sig";
    row.version = 2;
    return row;
}

class records_file {
  public:
    records_file() {
        auto pattern = (std::filesystem::temp_directory_path() / "thole-records-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~records_file() { std::filesystem::remove_all(folder_); }
    records_file(const records_file&) = delete;
    records_file& operator=(const records_file&) = delete;

    [[nodiscard]] std::string path() const { return folder_ / "records.sqlite"; }
    [[nodiscard]] record_table open() const {
        auto table = record_table::open(path(), {.busy_timeout = std::chrono::milliseconds{0}});
        EXPECT_TRUE(table.has_value()) << table.error().describe();
        return std::move(*table);
    }

  private:
    std::filesystem::path folder_;
};

TEST(record_table, keeps_every_member) {
    const records_file file;
    {
        auto table = file.open();
        ASSERT_TRUE(table.upsert(minted()).has_value());
    }
    auto again = file.open();
    const auto found = again.find(id_of(1));
    ASSERT_TRUE(found.has_value() && found->has_value());
    EXPECT_TRUE(same_content(**found, minted()));
    EXPECT_EQ((*found)->created_at, pending().created_at);
    EXPECT_EQ((*found)->version, 2);
    const auto by_mint = again.find_mint("mint-1");
    ASSERT_TRUE(by_mint.has_value() && by_mint->has_value());
    EXPECT_FALSE(again.find(id_of(9))->has_value());
}

// proves: D2
TEST(record_table, tells_which_operations_have_no_row) {
    const records_file file;
    auto table = file.open();
    ASSERT_TRUE(table.upsert(pending(1)));
    ASSERT_TRUE(table.upsert(pending(3)));
    EXPECT_EQ(table.missing({id_of(4), id_of(3), id_of(2), id_of(1)}).value(),
              (std::vector{id_of(4), id_of(2)}));
    EXPECT_TRUE(table.missing({}).value().empty());
}

TEST(record_table, writing_a_version_again_changes_nothing) {
    const records_file file;
    auto table = file.open();
    ASSERT_TRUE(table.upsert(pending()).has_value());
    auto later = pending();
    later.updated_at += std::chrono::seconds{5};
    const auto same = table.upsert(later);
    ASSERT_TRUE(same.has_value());
    EXPECT_EQ(same->updated_at, pending().updated_at);
    ASSERT_TRUE(table.upsert(minted()).has_value());
    const auto old = table.upsert(pending());
    ASSERT_TRUE(old.has_value());
    EXPECT_EQ(old->status, record_status::minted);
    EXPECT_EQ(old->version, 2);
}

TEST(record_table, the_same_version_with_other_content_is_refused) {
    const records_file file;
    auto table = file.open();
    ASSERT_TRUE(table.upsert(pending()).has_value());
    auto other = pending();
    other.uri = "ipfs://else";
    const auto refused = table.upsert(other);
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(refused.error().is(codes::record_conflict));
    EXPECT_EQ((*table.find(id_of(1)))->uri, "ipfs://bafkjson");
}

// proves: E3
TEST(record_table, rollback_marks_and_keeps_the_row) {
    const records_file file;
    auto table = file.open();
    ASSERT_TRUE(table.upsert(pending()).has_value());
    const store_time now{std::chrono::seconds{1'800'000'000}};
    EXPECT_EQ(table.mark_rolled_back(id_of(1), now).value(), true);
    EXPECT_EQ(table.mark_rolled_back(id_of(1), now + std::chrono::seconds{9}).value(), true);
    EXPECT_EQ(table.mark_rolled_back(id_of(2), now).value(), false);
    const auto row = table.find(id_of(1)).value().value();
    EXPECT_EQ(row.status, record_status::rolled_back);
    EXPECT_EQ(row.version, 2);
    EXPECT_EQ(row.updated_at, now);
}

// proves: E3, D2
TEST(record_table, what_is_minted_is_never_rolled_back) {
    const records_file file;
    auto table = file.open();
    auto row = minted();
    for (const auto status : {record_status::minted, record_status::completed}) {
        row.status = status;
        ++row.version;
        ASSERT_TRUE(table.upsert(row).has_value());
        const auto refused = table.mark_rolled_back(id_of(1), store_time{});
        ASSERT_FALSE(refused.has_value());
        EXPECT_TRUE(refused.error().is(codes::record_already_minted));
        EXPECT_EQ(refused.error().kind(), fault_kind::permanent);
        const auto there = table.find(id_of(1)).value().value();
        EXPECT_TRUE(same_content(there, row));
        EXPECT_EQ(there.version, row.version);
    }
}

TEST(record_table, user_status_shows_who_is_minting) {
    const records_file file;
    auto table = file.open();
    EXPECT_FALSE(table.minting("user-1").value().has_value());
    ASSERT_TRUE(table.upsert(pending()).has_value());
    EXPECT_EQ(table.minting("user-1").value(), id_of(1));
    EXPECT_FALSE(table.minting("user-2").value().has_value());
    ASSERT_TRUE(table.upsert(minted()).has_value());
    EXPECT_EQ(table.minting("user-1").value(), id_of(1));
    EXPECT_EQ(table.live().value(), 1U);
    auto completed = minted();
    completed.status = record_status::completed;
    completed.version = 3;
    ASSERT_TRUE(table.upsert(completed).has_value());
    EXPECT_FALSE(table.minting("user-1").value().has_value());
    EXPECT_EQ(table.live().value(), 0U);
}

TEST(record_table, lists_an_account_newest_first) {
    const records_file file;
    auto table = file.open();
    for (const std::uint8_t n : {1, 3, 2}) ASSERT_TRUE(table.upsert(pending(n)).has_value());
    const auto rows = table.of_account("user-1", 2).value();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].mint, "mint-3");
    EXPECT_EQ(rows[1].mint, "mint-2");
}

// proves: S4, D2
TEST(record_table, a_mint_accepted_again_after_a_restore_keeps_its_row) {
    const records_file file;
    auto table = file.open();
    ASSERT_TRUE(table.upsert(minted(1)).has_value());
    auto again = pending(2);
    again.mint = "mint-1";
    const auto there = table.upsert(again);
    ASSERT_TRUE(there.has_value());
    EXPECT_EQ(there->operation_id, id_of(2));
    EXPECT_EQ(there->status, record_status::minted);
    EXPECT_FALSE(table.find(id_of(1))->has_value());
    auto stranger = pending(3);
    stranger.mint = "mint-1";
    stranger.tenant = "other";
    EXPECT_FALSE(table.upsert(stranger).has_value());
}

TEST(record_table, a_rolled_back_mint_accepted_again_starts_anew) {
    const records_file file;
    auto table = file.open();
    ASSERT_TRUE(table.upsert(pending(1)).has_value());
    ASSERT_TRUE(table.mark_rolled_back(id_of(1), store_time{}).has_value());
    auto again = pending(2);
    again.mint = "mint-1";
    const auto there = table.upsert(again);
    ASSERT_TRUE(there.has_value());
    EXPECT_EQ(there->status, record_status::pending);
    EXPECT_EQ(there->version, 1);
}

// proves: M1
TEST(record_table, the_probe_leaves_nothing) {
    const records_file file;
    auto table = file.open();
    ASSERT_TRUE(table.probe().has_value());
    ASSERT_TRUE(table.probe().has_value());
    EXPECT_FALSE(table.find_mint("probe")->has_value());
    EXPECT_EQ(table.live().value(), 0U);
}

// proves: D2
TEST(record_table, a_locked_database_is_a_conflict) {
    const records_file file;
    auto table = file.open();
    auto other = sql::database::open(file.path(), sql::access::read_write);
    ASSERT_TRUE(other.has_value());
    const auto held = sql::transaction::begin(*other);
    ASSERT_TRUE(held.has_value());
    for (const auto& refused : {table.upsert(pending()).error(), table.probe().error()}) {
        EXPECT_TRUE(refused.is(thole::codes::db_conflict)) << refused.describe();
    }
}

TEST(record_table, a_full_disk_says_so_and_loses_nothing) {
    const records_file file;
    auto table = file.open();
    ASSERT_TRUE(table.upsert(pending()).has_value());
    auto large = pending(2);
    large.metadata_json = std::string(1 << 20, 'x');
    ASSERT_TRUE(table.limit_pages(64).has_value());
    const auto refused = table.upsert(large);
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(refused.error().is(thole::codes::db_disk_full)) << refused.error().describe();
    EXPECT_TRUE(table.find(id_of(1))->has_value());
    ASSERT_TRUE(table.limit_pages(1 << 20).has_value());
    EXPECT_TRUE(table.upsert(large).has_value());
}

TEST(record_table, keeps_small_facts) {
    const records_file file;
    auto table = file.open();
    EXPECT_FALSE(table.meta("a").value().has_value());
    ASSERT_TRUE(table.set_meta("a", "1").has_value());
    ASSERT_TRUE(table.set_meta("a", "2").has_value());
    EXPECT_EQ(table.meta("a").value(), "2");
}

// proves: D4, E9
TEST(record_table, a_row_of_a_restored_backup_comes_to_say_what_the_chain_says) {
    const records_file file;
    auto table = file.open();
    // Gone altogether.
    auto there = table.converge(minted());
    ASSERT_TRUE(there.has_value()) << there.error().describe();
    EXPECT_TRUE(same_content(*there, minted()));
    EXPECT_EQ(there->version, 2);
    // Older.
    ASSERT_TRUE(table.upsert(pending(2)).has_value());
    there = table.converge(minted(2));
    EXPECT_EQ(there->status, record_status::minted);
    EXPECT_EQ(there->version, 2);
    EXPECT_EQ(there->signature, "sig");
    // Rolled back, although the token is there.
    ASSERT_TRUE(table.upsert(pending(3)).has_value());
    ASSERT_TRUE(table.mark_rolled_back(id_of(3), store_time{}).has_value());
    there = table.converge(minted(3));
    EXPECT_EQ(there->status, record_status::minted);
    EXPECT_EQ(there->version, 3);
}

// Somebody edited them: what comes after them is there all the same, and each of them once.
// proves: C3
TEST(record_table, a_page_tells_of_rows_that_cannot_be_read_and_goes_on) {
    const records_file file;
    auto table = file.open();
    for (std::uint8_t n = 1; n <= 5; ++n) ASSERT_TRUE(table.upsert(pending(n)).has_value());
    const auto edit = [&](const std::string& change, std::uint8_t n) {
        const auto sql =
            "update thole_nft set " + change + " where operation_id = '" + id_of(n).text() + "'";
        ASSERT_TRUE(table.database().execute(sql.c_str()));
    };
    edit("updated_at = 'yesterday'", 2);
    edit("operation_id = operation_id || 'x'", 4);  // stays where it was in their order
    edit("operation_id = 'zzz'", 5);
    const auto first = table.page({}, 2);
    ASSERT_TRUE(first.has_value());
    ASSERT_EQ(first->size(), 2U);
    EXPECT_EQ(first->at(0).operation_id, id_of(1));
    EXPECT_FALSE(first->at(0).is_unreadable);
    EXPECT_EQ(first->at(1).operation_id, id_of(2));
    EXPECT_TRUE(first->at(1).is_unreadable);
    const auto rest = table.page(id_of(2), 2);
    ASSERT_TRUE(rest.has_value());
    ASSERT_EQ(rest->size(), 3U);
    EXPECT_EQ(rest->at(0).operation_id, id_of(3));
    for (std::size_t i = 1; i < 3; ++i) {
        EXPECT_TRUE(rest->at(i).is_unreadable);
        EXPECT_EQ(rest->at(i).operation_id, uuid{});
    }
}

// proves: D4
TEST(record_table, a_newer_version_that_agrees_with_the_chain_is_kept) {
    const records_file file;
    auto table = file.open();
    auto newer = minted();
    newer.version = 7;
    newer.status = record_status::completed;
    ASSERT_TRUE(table.upsert(newer).has_value());
    auto unsigned_one = minted();
    unsigned_one.signature.clear();  // the operation found the token, its history is gone
    for (const auto& wanted : {minted(), unsigned_one}) {
        const auto there = table.converge(wanted);
        ASSERT_TRUE(there.has_value());
        EXPECT_EQ(there->version, 7);
        EXPECT_EQ(there->status, record_status::completed);
        EXPECT_EQ(there->signature, "sig");
    }
    auto completed = unsigned_one;
    completed.status = record_status::completed;
    EXPECT_EQ(table.converge(completed)->version, 7);
}

// proves: D4
TEST(record_table, of_a_newer_version_that_disagrees_the_chain_wins) {
    const records_file file;
    auto table = file.open();
    auto newer = minted();
    newer.version = 7;
    newer.uri = "ipfs://else";
    newer.status = record_status::completed;
    newer.signature = "its-own";
    newer.created_at -= std::chrono::seconds{9};
    ASSERT_TRUE(table.upsert(newer).has_value());
    auto wanted = minted();
    wanted.signature.clear();
    const auto there = table.converge(wanted);
    ASSERT_TRUE(there.has_value());
    EXPECT_EQ(there->version, 8);
    EXPECT_EQ(there->uri, "ipfs://bafkjson");
    EXPECT_EQ(there->status, record_status::minted);
    EXPECT_EQ(there->signature, "its-own") << "what only the row knows stays";
    EXPECT_EQ(there->created_at, newer.created_at);
    EXPECT_EQ(table.converge(wanted)->version, 8);
    // The same version with other content is no conflict here: the chain has decided it.
    auto same_version = minted();
    same_version.version = 8;
    same_version.level = 1;
    EXPECT_EQ(table.converge(same_version)->version, 9);
}

// Whatever order versions arrive in, the newest one stands at the end.
RC_GTEST_PROP(record_table, the_newest_version_wins, (const std::vector<std::uint8_t>& order)) {
    static const records_file file;
    static auto table = file.open();
    static std::uint8_t run = 0;
    ++run;
    std::int64_t newest = 0;
    for (const auto each : order | std::views::take(8)) {
        auto row = pending(run);
        row.version = 1 + each % 8;
        row.signature = "sig-" + std::to_string(row.version);
        newest = std::max(newest, row.version);
        const auto there = table.upsert(row);
        RC_ASSERT(there.has_value());
        RC_ASSERT(there->version == newest);
        RC_ASSERT(there->signature == "sig-" + std::to_string(newest));
    }
}

}  // namespace
}  // namespace thole::nft
