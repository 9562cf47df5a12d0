#include <gtest/gtest.h>

#include "ipfs/client_testing.hpp"
#include "ipfs/codec/dag_builder.hpp"
#include "ipfs/sqlite_pin_ledger.hpp"
#include "ipfs/store_testing.hpp"

namespace thole::ipfs {
namespace {

using testing::run;

struct fixture {
    testing::temporary_folder folder;
    io::virtual_loop loop;
    std::optional<sqlite_pin_ledger> ledger;
    const std::string hello = cid_of(as_bytes("hello")).text();
    const std::string other = cid_of(as_bytes("other")).text();

    fixture() { open(); }
    void open() { ledger.emplace(folder.path() + "/pins.sqlite", nullptr); }
    std::vector<pin_row> of(std::string owner) {
        return *run(loop, ledger->of_owner(std::move(owner)));
    }
    bool leave(pin_row row) { return *run(loop, ledger->leave(std::move(row))); }
};

// proves: I5
TEST(PinLedger, ATryBecomesARowPerIdAndSurvivesARestart) {
    fixture f;
    const pin_row attempt{"op-1", "psa", f.hello};
    EXPECT_TRUE(run(f.loop, f.ledger->intend(attempt))->first);
    EXPECT_FALSE(run(f.loop, f.ledger->intend(attempt))->first);
    f.open();
    ASSERT_EQ(f.of("op-1").size(), 1U);
    EXPECT_FALSE(f.of("op-1")[0].kept);
    for (const auto* id : {"request-1", "request-2", "request-2"}) {
        ASSERT_TRUE(run(f.loop, f.ledger->confirm({"op-1", "psa", f.hello, id})));
    }
    f.open();
    const auto rows = f.of("op-1");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].id, "request-1");
    EXPECT_EQ(rows[1].id, "request-2");
    EXPECT_TRUE(rows[0].kept && rows[1].kept);
    EXPECT_FALSE(run(f.loop, f.ledger->intend(attempt))->first);
    ASSERT_TRUE(run(f.loop, f.ledger->forget(rows[0])));
    ASSERT_TRUE(run(f.loop, f.ledger->forget(rows[0])));
    EXPECT_EQ(f.of("op-1").size(), 1U);
}

// proves: I3
TEST(PinLedger, ASessionLivesAsLongAsItsTry) {
    fixture f;
    const pin_row attempt{"op-1", "pinata", f.hello};
    EXPECT_EQ(run(f.loop, f.ledger->intend(attempt))->session, "");
    ASSERT_TRUE(run(f.loop, f.ledger->keep_session(attempt, "https://up.example/1")));
    f.open();
    EXPECT_EQ(run(f.loop, f.ledger->intend(attempt))->session, "https://up.example/1");
    EXPECT_EQ(run(f.loop, f.ledger->intend({"op-2", "pinata", f.hello}))->session, "");
    ASSERT_TRUE(run(f.loop, f.ledger->confirm({"op-1", "pinata", f.hello, "file-1"})));
    EXPECT_EQ(run(f.loop, f.ledger->intend(attempt))->session, "");
}

// proves: I5
TEST(PinLedger, TheLastThatLeavesKeepsItsRow) {
    fixture f;
    for (const auto& [owner, provider, cid] : {std::tuple{"op-1", "a", f.hello},
                                               {"op-2", "a", f.hello},
                                               {"op-3", "b", f.hello},
                                               {"op-4", "a", f.other}}) {
        ASSERT_TRUE(run(f.loop, f.ledger->intend({owner, provider, cid})));
    }
    EXPECT_TRUE(f.leave({"op-1", "a", f.hello})) << "who only tried does not count";
    ASSERT_TRUE(run(f.loop, f.ledger->confirm({"op-2", "a", f.hello, "x"})));
    ASSERT_TRUE(run(f.loop, f.ledger->confirm({"op-2", "a", f.hello, "y"})));
    EXPECT_TRUE(f.leave({"op-2", "a", f.hello, "x"})) << "nor does another id of its own";
    EXPECT_EQ(f.of("op-2").size(), 2U);
    EXPECT_TRUE(f.leave({"op-3", "b", f.hello})) << "another provider";
    EXPECT_TRUE(f.leave({"op-4", "a", f.other})) << "another content";
    EXPECT_FALSE(f.leave({"op-1", "a", f.hello}));
    f.open();
    EXPECT_TRUE(f.of("op-1").empty());
    EXPECT_FALSE(f.leave({"op-1", "a", f.hello})) << "again is fine";
    EXPECT_EQ(f.of("op-2").size() + f.of("op-3").size() + f.of("op-4").size(), 4U);
}

TEST(PinLedger, BothVersionsOfACidAreOneContent) {
    fixture f;
    const auto node = cid::v0(sha256(as_bytes("a node")));
    ASSERT_TRUE(run(f.loop, f.ledger->intend({"op-1", "a", node.text()})));
    ASSERT_TRUE(run(f.loop, f.ledger->confirm({"op-1", "a", node.as_v1().text()})));
    EXPECT_FALSE(f.leave({"op-2", "a", node.text()}));
    ASSERT_EQ(f.of("op-1").size(), 1U);
    EXPECT_EQ(f.of("op-1")[0].cid, node.as_v1().text());  // as the provider names it
}

TEST(PinLedger, AFileThatCannotBeOpenedIsAFault) {
    fixture f;
    sqlite_pin_ledger broken{"/nowhere/pins.sqlite", nullptr};
    EXPECT_FALSE(run(f.loop, broken.intend({"op-1", "a", f.hello})));
    EXPECT_FALSE(run(f.loop, broken.of_owner("op-1")));
}

// proves: I2
TEST(PinLedger, TotalsCountAContentOnceAndSayWhoseSizeNobodyKnows) {
    fixture f;
    const auto row = [&](std::string owner, std::string provider, const std::string& content,
                         std::optional<std::uint64_t> size, std::string id = {}) {
        return pin_row{std::move(owner), std::move(provider), content, std::move(id), false, size};
    };
    // Two owners, and two ids of one of them: one content.
    for (const auto& each :
         {row("op-1", "psa", f.hello, 5), row("op-2", "psa", f.hello, 5, "request-1"),
          row("op-2", "psa", f.hello, std::nullopt, "request-2")}) {
        ASSERT_TRUE(run(f.loop, f.ledger->confirm(each)));
    }
    ASSERT_TRUE(run(f.loop, f.ledger->confirm(row("op-3", "psa", f.other, std::nullopt))));
    ASSERT_TRUE(run(f.loop, f.ledger->intend(row("op-3", "kubo", f.other, 7))));
    f.open();
    EXPECT_EQ(*run(f.loop, f.ledger->totals()),
              (std::vector<pin_total>{{"kubo", 0, 0, 0, 1}, {"psa", 2, 5, 1, 0}}));
    // A size that was told stays, and one that was not is learned.
    ASSERT_TRUE(run(f.loop, f.ledger->confirm(row("op-1", "psa", f.hello, std::nullopt))));
    ASSERT_TRUE(run(f.loop, f.ledger->confirm(row("op-3", "psa", f.other, 7))));
    EXPECT_EQ(f.of("op-3").at(1).size, 7U);
    ASSERT_TRUE(run(f.loop, f.ledger->confirm(row("op-3", "kubo", f.other, std::nullopt))));
    EXPECT_EQ(*run(f.loop, f.ledger->totals()),
              (std::vector<pin_total>{{"kubo", 1, 0, 1, 0}, {"psa", 2, 12, 0, 0}}));
}

// proves: I2
TEST(PinLedger, RowsOfBeforeSizesWereKeptHaveNone) {
    fixture f;
    f.ledger.reset();
    const auto path = f.folder.path() + "/old.sqlite";
    {
        auto db = sql::database::open(path, sql::access::read_write);
        ASSERT_TRUE(db);
        ASSERT_TRUE(db->execute(
            "create table pin(owner text not null, provider text not null, content text not null, "
            "id text not null, cid text not null, kept integer not null, "
            "session text not null default '', primary key(owner, provider, content, id)) strict, "
            "without rowid;"
            "create index pin_of_content on pin(content, provider);"
            "insert into pin values('op-1', 'kubo', 'bafy', '', 'bafy', 1, '');"
            "pragma user_version = 2"));
    }
    f.ledger.emplace(path, nullptr);
    ASSERT_EQ(f.of("op-1").size(), 1U);
    EXPECT_EQ(f.of("op-1")[0].size, std::nullopt);
    EXPECT_EQ(*run(f.loop, f.ledger->totals()), (std::vector<pin_total>{{"kubo", 1, 0, 1, 0}}));
}

// proves: C3
TEST(PinLedger, OwnersComeInPages) {
    fixture f;
    for (const auto* owner : {"op-2", "op-1", "op-3"}) {
        for (const auto* provider : {"kubo", "pinata"}) {
            ASSERT_TRUE(run(f.loop, f.ledger->intend({owner, provider, "bafy"})));
        }
    }
    const auto page = [&](std::string after) {
        return *run(f.loop, f.ledger->owners(std::move(after), 2));
    };
    EXPECT_EQ(page(""), (std::vector<std::string>{"op-1", "op-2"}));
    EXPECT_EQ(page("op-2"), std::vector<std::string>{"op-3"});
    EXPECT_TRUE(page("op-3").empty());
}

}  // namespace
}  // namespace thole::ipfs
