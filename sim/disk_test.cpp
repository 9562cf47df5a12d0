// The disk below SQLite: what was committed stays whatever happens, what was not may go, and the
// file is never broken.

#include "sim/disk.hpp"

#include <gtest/gtest.h>

#include "sql/sqlite.hpp"
#include "thole/codes.hpp"

namespace thole::sim {
namespace {

constexpr auto path = "data.sqlite";

std::optional<sql::database> open(const disk& on) {
    auto db = sql::database::open(path, sql::access::read_write,
                                  {.checkpoint_pages = 4, .vfs = on.vfs()});
    if (!db) return std::nullopt;
    if (!db->execute("create table if not exists t(n integer primary key, pad blob)")) {
        return std::nullopt;
    }
    return std::move(*db);
}

std::int64_t count(sql::database& db) {
    auto query = db.prepare("select count(*) from t");
    EXPECT_TRUE(query && query->step().value_or(false));
    return query->integer(0);
}

bool is_whole(sql::database& db) {
    auto query = db.prepare("pragma integrity_check");
    return query && query->step().value_or(false) && query->text(0) == "ok";
}

result<> insert(sql::database& db, std::int64_t n) {
    auto into = db.prepare("insert into t values(?, zeroblob(?))");
    if (!into) return fail(into.error());
    return into->run(n, 300 * (n % 7));
}

class disk_test : public ::testing::Test {
  protected:
    void SetUp() override {
        sql::on_lost_fsync([this] { lost_sync_ = true; });
    }
    void TearDown() override { sql::on_lost_fsync(nullptr); }
    bool lost_sync_ = false;
};

// proves: X1
TEST_F(disk_test, what_was_committed_survives_every_power_cut) {
    std::size_t lost = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        disk below{seed};
        rng chance{seed};
        std::int64_t acknowledged = 0;
        for (int life = 0; life < 6; ++life) {
            auto db = open(below);
            ASSERT_TRUE(db) << "seed " << seed;
            ASSERT_TRUE(is_whole(*db)) << "seed " << seed;
            const auto there = count(*db);
            // One commit more may be there, whose answer nobody heard.
            ASSERT_GE(there, acknowledged) << "seed " << seed;
            ASSERT_LE(there, acknowledged + 1) << "seed " << seed;
            acknowledged = there;
            below.troubles() = {.full = 0, .sync_fails = life % 2 == 1 ? 60 : 0};
            lost_sync_ = false;
            for (auto left = chance.below(40); left > 0 && !lost_sync_; --left) {
                if (insert(*db, acknowledged + 1)) ++acknowledged;
            }
            below.troubles() = {};
            below.process_ended();
            db.reset();
            if (chance.chance(2, 3)) below.cut_power();
        }
        lost += below.met().lost;
    }
    EXPECT_GT(lost, 100U) << "a disk that loses nothing proves nothing";
}

TEST_F(disk_test, without_syncs_something_is_lost) {
    int gone = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        disk below{seed};
        auto db = open(below);
        ASSERT_TRUE(db);
        ASSERT_TRUE(db->execute("pragma synchronous=off"));
        for (std::int64_t n = 1; n <= 20; ++n) ASSERT_TRUE(insert(*db, n));
        below.process_ended();
        db.reset();
        below.cut_power();
        auto again = open(below);
        if (!again || !is_whole(*again) || count(*again) < 20) ++gone;
    }
    EXPECT_GT(gone, 5);
}

TEST_F(disk_test, a_full_disk_refuses_and_keeps_what_it_has) {
    disk below{3};
    auto db = open(below);
    ASSERT_TRUE(db);
    ASSERT_TRUE(insert(*db, 1));
    below.troubles().full = 1000;
    result<> refused;
    for (std::int64_t n = 2; n < 50 && refused; ++n) refused = insert(*db, n);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::db_disk_full)) << refused.error().describe();
    below.troubles().full = 0;
    EXPECT_TRUE(insert(*db, 100));
    EXPECT_TRUE(is_whole(*db));
}

TEST_F(disk_test, a_dead_process_changes_nothing) {
    disk below{4};
    auto db = open(below);
    ASSERT_TRUE(db);
    ASSERT_TRUE(insert(*db, 1));
    below.process_ended();
    EXPECT_FALSE(insert(*db, 2));
    db.reset();  // which would fold its log into the file, and remove it
    auto again = open(below);
    ASSERT_TRUE(again);
    EXPECT_EQ(count(*again), 1);
}

}  // namespace
}  // namespace thole::sim
