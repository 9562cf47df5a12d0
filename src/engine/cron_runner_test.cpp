#include "engine/cron_runner.hpp"

#include "base/time_text.hpp"
#include "engine/order_saga_test.hpp"

namespace thole::saga {
namespace {

using namespace testing;
using ::testing::ElementsAre;

class cron_runner_test : public engine_test {
  protected:
    void SetUp() override {
        engine_options options;
        options.max_waiting = 3;
        begin(presets::standard, options);
        // A whole hour, whatever the clock of the test begins with.
        const auto hour = std::chrono::hours{1};
        b->loop.advance(hour - now().time_since_epoch() % hour);
    }
    store_time now() { return store_time{b->loop.wall_now().time_since_epoch()}; }

    // As long as `work` lives; its end is what a stop or a crash does.
    struct lifetime {
        lifetime(cron_runner_test& t, const char* at, missed_ticks missed,
                 std::string input = json::write(order{"a", 1}))
            : world{*t.b},
              runner{{t.b->loop, **t.b, [&t] { return t.now(); },
                      [&t](const std::string&, const fault& f) { t.faults.push_back(f); }},
                     {{"nightly", *cron::parse(at), "order", std::move(input), missed}}},
              work{t.b->loop} {
            work.spawn(runner.run());
        }
        ~lifetime() { world.run(work.close()); }
        bench& world;
        cron_runner runner;
        io::scope work;
    };
    void pass(duration d) {
        b->loop.advance(d);
        b->loop.run_ready();
    }
    // The minutes of the ticks that were started, oldest first.
    std::vector<std::string> started() {
        std::vector<std::string> out;
        const auto page = b->store.list({.limit = 500});
        for (const auto& each : page->items) {
            EXPECT_EQ(each.op.who.subject, "cron/nightly/");
            out.push_back(each.op.who.key.substr(27, 2));
        }
        std::ranges::reverse(out);
        return out;
    }
    std::vector<fault> faults;
};

// proves: E5
TEST_F(cron_runner_test, starts_one_operation_a_tick) {
    lifetime one{*this, "*/10 * * * *", missed_ticks::skip};
    pass(35min);
    EXPECT_THAT(started(), ElementsAre("10", "20", "30"));
    EXPECT_TRUE(faults.empty());
    const auto shown = b->wait(one.runner.view(2));
    ASSERT_TRUE(shown);
    ASSERT_EQ(shown->size(), 1U);
    EXPECT_EQ((*shown)[0].last_state, "completed");
    EXPECT_THAT((*shown)[0].next, ElementsAre(now() + 5min, now() + 15min));
}

// proves: E1, E5
TEST_F(cron_runner_test, over_restarts_no_tick_is_started_twice_and_missed_ones_are_skipped) {
    for (const auto rests : {8min, 7min, 30min, 5min}) {
        lifetime each{*this, "*/10 * * * *", missed_ticks::skip};
        pass(rests);
    }
    EXPECT_THAT(started(), ElementsAre("10", "20", "30", "40", "50"));
    pass(25min);  // nobody runs
    lifetime again{*this, "*/10 * * * *", missed_ticks::skip};
    pass(10min);
    EXPECT_THAT(started(), ElementsAre("10", "20", "30", "40", "50", "20"));
}

// proves: E5
TEST_F(cron_runner_test, of_missed_ticks_one_is_made_up_for_when_asked) {
    {
        lifetime first{*this, "*/10 * * * *", missed_ticks::one};
        pass(5min);
        EXPECT_THAT(started(), ElementsAre()) << "it has missed nothing yet";
        pass(6min);
    }
    pass(44min);
    lifetime again{*this, "*/10 * * * *", missed_ticks::one};
    pass(1min);
    EXPECT_THAT(started(), ElementsAre("10", "50"));
    lifetime twice{*this, "*/10 * * * *", missed_ticks::one};
    pass(20min);
    EXPECT_THAT(started(), ElementsAre("10", "50", "00", "10")) << "two of them, each tick once";
}

// proves: E5
TEST_F(cron_runner_test, what_the_full_queue_refuses_is_tried_until_the_tick_after_it) {
    std::vector<uuid> waiting;
    for (const auto* key : {"x", "y", "z"}) {
        auto s = b->an_order(key, key);
        s.subject = "cron/nightly/";
        s.not_before = now() + 24h;
        waiting.push_back(b->accept(std::move(s)));
    }
    lifetime one{*this, "*/10 * * * *", missed_ticks::skip};
    pass(24min);
    ASSERT_GT(faults.size(), 10U);
    EXPECT_TRUE(faults[0].is(codes::engine_queue_full));
    EXPECT_EQ(b->store.list({.limit = 500})->items.size(), 3U);
    for (const auto id : waiting) EXPECT_TRUE(b->wait((*b)->cancel(id, "p", "make room")));
    pass(1min);
    EXPECT_EQ(b->store.list({.limit = 500})->items.front().op.who.key.substr(27, 2), "20");
    EXPECT_EQ(b->store.list({.limit = 500})->items.size(), 4U) << "the one before it is missed";
}

TEST_F(cron_runner_test, an_input_that_is_refused_is_told_and_not_repeated) {
    lifetime one{*this, "*/10 * * * *", missed_ticks::skip, "{\"bogus\":1}"};
    pass(25min);
    ASSERT_EQ(faults.size(), 2U) << "once a tick";
    EXPECT_TRUE(faults[0].is(codes::engine_bad_input));
}

}  // namespace
}  // namespace thole::saga
