// What is away, full or empty for a while holds a mint up and needs no person.

#include "nft/mint_saga.hpp"
#include "nft/mint_world_test.hpp"

namespace thole::nft {
namespace {

using namespace testing;
using ::testing::HasSubstr;

// proves: S8
TEST(mint_outage, waits_for_lamports_and_goes_on_by_itself) {
    world w{{}, 1'000'000};
    const auto id = w.accept("order-1", w.request());
    const auto waiting = w.until(id, [](const auto& view) { return view.waiting.has_value(); });
    EXPECT_THAT(waiting.view.waiting->reason, HasSubstr("balance: wallet"));
    EXPECT_THAT(waiting.view.waiting->reason, HasSubstr("lamports"));
    w.b.loop.advance(1h);
    EXPECT_EQ(w.b.now(id).view.attempt, 1);
    w.chain.fund(w.wallet.address(), 10'000'000'000);
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    expect_minted(w, "order-1");
}

// proves: M1, E5
TEST(mint_outage, waits_for_room_at_its_providers_and_goes_on_by_itself) {
    world w;
    const ipfs::pin_row another{"somebody", "kubo", steps::metadata_cid("{}").text(),
                                {},         true,   world::kubo_quota};
    ASSERT_TRUE(w.b.wait(w.ledger.confirm(another)));
    const auto id = w.accept("order-1", w.request());
    w.until(id, [](const auto& view) { return view.waiting.has_value(); });
    w.b.loop.advance(1h);
    const auto waiting = w.b.now(id);
    EXPECT_EQ(waiting.view.step, "check");
    ASSERT_TRUE(waiting.view.waiting) << json::write(waiting.view);
    EXPECT_THAT(waiting.view.waiting->reason, HasSubstr("ipfs.quota_exhausted"));
    EXPECT_TRUE(w.content.pins().empty());
    ASSERT_TRUE(w.b.wait(w.ledger.forget(another)));
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    expect_minted(w, "order-1");
}

// proves: E5, E9
TEST(mint_outage, an_outage_needs_no_person_however_few_tries_are_configured) {
    mint_settings few;
    for (auto* each : {&few.chain, &few.content, &few.database}) each->attempts = 2;
    world w{{}, 10'000'000'000, few};
    w.net.link("http://content").refuse = true;
    const auto id = w.accept("order-1", w.request());
    w.b.loop.advance(2h);
    EXPECT_NE(w.b.now(id).view.state, "parked") << json::write(w.b.now(id).view);
    w.net.link("http://content").refuse = false;
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    expect_minted(w, "order-1");
}

// proves: D2, E5
TEST(mint_outage, an_outage_of_hours_needs_no_person) {
    world w;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [](const auto& view) { return view.progress == "BLOCKCHAIN_CONFIRMED"; });
    w.net.link("http://content").refuse = true;
    w.b.loop.advance(2h);
    auto seen = w.b.now(id);
    EXPECT_EQ(seen.view.step, "verify");
    EXPECT_NE(seen.view.state, "parked");
    w.net.link("http://content").refuse = false;
    w.each([&](auto& node) { w.net.link(node.url).refuse = true; });
    w.b.loop.advance(2h);
    seen = w.b.now(id);
    EXPECT_NE(seen.view.state, "parked") << json::write(seen.view);
    w.each([&](auto& node) { w.net.link(node.url).refuse = false; });
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    expect_minted(w, "order-1");
}

// proves: E5
TEST(mint_outage, an_outage_of_everything_at_the_start_needs_no_person) {
    world w;
    w.net.link("http://content").refuse = true;
    w.each([&](auto& node) { w.net.link(node.url).hang = true; });
    const auto id = w.accept("order-1", w.request());
    w.b.loop.advance(1h);
    w.net.link("http://content").refuse = false;
    w.b.loop.advance(1h);
    EXPECT_NE(w.b.now(id).view.state, "parked") << json::write(w.b.now(id).view);
    w.each([&](auto& node) { w.net.link(node.url).hang = false; });
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    expect_minted(w, "order-1");
}

// proves: F2, P10
TEST(mint_outage, goes_on_while_nodes_are_away_or_limit_the_rate) {
    world w;
    w.net.link(w.north.url).refuse = true;
    w.south.model.faults().http_429 = 20;
    const auto end = w.mint("order-1");
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    expect_minted(w, "order-1");
}

}  // namespace
}  // namespace thole::nft
