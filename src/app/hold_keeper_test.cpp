#include "app/hold_keeper.hpp"

#include <gtest/gtest.h>

#include "engine/bench_saga_test.hpp"
#include "ipfs/store_testing.hpp"

namespace thole::app {
namespace {

using namespace std::chrono_literals;

// An engine whose operations wait until the test lets them end, and a store with one image.
class hold_keeper_test : public ::testing::Test {
  protected:
    hold_keeper_test() {
        saga::engine_options options;
        options.on_event = [this](const auto& op, const auto& e) {
            if (keeper) keeper->happened(background, op, e);
        };
        engine.emplace(std::move(options));
        auto step = std::make_shared<saga::testing::plain_step<"only">>();
        step->act = [this](saga::step_context&) -> task<saga::outcome<saga::testing::text>> {
            if (waiting) co_return saga::wait{1h, "held by the test"};
            co_return saga::done<saga::testing::text>{{"done"}};
        };
        engine->define(saga::define<saga::testing::order>("mint", 1).step(step).build());
        engine->start();
        image.emplace(store->put(as_bytes("GIF89a"), store_time{})->info.root);
    }
    ~hold_keeper_test() override { engine->stop(); }

    // As the mints resource does it; `dies`: the process ends before it is journaled.
    uuid accept(const std::string& key, bool dies = false) {
        const auto id = (*engine)->new_id();
        EXPECT_TRUE(engine->wait(holds.take(*image, id)));
        if (dies) return id;
        saga::submission s;
        s.kind = "mint";
        s.key = key;
        s.input = R"({"account":"a","amount":1})";
        s.id = id;
        const auto accepted = engine->wait((*engine)->submit(std::move(s)));
        EXPECT_TRUE(accepted);
        EXPECT_EQ(accepted->view.id, id);
        return id;
    }
    void restart_keeper() { keeper.emplace(holds); }
    std::size_t sweep() { return engine->wait(keeper->sweep(**engine)); }

    ipfs::testing::temporary_folder folder;
    std::unique_ptr<ipfs::content_store> store =
        std::move(*ipfs::content_store::open({.folder = folder.path() + "/c"}));
    std::optional<saga::testing::bench> engine;
    ipfs::content_holds holds{*store, nullptr, [] { return store_time{}; }};
    std::optional<hold_keeper> keeper{holds};
    std::optional<ipfs::cid> image;
    bool waiting = true;
    io::scope background{engine->loop};
};

// proves: E5, I5
TEST_F(hold_keeper_test, an_image_is_held_as_long_as_its_operation_lives) {
    const auto id = accept("k");
    engine->loop.advance(100h);
    EXPECT_EQ(holds.owners(), std::vector{id});
    EXPECT_TRUE(store->gc(store_time{100h})->empty());
    restart_keeper();
    EXPECT_EQ(sweep(), 0U);
    waiting = false;
    engine->loop.advance(2h);
    EXPECT_TRUE(engine->now(id).view.ended_at);
    EXPECT_TRUE(holds.owners().empty());
    EXPECT_EQ(store->gc(store_time{100h})->size(), 1U);
}

TEST_F(hold_keeper_test, a_cancelled_one_lets_go_too) {
    const auto id = accept("k");
    ASSERT_TRUE(engine->wait((*engine)->cancel(id, "client", "no longer wanted")));
    engine->loop.advance(10s);
    EXPECT_TRUE(holds.owners().empty());
}

TEST_F(hold_keeper_test, what_a_crash_left_is_dropped_at_the_next_start) {
    // One that was never journaled, one that ended while nobody let go, one that lives.
    (void)accept("never", true);
    keeper.reset();
    waiting = false;
    (void)accept("ended");
    engine->loop.advance(2h);
    waiting = true;
    const auto alive = accept("alive");
    EXPECT_EQ(holds.owners().size(), 3U);
    restart_keeper();
    EXPECT_EQ(sweep(), 2U);
    EXPECT_EQ(holds.owners(), std::vector{alive});
}

TEST_F(hold_keeper_test, a_submission_under_way_is_not_judged) {
    const auto id = accept("k", true);
    EXPECT_EQ(sweep(), 0U);  // it was not there at the sweep before
    EXPECT_EQ(holds.owners(), std::vector{id});
    EXPECT_EQ(sweep(), 1U);
    EXPECT_TRUE(holds.owners().empty());
}

}  // namespace
}  // namespace thole::app
