#include "sql/shared_commit.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>

#include "io/scope.hpp"
#include "io/system_loop.hpp"

namespace thole::sql {
namespace {

int count_commit(void* counter) {
    ++*static_cast<int*>(counter);
    return 0;
}

// A table in memory, and how often something was committed to it.
struct shelf final : connection_owner {
    io::system_loop loop;
    blocking_pool pool{loop};
    shared_commit writes{pool, *this};
    std::optional<database> db;
    int commits = 0;
    int opened = 0;
    std::optional<fault> away;
    std::vector<result<int>> answers;

    result<database*> connection() override {
        if (away) return fail(*away);
        if (!db) {
            ++opened;
            auto made = database::open(":memory:", access::read_write);
            if (!made) return fail(made.error());
            if (auto ok = made->execute("create table t(n integer primary key)"); !ok) {
                return fail(ok.error());
            }
            db.emplace(std::move(*made));
            ::sqlite3_commit_hook(db->handle(), &count_commit, &commits);
        }
        return &*db;
    }
    void lose_connection() override { db.reset(); }

    // Writes n and n + 1, of which both stay or neither.
    result<int> write(int n) {
        auto both = transaction::begin(*db);
        if (!both) return fail(both.error());
        auto insert = db->prepare("insert into t(n) values(?)");
        if (!insert) return fail(insert.error());
        if (auto ok = insert->run(n); !ok) return fail(ok.error());
        if (auto ok = insert->run(n + 1); !ok) return fail(ok.error());
        if (auto ok = both->commit(); !ok) return fail(ok.error());
        return n;
    }
    task<> come(int n) {
        auto work = [this, n] { return write(n); };
        answers.push_back(co_await writes.run(std::move(work)));
    }
    [[nodiscard]] std::string rows() {
        std::string out;
        auto query = db->prepare("select n from t order by n");
        for (auto row = query->step(); row && *row; row = query->step()) {
            out += std::to_string(query->integer(0)) + " ";
        }
        return out;
    }
    void let_come(std::vector<int> numbers) {
        auto all = [](shelf& s, std::vector<int> each) -> task<> {
            io::scope work{s.loop};
            for (const int n : each) work.spawn(s.come(n));
            co_await work.drained();
        };
        loop.run_until(all(*this, std::move(numbers)));
    }
};

TEST(shared_commit, who_comes_while_one_is_written_shares_the_next_commit) {
    shelf s;
    s.let_come({10, 20, 30, 40, 50});
    EXPECT_EQ(s.commits, 2) << "the first one alone, the others together";
    EXPECT_EQ(s.answers.size(), 5U);
    for (const auto& each : s.answers) EXPECT_TRUE(each);
    EXPECT_EQ(s.rows(), "10 11 20 21 30 31 40 41 50 51 ");
}

TEST(shared_commit, a_call_that_fails_takes_back_what_it_wrote_and_nothing_of_the_others) {
    shelf s;
    s.let_come({10, 20, 19, 30});  // 19 writes itself, and 20 again
    EXPECT_EQ(s.rows(), "10 11 20 21 30 31 ");
    int refused = 0;
    for (const auto& each : s.answers) {
        if (each) continue;
        ++refused;
        EXPECT_TRUE(each.error().is(codes::db_rejected));
    }
    EXPECT_EQ(refused, 1);
}

TEST(shared_commit, a_commit_that_fails_is_the_answer_of_all_that_it_carried) {
    shelf s;
    s.let_come({10});
    ::sqlite3_commit_hook(s.db->handle(), [](void*) { return 1; }, nullptr);
    s.answers.clear();
    s.let_come({20, 30, 40});
    ::sqlite3_commit_hook(s.db->handle(), nullptr, nullptr);
    ASSERT_EQ(s.answers.size(), 3U);
    for (const auto& each : s.answers) EXPECT_FALSE(each);
    EXPECT_EQ(s.rows(), "10 11 ");
}

TEST(shared_commit, a_connection_that_is_lost_is_opened_anew) {
    shelf s;
    s.away = fault{codes::db_unavailable};
    s.let_come({10, 20});
    for (const auto& each : s.answers) EXPECT_TRUE(each.error().is(codes::db_unavailable));
    s.away.reset();
    s.answers.clear();
    s.let_come({10});
    EXPECT_TRUE(s.answers.front());
    EXPECT_EQ(s.opened, 1);
}

}  // namespace
}  // namespace thole::sql
