// The wallet is filled once, within the cap, or not at all; on the production engine.

#include "nft/top_up.hpp"

#include <gmock/gmock.h>

#include "nft/mint_world_test.hpp"
#include "nft/refill.hpp"

namespace thole::nft {
namespace {

using ::testing::HasSubstr;
using testing::world;
using namespace std::chrono_literals;

constexpr std::uint64_t sol = 1'000'000'000;

struct filling {
    explicit filling(std::uint64_t treasury_has = 50 * sol, std::uint64_t cap = 5 * sol) {
        if (treasury_has > 0) w.chain.fund(treasury.address(), treasury_has);
        w.b.stop();
        w.b.define(
            make_top_up_saga({.loop = w.b.loop,
                              .submitter = w.submitter,
                              .treasury = treasury,
                              .wallet = w.wallet.address(),
                              .daily_cap = cap,
                              .counted = [this](uuid before) { return refill->counted(before); }}));
        start(cap);
    }
    void start(std::uint64_t cap) {
        w.b.start();
        refill.emplace(nft::refill::parts{
            .work = *w.b,
            .now = [this] { return store_time{w.b.loop.wall_now().time_since_epoch()}; },
            .lamports = 2 * sol,
            .daily_cap = cap,
            .tell = [this](refill_news n, std::uint64_t) { told.push_back(n); }});
    }
    uuid begin(std::uint64_t lamports) {
        saga::submission s;
        s.kind = std::string{top_up_kind};
        s.key = "fill-" + std::to_string(++begun);
        s.input = json::write(top_up_request{lamports});
        return w.b.accept(std::move(s));
    }
    [[nodiscard]] std::uint64_t balance() {
        return w.b.wait(w.funds.check(0, w.in(10s)))->lamports;
    }

    solana::keypair treasury = solana::keypair::from_seed({4, 4});
    world w{{}, sol};
    std::optional<nft::refill> refill;
    std::vector<refill_news> told;
    int begun = 0;
};

// proves: S8
TEST(top_up, moves_the_lamports_once_and_says_by_which_transaction) {
    filling f;
    const auto end = f.w.b.end_of(f.begin(2 * sol));
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(end.view.progress, "COMPLETED");
    const auto out = end.find_output<top_up>();
    ASSERT_TRUE(out);
    EXPECT_EQ(out->lamports, 2 * sol);
    const auto bytes = json::read<solana::prepared_transaction>(end.prepared->bytes);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(out->signature, bytes->signature);
    EXPECT_EQ(f.balance(), 3 * sol);
    f.w.b.expect_stories_true();
}

// proves: S8
TEST(top_up, lost_answers_and_repeated_sends_move_nothing_twice) {
    filling f;
    f.w.each([&](auto& node) { f.w.net.link(node.url).lose_answers = 2; });
    const auto end = f.w.b.end_of(f.begin(2 * sol));
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(f.balance(), 3 * sol);
}

// proves: S8
TEST(top_up, one_that_never_lands_ends_without_effect_and_does_not_count) {
    filling f;
    f.w.each([](auto& node) { node.model.faults().drop_sends = 1'000'000; });
    const auto id = f.begin(5 * sol);
    const auto end = f.w.b.end_of(id);
    EXPECT_EQ(end.view.state, "rolled_back") << json::write(end.view);
    EXPECT_EQ(end.view.generation, 1) << "it is not signed again";
    f.w.each([](auto& node) { node.model.faults().drop_sends = 0; });
    EXPECT_EQ(f.balance(), sol);
    EXPECT_EQ(f.w.b.end_of(f.begin(5 * sol)).view.state, "completed") << "the cap is whole";
    EXPECT_EQ(f.balance(), 6 * sol);
    f.w.b.expect_stories_true();
}

// proves: S8
TEST(top_up, the_cap_of_a_day_is_hard) {
    filling f;
    EXPECT_EQ(f.w.b.end_of(f.begin(3 * sol)).view.state, "completed");
    const auto beyond = f.w.b.end_of(f.begin(2 * sol + 1));
    EXPECT_EQ(beyond.view.state, "rolled_back");
    EXPECT_THAT(json::write(beyond.view), HasSubstr("wallet.top_up_capped"));
    EXPECT_EQ(beyond.view.generation, 0) << "nothing was signed";
    EXPECT_EQ(f.w.b.end_of(f.begin(2 * sol)).view.state, "completed");
    EXPECT_EQ(f.balance(), 6 * sol);
    f.w.b.loop.advance(24h);
    EXPECT_EQ(f.w.b.end_of(f.begin(5 * sol)).view.state, "completed") << "another day";
    EXPECT_EQ(f.w.b.end_of(f.begin(1)).view.state, "rolled_back");
}

// proves: S8
TEST(top_up, what_is_under_way_counts_and_they_go_one_at_a_time) {
    filling f;
    const auto first = f.begin(3 * sol);
    const auto second = f.begin(3 * sol);
    EXPECT_EQ(f.w.b.end_of(second).view.state, "rolled_back") << "it counts the first";
    EXPECT_EQ(f.w.b.end_of(first).view.state, "completed");
    EXPECT_EQ(f.balance(), 4 * sol);
}

// proves: S8
TEST(top_up, a_treasury_that_is_short_is_waited_for) {
    filling f{sol};
    const auto id = f.begin(2 * sol);
    f.w.b.loop.advance(5min);
    const auto waiting = f.w.b.now(id);
    EXPECT_THAT(json::write(waiting.view), HasSubstr("is short of lamports"));
    f.w.chain.fund(f.treasury.address(), 10 * sol);
    EXPECT_EQ(f.w.b.end_of(id).view.state, "completed");
    EXPECT_EQ(f.balance(), 3 * sol);
}

// proves: S8
TEST(refill, begins_one_at_a_time_and_stops_at_the_cap) {
    filling f;
    const auto look = [&] { ASSERT_TRUE(f.w.b.wait(f.refill->look())); };
    const auto ended = [&] {
        saga::list_filter filter;
        filter.kind = std::string{top_up_kind};
        const auto page = f.w.b.wait(f.w.b->list(std::move(filter)));
        for (const auto& each : page->items) (void)f.w.b.end_of(each.view.id);
        return page->items.size();
    };
    look();
    look();
    EXPECT_EQ(ended(), 1U) << "one is under way";
    EXPECT_EQ(f.balance(), 3 * sol);
    look();
    EXPECT_EQ(ended(), 1U) << "a node that lags may show the old balance";
    f.w.b.loop.advance(3min);
    look();
    EXPECT_EQ(ended(), 2U);
    f.w.b.loop.advance(3min);
    look();
    look();
    EXPECT_EQ(ended(), 2U) << "four of five are spent, two more are too many";
    EXPECT_EQ(f.told, (std::vector{refill_news::begun, refill_news::begun, refill_news::capped}));
    EXPECT_EQ(f.balance(), 5 * sol);
    f.w.b.loop.advance(24h);
    look();
    EXPECT_EQ(ended(), 3U);
    EXPECT_EQ(f.balance(), 7 * sol);
}

// proves: S8
TEST(refill, looking_again_after_a_crash_begins_none) {
    filling f;
    ASSERT_TRUE(f.w.b.wait(f.refill->look()));
    f.w.b.crash();
    f.start(5 * sol);
    ASSERT_TRUE(f.w.b.wait(f.refill->look()));
    saga::list_filter filter;
    filter.kind = std::string{top_up_kind};
    const auto page = f.w.b.wait(f.w.b->list(std::move(filter)));
    ASSERT_EQ(page->items.size(), 1U);
    EXPECT_EQ(f.w.b.end_of(page->items[0].view.id).view.state, "completed");
    EXPECT_EQ(f.balance(), 3 * sol);
}

}  // namespace
}  // namespace thole::nft
