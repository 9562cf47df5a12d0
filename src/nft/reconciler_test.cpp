#include "nft/reconciler.hpp"

#include "ipfs/codes.hpp"
#include "nft/codes.hpp"
#include "nft/mint_world_test.hpp"

namespace thole::nft {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class reconciler : public ::testing::Test {
  protected:
    reconciler() {
        w.b.stop();
        w.b.define(make_reconcile_saga({.rpc = w.rpc,
                                        .providers = 2,
                                        .gateways = w.gateways,
                                        .table = w.table,
                                        .issuer = w.wallet.address(),
                                        .at_work = [this](uuid id) { return at_work(id); },
                                        .upload_again =
                                            [this](saga::step_context& in, record row) {
                                                return upload_again(w.parts(), 2, in,
                                                                    std::move(row));
                                            },
                                        .pause = 50ms}));
        w.b.start();
    }
    task<result<bool>> at_work(uuid id) {
        const auto found = co_await w.b->get(id);
        co_return found && !found->view.ended_at;
    }

    reconcile_report run(bool dry_run, bool content = false) {
        saga::submission s;
        s.kind = reconcile_kind;
        s.key = "run-" + std::to_string(++runs_);
        s.input = json::write(reconcile_request{dry_run, content});
        const auto end = w.b.end_of(w.b.accept(std::move(s)));
        EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
        return end.find_output<sweep>().value_or(reconcile_report{});
    }
    // A mint that is completed, whose record then is changed behind its back.
    uuid drifted(const std::string& change) {
        const auto end = w.mint("order-1");
        EXPECT_EQ(end.view.state, "completed");
        auto db = sql::database::open(w.folder.file("records.sqlite"), sql::access::read_write);
        EXPECT_TRUE(db);
        if (!change.empty()) {
            EXPECT_TRUE(db->execute(("update thole_nft set " + change).c_str()));
        }
        return end.view.id;
    }
    static std::vector<drift> kinds(const reconcile_report& report) {
        std::vector<drift> out;
        for (const auto& each : report.findings) out.push_back(each.drift);
        return out;
    }

    world w;

  private:
    int runs_ = 0;
};

// proves: C3
TEST_F(reconciler, what_agrees_is_no_finding_and_a_page_is_one_request) {
    for (int i = 0; i < 25; ++i) {
        auto r = w.request("Seat " + std::to_string(i));
        r.account = "user-" + std::to_string(i);
        const auto id = w.accept("order-" + std::to_string(i), r);
        ASSERT_EQ(w.b.end_of(id).view.state, "completed");
    }
    const auto reads = [&] {
        std::size_t count = 0;
        w.each([&](auto& node) { count += node.model.calls().at("getMultipleAccounts"); });
        return count;
    };
    const auto before = reads();
    const auto report = run(true, true);
    EXPECT_EQ(report.records, 25U);
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_EQ(reads() - before, 2U);
}

// proves: C3, E9
TEST_F(reconciler, a_record_behind_the_chain_is_written_from_it) {
    const auto id = drifted("status = 'pending', signature = null");
    auto report = run(true);
    EXPECT_THAT(kinds(report), ElementsAre(drift::record_behind));
    EXPECT_EQ(report.findings[0].remedy, remedy::would_fix);
    EXPECT_EQ(report.findings[0].operation_id, id);
    EXPECT_EQ(w.row(id)->status, record_status::pending) << "a dry run changes nothing";
    report = run(false);
    EXPECT_EQ(report.fixed, 1U);
    EXPECT_EQ(report.findings[0].remedy, remedy::fixed);
    EXPECT_EQ(w.row(id)->status, record_status::minted);
    EXPECT_EQ(w.row(id)->version, 4);
    EXPECT_THAT(run(false).findings, IsEmpty());
}

// proves: C3
TEST_F(reconciler, what_cannot_be_repaired_safely_is_a_work_item) {
    const auto other = solana::keypair::from_seed({8}).address().text();
    const std::vector<std::pair<std::string, drift>> cases{
        {"uri = 'ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'",
         drift::uri_mismatch},
        {"owner = '" + other + "'", drift::owner_mismatch},
        {"level = 9", drift::level_mismatch},
        {"mint = '" + other + "'", drift::not_on_chain},
        {"mint = '" + other + "', status = 'pending'", drift::orphan_record},
        {"mint = '" + w.wallet.address().text() + "', status = 'rolled_back'",
         drift::orphan_record},
    };
    const auto id = drifted("");
    const auto good = w.row(id).value();
    auto db = sql::database::open(w.folder.file("records.sqlite"), sql::access::read_write);
    ASSERT_TRUE(db);
    for (const auto& [change, expected] : cases) {
        ASSERT_TRUE(db->execute("delete from thole_nft"));
        ASSERT_TRUE(w.b.wait(w.table.upsert(good)));
        ASSERT_TRUE(db->execute(("update thole_nft set " + change).c_str()));
        const auto before = w.row(id).value();
        const auto report = run(false, true);
        if (change.ends_with("'rolled_back'")) {
            EXPECT_THAT(report.findings, IsEmpty()) << "it said so, and nothing is there";
            continue;
        }
        ASSERT_THAT(kinds(report), ElementsAre(expected)) << change;
        EXPECT_EQ(report.findings[0].remedy, remedy::none);
        EXPECT_EQ(report.classes.at(std::string{json::detail::enum_text(expected)}), 1U);
        EXPECT_TRUE(same_content(w.row(id).value(), before)) << change;
    }
}

// proves: C3
TEST_F(reconciler, content_that_no_gateway_serves_any_more_is_found) {
    drifted("");
    EXPECT_THAT(run(true, true).findings, IsEmpty());
    w.content.faults().corrupt = true;
    EXPECT_THAT(run(true, false).findings, IsEmpty()) << "only on request";
    const auto report = run(true, true);
    EXPECT_THAT(kinds(report), ElementsAre(drift::content_lost));
}

// proves: C3, I5
TEST_F(reconciler, content_whose_pin_was_deleted_is_uploaded_again_and_read_back) {
    const auto id = drifted("");
    w.content.lose(w.row(id)->metadata_cid);
    const auto dry = run(true, true);
    ASSERT_THAT(kinds(dry), ElementsAre(drift::content_lost));
    EXPECT_EQ(dry.findings[0].remedy, remedy::would_fix);
    const auto report = run(false, true);
    ASSERT_THAT(kinds(report), ElementsAre(drift::content_lost));
    EXPECT_EQ(report.findings[0].remedy, remedy::fixed);
    EXPECT_EQ(report.fixed, 1U);
    EXPECT_THAT(run(false, true).findings, IsEmpty());
}

// proves: C3
TEST_F(reconciler, content_that_cannot_be_brought_back_stays_a_work_item) {
    drifted("");
    w.content.faults().corrupt = true;
    const auto report = run(false, true);
    ASSERT_THAT(kinds(report), ElementsAre(drift::content_lost));
    EXPECT_EQ(report.findings[0].remedy, remedy::none);
    EXPECT_EQ(report.fixed, 0U);
}

// proves: C3
TEST_F(reconciler, goes_through_many_records_at_a_bounded_rate) {
    constexpr int rows = 2'000;
    const auto first = w.row(drifted("")).value();
    auto db = sql::database::open(w.folder.file("records.sqlite"), sql::access::read_write);
    ASSERT_TRUE(db);
    ASSERT_TRUE(db->execute("begin"));
    for (int i = 0; i < rows; ++i) {
        // Rolled back and not on the chain: compared, and as they should be.
        const auto sql = "insert into thole_nft select '0190a0b4-7c00-7000-8000-" +
                         (std::to_string(100'000'000'000 + i)) +
                         "', tenant, account, owner, 'mint" + std::to_string(i) +
                         "', image_cid, metadata_cid, uri, metadata_json, level, 'rolled_back', "
                         "'', version, created_at, updated_at from thole_nft where mint = '" +
                         first.mint + "'";
        ASSERT_TRUE(db->execute(sql.c_str())) << sql;
    }
    ASSERT_TRUE(db->execute("commit"));
    const auto asked = [&] {
        std::size_t count = 0;
        w.each([&](auto& node) {
            const auto found = node.model.calls().find("getMultipleAccounts");
            if (found != node.model.calls().end()) count += found->second;
        });
        return count;
    };
    const auto before = asked();
    const auto begun = w.b.loop.now();
    const auto report = run(false);
    const auto requests = asked() - before;
    EXPECT_EQ(report.records, rows + 1U);
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_EQ(requests, rows / 20 + 1U);
    EXPECT_GE(w.b.loop.now() - begun, 50ms * (rows / 20)) << "no more than 20 requests a second";
}

// proves: C3
TEST_F(reconciler, what_an_operation_is_at_is_left_alone) {
    w.content.faults().corrupt = true;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [](const auto& view) { return view.step == "fetch_uris"; });
    const auto report = run(false);
    EXPECT_EQ(report.at_work, 1U);
    EXPECT_EQ(report.records, 0U);
    EXPECT_THAT(report.findings, IsEmpty());
}

// proves: C3, S3
TEST_F(reconciler, one_node_that_sees_nothing_is_no_drift) {
    drifted("");
    // It has a ledger of its own, from before the mint.
    model::ledger empty{{}};
    world::node blind{"north", empty};
    w.mount(blind);
    for (int i = 0; i < 4; ++i) EXPECT_THAT(run(false).findings, IsEmpty());
}

TEST(drifts_of, an_account_that_is_not_ours_is_foreign) {
    record row;
    row.status = record_status::completed;
    mint_at at;
    at.state = mint_state::foreign;
    const auto issuer = solana::keypair::from_seed({1}).address();
    EXPECT_EQ(drifts_of(row, at, issuer).at(0).drift, drift::foreign_account);
    at.state = mint_state::minted;
    at.nft.emplace();
    EXPECT_EQ(drifts_of(row, at, issuer).at(0).drift, drift::metadata_missing);
    at.nft->has_metadata = true;
    const auto found = drifts_of(row, at, issuer);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_THAT(found[0].detail, HasSubstr("issuer"));
}

}  // namespace
}  // namespace thole::nft
