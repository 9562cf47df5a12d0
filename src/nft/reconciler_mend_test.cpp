// What the reconciler does about the chain: one operation of a mint at a time, and only where the
// record's mint is the one that its operation made.

#include "nft/reconcile_world_test.hpp"

namespace thole::nft {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class reconciler_mend : public reconciler {
  protected:
    // By the wallet's key, behind the daemon's back.
    void swap_uri(const std::string& key) {
        auto terms = terms_of(key);
        terms.fields.uri = "ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
        w.submit_on(w.chain, solana::plan_uri_update(terms));
    }
    void leave_lamports(std::uint64_t lamports) {
        w.chain.place(w.wallet.address(), {lamports, {}, {}});
    }
    std::vector<saga::operation_details> mends() {
        saga::list_filter filter;
        filter.kind = std::string{mend_kind};
        return w.b.wait(w.b->list(std::move(filter)))->items;
    }
    uuid mend_by_hand(const uuid& mint) {
        saga::submission s;
        s.kind = std::string{mend_kind};
        s.key = "by hand";
        s.input = json::write(mend_request{mint, 0});
        return w.b.accept(std::move(s));
    }
    finding only_finding() {
        const auto report = run(false);
        EXPECT_THAT(kinds(report), ElementsAre(drift::uri_mismatch));
        return report.findings.empty() ? finding{} : report.findings.front();
    }
};

// proves: C3
TEST_F(reconciler_mend, no_second_one_is_begun_while_one_is_open) {
    const auto id = drifted("");
    swap_uri("order-1");
    leave_lamports(1'000);
    const auto first = only_finding();
    EXPECT_EQ(first.remedy, remedy::begun);
    ASSERT_TRUE(first.repair);
    w.until(*first.repair, [](const auto& view) { return view.waiting.has_value(); });
    for (const bool restarted : {false, true}) {
        if (restarted) {
            w.b.crash();
            w.b.start();
        }
        const auto again = only_finding();
        EXPECT_EQ(again.remedy, remedy::begun);
        EXPECT_EQ(again.repair, first.repair);
        EXPECT_THAT(mends(), SizeIs(1));
    }
    leave_lamports(10'000'000'000);
    EXPECT_EQ(w.b.end_of(*first.repair).view.state, "completed");
    EXPECT_EQ(w.on_chain(w.identity("order-1"))->nft->uri, w.row(id)->uri);
    // Once it has ended, what drifts anew is mended anew.
    swap_uri("order-1");
    const auto second = repaired(drift::uri_mismatch);
    EXPECT_EQ(second.remedy, remedy::fixed);
    EXPECT_NE(second.repair, first.repair);
    EXPECT_THAT(mends(), SizeIs(2));
}

// proves: C3
TEST_F(reconciler_mend, one_that_stands_behind_another_is_not_awaited) {
    const auto id = drifted("");
    swap_uri("order-1");
    leave_lamports(1'000);
    const auto by_hand = mend_by_hand(id);
    w.until(by_hand, [](const auto& view) { return view.waiting.has_value(); });
    const auto before = w.b.loop.now();
    EXPECT_EQ(only_finding().remedy, remedy::begun);
    EXPECT_LT(w.b.loop.now() - before, 1min);
    leave_lamports(10'000'000'000);
    for (const auto& each : mends()) EXPECT_EQ(w.b.end_of(each.view.id).view.state, "completed");
}

// Each record is whole, and the other's token is one whose URI this wallet may set.
// proves: C3, S9
TEST_F(reconciler_mend, two_records_whose_mints_were_swapped_are_for_a_person) {
    std::vector<uuid> ids;
    std::vector<std::string> uris;
    for (const std::string key : {"order-1", "order-2"}) {
        auto wanted = w.request(key);
        wanted.account = key;
        ids.push_back(w.accept(key, wanted));
        ASSERT_EQ(w.b.end_of(ids.back()).view.state, "completed");
        uris.push_back(w.on_chain(w.identity(key))->nft->uri);
    }
    const auto one = w.row(ids[0])->mint;
    const auto other = w.row(ids[1])->mint;
    const auto set = [&](const std::string& from, const std::string& to) {
        on_records("update thole_nft set mint = '" + to + "' where mint = '" + from + "'");
    };
    set(one, "between");
    set(other, one);
    set("between", other);
    const auto report = run(false);
    EXPECT_THAT(kinds(report), ElementsAre(drift::uri_mismatch, drift::uri_mismatch));
    for (const auto& each : report.findings) {
        EXPECT_EQ(each.remedy, remedy::none);
        EXPECT_THAT(each.detail, HasSubstr("it is not the mint of its operation"));
    }
    EXPECT_THAT(mends(), IsEmpty());
    const auto parked =
        w.until(mend_by_hand(ids[0]), [](const auto& view) { return view.state == "parked"; });
    EXPECT_THAT(json::write(parked.view), HasSubstr("nft.not_mendable"));
    EXPECT_EQ(w.on_chain(w.identity("order-1"))->nft->uri, uris[0]);
    EXPECT_EQ(w.on_chain(w.identity("order-2"))->nft->uri, uris[1]);
}

// proves: C3
TEST_F(reconciler_mend, content_of_a_record_that_names_no_image_is_a_work_item) {
    const auto id = drifted("image_cid = 'none of your business'");
    w.content.lose(w.row(id)->metadata_cid);
    const auto report = run(false, true);
    ASSERT_THAT(kinds(report), ElementsAre(drift::content_lost));
    EXPECT_EQ(report.findings[0].remedy, remedy::none);
    EXPECT_THAT(report.findings[0].detail, HasSubstr("its image_cid is no CID"));
}

// proves: C3
TEST_F(reconciler_mend, a_row_that_cannot_be_read_stops_no_other) {
    std::vector<uuid> ids;
    for (const std::string key : {"order-1", "order-2", "order-3"}) {
        auto wanted = w.request(key);
        wanted.account = key;
        ids.push_back(w.accept(key, wanted));
        ASSERT_EQ(w.b.end_of(ids.back()).view.state, "completed");
    }
    on_records("update thole_nft set status = 'pending'");
    on_records("update thole_nft set created_at = 'long ago' where operation_id = '" +
               ids[1].text() + "'");
    const auto report = run(false);
    EXPECT_EQ(report.records, 2U);
    EXPECT_GE(report.unseen, 1U);
    EXPECT_EQ(report.classes.at("record_behind"), 2U);
    EXPECT_NE(w.row(ids[0])->status, record_status::pending);
    EXPECT_NE(w.row(ids[2])->status, record_status::pending);
}

// proves: C3, S4
TEST(is_own_mint, is_the_one_of_the_journaled_input_or_else_of_the_key) {
    const cluster_secret secret{sha256(as_bytes("a cluster"))};
    const mint_base base{secret, solana::keypair::from_seed({1}).address()};
    const mint_base later{secret, solana::keypair::from_seed({2}).address()};
    saga::operation_details of;
    of.tenant = "default";
    of.view.kind = std::string{mint_kind};
    of.view.key = "order-1";
    mint_request request;
    request.owner = solana::keypair::from_seed({9}).address().text();
    request.name = "Seat";
    request.symbol = "TIX";
    const operation_name who{of.tenant, of.view.kind, of.view.key};
    of.input = json::write(accept_mint(request, base, who));
    chain_nft nft;
    nft.program = solana::token_2022_program;
    nft.mint = identify_mint(secret, base.wallet, who, token_standard::token_2022).mint;
    EXPECT_TRUE(is_own_mint(base, of, nft));
    EXPECT_TRUE(is_own_mint(later, of, nft)) << "what was journaled stays";
    auto other = nft;
    other.mint = identify_mint(secret, base.wallet, {of.tenant, of.view.kind, "order-2"},
                               token_standard::token_2022)
                     .mint;
    EXPECT_FALSE(is_own_mint(base, of, other));
    of.input.clear();
    EXPECT_TRUE(is_own_mint(base, of, nft));
    EXPECT_FALSE(is_own_mint(base, of, other));
    of.view.kind = "recheck";
    EXPECT_FALSE(is_own_mint(base, of, nft));
}

}  // namespace
}  // namespace thole::nft
