#include "sql/sqlite.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sql/codes.hpp"
#include "thole/codes.hpp"

namespace thole::sql {
namespace {

class sqlite_test : public ::testing::Test {
  protected:
    sqlite_test() {
        std::string name = (std::filesystem::temp_directory_path() / "thole-sql-XXXXXX").string();
        folder_ = mkdtemp(name.data());
    }
    ~sqlite_test() override { std::filesystem::remove_all(folder_); }
    [[nodiscard]] std::string path() const { return folder_ + "/a.db"; }

    static database must_open(const std::string& path, access mode, open_options options = {}) {
        auto db = database::open(path, mode, options);
        EXPECT_TRUE(db) << db.error().describe();
        return std::move(*db);
    }
    static void must_execute(database& db, const char* sql) {
        const auto done = db.execute(sql);
        ASSERT_TRUE(done) << done.error().describe();
    }
    static std::int64_t number(database& db, const char* sql) {
        auto query = db.prepare(sql);
        EXPECT_TRUE(query);
        EXPECT_EQ(query->step(), true);
        return query->integer(0);
    }

    std::string folder_;
};

TEST_F(sqlite_test, is_durable_and_private) {
    auto db = must_open(path(), access::read_write);
    EXPECT_EQ(number(db, "pragma synchronous"), 2);
    auto mode = db.prepare("pragma journal_mode");
    ASSERT_EQ(mode->step(), true);
    EXPECT_EQ(mode->text(0), "wal");
    struct stat info{};
    ASSERT_EQ(::stat(path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(sqlite_test, binds_and_reads_every_type) {
    auto db = must_open(path(), access::read_write);
    must_execute(db, "create table t(a integer, b real, c text, d blob, e integer)");
    auto insert = db.prepare("insert into t values(?, ?, ?, ?, ?)");
    const bytes blob{0, 1, 255};
    ASSERT_TRUE(insert->run(std::int64_t{-5}, 0.5, "text", blob, std::optional<int>{}));
    ASSERT_TRUE(insert->run(std::uint64_t{7}, 1.5, std::string_view{}, bytes{}, true));
    EXPECT_EQ(db.last_insert_id(), 2);

    auto query = db.prepare("select a, b, c, d, e from t order by a");
    ASSERT_EQ(query->step(), true);
    EXPECT_EQ(query->integer(0), -5);
    EXPECT_EQ(query->real(1), 0.5);
    EXPECT_EQ(query->text(2), "text");
    EXPECT_TRUE(std::ranges::equal(query->blob(3), blob));
    EXPECT_TRUE(query->is_null(4));
    ASSERT_EQ(query->step(), true);
    EXPECT_FALSE(query->is_null(2)) << "empty text is not null";
    EXPECT_FALSE(query->is_null(3)) << "an empty blob is not null";
    EXPECT_EQ(query->integer(4), 1);
    ASSERT_EQ(query->step(), false);
    ASSERT_EQ(query->step(), true) << "after its end a statement starts anew";
}

TEST_F(sqlite_test, a_statement_that_was_given_back_comes_again_as_new) {
    auto db = must_open(path(), access::read_write);
    must_execute(db, "create table t(a)");
    must_execute(db, "insert into t values(1), (2)");
    constexpr auto text = "select a from t where a >= ?1 order by a";
    for (int i = 0; i < 3; ++i) {
        auto query = db.prepare(text);
        EXPECT_EQ(query->step(), false) << "what was bound to the last one is gone";
        query->bind(1);
        ASSERT_EQ(query->step(), true);  // and left half-way
        EXPECT_EQ(query->integer(0), 1);
        auto beside = db.prepare(text);  // while the first one is in use
        beside->bind(2);
        ASSERT_EQ(beside->step(), true);
        EXPECT_EQ(beside->integer(0), 2);
    }
    // None of them reads on: the table can be changed, and the statement sees it.
    must_execute(db, "alter table t rename to old");
    must_execute(db, "create table t(a)");
    auto query = db.prepare(text);
    query->bind(0);
    EXPECT_EQ(query->step(), false);
}

TEST_F(sqlite_test, errors_are_faults) {
    auto db = must_open(path(), access::read_write);
    must_execute(db, "create table t(a integer primary key)");
    auto insert = db.prepare("insert into t values(?)");
    ASSERT_TRUE(insert->run(1));
    auto twice = insert->run(1);
    ASSERT_FALSE(twice);
    EXPECT_TRUE(twice.error().is(codes::db_rejected)) << twice.error().describe();
    EXPECT_FALSE(db.prepare("select nothing from nowhere"));
    EXPECT_TRUE(insert->run(2)) << "a statement survives its failure";
}

TEST_F(sqlite_test, a_locked_file_is_a_conflict) {
    auto first = must_open(path(), access::read_write);
    must_execute(first, "create table t(a)");
    auto second =
        must_open(path(), access::read_write, {.busy_timeout = std::chrono::milliseconds{1}});
    auto held = transaction::begin(first);
    ASSERT_TRUE(held);
    auto refused = transaction::begin(second);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::db_conflict)) << refused.error().describe();
    EXPECT_EQ(refused.error().kind(), fault_kind::conflict);
}

TEST_F(sqlite_test, a_full_disk_is_told_apart) {
    auto db = must_open(path(), access::read_write);
    must_execute(db, "create table t(a)");
    must_execute(db, "pragma max_page_count=4");
    auto insert = db.prepare("insert into t values(zeroblob(100000))");
    auto full = insert->run();
    ASSERT_FALSE(full);
    EXPECT_TRUE(full.error().is(codes::db_disk_full)) << full.error().describe();
    must_execute(db, "pragma max_page_count=4000");
    EXPECT_TRUE(insert->run()) << "work goes on when there is room again";
}

TEST_F(sqlite_test, a_transaction_rolls_back_unless_committed) {
    auto db = must_open(path(), access::read_write);
    must_execute(db, "create table t(a)");
    {
        auto work = transaction::begin(db);
        ASSERT_TRUE(work);
        must_execute(db, "insert into t values(1)");
    }
    EXPECT_EQ(number(db, "select count(*) from t"), 0);
    {
        auto work = transaction::begin(db);
        must_execute(db, "insert into t values(1)");
        ASSERT_TRUE(work->commit());
    }
    EXPECT_EQ(number(db, "select count(*) from t"), 1);
}

TEST_F(sqlite_test, a_reader_sees_commits_and_cannot_write) {
    auto writer = must_open(path(), access::read_write);
    must_execute(writer, "create table t(a); insert into t values(1)");
    auto reader = must_open(path(), access::read);
    EXPECT_EQ(number(reader, "select count(*) from t"), 1);
    auto work = transaction::begin(writer);
    must_execute(writer, "insert into t values(2)");
    EXPECT_EQ(number(reader, "select count(*) from t"), 1) << "a reader neither waits nor peeks";
    ASSERT_TRUE(work->commit());
    EXPECT_EQ(number(reader, "select count(*) from t"), 2);
    EXPECT_FALSE(reader.execute("insert into t values(3)"));
}

TEST_F(sqlite_test, migrates_step_by_step) {
    const std::array first{migration{1, "create table a(x)"}};
    const std::array both{first[0], migration{2, "create table b(x); insert into b values(7)"}};
    auto db = must_open(path(), access::read_write);
    ASSERT_TRUE(migrate(db, first));
    ASSERT_TRUE(migrate(db, both));
    ASSERT_TRUE(migrate(db, both)) << "nothing to do";
    EXPECT_EQ(number(db, "select x from b"), 7);
    EXPECT_EQ(number(db, "pragma user_version"), 2);

    auto newer = migrate(db, first);
    ASSERT_FALSE(newer);
    EXPECT_TRUE(newer.error().is(codes::db_newer_schema));
    EXPECT_EQ(newer.error().detail(), "the file has schema version 2, this program knows 1");
}

TEST_F(sqlite_test, a_broken_migration_leaves_the_old_version) {
    const std::array list{migration{1, "create table a(x)"},
                          migration{2, "create table b(x); create table a(x)"}};
    auto db = must_open(path(), access::read_write);
    ASSERT_FALSE(migrate(db, list));
    EXPECT_EQ(number(db, "pragma user_version"), 1);
    EXPECT_EQ(number(db, "select count(*) from sqlite_master where name = 'b'"), 0);
}

TEST_F(sqlite_test, a_file_that_is_no_database_says_so) {
    std::ofstream{path()} << std::string(4096, 'x');
    auto db = database::open(path(), access::read_write);
    ASSERT_FALSE(db);
    EXPECT_TRUE(db.error().is(codes::db_corrupt)) << db.error().describe();
    auto missing = database::open(folder_ + "/no/such/folder.db", access::read_write);
    ASSERT_FALSE(missing);
    EXPECT_TRUE(missing.error().is(codes::db_cannot_open)) << missing.error().describe();
}

}  // namespace
}  // namespace thole::sql
