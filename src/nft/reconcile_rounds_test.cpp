#include "nft/reconcile_rounds.hpp"

#include "nft/reconcile_world_test.hpp"

namespace thole::nft {
namespace {

using namespace testing;

class rounds : public reconciler {
  protected:
    reconcile_rounds make(const reconcile_schedule& s) {
        return reconcile_rounds{
            {.work = *w.b,
             .loop = w.b.loop,
             .now = [this] { return store_time{w.b.loop.wall_now().time_since_epoch()}; },
             .seed = ++seed_},
            s};
    }
    // What a daemon does that lives so long.
    void live_for(const reconcile_schedule& s, duration time) {
        auto of_one = make(s);
        io::scope daemon{w.b.loop};
        daemon.spawn(of_one.run());
        w.b.loop.advance(time);
        w.b.run(daemon.close());
    }
    std::vector<saga::operation_details> runs() {
        saga::list_filter filter;
        filter.kind = std::string{reconcile_kind};
        filter.with_outputs = true;
        return w.b.wait(w.b->list(std::move(filter)))->items;
    }
    static std::uint64_t contents(const saga::operation_details& run) {
        return run.find_output<sweep>().value().contents;
    }
    std::vector<record> mints(int count) {
        for (int i = 0; i < count; ++i) {
            auto r = w.request("Seat " + std::to_string(i));
            r.account = "user-" + std::to_string(i);
            const auto end = w.b.end_of(w.accept("order-" + std::to_string(i), r));
            EXPECT_EQ(end.view.state, "completed");
        }
        return *w.b.wait(w.table.page({}, count));
    }

  private:
    std::uint64_t seed_ = 0;
};

// proves: C3, I5
TEST_F(rounds, all_content_is_looked_at_once_around_whatever_restarts) {
    const auto rows = mints(16);
    for (const auto& row : rows) w.content.lose(row.metadata_cid);
    const auto served = [&] {
        return std::ranges::count_if(rows, [&](const record& row) {
            return w.content.answer({"GET", "/ipfs/" + row.metadata_cid, {}, {}}).status == 200;
        });
    };
    const reconcile_schedule each_hour{.interval = 1h, .content_within = 4h};
    live_for(each_hour, 70min);
    EXPECT_LT(served(), 16) << "one slice of it";
    live_for(each_hour, 30min);  // too short a life for a run
    live_for(each_hour, 200min);
    EXPECT_EQ(served(), 16);
    EXPECT_EQ(std::ranges::count(w.told, remedy::fixed, &finding::remedy), 16);
    EXPECT_EQ(w.told.size(), 32U) << "as begun and as fixed, and none of them twice";
}

// proves: C3
TEST_F(rounds, a_daemon_that_was_away_for_long_looks_at_everything) {
    mints(6);
    const reconcile_schedule each_hour{.interval = 1h, .content_within = 4h};
    live_for(each_hour, 70min);
    w.b.loop.advance(10h);
    live_for(each_hour, 70min);
    ASSERT_EQ(runs().size(), 2U);
    EXPECT_EQ(contents(runs().front()), 6U);
}

// proves: C3
TEST_F(rounds, without_slices_each_run_looks_at_all_of_it_or_at_none) {
    mints(3);
    live_for({.interval = 1h, .content_within = 0s}, 70min);
    live_for({.interval = 1h, .content = false}, 70min);
    ASSERT_EQ(runs().size(), 2U);
    EXPECT_EQ(contents(runs().back()), 3U);
    EXPECT_EQ(contents(runs().front()), 0U);
}

// proves: C3
TEST(place_of, goes_around_once) {
    const store_time begin{};
    EXPECT_EQ(place_of(begin, 24h), 0U);
    EXPECT_EQ(place_of(begin + 6h, 24h), 0x4000'0000U);
    EXPECT_EQ(place_of(begin + 24h - 1us, 24h), 0xFFFF'FFFFU);
    EXPECT_EQ(place_of(begin + 24h, 24h), 0U);
    EXPECT_EQ(place_of(begin + 30h, 24h), 0x4000'0000U);
}

// proves: C3
TEST(content_slice, goes_over_the_end_of_the_ring) {
    const auto id = uuid::parse("0190a0b4-7c00-7000-8000-000000000001").value();
    const auto other = uuid::parse("0190a0b4-7c00-7000-8000-000000000002").value();
    for (const auto& each : {id, other}) {
        for (const std::uint32_t at : {0U, 1U, 0x7FFF'FFFFU, 0xFFFF'FFFFU}) {
            const content_slice one{at, at + 0x8000'0000U};
            const content_slice rest{at + 0x8000'0000U, at};
            EXPECT_NE(one.covers(each), rest.covers(each));
        }
        EXPECT_TRUE((content_slice{9, 9}).covers(each));
    }
}

}  // namespace
}  // namespace thole::nft
