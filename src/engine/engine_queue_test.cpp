// Who may run when: locks, places, priorities, pauses.

#include "engine/act_saga.hpp"
#include "engine/engine.hpp"
#include "engine/order_saga_test.hpp"

namespace thole::saga {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

using engine_queue_test = engine_test;

// ---- locks --------------------------------------------------------------------------------------

// proves: E2, E5
TEST_F(engine_queue_test, one_operation_per_account_the_others_in_order) {
    std::vector<std::string> order_of;
    engine_options options;
    options.on_event = [&](const operation& op, const event& e) {
        if (e.type == event_type::ended) order_of.push_back(op.who.key);
    };
    begin(presets::standard, std::move(options));
    int inside = 0;
    steps.ship->act = [&](step_context&) {
        auto slow = [](io::loop& loop, int& n) -> task<outcome<text>> {
            EXPECT_EQ(++n, 1);
            static_cast<void>(co_await loop.sleep_until(loop.now() + 5s));
            --n;
            co_return done<text>{{"sent"}};
        };
        return slow(b->loop, inside);
    };
    const auto first = b->accept(b->an_order("k1"));
    const auto second = b->accept(b->an_order("k2"));
    const auto third = b->accept(b->an_order("k3"));
    b->loop.advance(1s);
    EXPECT_EQ(b->now(second).view.state, "blocked");
    EXPECT_EQ(b->now(second).view.waiting->holder, first);
    EXPECT_EQ(b->now(second).view.waiting->reason, "lock default/alice");
    EXPECT_TRUE(b->wait((*b)->retry(second, "me", "")).error().is(codes::operation_not_waiting));
    EXPECT_EQ(b->end_of(third).view.state, "completed");
    EXPECT_EQ(b->end_of(first).view.state, "completed");
    EXPECT_THAT(order_of, ElementsAre("k1", "k2", "k3"));
    EXPECT_TRUE(b->store.locks()->empty());
}

TEST_F(engine_queue_test, a_blocked_operation_can_be_cancelled_and_passes_its_turn) {
    begin();
    bool broken = true;
    steps.ship->act = [&](step_context&) {
        return broken ? with<outcome<text>>(park{"stuck", {}}) : fine();
    };
    const auto first = b->accept(b->an_order("k1"));
    const auto second = b->accept(b->an_order("k2"));
    const auto third = b->accept(b->an_order("k3"));
    EXPECT_EQ(b->end_of(first).view.state, "parked");
    ASSERT_TRUE(b->wait((*b)->cancel(second, "me", "")));
    EXPECT_EQ(b->end_of(second).view.state, "rolled_back");
    EXPECT_EQ(steps.reserve->undos, 0) << "it had not begun";
    EXPECT_EQ(b->now(third).view.state, "blocked");
    broken = false;
    ASSERT_TRUE(b->wait((*b)->close(first, "me", "done by hand")));
    EXPECT_EQ(b->end_of(third).view.state, "completed");
}

// ---- queue --------------------------------------------------------------------------------------

// proves: E5
TEST_F(engine_queue_test, a_full_queue_refuses_new_work_but_answers_replays) {
    engine_options options;
    options.max_waiting = 3;
    begin(presets::standard, std::move(options));
    steps.reserve->act = [](step_context&) { return with<outcome<text>>(saga::wait{1h, "later"}); };
    for (const auto* key : {"k1", "k2", "k3"}) {
        auto s = b->an_order(key, key);
        b->accept(s);
        b->loop.advance(1ms);
    }
    const auto refused = b->wait((*b)->submit(b->an_order("k4")));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::engine_queue_full));
    EXPECT_EQ(refused.error().retry_after(), 5s);
    const auto again = b->wait((*b)->submit(b->an_order("k1", "k1")));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->replayed);
    EXPECT_EQ((*b)->figures().refused, 1U);
}

// proves: E5
TEST_F(engine_queue_test, works_on_no_more_than_it_may_and_on_the_urgent_first) {
    std::vector<std::string> begun;
    engine_options options;
    options.concurrency = 2;
    options.on_event = [&](const operation& op, const event& e) {
        if (e.type == event_type::step_started) begun.push_back(op.who.key);
    };
    begin(presets::standard, std::move(options));
    int inside = 0;
    int most = 0;
    steps.reserve->act = [&](step_context&) {
        auto slow = [](io::loop& loop, int& n, int& top) -> task<outcome<text>> {
            top = std::max(top, ++n);
            static_cast<void>(co_await loop.sleep_until(loop.now() + 1s));
            --n;
            co_return done<text>{{"reserved"}};
        };
        return slow(b->loop, inside, most);
    };
    std::vector<uuid> all;
    for (int i = 0; i < 10; ++i) {
        auto s = b->an_order("n" + std::to_string(i), std::to_string(i));
        if (i >= 8) s.key = "h" + s.key, s.priority = operation_priority::high;
        all.push_back(b->accept(s));
    }
    for (const auto& id : all) EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(most, 2);
    ASSERT_EQ(begun.size(), 10U);
    // Two had a place at once; of those who waited the urgent came first.
    EXPECT_EQ(begun[2].substr(0, 1) + begun[3].substr(0, 1), "hh");
}

TEST_F(engine_queue_test, nobody_starves_behind_a_stream_of_urgent_work) {
    engine_options options;
    options.concurrency = 1;
    begin(presets::standard, std::move(options));
    auto low = b->an_order("low", "low");
    low.priority = operation_priority::low;
    auto first = b->an_order("first", "first");
    first.priority = operation_priority::high;
    steps.reserve->act = [&](step_context&) {
        auto slow = [](io::loop& loop) -> task<outcome<text>> {
            static_cast<void>(co_await loop.sleep_until(loop.now() + 1s));
            co_return done<text>{{"reserved"}};
        };
        return slow(b->loop);
    };
    b->accept(first);
    const auto waiting = b->accept(low);
    int urgent = 0;
    while (b->now(waiting).view.state != "completed" && urgent < 100) {
        auto s = b->an_order("h" + std::to_string(urgent), "h" + std::to_string(urgent));
        s.priority = operation_priority::high;
        b->accept(s);
        ++urgent;
        b->loop.advance(1s);
    }
    EXPECT_LT(urgent, 65) << "a minute of waiting makes up for its class";
}

// ---- kinds --------------------------------------------------------------------------------------

// proves: E5
TEST_F(engine_queue_test, a_kind_rests_until_it_is_released_whatever_happens_meanwhile) {
    begin();
    steps.reserve->act = [&](step_context&) {
        auto slow = [](io::loop& loop) -> task<outcome<text>> {
            static_cast<void>(co_await loop.sleep_until(loop.now() + 5s));
            co_return done<text>{{"reserved"}};
        };
        return slow(b->loop);
    };
    const auto at_work = b->accept(b->an_order("k1", "a"));
    b->loop.advance(1s);
    EXPECT_TRUE(b->wait((*b)->release("order", "me", "")).error().is(codes::engine_not_held));
    EXPECT_TRUE(b->wait((*b)->hold("odrer", "me", "")).error().is(codes::engine_unknown_kind));
    ASSERT_TRUE(b->wait((*b)->hold("order", "me", "the chain is ill")));
    const auto later = b->accept(b->an_order("k2", "b"));
    b->loop.advance(1h);
    EXPECT_EQ(steps.reserve->runs, 1) << "what was under way ends its call";
    EXPECT_EQ(steps.pay->prepares, 0) << "… and begins no other";
    EXPECT_EQ(b->now(at_work).view.waiting->reason, "engine.held");
    b->crash();
    b->start();
    b->loop.advance(1h);
    EXPECT_EQ(b->now(later).view.waiting->reason, "engine.held");
    EXPECT_EQ(steps.reserve->runs, 1);
    ASSERT_TRUE(b->wait((*b)->release("order", "you", "well again")));
    EXPECT_EQ(b->end_of(at_work).view.state, "completed");
    EXPECT_EQ(b->end_of(later).view.state, "completed");
    const auto said = *b->wait((*b)->holds(true));
    ASSERT_EQ(said.size(), 2U);
    EXPECT_EQ(said[0].actor, "you");
    EXPECT_EQ(said[1].reason, "the chain is ill");
}

// proves: E5
TEST_F(engine_queue_test, everything_rests_also_what_waits_for_a_generation) {
    begin();
    steps.pay->look = [&](step_context&, const journaled<text>&) {
        return settled(saga::pending{10s});
    };
    const auto id = b->accept(b->an_order("k1"));
    b->loop.advance(25s);
    const auto looks = steps.pay->settles;
    EXPECT_EQ(looks, 3);
    ASSERT_TRUE(b->wait((*b)->hold("", "me", "moving house")));
    b->loop.advance(1h);
    EXPECT_EQ(steps.pay->settles, looks);
    EXPECT_EQ((*b)->figures().running, 0);
    steps.pay->look = {};
    ASSERT_TRUE(b->wait((*b)->release("", "me", "")));
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(steps.pay->prepares, 1);
}

// proves: E5
TEST_F(engine_queue_test, what_one_node_holds_or_has_waiting_the_other_hears_of_at_its_next_look) {
    begin();
    steps.pay->look = [&](step_context&, const journaled<text>&) {
        return settled(saga::pending{300ms});
    };
    inline_journal log{b->loop, b->store};
    definitions known;
    known.add(steps.make(presets::standard));
    seeded_entropy ids{9};
    engine_options options;
    options.node = "other";
    options.max_waiting = 2;
    options.look_every = 1s;
    engine other{b->loop, log, known, ids, options};
    ASSERT_TRUE(b->wait(other.start()));
    auto s = b->an_order("k1");
    const auto id = b->wait(other.submit(std::move(s)))->view.id;
    b->loop.advance(2s);
    ASSERT_TRUE(b->wait((*b)->hold("", "me", "moving house")));
    b->loop.advance(1100ms);
    EXPECT_EQ(b->now(id).view.state, "ready") << "it had been waiting between two looks";
    const auto looks = steps.pay->settles;
    b->accept(b->an_order("k2", "bob"));
    b->loop.advance(1h);
    EXPECT_EQ(steps.pay->settles, looks);
    EXPECT_EQ(other.figures().ready, 2);
    const auto full = b->wait(other.submit(b->an_order("k3", "carol")));
    EXPECT_TRUE(!full && full.error().is(codes::engine_queue_full)) << "two wait at both together";
    steps.pay->look = {};
    ASSERT_TRUE(b->wait((*b)->release("", "me", "")));
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    ASSERT_TRUE(b->wait((*b)->hold("order", "me", "")));
    b->loop.advance(1100ms);
    const auto at_rest = b->wait(other.submit(b->an_order("k3", "carol")));
    ASSERT_TRUE(at_rest);
    const auto id3 = at_rest->view.id;
    EXPECT_EQ(b->wait(other.get(id3))->view.waiting->reason, "engine.held");
    ASSERT_TRUE(b->wait((*b)->release("order", "me", "")));
    EXPECT_EQ(b->end_of(id3).view.state, "completed");
    b->run(other.stop(1s));
}

// proves: E5
TEST_F(engine_queue_test, a_kind_has_its_own_places_and_its_own_rate) {
    engine_options options;
    options.kinds["order"] = {.concurrency = 2, .per_minute = 30};
    begin(presets::standard, std::move(options));
    int inside = 0;
    int most = 0;
    std::vector<time_point> begun;
    steps.reserve->act = [&](step_context&) {
        begun.push_back(b->loop.now());
        auto slow = [](io::loop& loop, int& n, int& top) -> task<outcome<text>> {
            top = std::max(top, ++n);
            static_cast<void>(co_await loop.sleep_until(loop.now() + 7s));
            --n;
            co_return done<text>{{"reserved"}};
        };
        return slow(b->loop, inside, most);
    };
    std::vector<uuid> all;
    for (int i = 0; i < 8; ++i) {
        all.push_back(b->accept(b->an_order("k" + std::to_string(i), std::to_string(i))));
    }
    for (const auto& id : all) EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(most, 2);
    ASSERT_EQ(begun.size(), 8U);
    for (std::size_t i = 1; i < begun.size(); ++i) EXPECT_GE(begun[i] - begun[i - 1], 1990ms);
    EXPECT_EQ((*b)->figures().ready + (*b)->figures().running, 0);
}

// proves: E5
TEST_F(engine_queue_test, replays_and_conflicts_use_nothing_of_the_rate) {
    engine_options options;
    options.kinds["order"] = {.per_minute = 1};
    begin(presets::standard, std::move(options));
    std::vector<time_point> begun;
    steps.reserve->act = [&](step_context&) {
        begun.push_back(b->loop.now());
        return fine();
    };
    EXPECT_EQ(b->end_of(b->accept(b->an_order("k1", "1"))).view.state, "completed");
    b->loop.advance(2min);
    const auto again = b->wait((*b)->submit(b->an_order("k1", "1")));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->replayed);
    const auto other = b->wait((*b)->submit(b->an_order("k1", "2")));
    ASSERT_FALSE(other);
    EXPECT_TRUE(other.error().is(codes::engine_key_conflict));
    const auto before = b->loop.now();
    EXPECT_EQ(b->end_of(b->accept(b->an_order("k2", "2"))).view.state, "completed");
    ASSERT_EQ(begun.size(), 2U);
    EXPECT_LT(begun[1] - before, 1s);
}

// proves: E5, E6
TEST_F(engine_queue_test, a_key_has_a_rate_of_its_own_and_others_go_past) {
    engine_options options;
    options.kinds["order"] = {.key_per_minute = 6};
    begin(presets::standard, std::move(options));
    std::map<std::string, std::vector<store_time>> begun;
    steps.pay->look = {};
    std::vector<uuid> all;
    for (int i = 0; i < 4; ++i) all.push_back(b->accept(b->an_order("k" + std::to_string(i))));
    const auto other = b->accept(b->an_order("other", "bob"));
    b->loop.advance(2s);
    EXPECT_EQ(b->now(all[0]).view.state, "completed");
    EXPECT_EQ(b->now(other).view.state, "completed");
    const auto second = b->now(all[1]).view;
    EXPECT_EQ(second.state, "ready");
    EXPECT_EQ(second.waiting->reason, "engine.key_rate_limited");
    ASSERT_TRUE(second.waiting->until);
    EXPECT_GT(*second.waiting->until, second.created_at + 9s);
    EXPECT_EQ(b->now(all[2]).view.waiting->holder, all[1]) << "who is behind it waits for the key";
    // What a person ends leaves its time to the next; and a retry does not get past the rate.
    ASSERT_TRUE(b->wait((*b)->retry(all[1], "me", "now")));
    b->loop.advance(1s);
    EXPECT_EQ(b->now(all[1]).view.waiting->reason, "engine.key_rate_limited");
    ASSERT_TRUE(b->wait((*b)->cancel(all[1], "me", "no longer")));
    EXPECT_EQ(b->end_of(all[1]).view.state, "rolled_back");
    std::vector<store_time> ended;
    for (const int i : {2, 3}) {
        const auto end = b->end_of(all[static_cast<std::size_t>(i)]).view;
        EXPECT_EQ(end.state, "completed");
        ended.push_back(*end.ended_at);
    }
    const auto first = *b->now(all[0]).view.ended_at;
    EXPECT_GE(ended[0], first + 9s);
    EXPECT_LE(ended[0], first + 11s);
    EXPECT_GE(ended[1], ended[0] + 9s);
    b->expect_stories_true();
}

// proves: E5, E8
TEST_F(engine_queue_test, the_rate_of_a_key_outlives_the_process) {
    engine_options options;
    options.kinds["order"] = {.key_per_minute = 1};
    begin(presets::standard, std::move(options));
    const auto first = b->accept(b->an_order("first"));
    EXPECT_EQ(b->end_of(first).view.state, "completed");
    b->crash();
    b->start();
    const auto second = b->accept(b->an_order("second"));
    b->loop.advance(30s);
    EXPECT_EQ(b->now(second).view.waiting->reason, "engine.key_rate_limited");
    b->crash();
    b->start();
    const auto end = b->end_of(second).view;
    EXPECT_EQ(end.state, "completed");
    EXPECT_GE(*end.ended_at - *b->now(first).view.ended_at, 59s);
}

task<> keep_view(task<result<operation_view>> call, std::optional<result<operation_view>>& answer) {
    answer.emplace(co_await std::move(call));
}

class engine_undo_test : public engine_queue_test {
  protected:
    // Five that wait for tomorrow.
    void accept_five(engine_options options = {}) {
        begin(presets::standard, std::move(options));
        for (int i = 0; i < 5; ++i) {
            auto s = b->an_order("k" + std::to_string(i), "a" + std::to_string(i));
            s.not_before = store_time{b->loop.wall_now().time_since_epoch()} + 24h;
            all.push_back(b->accept(std::move(s)));
        }
    }
    result<bulk_answer> act(bulk_act what, operation_priority to = operation_priority::normal) {
        bulk_request r;
        r.which.kind = "order";
        r.act = what;
        r.actor = "me", r.reason = "because";
        r.more.priority = to;
        r.dry_run = false;
        r.expect = 5;
        r.window = 10min;
        return b->wait((*b)->act_on_all(std::move(r)));
    }
    std::string states() {
        std::string out;
        for (const auto& id : all) out += b->now(id).view.progress == "PAUSED" ? 'p' : '-';
        return out;
    }
    // How many were given back, and how many had moved on.
    std::string undo(uuid act) {
        EXPECT_TRUE(b->wait((*b)->cancel(act, "me", "the wrong filter")));
        EXPECT_EQ(b->end_of(act).view.state, "rolled_back");
        for (const auto& e : *b->wait((*b)->events(act, 0, 100, deadline{b->loop.now()}))) {
            const auto* notes = e.data ? e.data->as_object().if_contains("notes") : nullptr;
            if (notes == nullptr || e.event != "step.undone") continue;
            return std::string{notes->as_array().at(0).at("detail").as_string()};
        }
        return "nothing to give back";
    }
    std::vector<uuid> all;
};

// proves: E6
TEST_F(engine_undo_test,
       what_has_an_inverse_is_done_at_once_and_taken_back_where_nothing_moved_on) {
    accept_five();
    ASSERT_TRUE(b->wait((*b)->pause(all[0], "somebody else", "mine")));
    const auto paused = act(bulk_act::pause);
    ASSERT_TRUE(paused && paused->undoable);
    EXPECT_EQ(paused->matched, 5);
    b->loop.advance(1min);
    EXPECT_EQ(states(), "ppppp");
    const auto waits = b->now(paused->undoable->id).view;
    EXPECT_EQ(waits.state, "ready");
    EXPECT_EQ(waits.waiting->reason, "its undo window");
    EXPECT_NE(json::write(*b->wait((*b)->events(all[1], 0, 9, deadline{b->loop.now()})))
                  .find("because (act " + waits.id.text() + ")"),
              std::string::npos);
    ASSERT_TRUE(b->wait((*b)->resume(all[1], "me", "")));
    ASSERT_TRUE(b->wait((*b)->resume(all[2], "me", "")));
    ASSERT_TRUE(b->wait((*b)->pause(all[2], "me", "again, on purpose")));
    b->crash();
    b->start();
    EXPECT_EQ(undo(waits.id), "2 given back, 2 moved on");
    EXPECT_EQ(states(), "p-p--") << "nobody else's pause is taken back";

    const auto moved_up = act(bulk_act::prioritise, operation_priority::high);
    b->loop.advance(1min);
    EXPECT_EQ(b->now(all[3]).view.priority, operation_priority::high);
    ASSERT_TRUE(b->wait((*b)->act(all[3], bulk_act::prioritise, "me", "no",
                                  {.priority = operation_priority::low})));
    EXPECT_EQ(undo(moved_up->undoable->id), "4 given back, 1 moved on");
    EXPECT_EQ(b->now(all[3]).view.priority, operation_priority::low);
    EXPECT_EQ(b->now(all[4]).view.priority, operation_priority::normal);

    const auto resumed = act(bulk_act::resume);
    b->loop.advance(1min);
    EXPECT_EQ(states(), "-----");
    EXPECT_EQ(undo(resumed->undoable->id), "2 given back, 0 moved on");
    EXPECT_EQ(states(), "p-p--");
}

// proves: E6
TEST_F(engine_undo_test, what_cannot_be_taken_back_is_done_when_its_window_has_passed) {
    accept_five();
    const auto first = act(bulk_act::cancel);
    ASSERT_TRUE(first && first->undoable);
    b->loop.advance(9min);
    EXPECT_EQ(b->now(first->undoable->id).view.waiting->reason, "engine.not_due");
    EXPECT_EQ(undo(first->undoable->id), "nothing to give back");
    b->loop.advance(1h);
    for (const auto& id : all) EXPECT_EQ(b->now(id).view.state, "ready") << "as if never said";
    const auto second = act(bulk_act::cancel);
    ASSERT_TRUE(b->wait((*b)->cancel(all[0], "me", "this one now")));
    b->crash();
    b->start();
    const auto end = b->end_of(second->undoable->id);
    EXPECT_EQ(end.view.state, "completed");
    for (const auto& id : all) EXPECT_EQ(b->now(id).view.state, "rolled_back");
    const auto report = end.find_output<take_effect>();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->done, 4);
    ASSERT_EQ(report->refused.size(), 1U);
    EXPECT_EQ(report->refused[0].code, "operation.ended");
    EXPECT_TRUE(b->wait((*b)->cancel(second->undoable->id, "me", "too late"))
                    .error()
                    .is(codes::operation_ended));
}

// proves: E6
TEST_F(engine_undo_test, what_has_begun_and_has_no_inverse_is_not_said_to_be_undone) {
    uuid id;
    std::optional<io::scope> work;
    std::optional<result<operation_view>> told;
    engine_options options;
    options.on_event = [&](const operation& op, const event& e) {
        if (work || op.who.kind != "order" || e.type != event_type::cancel_requested) return;
        work.emplace(b->loop);  // the first of the five is cancelled just now
        b->loop.post([&] { work->spawn(keep_view((*b)->cancel(id, "me", "too late"), told)); });
    };
    accept_five(std::move(options));
    const auto given = act(bulk_act::cancel);
    ASSERT_TRUE(given && given->undoable);
    id = given->undoable->id;
    b->loop.advance(11min);
    ASSERT_TRUE(told && *told) << "it was at work";
    const auto end = b->end_of(id).view;
    EXPECT_EQ(end.state, "parked");
    EXPECT_EQ(end.waiting->reason, "operation.act_done");
    for (const auto& each : all) EXPECT_EQ(b->now(each).view.state, "rolled_back");
}

TEST_F(engine_undo_test, while_everything_rests_an_act_that_would_rest_too_is_refused) {
    accept_five();
    ASSERT_TRUE(b->wait((*b)->hold("", "me", "stop")));
    const auto refused = act(bulk_act::pause);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::engine_held));
    ASSERT_TRUE(b->wait((*b)->release("", "me", "on")));
    EXPECT_TRUE(act(bulk_act::pause));
}

TEST_F(engine_undo_test, whose_number_changed_or_who_are_too_many_are_refused) {
    accept_five();
    bulk_request r;
    r.which.kind = "order";
    r.act = bulk_act::pause;
    r.dry_run = false;
    r.expect = 4;
    r.window = 10min;
    EXPECT_TRUE(b->wait((*b)->act_on_all(r)).error().is(codes::operation_count_changed));
    r.dry_run = true, r.expect = {};
    const auto counted = b->wait((*b)->act_on_all(r));
    EXPECT_EQ(counted->matched, 5);
    EXPECT_FALSE(counted->undoable);
    EXPECT_EQ(b->wait((*b)->list({.kind = "act"}))->items.size(), 0U);
}

// proves: E5
TEST_F(engine_queue_test, a_paused_operation_leaves_its_driver_and_goes_on_when_resumed) {
    begin();
    steps.reserve->act = [&](step_context&) {
        auto slow = [](io::loop& loop) -> task<outcome<text>> {
            static_cast<void>(co_await loop.sleep_until(loop.now() + 10s));
            co_return done<text>{{"reserved"}};
        };
        return slow(b->loop);
    };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    ASSERT_TRUE(b->wait((*b)->pause(id, "me", "maintenance")));
    b->loop.advance(1h);
    EXPECT_EQ(b->now(id).view.progress, "PAUSED");
    EXPECT_EQ(b->now(id).view.waiting->reason, "operation.paused");
    EXPECT_EQ((*b)->figures().running, 0);
    EXPECT_EQ(steps.pay->prepares, 0);
    ASSERT_TRUE(b->wait((*b)->resume(id, "me", "")));
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(steps.reserve->runs, 2);
}

// proves: E5, E6
TEST_F(engine_queue_test, many_are_counted_first_and_then_acted_on) {
    begin();
    bool broken = true;
    steps.reserve->act = [&](step_context& in) {
        if (!broken) return fine();
        const bool odd = in.input<order>().account.back() % 2 == 1;
        return odd ? with<outcome<text>>(park{"look", {}}) : failing(fault{codes::net_timeout});
    };
    std::vector<uuid> all;
    for (int i = 0; i < 10; ++i) {
        all.push_back(b->accept(b->an_order("k" + std::to_string(i), "a" + std::to_string(i))));
    }
    for (const auto& id : all) EXPECT_EQ(b->end_of(id).view.state, "parked");
    bulk_request dead_letters;
    dead_letters.which.state = op_state::parked;
    dead_letters.which.text = "net.timeout";
    dead_letters.actor = "me";
    dead_letters.reason = "the network is back";
    auto counted = b->wait((*b)->act_on_all(dead_letters));
    EXPECT_EQ(counted->matched, 5);
    EXPECT_EQ(counted->done, 0);
    dead_letters.dry_run = false;
    dead_letters.expect = 4;
    EXPECT_TRUE(b->wait((*b)->act_on_all(dead_letters)).error().is(codes::operation_count_changed));
    dead_letters.expect = 5;
    broken = false;
    EXPECT_EQ(b->wait((*b)->act_on_all(dead_letters))->done, 5);
    for (int i = 0; i < 10; i += 2) {
        EXPECT_EQ(b->end_of(all[static_cast<std::size_t>(i)]).view.state, "completed");
    }
    bulk_request every;
    every.act = bulk_act::close;
    every.actor = "me", every.reason = "enough";
    every.dry_run = false;
    every.expect = 10;
    const auto closed = b->wait((*b)->act_on_all(every));
    EXPECT_EQ(closed->done, 5);
    EXPECT_EQ(closed->refused.at("operation.ended"), 5);
}

// proves: E6
TEST_F(engine_queue_test, a_person_sends_back_and_changes_the_class_of_one_and_of_many) {
    begin();
    bool broken = true;
    steps.ship->act = [&](step_context&) {
        return broken ? with<outcome<text>>(park{"stuck", {}}) : fine();
    };
    std::vector<uuid> all;
    for (const auto* key : {"a", "b"}) all.push_back(b->accept(b->an_order(key, key)));
    for (const auto& id : all) EXPECT_EQ(b->end_of(id).view.state, "parked");
    const auto act = [&](bulk_act what, act_details more) {
        return b->wait((*b)->act(all[0], what, "me", "r", std::move(more)));
    };
    const auto refusal = [&](bulk_act what, act_details more) {
        const auto done = act(what, std::move(more));
        return done ? std::string{"none"} : std::string{done.error().code()};
    };
    EXPECT_EQ(refusal(bulk_act::skip, {.output = R"({"value":"x"})"}), "operation.not_skippable");
    EXPECT_EQ(refusal(bulk_act::skip, {.output = "{}"}), "operation.bad_output");
    EXPECT_EQ(refusal(bulk_act::reopen, {.step = "shop"}), "operation.step_unknown");
    EXPECT_EQ(refusal(bulk_act::reopen, {.step = "reserve"}), "operation.not_repeatable");
    const auto urgent = act(bulk_act::prioritise, {.priority = operation_priority::high});
    ASSERT_TRUE(urgent);
    EXPECT_EQ(urgent->priority, operation_priority::high);
    broken = false;
    bulk_request back;
    back.which.state = op_state::parked;
    back.act = bulk_act::reopen;
    back.more.step = "ship";
    back.actor = "me", back.reason = "again";
    back.dry_run = false, back.expect = 2;
    EXPECT_EQ(b->wait((*b)->act_on_all(back))->done, 2);
    for (const auto& id : all) EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_THAT(b->story(all[0]), Contains("operation.reopened ship"));
}

// proves: E6
TEST(engine_skip_test, a_skipped_step_does_not_run_and_its_output_is_read) {
    bench b;
    auto first = std::make_shared<plain_step<"first">>();
    auto last = std::make_shared<plain_step<"last">>();
    first->act = [](step_context&) { return failing(fault{codes::net_timeout}); };
    std::string seen;
    last->act = [&](step_context& in) {
        seen = in.output<plain_step<"first">>().value;
        return fine();
    };
    b.define(define<order>("order", 1).step(first).skippable().step(last).build());
    b.start();
    const auto id = b.accept(b.an_order("k"));
    EXPECT_EQ(b.end_of(id).view.state, "parked");
    const auto runs = first->runs;
    act_details mine;
    mine.output = R"({"value":"mine"})";
    const auto skipped = b.wait(b->act(id, bulk_act::skip, "me", "done by hand", std::move(mine)));
    ASSERT_TRUE(skipped) << skipped.error().describe();
    EXPECT_EQ(b.end_of(id).view.state, "completed");
    EXPECT_EQ(first->runs, runs);
    EXPECT_EQ(seen, "mine");
    b.expect_stories_true();
}

TEST_F(engine_queue_test, work_may_be_asked_for_later) {
    begin();
    auto s = b->an_order("k");
    s.not_before = store_time{b->loop.wall_now().time_since_epoch()} + 1h;
    const auto id = b->accept(s);
    b->loop.advance(59min);
    EXPECT_EQ(steps.reserve->runs, 0);
    EXPECT_EQ(b->now(id).view.state, "ready");
    EXPECT_EQ(b->now(id).view.waiting->reason, "engine.not_due");
    EXPECT_EQ(b->now(id).view.waiting->until, *s.not_before);
    b->loop.advance(2min);
    EXPECT_EQ(b->now(id).view.state, "completed");
}

// proves: E5, E6
TEST_F(engine_queue_test, says_why_what_is_due_is_not_taken_up) {
    const auto second_under = [&](engine_options options) {
        begin(presets::standard, std::move(options));
        steps.reserve->act = [this](step_context&) -> task<outcome<text>> {
            static_cast<void>(co_await b->loop.sleep_until(b->loop.now() + 5s));
            co_return done<text>{{"reserved"}};
        };
        b->accept(b->an_order("first", "1"));
        const auto id = b->accept(b->an_order("second", "2"));
        b->loop.advance(1s);
        const auto view = b->now(id).view;
        EXPECT_EQ(view.state, "ready");
        const auto listed = b->wait((*b)->list({.key = "second"}));
        EXPECT_EQ(listed->items.at(0).view.waiting->reason, view.waiting->reason);
        EXPECT_EQ(b->end_of(id).view.state, "completed");
        return *view.waiting;
    };
    engine_options few;
    few.concurrency = 1;
    EXPECT_EQ(second_under(few).reason, "engine.no_place");
    engine_options options;
    options.kinds["order"] = {.concurrency = 1};
    EXPECT_EQ(second_under(options).reason, "engine.no_place");
    options.kinds["order"] = {.per_minute = 1};
    const auto limited = second_under(options);
    EXPECT_EQ(limited.reason, "engine.rate_limited");
    EXPECT_TRUE(limited.until) << "when the next one may begin";
}

}  // namespace
}  // namespace thole::saga
