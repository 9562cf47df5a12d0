#include "nft/recheck.hpp"

#include "nft/mint_world_test.hpp"

namespace thole::nft {
namespace {

using testing::world;
using namespace std::chrono_literals;

mint_settings with_recheck() {
    mint_settings out;
    out.recheck_after = 5min;
    return out;
}

saga::operation_details recheck_of(world& w) {
    saga::list_filter filter;
    filter.kind = std::string{recheck_kind};
    const auto page = w.b.wait(w.b->list(std::move(filter)));
    EXPECT_TRUE(page && page->items.size() == 1);
    return page->items.at(0);
}

bool serves(world& w, const std::string& cid) {
    return w.content.answer({"GET", "/ipfs/" + cid, {}, {}}).status == 200;
}

// proves: C2
TEST(recheck, looks_again_at_every_gateway_five_minutes_later) {
    world w{{}, 10'000'000'000, with_recheck()};
    ASSERT_EQ(w.mint("order-1").view.state, "completed");
    const auto minted = w.b.loop.now();
    const auto child = recheck_of(w);
    const auto end = w.b.end_of(child.view.id);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_GE(w.b.loop.now() - minted, 5min);
    const auto report = end.find_output<recheck>();
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->metadata_gateways, std::vector<std::string>{"second"});
    EXPECT_EQ(report->image_gateways, std::vector<std::string>{"second"});
    EXPECT_GT(report->slot, 0U);
    w.b.expect_stories_true();
}

// proves: C2
TEST(recheck, a_token_that_was_sent_on_is_judged_where_it_is) {
    world w{{}, 10'000'000'000, with_recheck()};
    ASSERT_EQ(w.mint("order-1").view.state, "completed");
    ASSERT_TRUE(w.send_on(w.identity("order-1")));
    const auto end = w.b.end_of(recheck_of(w).view.id);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(end.view.attempt, 1);
}

// proves: C2, I5
TEST(recheck, uploads_again_what_a_provider_has_lost) {
    world w{{}, 10'000'000'000, with_recheck()};
    const auto mint = w.mint("order-1");
    const auto refs = *mint.find_output<steps::upload_content>();
    w.content.lose(refs.image_cid);
    w.content.lose(refs.metadata_cid);
    const auto child = recheck_of(w).view.id;
    const auto found = w.until(child, [](const auto& view) { return view.fault.has_value(); });
    EXPECT_NE(json::write(found.view).find("the metadata is missing at [second]"),
              std::string::npos)
        << json::write(found.view);
    const auto end = w.b.end_of(child);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_TRUE(serves(w, refs.image_cid));
    EXPECT_TRUE(serves(w, refs.metadata_cid));
    bool repaired = false;
    for (const auto& e : *w.b.wait(w.b->events(child, 0, 1000, deadline{w.b.loop.now()}))) {
        repaired = repaired || json::write(e).find("repair: put") != std::string::npos;
    }
    EXPECT_TRUE(repaired) << "the audit trail tells of the repair";
}

// Where nothing is archived here, the record still holds the metadata whole.
// proves: C2, I5
TEST(recheck, uploads_lost_metadata_again_without_the_image) {
    world w{{}, 10'000'000'000, with_recheck()};
    const auto refs = *w.mint("order-1").find_output<steps::upload_content>();
    ASSERT_EQ(w.store.contents.erase(ipfs::cid::parse(refs.image_cid).value()), 1U);
    w.content.lose(refs.metadata_cid);
    const auto end = w.b.end_of(recheck_of(w).view.id);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_TRUE(serves(w, refs.metadata_cid));
}

// proves: C2, M2
TEST(recheck, leaves_to_a_person_what_it_cannot_mend_and_the_mint_completed) {
    world w{{}, 10'000'000'000, with_recheck()};
    const auto mint = w.mint("order-1");
    auto row = *w.row(mint.view.id);
    row.level = 9;  // swapped behind everybody's back
    ASSERT_TRUE(w.b.wait(w.table.converge(row)));
    const auto child = recheck_of(w).view.id;
    const auto end = w.until(child, [](const auto& view) { return view.state == "parked"; });
    EXPECT_NE(json::write(end.view).find("partner: level"), std::string::npos)
        << json::write(end.view);
    EXPECT_EQ(w.b.now(mint.view.id).view.state, "completed");
    // Told when it was found and when it was given up, and the mint shows it until it is right.
    ASSERT_EQ(w.told.size(), 2U);
    EXPECT_EQ(w.told[0].drift, drift::level_mismatch);
    EXPECT_EQ(w.told[0].remedy, remedy::begun);
    EXPECT_EQ(w.told[1].remedy, remedy::none);
    EXPECT_EQ(w.flags.find(mint.view.id), drift::level_mismatch);
    row = *w.row(mint.view.id);
    row.level = 3;
    ASSERT_TRUE(w.b.wait(w.table.converge(row)));
    ASSERT_TRUE(w.b.wait(w.b->retry(child, "test", "mended by hand")));
    EXPECT_EQ(w.b.end_of(child).view.state, "completed");
    EXPECT_FALSE(w.flags.find(mint.view.id));
    EXPECT_EQ(w.told.back().remedy, remedy::fixed);
}

// A row that somebody edited is a finding, at each look, and no end of the daemon.
// proves: C2
TEST(recheck, a_column_that_cannot_be_read_is_a_difference) {
    struct edit {
        std::string record::* column;
        drift found;
        const char* detail;
    };
    const edit edits[] = {
        {&record::image_cid, drift::content_lost, "record: its image_cid is no CID"},
        {&record::metadata_cid, drift::content_lost, "record: its metadata_cid is no CID"},
        {&record::owner, drift::owner_mismatch, "record: its owner is no address"},
        {&record::mint, drift::not_on_chain, "record: its mint is no address"}};
    for (const auto& each : edits) {
        world w{{}, 10'000'000'000, with_recheck()};
        const auto mint = w.mint("order-1");
        const auto right = *w.row(mint.view.id);
        auto row = right;
        row.*each.column = "none of your business";
        row.version += 1;
        ASSERT_TRUE(w.b.wait(w.table.upsert(row)));
        const auto child = recheck_of(w).view.id;
        const auto end = w.until(child, [](const auto& view) { return view.state == "parked"; });
        EXPECT_NE(json::write(end.view).find(each.detail), std::string::npos)
            << json::write(end.view);
        EXPECT_EQ(w.flags.find(mint.view.id), each.found) << each.detail;
        row.*each.column = right.*each.column;
        row.version += 1;
        ASSERT_TRUE(w.b.wait(w.table.upsert(row)));
        ASSERT_TRUE(w.b.wait(w.b->retry(child, "test", "mended by hand")));
        EXPECT_EQ(w.b.end_of(child).view.state, "completed") << each.detail;
        EXPECT_FALSE(w.flags.find(mint.view.id)) << each.detail;
    }
}

// proves: C2
TEST(recheck, nobody_is_asked_twice_for_what_he_has_served) {
    world w{{}, 10'000'000'000, with_recheck()};
    const auto refs = *w.mint("order-1").find_output<steps::upload_content>();
    w.content.lose(refs.metadata_cid);
    int images = 0;
    w.net.mount("http://content", [&](const io::http_request& r) {
        const auto target = r.url.substr(std::string_view{"http://content"}.size());
        images += target.starts_with("/ipfs/" + refs.image_cid) ? 1 : 0;
        std::string type;
        for (const auto& [key, value] : r.headers) {
            if (key == "Content-Type" || key == "content-type") type = value;
        }
        auto answer = w.content.answer({r.method, target, type, r.body});
        return sim::reply{answer.status, std::move(answer.body), {}};
    });
    const auto end = w.b.end_of(recheck_of(w).view.id);
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_GT(end.view.attempt, 1);
    EXPECT_EQ(images, 1);
    EXPECT_EQ(end.find_output<recheck>()->image_gateways, std::vector<std::string>{"second"});
}

// proves: C2
TEST(recheck, a_gateway_that_stays_away_is_asked_ever_more_rarely_and_then_a_person) {
    world w{{}, 10'000'000'000, with_recheck()};
    ASSERT_EQ(w.mint("order-1").view.state, "completed");
    int asked = 0;
    w.net.mount("http://content", [&](const io::http_request&) {
        ++asked;
        return sim::reply{503, "away", {}};
    });
    const auto child = recheck_of(w).view.id;
    w.b.loop.advance(23h);
    EXPECT_TRUE(w.b.now(child).view.waiting.has_value());
    EXPECT_LE(asked, 2 * 60) << "every thirty seconds were 2 760 looks";
    w.b.loop.advance(3h);
    EXPECT_EQ(w.b.now(child).view.state, "parked");
}

// proves: C2, C3
TEST(recheck, a_uri_whose_own_host_is_dead_is_found_while_gateways_serve) {
    auto settings = with_recheck();
    settings.upload.uri_prefix = "https://site/ipfs/";
    world w{{}, 10'000'000'000, settings};
    bool up = true;
    w.net.mount("https://site", [&](const io::http_request& r) {
        if (!up) return sim::reply{200, "for sale", {}};
        const auto target = r.url.substr(std::string_view{"https://site"}.size());
        auto answer = w.content.answer({r.method, target, {}, r.body});
        return sim::reply{answer.status, std::move(answer.body), {}};
    });
    const auto mint = w.mint("order-1");
    ASSERT_EQ(mint.view.state, "completed") << json::write(mint.view);
    up = false;
    const auto child = recheck_of(w).view.id;
    w.until(child, [](const auto& view) { return view.fault.has_value(); });
    EXPECT_EQ(w.flags.find(mint.view.id), drift::uri_dead);
    up = true;
    EXPECT_EQ(w.b.end_of(child).view.state, "completed");
    EXPECT_FALSE(w.flags.find(mint.view.id));
}

// proves: C2
TEST(recheck, waits_while_no_gateway_can_be_reached) {
    world w{{}, 10'000'000'000, with_recheck()};
    ASSERT_EQ(w.mint("order-1").view.state, "completed");
    w.net.link("http://content").refuse = true;
    const auto child = recheck_of(w).view.id;
    const auto waiting = w.until(child, [](const auto& view) {
        return view.waiting && view.attempt > 0 && view.waiting->reason.starts_with("unreachable");
    });
    EXPECT_EQ(waiting.view.attempt, 1);
    w.net.link("http://content").refuse = false;
    EXPECT_EQ(w.b.end_of(child).view.state, "completed");
}

}  // namespace
}  // namespace thole::nft
