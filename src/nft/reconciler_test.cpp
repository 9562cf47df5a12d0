#include "ipfs/codes.hpp"
#include "nft/codes.hpp"
#include "nft/reconcile_world_test.hpp"
#include "nft/steps/upload_content.hpp"
#include "solana/codec/address.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/system.hpp"
#include "solana/codec/token.hpp"

namespace thole::nft {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// proves: C3
TEST_F(reconciler, what_agrees_is_no_finding_and_a_page_is_one_request) {
    for (int i = 0; i < 25; ++i) {
        auto r = w.request("Seat " + std::to_string(i));
        r.account = "user-" + std::to_string(i);
        const auto id = w.accept("order-" + std::to_string(i), r);
        ASSERT_EQ(w.b.end_of(id).view.state, "completed");
    }
    const auto before = chain_reads();
    const auto report = run(true, true);
    EXPECT_EQ(report.records, 25U);
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_EQ(chain_reads() - before, 2U);
}

// proves: C3, E9
TEST_F(reconciler, a_record_behind_the_chain_is_written_from_it) {
    const auto id = drifted("status = 'pending', signature = null");
    auto report = run(true);
    EXPECT_THAT(kinds(report), ElementsAre(drift::record_behind));
    EXPECT_EQ(report.findings[0].remedy, remedy::would_fix);
    EXPECT_EQ(report.findings[0].operation_id, id);
    EXPECT_EQ(w.row(id)->status, record_status::pending) << "a dry run changes nothing";
    EXPECT_EQ(repaired(drift::record_behind).remedy, remedy::fixed);
    EXPECT_EQ(w.row(id)->status, record_status::completed) << "every layer was read back";
    EXPECT_EQ(w.row(id)->version, 4);
    EXPECT_EQ(w.row(id)->signature, w.b.now(id).find_output<steps::submit>()->signature)
        << "the chain does not tell it, and the journal does";
    ASSERT_EQ(w.told.size(), 3U);
    EXPECT_EQ(w.told[0].drift, drift::record_behind);
    EXPECT_EQ(w.told[1].remedy, remedy::begun) << "before its effect: a crash hides no repair";
    EXPECT_EQ(w.told[2].remedy, remedy::fixed);
}

// proves: C3
TEST_F(reconciler, a_record_whose_content_is_not_served_is_not_called_completed) {
    const auto id = drifted("status = 'pending'");
    w.content.faults().corrupt = true;
    EXPECT_EQ(run(false).fixed, 1U);
    EXPECT_EQ(w.row(id)->status, record_status::minted);
    w.content.faults().corrupt = false;
    EXPECT_EQ(repaired(drift::record_behind).remedy, remedy::fixed);
    EXPECT_EQ(w.row(id)->status, record_status::completed);
}

// proves: C3
TEST_F(reconciler, a_record_of_a_token_that_was_sent_on_comes_to_its_end) {
    const auto id = drifted("status = 'minted'");
    ASSERT_TRUE(w.send_on(w.identity("order-1")));
    w.b.loop.advance(1min);  // until it is final
    const auto report = run(false);
    EXPECT_THAT(kinds(report), ElementsAre(drift::record_behind, drift::owner_mismatch));
    EXPECT_EQ(report.fixed, 1U);
    EXPECT_EQ(w.row(id)->status, record_status::completed);
    EXPECT_EQ(w.b.wait(w.table.live()), 0U);
    EXPECT_THAT(kinds(run(false)), ElementsAre(drift::owner_mismatch));
}

// proves: C3
TEST_F(reconciler, a_record_that_cannot_be_settled_is_not_reported_fixed_each_time) {
    const auto id = drifted("status = 'minted'");
    w.net.link("http://content").refuse = true;
    for (int i = 0; i < 2; ++i) {
        const auto report = run(false);
        ASSERT_THAT(kinds(report), ElementsAre(drift::record_behind));
        EXPECT_EQ(report.findings[0].remedy, remedy::none) << report.findings[0].detail;
        EXPECT_EQ(report.unseen, 1U);
    }
    w.net.link("http://content").refuse = false;
    EXPECT_EQ(repaired(drift::record_behind).remedy, remedy::fixed);
    EXPECT_EQ(w.row(id)->status, record_status::completed);
}

// proves: C3
TEST_F(reconciler, a_record_behind_with_a_wrong_level_is_settled_as_the_content_says) {
    const auto id = drifted("status = 'pending', level = 9");
    EXPECT_THAT(kinds(run(false)), ElementsAre(drift::level_mismatch, drift::record_behind));
    EXPECT_EQ(w.row(id)->level, 3U);
    EXPECT_EQ(w.row(id)->status, record_status::completed);
    EXPECT_THAT(run(false, true).findings, IsEmpty());
}

// proves: C3, S3
TEST_F(reconciler, one_record_on_which_providers_differ_stops_no_other) {
    std::vector<uuid> ids;
    for (const std::string key : {"order-1", "order-2"}) {
        auto wanted = w.request(key);
        wanted.account = key;
        ids.push_back(w.accept(key, wanted));
        ASSERT_EQ(w.b.end_of(ids.back()).view.state, "completed");
    }
    on_records("update thole_nft set status = 'pending'");
    // One of the two nodes that answer does not have the first of them.
    model::ledger other = w.chain;
    other.place(w.identity("order-1").mint, {});
    other.advance(other.options().final_slots + 1);
    world::node north{"north", other};
    w.mount(north);
    w.net.link(w.west.url).refuse = true;
    const auto report = run(false);
    EXPECT_EQ(report.records, 2U);
    EXPECT_EQ(report.unseen, 1U);
    ASSERT_THAT(kinds(report), ElementsAre(drift::record_behind));
    EXPECT_EQ(w.row(ids[0])->status, record_status::pending);
    EXPECT_EQ(w.row(ids[1])->status, record_status::completed);
}

// proves: C3, E9
TEST_F(reconciler, a_record_that_was_dropped_is_written_from_journal_and_chain) {
    for (int i = 0; i < 5; ++i) {  // more than a page
        auto r = w.request("Seat " + std::to_string(i));
        r.account = "user-" + std::to_string(i);
        ASSERT_EQ(w.b.end_of(w.accept("order-" + std::to_string(i), r)).view.state, "completed");
    }
    const auto rows = *w.b.wait(w.table.page({}, 10));
    on_records("delete from thole_nft where account = 'user-0'");
    const auto dry = run(true);
    EXPECT_THAT(kinds(dry), ElementsAre(drift::record_missing));
    EXPECT_EQ(dry.findings[0].remedy, remedy::would_fix);
    EXPECT_EQ(w.b.wait(w.table.page({}, 10))->size(), 4U);
    EXPECT_EQ(repaired(drift::record_missing).remedy, remedy::fixed);
    const auto again = *w.b.wait(w.table.page({}, 10));
    ASSERT_EQ(again.size(), 5U);
    for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_TRUE(same_content(rows[i], again[i]));
}

// proves: C3
TEST_F(reconciler, a_pending_record_that_nothing_became_of_is_marked) {
    const auto id = cancelled("order-1");
    on_records("update thole_nft set status = 'pending'");
    auto report = run(false);
    ASSERT_THAT(kinds(report), ElementsAre(drift::orphan_record));
    EXPECT_EQ(report.findings[0].remedy, remedy::none) << "a moment ago somebody was at it";
    w.b.loop.advance(11min);
    EXPECT_EQ(repaired(drift::orphan_record).remedy, remedy::fixed);
    EXPECT_EQ(w.row(id)->status, record_status::rolled_back);
}

// proves: C3, I5
TEST_F(reconciler, pins_of_an_operation_that_left_nothing_are_given_back) {
    const auto id = cancelled("order-1");
    const auto keep = [&](const std::string& owner) {
        ipfs::upload what{.predicted = ipfs::cid_of(as_bytes("left"))};
        what.source = std::make_shared<ipfs::memory_source>("left");
        what.owner = owner;
        ASSERT_TRUE(w.b.wait(w.pins.replicate(std::move(what), 2, w.in(10s))).enough());
    };
    const auto rows_of = [&](const std::string& owner) {
        return w.b.wait(w.ledger.of_owner(owner))->size();
    };
    keep(id.text());
    EXPECT_EQ(run(true).findings.at(0).remedy, remedy::would_fix);
    EXPECT_EQ(rows_of(id.text()), 1U);
    EXPECT_EQ(repaired(drift::orphan_pin).remedy, remedy::fixed);
    EXPECT_EQ(rows_of(id.text()), 0U);
    EXPECT_EQ(w.store.pins(), 0U);
    // Nobody knows this owner: a token may point there all the same.
    const auto stranger = uuid::parse("0190a0b4-7c00-7000-8000-000000000001")->text();
    keep(stranger);
    const auto report = run(false);
    ASSERT_THAT(kinds(report), ElementsAre(drift::orphan_pin));
    EXPECT_EQ(report.findings[0].remedy, remedy::none);
    EXPECT_EQ(rows_of(stranger), 1U);
}

// A token may be there that they do not see yet.
// proves: C3, S1
TEST_F(reconciler, nothing_is_given_back_on_the_word_of_nodes_that_all_lag) {
    const auto id = cancelled("order-1");
    const ipfs::pin_row left{id.text(), "kubo", ipfs::cid_of(as_bytes("left")).text()};
    ASSERT_TRUE(w.b.wait(w.ledger.confirm(left)));
    EXPECT_THAT(kinds(run(true)), ElementsAre(drift::orphan_pin));
    w.b.loop.advance(5min);
    w.each([](auto& node) { node.model.faults().lag = 400; });
    w.north.model.faults().lag = 0;  // is asked, and then away
    const solana::rpc::options north{.until = w.in(10s),
                                     .level = solana::commitment::finalized,
                                     .min_context_slot = {},
                                     .endpoint = name{"north"}};
    ASSERT_TRUE(w.b.wait(w.rpc.get_balance(w.wallet.address(), north)));
    w.net.link(w.north.url).refuse = true;
    const auto report = run(false);
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_EQ(report.unseen, 1U);
    EXPECT_EQ(w.b.wait(w.ledger.of_owner(id.text()))->size(), 1U);
    w.each([](auto& node) { node.model.faults().lag = 0; });
    EXPECT_EQ(repaired(drift::orphan_pin).remedy, remedy::fixed);
}

// proves: C3, S9
TEST_F(reconciler, a_swapped_uri_is_set_back_by_an_operation_of_its_own) {
    const auto id = drifted("");
    auto terms = terms_of("order-1");
    terms.fields.uri = "ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
    w.submit_on(w.chain, solana::plan_uri_update(terms));
    const auto swapped = w.on_chain(w.identity("order-1"))->nft->uri;
    ASSERT_EQ(swapped, terms.fields.uri);
    EXPECT_EQ(run(true).findings.at(0).remedy, remedy::would_fix);
    EXPECT_EQ(w.on_chain(w.identity("order-1"))->nft->uri, swapped);
    const auto found = repaired(drift::uri_mismatch);
    EXPECT_EQ(found.remedy, remedy::fixed);
    EXPECT_EQ(w.on_chain(w.identity("order-1"))->nft->uri, w.row(id)->uri);
    const auto repair = w.b.now(found.repair.value());
    EXPECT_EQ(repair.view.kind, "mend");
    EXPECT_EQ(repair.view.state, "completed");
    EXPECT_EQ(repair.find_output<read_back>()->mint, w.row(id)->mint);
}

// The model knows Metaplex' update and none of its other instructions: the token is put there as
// its accounts are. The bytes of the update are those of the published package (MintRecipe).
// proves: C3, S9
TEST_F(reconciler, a_swapped_uri_of_a_metaplex_token_is_set_back_and_the_rest_kept) {
    w.content.faults().corrupt = true;
    auto wanted = w.request();
    wanted.standard = token_standard::metaplex;
    const auto id = w.accept("order-1", wanted);
    w.until(id, [](const auto& view) { return view.step == "fetch_uris"; });
    EXPECT_TRUE(w.b.wait(w.b->cancel(id, "test", "minted elsewhere")));
    EXPECT_EQ(w.b.end_of(id).view.state, "rolled_back");
    w.content.faults().corrupt = false;
    on_records("update thole_nft set status = 'completed', signature = 'of another program'");

    const auto who = w.identity("order-1", token_standard::metaplex);
    const auto swapped = "ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
    const fixture::metaplex_options how{.mint = who.mint,
                                        .update_authority = w.wallet.address(),
                                        .creator = w.wallet.address(),
                                        .collection = fixture::key(5)};
    const auto& program = solana::token_program;
    const auto& metaplex = solana::metaplex_program;
    bytes holding(165);
    std::ranges::copy(who.mint.raw, holding.begin());
    std::ranges::copy(w.owner.raw, holding.begin() + 32);
    holding[64] = holding[108] = 1;
    const auto put = [&](const solana::public_key& at, bytes data, const auto& owner) {
        w.chain.place(at, {10'000'000, std::move(data), owner});
    };
    put(who.mint, fixture::metaplex_mint(who.mint), program);
    put(solana::metadata_address(who.mint), fixture::metaplex_metadata(swapped, how), metaplex);
    put(solana::master_edition_address(who.mint), fixture::master_edition(), metaplex);
    put(solana::associated_token_address(w.owner, who.mint, program), holding, program);
    w.chain.advance(w.chain.options().final_slots + 1);

    const auto before = w.on_chain(who)->nft.value();
    ASSERT_EQ(before.uri, swapped);
    const auto found = repaired(drift::uri_mismatch);
    EXPECT_EQ(found.remedy, remedy::fixed) << found.detail;
    auto after = w.on_chain(who)->nft.value();
    EXPECT_EQ(after.uri, w.row(id)->uri);
    EXPECT_EQ(w.b.now(found.repair.value()).view.state, "completed");
    after.uri = after.replaceable->uri = before.uri;
    EXPECT_EQ(after, before) << "name, fee, creators and collection stay";
}

// proves: C3, S9
TEST_F(reconciler, metadata_that_was_never_written_is_made) {
    const auto id = cancelled("order-1");
    auto terms = terms_of("order-1");
    const auto who = w.identity("order-1");
    const solana::seeded_address at{who.mint, terms.wallet, terms.seed};
    const auto& program = solana::token_2022_program;
    const auto holding = solana::associated_token_address(w.owner, who.mint, program);
    const auto rent = model::rent_exempt(solana::mint_with_pointer_space);
    w.submit_on(w.chain,
                {solana::create_account_with_seed(terms.wallet, at,
                                                  {rent, solana::mint_with_pointer_space, program}),
                 solana::initialize_metadata_pointer(who.mint, std::nullopt, who.mint),
                 solana::initialize_mint(program, who.mint, 0, terms.wallet, std::nullopt),
                 solana::create_associated_token_account(program, terms.wallet, w.owner, who.mint),
                 solana::mint_to(program, {who.mint, holding, terms.wallet}, 1)});
    ASSERT_TRUE(w.on_chain(who)->nft->lacks_metadata);
    const auto report = run(false);
    ASSERT_THAT(kinds(report), ElementsAre(drift::metadata_missing));
    EXPECT_EQ(report.findings[0].remedy, remedy::fixed) << report.findings[0].detail;
    const auto made = w.on_chain(who);
    EXPECT_EQ(made->nft->name, "Seat B-7");
    EXPECT_TRUE(issuer_verified(*made->nft, w.wallet.address()));
    EXPECT_EQ(uniqueness_problem(*made->nft), "");
    // Then the rest: the record follows, and the pins that were given back are made again.
    EXPECT_THAT(kinds(run(false, true)), ElementsAre(drift::record_behind, drift::pin_lost));
    EXPECT_EQ(w.row(id)->status, record_status::completed);
    EXPECT_THAT(run(false, true).findings, IsEmpty());
}

// proves: C3
TEST_F(reconciler, a_wrong_level_is_written_from_the_verified_content) {
    const auto id = drifted("level = 9");
    EXPECT_THAT(run(false).findings, IsEmpty()) << "content only on request";
    EXPECT_EQ(repaired(drift::level_mismatch, true).remedy, remedy::fixed);
    EXPECT_EQ(w.row(id)->level, 3U);
    EXPECT_EQ(w.row(id)->status, record_status::completed);
    on_records("update thole_nft set metadata_json = '{}'");
    EXPECT_EQ(repaired(drift::level_mismatch, true).remedy, remedy::fixed);
    EXPECT_NE(w.row(id)->metadata_json, "{}");
}

// proves: M2, C3
TEST_F(reconciler, what_is_not_repaired_flags_the_mint_until_all_agrees) {
    const auto id = drifted("");
    w.content.faults().corrupt = true;
    (void)run(true, true);
    EXPECT_FALSE(w.flags.find(id)) << "a dry run changes nothing";
    (void)run(false, true);
    EXPECT_EQ(w.flags.find(id), drift::content_lost);
    drift_flags after_restart{w.table};
    EXPECT_FALSE(after_restart.find(id));
    ASSERT_TRUE(w.b.wait(after_restart.load()));
    EXPECT_EQ(after_restart.find(id), drift::content_lost);
    w.content.faults().corrupt = false;
    (void)run(false);
    EXPECT_EQ(w.flags.find(id), drift::content_lost) << "nobody has looked at the content";
    EXPECT_THAT(run(false, true).findings, IsEmpty());
    EXPECT_FALSE(w.flags.find(id));
    drift_flags once_more{w.table};
    ASSERT_TRUE(w.b.wait(once_more.load()));
    EXPECT_FALSE(once_more.find(id));
    // Who sold his token has no flaw in it.
    ASSERT_TRUE(w.send_on(w.identity("order-1")));
    w.b.loop.advance(1min);
    EXPECT_THAT(kinds(run(false, true)), ElementsAre(drift::owner_mismatch));
    EXPECT_FALSE(w.flags.find(id));
}

// proves: M2
TEST_F(reconciler, what_a_partner_showed_is_not_cleared_without_asking_him) {
    const auto id = drifted("");
    ASSERT_TRUE(w.b.wait(w.flags.set(id, drift::partner_mismatch)));
    const auto silent = run(false, true);
    EXPECT_THAT(silent.findings, IsEmpty());
    EXPECT_EQ(silent.unseen, 1U);
    EXPECT_EQ(w.flags.find(id), drift::partner_mismatch);

    std::string level = "4";
    w.net.mount("http://shop", [&](const io::http_request& r) {
        EXPECT_EQ(r.url, "http://shop/seen/" + w.owner.text());
        const auto mint = w.identity("order-1").mint.text();
        return sim::reply{
            200, R"({"nfts":[{"mint":")" + mint + R"(","level":)" + level + "}]}", {}};
    });
    const auto report = run(false);
    ASSERT_THAT(kinds(report), ElementsAre(drift::partner_mismatch));
    EXPECT_EQ(report.findings[0].detail, "partner shop: level is 4");
    EXPECT_EQ(report.findings[0].remedy, remedy::none);
    EXPECT_EQ(w.flags.find(id), drift::partner_mismatch);

    level = "\"3\"";
    EXPECT_THAT(run(true).findings, IsEmpty());
    EXPECT_EQ(w.flags.find(id), drift::partner_mismatch) << "a dry run changes nothing";
    EXPECT_THAT(run(false).findings, IsEmpty());
    EXPECT_FALSE(w.flags.find(id));
    EXPECT_EQ(w.told.back().remedy, remedy::fixed);
}

// Partners look into wallets.
// proves: M2
TEST_F(reconciler, what_a_partner_showed_of_a_sold_token_is_no_flaw) {
    const auto id = drifted("");
    ASSERT_TRUE(w.b.wait(w.flags.set(id, drift::partner_mismatch)));
    ASSERT_TRUE(w.send_on(w.identity("order-1")));
    w.b.loop.advance(1min);
    EXPECT_THAT(kinds(run(false)), ElementsAre(drift::owner_mismatch));
    EXPECT_FALSE(w.flags.find(id));
}

// proves: M2
TEST_F(reconciler, a_flag_that_could_not_be_written_is_written_the_next_time) {
    const auto id = drifted("");
    const auto after_restart = [&] {
        drift_flags anew{w.table};
        EXPECT_TRUE(w.b.wait(anew.load()));
        return anew.find(id);
    };
    auto other = sql::database::open(w.folder.file("records.sqlite"), sql::access::read_write);
    ASSERT_TRUE(other && other->execute("begin immediate"));
    EXPECT_FALSE(w.b.wait(w.flags.set(id, drift::uri_mismatch)));
    ASSERT_TRUE(other->execute("rollback"));
    EXPECT_FALSE(after_restart());
    EXPECT_TRUE(w.b.wait(w.flags.set(id, drift::uri_mismatch))) << "that it is known is not enough";
    EXPECT_EQ(after_restart(), drift::uri_mismatch);
    ASSERT_TRUE(other->execute("begin immediate"));
    EXPECT_FALSE(w.b.wait(w.flags.clear(id)));
    ASSERT_TRUE(other->execute("rollback"));
    EXPECT_EQ(w.flags.find(id), drift::uri_mismatch) << "so that whoever looks next clears it";
    EXPECT_TRUE(w.b.wait(w.flags.clear(id)));
    EXPECT_FALSE(after_restart());
}

// proves: C3
TEST_F(reconciler, gateways_that_are_away_say_nothing_about_content) {
    drifted("");
    w.net.link("http://content").refuse = true;
    const auto report = run(false, true);
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_EQ(report.unseen, 1U);
}

// proves: C3
TEST_F(reconciler, what_cannot_be_repaired_safely_is_a_work_item) {
    const auto other = solana::keypair::from_seed({8}).address().text();
    const std::vector<std::pair<std::string, drift>> cases{
        // The record contradicts itself, so it is no measure for the chain.
        {"uri = 'ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'",
         drift::uri_mismatch},
        {"owner = '" + other + "'", drift::owner_mismatch},
        {"mint = '" + other + "'", drift::not_on_chain},
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
TEST_F(reconciler, a_uri_whose_own_host_is_dead_is_a_work_item) {
    const auto id = drifted("");
    auto row = w.row(id).value();
    auto terms = terms_of("order-1");
    terms.fields.uri = row.uri = "https://site/ipfs/" + row.metadata_cid;
    terms.rent = 50'000'000;  // a longer URI takes more room
    w.submit_on(w.chain, solana::plan_uri_update(terms));
    ASSERT_TRUE(w.b.wait(w.table.converge(row)));
    int asked = 0;
    bool up = false;
    w.net.mount("https://site", [&](const io::http_request& r) {
        ++asked;
        if (!up) return sim::reply{404, {}, {}};
        const auto target = r.url.substr(std::string_view{"https://site"}.size());
        auto answer = w.content.answer({r.method, target, {}, r.body});
        return sim::reply{answer.status, std::move(answer.body), {}};
    });
    const auto report = run(false, true);
    ASSERT_THAT(kinds(report), ElementsAre(drift::uri_dead));
    EXPECT_EQ(report.findings[0].remedy, remedy::none);
    EXPECT_THAT(report.findings[0].detail, HasSubstr(row.uri));
    EXPECT_EQ(asked, 2) << "a moment's silence is no death";
    EXPECT_EQ(w.flags.find(id), drift::uri_dead);
    up = true;
    EXPECT_THAT(run(false, true).findings, IsEmpty());
    EXPECT_FALSE(w.flags.find(id));
}

// proves: C3, I2, I5
TEST_F(reconciler, a_pin_that_a_provider_dropped_is_made_again_while_gateways_still_serve) {
    const auto id = drifted("");
    const auto unpin = [&](const std::string& cid) {
        const ipfs::pin_receipt receipt{"kubo", cid, {}};
        ASSERT_TRUE(w.b.wait(w.kubo.unpin(receipt, w.in(10s))));
    };
    unpin(w.row(id)->image_cid);
    EXPECT_THAT(run(false).findings, IsEmpty()) << "content only on request";
    const auto found = repaired(drift::pin_lost, true);
    EXPECT_EQ(found.remedy, remedy::fixed);
    EXPECT_THAT(found.detail, HasSubstr("is not kept at kubo"));
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
    add_rows(rows);
    const auto before = chain_reads();
    const auto begun = w.b.loop.now();
    const auto id = begin({.dry_run = false});
    const auto end = w.b.end_of(id);
    const auto report = end.find_output<sweep>().value();
    EXPECT_EQ(report.records, rows + 1U);
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_EQ(chain_reads() - before, rows / 20 + 1U);
    EXPECT_GE(w.b.loop.now() - begun, 50ms * (rows / 20)) << "no more than 20 questions a second";
    EXPECT_GE(parts_of(id).size(), 5U) << "each a second of work, with its own time-out";
}

// proves: C3, E1
TEST_F(reconciler, a_crash_repeats_no_more_than_a_part) {
    constexpr int rows = 2'000;
    add_rows(rows);
    const auto before = chain_reads();
    const auto id = begin({.dry_run = false});
    const auto enough = [&](const auto&) { return chain_reads() - before >= 70; };
    w.until(id, enough);
    w.b.crash();
    w.b.start();
    const auto report = w.b.end_of(id).find_output<sweep>().value();
    EXPECT_EQ(report.records, rows + 1U);
    EXPECT_LE(chain_reads() - before, rows / 20 + 1U + 21U) << "a second's questions, once more";
}

// proves: C3
TEST_F(reconciler, a_part_that_a_person_ends_ends_all) {
    add_rows(500);
    const auto id = begin({.dry_run = false});
    w.until(id, [&](const auto&) { return !parts_of(id).empty(); });
    ASSERT_TRUE(w.b.wait(w.b->cancel(parts_of(id).front().view.id, "me", "not now")));
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "rolled_back") << json::write(end.view);
    EXPECT_THAT(end.view.cause.value_or(""), HasSubstr("a part of it was"));
}

// proves: C3, I5
TEST_F(reconciler, slices_of_the_content_are_the_whole_and_no_record_twice) {
    constexpr std::uint32_t third = 0x5555'5555;
    for (int i = 0; i < 12; ++i) {
        auto r = w.request("Seat " + std::to_string(i));
        r.account = "user-" + std::to_string(i);
        ASSERT_EQ(w.b.end_of(w.accept("order-" + std::to_string(i), r)).view.state, "completed");
    }
    std::uint64_t seen = 0;
    for (const auto& slice : {content_slice{5, third}, {third, 2 * third}, {2 * third, 5}}) {
        const auto report = run(true, true, slice);
        EXPECT_EQ(report.records, 12U) << "chain and records are compared whole";
        EXPECT_LT(report.contents, 12U);
        seen += report.contents;
    }
    EXPECT_EQ(seen, 12U);
    EXPECT_EQ(run(true, true).contents, 12U) << "asked for: all";
    EXPECT_EQ(run(true, true, content_slice{7, 7}).contents, 12U);
    EXPECT_EQ(run(true, false, content_slice{7, 7}).contents, 0U);
}

// proves: C3
TEST_F(reconciler, questions_about_content_wait_for_their_turn_too) {
    for (int i = 0; i < 10; ++i) {
        auto r = w.request("Seat " + std::to_string(i));
        r.account = "user-" + std::to_string(i);
        ASSERT_EQ(w.b.end_of(w.accept("order-" + std::to_string(i), r)).view.state, "completed");
    }
    std::size_t questions = 0;
    w.net.mount("http://content", [&](const io::http_request& r) {
        ++questions;
        const auto target = r.url.substr(std::string_view{"http://content"}.size());
        auto answer = w.content.answer({r.method, target, {}, r.body});
        return sim::reply{answer.status, std::move(answer.body), {}};
    });
    const auto begun = w.b.loop.now();
    EXPECT_THAT(run(true, true).findings, IsEmpty());
    EXPECT_GE(questions, 30U) << "metadata once, and the pins of metadata and image";
    EXPECT_GE(w.b.loop.now() - begun, 50ms * questions);
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

// proves: C3, S9
TEST(possible_mend, of_metaplex_only_what_one_instruction_changes) {
    record row;
    row.metadata_json = R"({"name":"n"})";
    row.metadata_cid = steps::metadata_cid(row.metadata_json).text();
    row.uri = "ipfs://" + row.metadata_cid;
    const auto us = solana::keypair::from_seed({1}).address();
    mint_at at;
    at.state = mint_state::minted;
    at.nft.emplace();
    auto& nft = *at.nft;
    nft.program = solana::token_program;
    nft.has_metadata = nft.is_mutable = true;
    nft.update_authority = us;
    nft.uri = "ipfs://else";
    EXPECT_EQ(possible_mend(row, at, us), mend_act::nothing) << "a programmable one";
    nft.replaceable.emplace();
    EXPECT_EQ(possible_mend(row, at, us), mend_act::set_uri);
    EXPECT_EQ(possible_mend(row, at, solana::public_key{{2}}), mend_act::nothing);
    nft.is_mutable = false;
    EXPECT_EQ(possible_mend(row, at, us), mend_act::nothing);
    nft = {};
    nft.program = solana::token_program;
    nft.lacks_metadata = true;
    nft.supply = 1;
    EXPECT_EQ(possible_mend(row, at, us), mend_act::nothing) << "somebody else may mint";
    nft.mint_authority = us;
    EXPECT_EQ(possible_mend(row, at, us), mend_act::add_metadata);
}

TEST(drifts_of, what_an_earlier_wallet_signed_is_ours) {
    const auto now = solana::keypair::from_seed({1}).address();
    const auto before = solana::keypair::from_seed({2}).address();
    record row;
    row.status = record_status::completed;
    mint_at at;
    at.state = mint_state::minted;
    at.held = 1;
    at.nft.emplace();
    at.nft->has_metadata = true;
    at.nft->verified_creators = {before};
    EXPECT_THAT(drifts_of(row, at, {now}), SizeIs(1));
    EXPECT_THAT(drifts_of(row, at, {now, before}), IsEmpty());
    EXPECT_EQ(wallets_of(now, before.text() + ",," + now.text() + ",nonsense"),
              (issuers{now, before}));
}

TEST(drifts_of, an_account_that_is_not_ours_is_foreign) {
    record row;
    row.status = record_status::completed;
    mint_at at;
    at.state = mint_state::foreign;
    const auto issuer = solana::keypair::from_seed({1}).address();
    EXPECT_EQ(drifts_of(row, at, {issuer}).at(0).drift, drift::foreign_account);
    at.state = mint_state::minted;
    at.nft.emplace();
    EXPECT_EQ(drifts_of(row, at, {issuer}).at(0).drift, drift::metadata_missing);
    at.nft->has_metadata = true;
    const auto found = drifts_of(row, at, {issuer});
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_THAT(found[0].detail, HasSubstr("issuer"));
}

// proves: C3, I5
TEST_F(reconciler, metadata_comes_back_though_the_image_is_not_held_here) {
    const auto row = w.row(drifted("")).value();
    ASSERT_EQ(w.store.contents.erase(ipfs::cid::parse(row.image_cid).value()), 1U);
    w.content.lose(row.metadata_cid);
    EXPECT_EQ(repaired(drift::content_lost, true).remedy, remedy::fixed);
    w.content.lose(row.metadata_cid);
    w.content.lose(row.image_cid);
    for (const auto expected : {drift::content_lost, drift::pin_lost}) {
        const auto report = run(false, true);
        ASSERT_THAT(kinds(report), ElementsAre(expected));
        EXPECT_EQ(report.findings[0].remedy, remedy::none) << "the image is still lost";
        EXPECT_THAT(report.findings[0].detail, HasSubstr("not repaired: ipfs.not_held"));
        EXPECT_EQ(w.content.answer({"GET", "/ipfs/" + row.metadata_cid, {}, {}}).status, 200);
    }
}

}  // namespace
}  // namespace thole::nft
