#pragma once

// A world whose mints can be made to drift, with the reconciler on its production engine.

#include "nft/mint_world_test.hpp"
#include "nft/nft_fixture.hpp"
#include "nft/reconciler.hpp"
#include "nft/reconciler_part.hpp"

namespace thole::nft::testing {

class reconciler : public ::testing::Test {
  protected:
    reconciler() {
        w.b.stop();
        const find_operation find = [this](uuid id) { return look_up(id); };
        w.b.define(make_mend_saga({w.parts(), {}, find}));
        w.b.define(make_reconcile_saga());
        w.b.define(make_reconcile_part_saga(
            {.parts = w.parts(),
             .ledger = w.ledger,
             .find = find,
             .completed = [this](std::int64_t before) { return completed(before); },
             .replicas = {.image = 2, .metadata = 2},
             .pause = 50ms,
             .part = 1s}));
        w.b.start();
    }
    task<result<std::optional<saga::operation_details>>> look_up(uuid id) {
        auto found = co_await w.b->get(id);
        if (!found) co_return std::nullopt;
        co_return std::move(*found);
    }
    task<result<saga::details_page>> completed(std::int64_t before) {
        saga::list_filter filter;
        filter.kind = "mint";
        filter.ending = saga::op_ending::completed;
        filter.before = before;
        filter.limit = 2;
        co_return co_await w.b->list(std::move(filter));
    }

    uuid begin(const reconcile_request& how) {
        saga::submission s;
        s.kind = reconcile_kind;
        s.key = "run-" + std::to_string(++runs_);
        s.input = json::write(how);
        return w.b.accept(std::move(s));
    }
    std::vector<saga::operation_details> parts_of(const uuid& run) {
        saga::list_filter filter;
        filter.parent = run;
        filter.limit = 500;
        return w.b.wait(w.b->list(std::move(filter)))->items;
    }
    reconcile_report run(bool dry_run, bool content = false,
                         std::optional<content_slice> slice = {}) {
        const auto end = w.b.end_of(begin({dry_run, content, slice}));
        EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
        return end.find_output<sweep>().value_or(reconcile_report{});
    }
    // A mint that is completed, whose record then is changed behind its back.
    uuid drifted(const std::string& change) {
        const auto end = w.mint("order-1");
        EXPECT_EQ(end.view.state, "completed");
        if (!change.empty()) on_records("update thole_nft set " + change);
        return end.view.id;
    }
    void on_records(const std::string& statement) {
        auto db = sql::database::open(w.folder.file("records.sqlite"), sql::access::read_write);
        ASSERT_TRUE(db);
        EXPECT_TRUE(db->execute(statement.c_str())) << statement;
    }
    // A mint that was cancelled before anything was signed.
    uuid cancelled(const std::string& key) {
        w.content.faults().corrupt = true;
        const auto id = w.accept(key, w.request());
        w.until(id, [](const auto& view) { return view.step == "fetch_uris"; });
        EXPECT_TRUE(w.b.wait(w.b->cancel(id, "test", "changed my mind")));
        EXPECT_EQ(w.b.end_of(id).view.state, "rolled_back");
        w.content.faults().corrupt = false;
        return id;
    }
    // The only finding of a run that repairs, and what a further run finds.
    finding repaired(drift what, bool content = false) {
        const auto report = run(false, content);
        EXPECT_THAT(kinds(report), ::testing::ElementsAre(what));
        if (report.findings.empty()) return {};
        EXPECT_THAT(run(false, content).findings, ::testing::IsEmpty());
        return report.findings.front();
    }
    // One mint, and so many records beside it: rolled back and not on the chain, as they should be.
    void add_rows(int count) {
        const auto first = w.row(drifted("")).value();
        auto db = sql::database::open(w.folder.file("records.sqlite"), sql::access::read_write);
        ASSERT_TRUE(db);
        ASSERT_TRUE(db->execute("begin"));
        for (int i = 0; i < count; ++i) {
            const auto sql = "insert into thole_nft select '0190a0b4-7c00-7000-8000-" +
                             (std::to_string(100'000'000'000 + i)) +
                             "', tenant, account, owner, 'mint" + std::to_string(i) +
                             "', image_cid, metadata_cid, uri, metadata_json, level, "
                             "'rolled_back', '', version, created_at, updated_at from thole_nft "
                             "where mint = '" +
                             first.mint + "'";
            ASSERT_TRUE(db->execute(sql.c_str())) << sql;
        }
        ASSERT_TRUE(db->execute("commit"));
    }
    // Requests for many accounts, at all nodes.
    std::size_t chain_reads() {
        std::size_t count = 0;
        w.each([&](auto& node) {
            const auto found = node.model.calls().find("getMultipleAccounts");
            if (found != node.model.calls().end()) count += found->second;
        });
        return count;
    }
    solana::mint_terms terms_of(const std::string& key) {
        solana::mint_terms terms;
        terms.wallet = w.wallet.address();
        terms.owner = w.owner;
        terms.seed = w.identity(key).seed;
        terms.rent = 1;
        terms.already_held = 1;
        return terms;
    }
    static std::vector<drift> kinds(const reconcile_report& report) {
        std::vector<drift> out;
        for (const auto& each : report.findings) out.push_back(each.drift);
        return out;
    }

    // A partner is declared; its server is mounted where a test wants it.
    world w{{}, 10'000'000'000, {}, mint_version, shop_at(partner_place::recheck)};

  private:
    int runs_ = 0;
};

}  // namespace thole::nft::testing
