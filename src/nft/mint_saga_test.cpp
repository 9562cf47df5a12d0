#include "nft/mint_saga.hpp"

#include "engine/codes.hpp"
#include "ipfs/codes.hpp"
#include "nft/codes.hpp"
#include "nft/mint_view.hpp"
#include "nft/mint_world_test.hpp"

namespace thole::nft {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// proves: M1, M2, C1
TEST(mint_saga, mints_and_reads_every_layer_back) {
    world w;
    const auto id = w.accept("order-1", w.request());
    const auto end = w.b.end_of(id);
    ASSERT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(end.view.progress, "COMPLETED");
    expect_minted(w, "order-1");

    const auto refs = end.find_output<steps::upload_content>().value();
    EXPECT_EQ(refs.image_pins.size(), 2U);
    EXPECT_EQ(refs.metadata_pins.size(), 2U);
    const auto at = w.on_chain(w.identity("order-1"));
    EXPECT_EQ(at->nft->uri, refs.uri);
    EXPECT_EQ(at->nft->name, "Seat B-7");
    EXPECT_TRUE(w.content.pins().contains(refs.metadata_cid));

    const auto row = w.row(id);
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ(row->status, record_status::completed);
    EXPECT_EQ(row->version, 3);
    EXPECT_EQ(row->mint, w.identity("order-1").mint.text());
    EXPECT_EQ(row->signature, end.find_output<steps::submit>()->signature);
    EXPECT_EQ(row->level, 3U);
    EXPECT_THAT(end.find_output<steps::verify>()->layers,
                ElementsAre("chain", "content", "record", "partner"));
    const auto view = view_mint({w.secret, w.wallet.address()}, end);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->mint, row->mint);
    EXPECT_EQ(view->signature, row->signature);
}

// proves: E4
TEST(mint_saga, shows_its_progress_by_name) {
    world w;
    const auto id = w.accept("order-1", w.request());
    std::vector<std::string> seen;
    w.until(id, [&](const saga::operation_view& view) {
        if (seen.empty() || seen.back() != view.progress) seen.push_back(view.progress);
        return view.progress == "COMPLETED";
    });
    EXPECT_THAT(seen, ::testing::IsSupersetOf(
                          {"BLOCKCHAIN_SUBMITTED", "BLOCKCHAIN_CONFIRMED", "COMPLETED"}));
}

// proves: S2, S6
TEST(mint_saga, lost_answers_to_sends_change_nothing) {
    world w;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [](const auto& view) { return view.step == "fetch_uris"; });
    w.each([&](auto& node) { w.net.link(node.url).lose_answers = 2; });
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    expect_minted(w, "order-1");
}

// proves: S2, S4
TEST(mint_saga, a_mint_whose_history_is_gone_lands_without_a_signature) {
    world w;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [&](const auto&) { return w.sends() > 0; });
    w.each([](auto& node) {
        node.model.faults().lose_history = true;
        node.model.faults().history_from = 1'000'000'000;
    });
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(end.view.generation, 1);
    EXPECT_EQ(end.find_output<steps::submit>()->signature, "");
    EXPECT_GT(end.find_output<steps::submit>()->slot, 0U);
    EXPECT_EQ(w.row(id)->signature, "");
    expect_minted(w, "order-1");
}

// proves: M2, C1
TEST(mint_saga, a_token_that_its_owner_sends_on_at_once_is_completed_all_the_same) {
    world w;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [&](const auto&) { return w.send_on(w.identity("order-1")); });
    const auto end = w.b.end_of(id);
    ASSERT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(w.on_chain(w.identity("order-1"))->held, 0U);
    EXPECT_EQ(w.row(id)->status, record_status::completed);
    std::string story;
    for (const auto& e : *w.b.wait(w.b->events(id, 0, 1000, deadline{w.b.loop.now()}))) {
        story += json::write(e);
    }
    EXPECT_THAT(story, HasSubstr("the owner has sent it on: " +
                                 end.find_output<steps::submit>()->signature));
    EXPECT_TRUE(w.b.store.locks()->empty());
}

// proves: M2
TEST(mint_saga, a_token_that_is_not_there_and_that_nobody_saw_delivered_is_for_a_person) {
    world w;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [&](const auto&) { return w.send_on(w.identity("order-1")); });
    w.each([](auto& node) {
        node.model.faults().lose_history = true;
        node.model.faults().history_from = 1'000'000'000;
    });
    const auto parked = w.until(id, [](const auto& view) { return view.state == "parked"; });
    EXPECT_THAT(json::write(parked.view), HasSubstr("the owner's token account holds 0"));
}

// proves: E6, M2
TEST(mint_saga, a_person_who_says_that_it_landed_is_not_believed_by_the_layers) {
    world w;
    w.each([](auto& node) { node.model.faults().drop_sends = 1'000'000; });
    const auto id = w.accept("order-1", w.request());
    w.until(id, [&](const auto& view) { return view.progress == "BLOCKCHAIN_SUBMITTED"; });
    const auto say = [&](std::string reference) {
        saga::resolution what{.landed = true, .reference = std::move(reference)};
        return w.b.wait((*w.b).resolve(id, "me", "seen", std::move(what)));
    };
    EXPECT_TRUE(say("no signature").error().is(thole::codes::operation_bad_output));
    ASSERT_TRUE(say(std::string(64, '1')));
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "parked") << json::write(end.view);
    EXPECT_EQ(end.view.step, "record_landed") << "the first that reads the chain";
    EXPECT_EQ(end.view.generation, 1) << "and nothing was signed anew";
}

// proves: S2
TEST(mint_saga, tells_of_a_transaction_without_an_end) {
    mint_settings settings;
    std::vector<std::string> late;
    settings.submit.late = [&](uuid operation, const std::string& signature) {
        late.push_back(operation.text() + " " + signature);
    };
    world w{{}, 10'000'000'000, settings};
    w.each([](auto& node) { node.model.faults().drop_sends = 1'000'000; });
    const auto id = w.accept("order-1", w.request());
    w.until(id, [&](const auto&) { return w.sends() > 0; });
    const auto began = w.b.loop.now();
    w.until(id, [&](const auto&) { return !late.empty(); });
    EXPECT_GE(w.b.loop.now() - began, 29s);
    EXPECT_LE(w.b.loop.now() - began, 36s);
    EXPECT_EQ(w.b.now(id).view.progress, "BLOCKCHAIN_SUBMITTED");
    w.until(id, [](const auto& view) { return view.progress == "BLOCKCHAIN_DELAYED"; });
    EXPECT_GE(w.b.loop.now() - began, 59s);
    EXPECT_LE(w.b.loop.now() - began, 66s);
    EXPECT_EQ(late.size(), 1U) << "once";
    EXPECT_THAT(late[0], ::testing::StartsWith(id.text() + " "));
    w.each([](auto& node) { node.model.faults().drop_sends = 0; });
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.progress, "COMPLETED") << json::write(end.view);
    expect_minted(w, "order-1");
    std::size_t notes = 0;
    for (const auto& event : *w.b.wait(w.b->events(id, 0, 1000, w.in(10s)))) {
        const auto data = event.data ? boost::json::serialize(*event.data) : std::string{};
        if (data.contains("sent to every endpoint")) ++notes;
    }
    EXPECT_EQ(notes, 1U);
}

// proves: E9
TEST(mint_saga, nothing_is_signed_anew_for_content_that_nobody_serves_any_more) {
    world w;
    w.each([](auto& node) { node.model.faults().drop_sends = 1'000'000; });
    const auto id = w.accept("order-1", w.request());
    w.until(id, [&](const auto& view) { return view.progress == "BLOCKCHAIN_SUBMITTED"; });
    const auto cid = w.b.now(id).find_output<steps::upload_content>()->metadata_cid;
    w.content.lose(cid);
    const auto parked = w.until(id, [](const auto& view) { return view.state == "parked"; });
    EXPECT_THAT(json::write(parked.view), HasSubstr("nft.content_gone"));
    EXPECT_EQ(parked.view.step, "submit");
    std::set<std::string> signed_ones;
    for (const auto& each : *w.b.store.prepared(1)) signed_ones.insert(each.bytes);
    EXPECT_LE(signed_ones.size(), 1U) << "the one that is proved dead";
    w.each([](auto& node) { node.model.faults().drop_sends = 0; });
    ipfs::upload again{.predicted = ipfs::cid::parse(cid).value()};
    again.source = std::make_shared<ipfs::memory_source>(
        w.b.now(id).find_output<steps::upload_content>()->metadata_json);
    again.owner = id.text();
    ASSERT_TRUE(w.b.wait(w.pins.replicate(std::move(again), 2, w.in(10s))).enough());
    ASSERT_TRUE(w.b.wait(w.b->retry(id, "me", "pinned again")));
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    expect_minted(w, "order-1");
}

// proves: S3, E9
TEST(mint_saga, a_dropped_transaction_is_proved_dead_and_signed_anew) {
    world w;
    w.each([](auto& node) { node.model.faults().drop_sends = 1'000'000; });
    const auto id = w.accept("order-1", w.request());
    w.until(id, [](const auto& view) { return view.generation == 2; });
    EXPECT_EQ(w.on_chain(w.identity("order-1"))->state, mint_state::absent);
    w.each([](auto& node) { node.model.faults().drop_sends = 0; });
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(end.view.generation, 2);
    expect_minted(w, "order-1");
}

// proves: S7, E5
TEST(mint_saga, a_congested_chain_lets_new_mints_take_turns_and_recovers_by_itself) {
    world w;
    w.each([](auto& node) { node.model.faults().drop_sends = 1'000'000; });
    const auto order = [&](int i) {
        auto r = w.request("Seat " + std::to_string(i));
        r.account = "user-" + std::to_string(i);
        return w.accept("order-" + std::to_string(i), r);
    };
    std::vector<uuid> all;
    for (int i = 0; i < 8; ++i) all.push_back(order(i));
    EXPECT_FALSE(w.submitter.crowding().congested);
    for (const auto& id : all) w.until(id, [](const auto& view) { return view.generation == 2; });
    EXPECT_TRUE(w.submitter.crowding().congested);
    w.each([](auto& node) { node.model.faults().drop_sends = 0; });
    // The first of them goes at once, the others one after another, and say why they wait.
    for (int i = 8; i < 14; ++i) all.push_back(order(i));
    const auto held = w.until(all.back(), [](const auto& view) {
        return view.waiting && view.waiting->reason.contains("congestion");
    });
    EXPECT_THAT(held.view.waiting->reason, HasSubstr("congestion: 8 of the last "));
    for (const auto& id : all) EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    w.b.loop.advance(2min);
    EXPECT_FALSE(w.submitter.crowding().congested);
    w.b.expect_stories_true();
}

// proves: E3, E9
TEST(mint_saga, three_proved_deaths_park_and_then_a_cancel_undoes) {
    world w;
    w.each([](auto& node) { node.model.faults().drop_sends = 1'000'000; });
    const auto id = w.accept("order-1", w.request());
    const auto parked = w.until(id, [](const auto& view) { return view.state == "parked"; });
    EXPECT_EQ(parked.view.generation, 3);
    EXPECT_EQ(parked.view.progress, "NEEDS_ATTENTION");
    ASSERT_TRUE(w.b.wait(w.b->cancel(id, "ops", "not needed any more")));
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "rolled_back") << json::write(end.view);
    EXPECT_EQ(w.row(id)->status, record_status::rolled_back);
    EXPECT_EQ(w.store.pins(), 0U);
    EXPECT_TRUE(w.content.pins().empty());
    EXPECT_TRUE(w.b.store.locks()->empty());
}

// A life told too short by one of two nodes would have what still lives proved dead, and then
// rolled back while it lands. proves: S3
TEST(mint_saga, signs_nothing_while_one_provider_alone_tells_how_long_it_lives) {
    mint_settings settings;
    settings.generations = 1;
    settings.rollback_when_exhausted = true;
    world w{{}, 10'000'000'000, settings};
    w.each([](auto& node) { node.model.faults().drop_sends = 1'000'000; });
    w.tell_short_lives(w.north, 400);
    w.net.link(w.west.url).refuse = true;
    const auto id = w.accept("order-1", w.request());
    const auto waiting = w.until(id, [](const auto& view) {
        return view.waiting && view.waiting->reason.starts_with("unreachable: ");
    });
    for (const auto* said : {"solana.blockhash_disputed", "north", "south"}) {
        EXPECT_THAT(waiting.view.waiting->reason, HasSubstr(said));
    }
    w.b.loop.advance(10min);
    EXPECT_EQ(w.sends(), 0U);
    w.net.link(w.west.url).refuse = false;
    w.each([](auto& node) { node.model.faults().drop_sends = 0; });
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(end.view.generation, 1);
    expect_minted(w, "order-1");
}

// proves: S3
TEST(mint_saga, one_that_told_a_short_life_while_it_was_alone_proves_no_death) {
    mint_settings settings;
    settings.generations = 1;
    settings.rollback_when_exhausted = true;
    world w{{.blockhash_age = 900}, 10'000'000'000, settings};
    w.each([](auto& node) { node.model.faults().drop_sends = 1'000'000; });
    w.tell_short_lives(w.north, 750);
    for (auto* away : {&w.south, &w.west}) w.net.link(away->url).refuse = true;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [&](const auto&) { return w.sends() > 0; });
    for (auto* away : {&w.south, &w.west}) w.net.link(away->url).refuse = false;
    w.b.loop.advance(4min);
    w.each([](auto& node) { node.model.faults().drop_sends = 0; });
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(end.view.generation, 1);
    expect_minted(w, "order-1");
}

// proves: E3, I5
TEST(mint_saga, a_cancel_before_the_pivot_gives_back_only_its_own_pins) {
    world w;
    // Another operation refers to the same image.
    auto shared = w.request();
    const auto image = *ipfs::cid::parse(shared.image);
    w.store.owners[image].insert("another-operation");
    const ipfs::pin_row theirs{"another-operation", "kubo", shared.image};
    ASSERT_TRUE(w.b.wait(w.ledger.confirm(theirs)));
    w.content.faults().corrupt = true;
    const auto id = w.accept("order-1", shared);
    w.until(id, [](const auto& view) { return view.step == "fetch_uris"; });
    EXPECT_EQ(w.content.pins().size(), 2U);
    ASSERT_TRUE(w.b.wait(w.b->cancel(id, "user", "changed my mind")));
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "rolled_back");
    EXPECT_EQ(w.row(id)->status, record_status::rolled_back);
    EXPECT_EQ(w.store.pins(), 1U);
    EXPECT_EQ(w.content.pins(), (std::set<std::string>{shared.image}));
    EXPECT_EQ(w.sends(), 0U);
}

// proves: I5
TEST(mint_saga, a_pin_that_the_output_does_not_name_is_given_back_too) {
    mint_settings one_copy;
    one_copy.upload.replicas = {.image = 1, .metadata = 1};
    world w{{}, 10'000'000'000, one_copy};
    const auto id = w.accept("order-1", w.request());
    const auto kept = w.until(id, [](const auto& view) { return view.step == "fetch_uris"; });
    EXPECT_TRUE(w.content.pins().empty());
    // What an attempt left that was given up before it told.
    const auto refs = kept.find_output<steps::upload_content>().value();
    const auto image = *ipfs::cid::parse(refs.image_cid);
    ASSERT_TRUE(w.b.wait(w.ledger.intend({id.text(), "kubo", refs.image_cid})));
    ipfs::upload late{.predicted = image, .name = "late", .source = w.store.source(image)};
    ASSERT_TRUE(w.b.wait(w.kubo.put(late, w.in(10s))));
    ASSERT_EQ(w.content.pins().size(), 1U);
    ASSERT_TRUE(w.b.wait(w.b->cancel(id, "user", "changed my mind")));
    EXPECT_EQ(w.b.end_of(id).view.state, "rolled_back");
    EXPECT_TRUE(w.content.pins().empty());
    EXPECT_EQ(w.store.pins(), 0U);
}

// proves: I2
TEST(mint_saga, keeps_as_many_copies_of_image_and_metadata_as_each_shall_have) {
    mint_settings more_of_the_small;
    more_of_the_small.upload.replicas = {.image = 1, .metadata = 2};
    world w{{}, 10'000'000'000, more_of_the_small};
    const auto id = w.accept("order-1", w.request());
    const auto kept = w.until(id, [](const auto& view) { return view.step == "fetch_uris"; });
    const auto refs = kept.find_output<steps::upload_content>().value();
    EXPECT_EQ(refs.image_pins.size(), 1U);
    EXPECT_EQ(refs.metadata_pins.size(), 2U);
    EXPECT_EQ(w.content.pins(), (std::set<std::string>{refs.metadata_cid}));
    EXPECT_EQ(w.store.pins(), 2U);
}

// proves: E3
TEST(mint_saga, an_older_journal_never_undoes_what_the_record_says_is_minted) {
    world w;
    w.content.faults().corrupt = true;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [](const auto& view) { return view.step == "fetch_uris"; });
    // A later journal, lost since, had minted it.
    auto landed = w.row(id).value();
    landed.version = 2;
    landed.status = record_status::minted;
    landed.signature = "sig";
    ASSERT_TRUE(w.b.wait(w.table.upsert(landed)));
    ASSERT_TRUE(w.b.wait(w.b->cancel(id, "user", "changed my mind")));
    const auto parked = w.until(id, [](const auto& view) { return view.state == "parked"; });
    EXPECT_EQ(parked.view.fault->code, "record.already_minted");
    EXPECT_EQ(w.row(id)->status, record_status::minted);
    EXPECT_EQ(w.content.pins().size(), 2U);
    EXPECT_EQ(w.store.pins(), 2U);
}

// proves: I1, I4
TEST(mint_saga, nothing_is_signed_while_a_gateway_serves_other_bytes) {
    world w;
    w.content.faults().corrupt = true;
    const auto id = w.accept("order-1", w.request());
    w.b.loop.advance(10s);
    const auto stuck = w.b.now(id);
    EXPECT_EQ(stuck.view.step, "fetch_uris");
    EXPECT_EQ(stuck.view.generation, 0);
    EXPECT_EQ(w.sends(), 0U);
    w.content.faults().corrupt = false;
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    expect_minted(w, "order-1");
}

// proves: I1
TEST(mint_saga, a_provider_that_stores_something_else_is_not_counted) {
    world w;
    w.content.faults().lie = true;
    const auto id = w.accept("order-1", w.request());
    const auto failing = w.until(id, [](const auto& view) { return view.attempt == 2; });
    EXPECT_EQ(failing.view.step, "upload_content");
    EXPECT_EQ(failing.view.fault->code, "ipfs.cid_mismatch");
    w.content.faults().lie = false;
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    expect_minted(w, "order-1");
}

TEST(mint_saga, what_is_no_image_is_rolled_back_before_anything_leaves) {
    world w;
    auto wrong = w.request();
    wrong.image = w.store.keep("<html>").text();
    const auto id = w.accept("order-1", wrong);
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "rolled_back") << json::write(end.view);
    EXPECT_THAT(end.view.cause.value_or(""), HasSubstr("nft.not_an_image"));
    EXPECT_EQ(w.store.pins(), 0U);
    EXPECT_FALSE(w.row(id).has_value());
}

// proves: E2
TEST(mint_saga, mints_of_one_account_go_one_after_another) {
    world w;
    w.content.faults().corrupt = true;
    const auto first = w.accept("order-1", w.request("Seat 1"));
    w.until(first, [](const auto& view) { return view.step == "fetch_uris"; });
    const auto second = w.accept("order-2", w.request("Seat 2"));
    w.until(second, [](const auto& view) { return view.state == "blocked"; });
    EXPECT_EQ(w.b.now(second).view.step, "record_pending");
    EXPECT_FALSE(w.row(second).has_value());
    EXPECT_EQ(*w.b.wait(w.table.minting("user-1")), first);
    w.content.faults().corrupt = false;
    EXPECT_EQ(w.b.end_of(first).view.state, "completed");
    EXPECT_EQ(w.b.end_of(second).view.state, "completed");
    EXPECT_FALSE(w.b.wait(w.table.minting("user-1"))->has_value());
    expect_minted(w, "order-1");
    expect_minted(w, "order-2");
}

// proves: S4
TEST(mint_saga, a_journal_restored_from_before_the_mint_mints_nothing_twice) {
    world w;
    const auto first = w.mint("order-1");
    ASSERT_EQ(first.view.state, "completed");
    const auto sends = w.sends();
    w.b.stop();
    w.b.store = {};
    w.b.start();
    const auto again = w.mint("order-1");
    EXPECT_NE(again.view.id, first.view.id);
    EXPECT_EQ(again.view.state, "completed") << json::write(again.view);
    EXPECT_EQ(w.sends(), sends);
    EXPECT_FALSE(w.row(first.view.id).has_value());
    EXPECT_EQ(w.row(again.view.id)->status, record_status::completed);
    expect_minted(w, "order-1");
}

// The System program accepts an assignment to the owner that an account already has (after
// AllocateWithSeed it has it); the model ledger does not know that yet.
TEST(mint_saga, lamports_of_a_stranger_at_the_address_do_not_stop_it) {
    world w;
    w.chain.fund(w.identity("order-1").mint, 1'000);
    const auto end = w.mint("order-1");
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    expect_minted(w, "order-1");
}

// proves: E1
TEST(mint_saga, restarts_at_any_moment_change_nothing) {
    for (int every = 1; every <= 6; ++every) {
        world w;
        const auto id = w.accept("order-1", w.request());
        for (int i = 0; i < 60; ++i) {
            w.b.loop.advance(every * 70ms);
            w.b.stop();
            w.b.start();
        }
        const auto end = w.b.end_of(id);
        EXPECT_EQ(end.view.state, "completed") << every << json::write(end.view);
        EXPECT_EQ(end.view.generation, 1);
        EXPECT_EQ(w.row(id)->version, 3);
        EXPECT_EQ(w.content.pins().size(), 2U);
        expect_minted(w, "order-1");
    }
}

// proves: D2
TEST(mint_saga, a_locked_records_database_delays_and_loses_nothing) {
    world w;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [](const auto& view) { return view.step == "submit"; });
    auto other = sql::database::open(w.folder.file("records.sqlite"), sql::access::read_write);
    ASSERT_TRUE(other);
    {
        const auto held = sql::transaction::begin(*other);
        ASSERT_TRUE(held);
        w.b.loop.advance(10min);
        const auto waiting = w.b.now(id);
        EXPECT_EQ(waiting.view.step, "record_landed");
        ASSERT_TRUE(waiting.view.waiting.has_value());
        EXPECT_THAT(waiting.view.waiting->reason, HasSubstr("unreachable: db.conflict"));
    }
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    expect_minted(w, "order-1");
}

// proves: D4, E9
TEST(mint_saga, a_record_changed_behind_its_back_comes_to_say_what_the_chain_says) {
    world w;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [](const auto& view) { return view.step == "submit"; });
    // Somebody else writes a later version of the record.
    auto foreign = w.row(id).value();
    foreign.version = 99;
    foreign.status = record_status::minted;
    foreign.uri = "ipfs://else";
    ASSERT_TRUE(w.b.wait(w.table.upsert(foreign)));
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(w.row(id)->uri, end.find_output<steps::upload_content>()->uri);
    EXPECT_EQ(w.row(id)->version, 101);
    EXPECT_EQ(w.row(id)->status, record_status::completed);
}

// The records database is set back to a backup while the mint is being verified.
void restore_records(world& w, const char* how) {
    auto db = sql::database::open(w.folder.file("records.sqlite"), sql::access::read_write);
    ASSERT_TRUE(db);
    ASSERT_TRUE(db->execute(how));
}

// proves: D4, E9
TEST(mint_saga, a_restored_records_backup_is_brought_forward_again) {
    for (const auto* how :
         {"delete from thole_nft",
          "update thole_nft set version = 1, status = 'pending', signature = null"}) {
        world w;
        const auto id = w.accept("order-1", w.request());
        w.until(id, [](const auto& view) { return view.progress == "BLOCKCHAIN_CONFIRMED"; });
        w.net.link("http://content").refuse = true;
        w.until(id, [](const auto& view) { return view.step == "verify"; });
        restore_records(w, how);
        w.net.link("http://content").refuse = false;
        const auto end = w.b.end_of(id);
        EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
        EXPECT_EQ(w.row(id)->status, record_status::completed);
        EXPECT_EQ(w.row(id)->signature, end.find_output<steps::submit>()->signature);
    }
}

// proves: M2, C1
TEST(mint_saga, while_the_record_disagrees_it_is_never_completed) {
    world w;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [](const auto& view) { return view.step == "submit"; });
    restore_records(w,
                    "create trigger spoil after update on thole_nft begin update thole_nft set "
                    "uri = 'ipfs://else' where operation_id = new.operation_id; end");
    const auto parked = w.until(id, [](const auto& view) { return view.state == "parked"; });
    EXPECT_EQ(parked.view.step, "verify");
    EXPECT_EQ(parked.view.fault->code, "nft.layer_mismatch");
    EXPECT_THAT(parked.view.fault->detail, HasSubstr("record: URI is ipfs://else"));
}

// proves: S4
TEST(mint_saga, goes_on_under_the_identity_that_was_journaled) {
    world w;
    const auto fixed = w.identity("order-1");
    const auto id = w.accept("order-1", w.request());
    w.until(id, [](const auto& view) { return view.step == "fetch_uris"; });
    w.secret = cluster_secret{sha256(as_bytes("another cluster"))};
    ASSERT_NE(w.identity("order-1"), fixed);
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(w.on_chain(fixed)->state, mint_state::minted);
    EXPECT_EQ(w.on_chain(w.identity("order-1"))->state, mint_state::absent);
    EXPECT_EQ(w.row(id)->mint, fixed.mint.text());
}

// proves: S4
TEST(mint_saga, what_another_wallet_accepted_waits_for_a_person_and_signs_nothing) {
    world w;
    const auto stranger = solana::keypair::from_seed({4}).address();
    saga::submission s;
    s.kind = "mint";
    s.key = "order-1";
    s.input = json::write(accept_mint(w.request(), {w.secret, stranger}, {"default", "mint", "k"}));
    const auto id = w.b.accept(std::move(s));
    const auto parked = w.until(id, [](const auto& view) { return view.state == "parked"; });
    EXPECT_EQ(parked.view.fault->code, "wallet.changed");
    EXPECT_THAT(parked.view.fault->detail, HasSubstr(stranger.text()));
    EXPECT_EQ(w.sends(), 0U);
}

// proves: S4, E1
TEST(mint_saga, an_operation_of_version_1_is_carried_to_its_end) {
    world w{{}, 10'000'000'000, {}, 1};
    saga::submission s;
    s.kind = "mint";
    s.key = "order-1";
    s.input = json::write(w.request());  // nothing but the request, as it was then
    const auto id = w.b.accept(std::move(s));
    w.until(id, [](const auto& view) { return view.step == "fetch_uris"; });
    w.b.stop();
    w.define(mint_version);
    w.b.start();
    // The client asks again, of the program as it is now.
    EXPECT_EQ(w.accept("order-1", w.request()), id);
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    expect_minted(w, "order-1");
    const auto newer = w.mint("order-2");
    EXPECT_EQ(newer.view.state, "completed");
    EXPECT_EQ(newer.version, mint_version);
}

// proves: S4, E1
TEST(mint_saga, an_operation_of_version_2_is_carried_to_its_end) {
    world w{{}, 10'000'000'000, {}, 2};
    saga::submission s;
    s.kind = "mint";
    s.key = "order-1";
    const mint_base base{w.secret, w.wallet.address()};
    auto input = accept_mint(w.request(), base, {s.tenant, s.kind, s.key});
    input.v = 2;
    s.input = json::write(input);
    const auto id = w.b.accept(std::move(s));
    w.until(id, [](const auto& view) { return view.step == "fetch_uris"; });
    w.b.stop();
    w.define(mint_version);
    w.b.start();
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    expect_minted(w, "order-1");
}

// proves: S2, S3, M2
TEST(mint_saga, a_node_on_a_fork_of_its_own_completes_nothing) {
    world w;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [](const auto& view) { return view.step == "fetch_uris"; });
    // On north's fork everything lands; on the chain nothing does.
    auto fork = w.chain;
    world::node forked{"north", fork};
    w.mount(forked);
    w.each([](auto& node) { node.model.faults().drop_sends = 1'000'000; });
    const auto doubted = w.until(id, [](const auto& view) { return view.progress == "UNCERTAIN"; });
    EXPECT_EQ(doubted.view.step, "submit");
    EXPECT_EQ(w.fork_state(forked, w.identity("order-1")), mint_state::minted);
    w.b.loop.advance(10min);
    EXPECT_EQ(w.b.now(id).view.progress, "UNCERTAIN");
    EXPECT_EQ(w.b.now(id).view.generation, 1);
    EXPECT_EQ(w.row(id)->status, record_status::pending);
    // It finds back to the others; what only it had seen is gone, and is proved dead.
    w.mount(w.north);
    w.each([](auto& node) { node.model.faults().drop_sends = 0; });
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(end.view.generation, 2);
    expect_minted(w, "order-1");
}

// A token that one node alone shows when the operation begins (the journal is younger than it).
// proves: S3, S4
TEST(mint_saga, a_token_that_one_node_alone_shows_is_not_taken_for_ours) {
    world w;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [](const auto& view) { return view.step == "fetch_uris"; });
    auto fork = w.chain;
    world::node forked{"north", fork};
    w.mint_on(fork, "order-1");
    w.mount(forked);
    // The others cannot be asked: nothing is concluded from its word.
    for (auto* node : {&w.south, &w.west}) w.net.link(node->url).refuse = true;
    w.b.loop.advance(1min);
    const auto seen = w.b.now(id).view;
    EXPECT_EQ(seen.step, "submit");
    EXPECT_EQ(seen.generation, 0);
    EXPECT_NE(seen.state, "parked") << json::write(seen);
    // They are back and outvote it.
    for (auto* node : {&w.south, &w.west}) w.net.link(node->url).refuse = false;
    w.until(id, [](const auto& view) { return view.generation == 1; });
    w.mount(w.north);
    const auto end = w.b.end_of(id);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    expect_minted(w, "order-1");
}

// proves: C4
TEST(mint_saga, the_partner_sees_the_token_and_believes_only_the_issuer) {
    world w;
    const auto end = w.mint("order-1");
    ASSERT_EQ(end.view.state, "completed");
    const auto seen = w.partner(w.wallet.address());
    ASSERT_EQ(seen.nfts.size(), 1U);
    EXPECT_EQ(seen.wallet, w.owner.text());
    EXPECT_GT(seen.slot, 0U);
    EXPECT_EQ(seen.nfts[0].reason, "");
    EXPECT_EQ(seen.nfts[0].level, 3U);
    EXPECT_EQ(seen.level, 3U);
    const auto stranger = w.partner(w.owner);
    ASSERT_EQ(stranger.nfts.size(), 1U);
    EXPECT_FALSE(stranger.nfts[0].issuer_verified);
    EXPECT_FALSE(stranger.level.has_value());
    w.content.faults().corrupt = true;
    const auto corrupt = w.partner(w.wallet.address());
    EXPECT_FALSE(corrupt.nfts[0].content_verified);
    EXPECT_FALSE(corrupt.level.has_value());
}

}  // namespace
}  // namespace thole::nft
