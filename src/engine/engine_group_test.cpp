// Steps that run side by side, and steps that few operations may be in at once.

#include "engine/codes.hpp"
#include "engine/engine.hpp"
#include "engine/order_saga_test.hpp"
#include "io/cancellation.hpp"

namespace thole::saga {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsSubsetOf;
using ::testing::UnorderedElementsAre;

// first → [left · asked · right] → last
struct group_saga {
    std::shared_ptr<undoable<"first">> first = std::make_shared<undoable<"first">>();
    std::shared_ptr<undoable<"left">> left = std::make_shared<undoable<"left">>();
    std::shared_ptr<asking<"asked">> asked = std::make_shared<asking<"asked">>();
    std::shared_ptr<undoable<"right">> right = std::make_shared<undoable<"right">>();
    std::shared_ptr<plain_step<"last">> last = std::make_shared<plain_step<"last">>();

    [[nodiscard]] definition make() const {
        return define<order>("order", 1)
            .step(first)
            .shows("FIRST")
            .step(left)
            .step(asked)
            .beside()
            .step(right)
            .beside()
            .skippable()
            .shows("ALL")
            .step(last)
            .build();
    }
};

class engine_group_test : public ::testing::Test {
  protected:
    void begin(engine_options options = {}) {
        b.emplace(std::move(options));
        b->define(steps.make());
        b->start();
    }
    ~engine_group_test() override {
        if (b) b->expect_stories_true();
    }
    // Takes that long, then answers.
    auto slowly(duration how_long, outcome<text> answer = done<text>{{"slow"}}) {
        return [this, how_long, answer](step_context&) { return after(how_long, answer); };
    }
    task<outcome<text>> after(duration how_long, outcome<text> answer) {
        static_cast<void>(co_await b->loop.sleep_until(b->loop.now() + how_long));
        co_return answer;
    }
    std::map<std::string, std::string> members(uuid id) {
        std::map<std::string, std::string> out;
        for (const auto& m : b->now(id).view.members.value_or(std::vector<member_view>{})) {
            out[m.step] = m.state;
        }
        return out;
    }
    using states = std::map<std::string, std::string>;

    group_saga steps;
    std::optional<bench> b;
};

// proves: E1
TEST_F(engine_group_test, steps_run_side_by_side_and_the_next_begins_when_all_are_done) {
    begin();
    steps.left->act = slowly(2s);
    steps.asked->act = slowly(3s);
    steps.right->act = slowly(4s);
    steps.last->act = [](step_context& in) {
        EXPECT_TRUE(in.find_output<undoable<"left">>() && in.find_output<undoable<"right">>());
        return fine();
    };
    const auto begun = b->loop.now();
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(2500ms);
    EXPECT_EQ(members(id), (states{{"left", "done"}, {"asked", "running"}, {"right", "running"}}));
    EXPECT_EQ(b->now(id).view.progress, "FIRST");
    const auto end = b->end_of(id);
    EXPECT_EQ(end.view.state, "completed");
    EXPECT_FALSE(end.view.members);
    EXPECT_EQ(b->loop.now() - begun, 4s);
    EXPECT_EQ(steps.last->runs, 1);
    EXPECT_THAT(b->story(id),
                ElementsAre("operation.submitted", "step.started first", "step.completed first",
                            "step.started left", "step.started asked", "step.started right",
                            "step.completed left", "step.completed asked", "step.completed right",
                            "step.completed last", "operation.ended"));
}

// proves: E3, E6
TEST_F(engine_group_test, none_of_a_group_that_is_undone_can_be_skipped) {
    begin();
    steps.left->act = [](step_context&) { return failing(fault{codes::http_client_error}); };
    steps.right->revert = [](step_context&) {
        return with<outcome<nothing>>(park{"look at it", {}});
    };
    const auto id = b->accept(b->an_order("k"));
    EXPECT_EQ(b->end_of(id).view.state, "parked");
    for (const auto* name : {"", "first", "left", "asked", "right", "last"}) {
        act_details more;
        more.step = name;
        more.output = R"({"value":"given"})";
        const auto answer = b->wait((*b)->act(id, bulk_act::skip, "me", "r", std::move(more)));
        ASSERT_FALSE(answer) << name;
        const bool stands_there = std::string_view{name}.empty() || name == steps.right->name;
        const auto& why =
            stands_there ? codes::operation_not_skippable : codes::operation_step_not_begun;
        EXPECT_TRUE(answer.error().is(why)) << name << ": " << answer.error().describe();
    }
    steps.right->revert = {};
    ASSERT_TRUE(b->wait((*b)->retry(id, "me", "again")));
    EXPECT_EQ(b->end_of(id).view.state, "rolled_back");
}

// proves: E1, F2
TEST_F(engine_group_test, each_is_repeated_by_itself) {
    begin();
    steps.left->act = [&](step_context& in) {
        EXPECT_EQ(in.attempt(), steps.left->runs);
        return steps.left->runs < 3 ? failing(fault{codes::net_timeout}) : fine();
    };
    steps.right->act = [&](step_context&) {
        return steps.right->runs < 2 ? with<outcome<text>>(saga::wait{1min, "balance"}) : fine();
    };
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(10s);
    const auto view = b->now(id).view;
    EXPECT_EQ(view.state, "ready") << "nothing is under way: it waits as a row";
    EXPECT_EQ(view.waiting->reason, "balance");
    EXPECT_EQ(members(id), (states{{"left", "done"}, {"asked", "done"}, {"right", "waiting"}}));
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(steps.left->runs, 3);
    EXPECT_EQ(steps.asked->runs, 1) << "a finished one is never run again";
}

// proves: E1, E3
TEST_F(engine_group_test, one_that_gives_up_turns_all_back_when_the_others_have_settled) {
    begin();
    std::vector<std::string> undone;
    const auto note = [&](const char* what) {
        return [&undone, what](step_context&) {
            undone.emplace_back(what);
            return with<outcome<nothing>>(done<nothing>{});
        };
    };
    steps.first->revert = note("first");
    steps.left->revert = note("left");
    steps.asked->revert = note("asked");
    steps.right->revert = note("right");
    steps.left->act = [](step_context&) { return failing(fault{codes::http_client_error}); };
    steps.asked->act = slowly(5s);
    steps.right->act = slowly(3s, retry{fault{codes::net_timeout}});
    const auto begun = b->loop.now();
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    EXPECT_EQ(members(id),
              (states{{"left", "gave_up"}, {"asked", "running"}, {"right", "running"}}));
    EXPECT_THAT(undone, ElementsAre());
    const auto end = b->end_of(id);
    EXPECT_EQ(end.view.state, "rolled_back");
    EXPECT_EQ(end.view.cause, "http.client_error");
    EXPECT_EQ(b->loop.now() - begun, 5s);
    EXPECT_EQ(steps.right->runs, 1) << "nothing is begun any more";
    EXPECT_EQ(steps.last->runs, 0);
    EXPECT_THAT(undone, ElementsAre("right", "asked", "left", "first"));
}

// proves: E1, E6
TEST_F(engine_group_test, a_skippable_one_parks_and_the_others_are_kept) {
    begin();
    steps.right->act = [](step_context&) { return failing(fault{codes::http_client_error}); };
    const auto id = b->accept(b->an_order("k"));
    const auto parked = b->end_of(id);
    EXPECT_EQ(parked.view.state, "parked");
    EXPECT_EQ(parked.view.waiting->reason, "http.client_error");
    EXPECT_EQ(members(id), (states{{"left", "done"}, {"asked", "done"}, {"right", "gave_up"}}));
    const auto skip = [&](std::string step) {
        const act_details more{.output = R"({"value":"by hand"})", .step = std::move(step)};
        return b->wait((*b)->act(id, bulk_act::skip, "me", "known", more));
    };
    EXPECT_TRUE(skip("left").error().is(codes::operation_not_skippable)) << "it is done";
    EXPECT_TRUE(skip("last").error().is(codes::operation_step_not_begun));
    ASSERT_TRUE(skip(""));
    const auto end = b->end_of(id);
    EXPECT_EQ(end.view.state, "completed");
    EXPECT_EQ(end.find_output<undoable<"right">>()->value, "by hand");
    EXPECT_EQ(steps.left->runs, 1);
}

// proves: E6
TEST_F(engine_group_test, a_retry_repeats_only_what_is_not_done) {
    begin();
    bool broken = true;
    steps.asked->act = [&](step_context&) {
        return broken ? with<outcome<text>>(park{"look at it", {}}) : fine();
    };
    const auto id = b->accept(b->an_order("k"));
    EXPECT_EQ(b->end_of(id).view.waiting->reason, "look at it");
    broken = false;
    ASSERT_TRUE(b->wait((*b)->retry(id, "me", "it is back")));
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(steps.left->runs, 1);
    EXPECT_EQ(steps.asked->runs, 2);
}

// proves: E3
TEST_F(engine_group_test, a_cancel_interrupts_all_and_undoes_what_was_begun) {
    begin();
    steps.left->act = slowly(20s);
    steps.asked->act = slowly(20s);
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    const auto before = b->loop.now();
    ASSERT_TRUE(b->wait((*b)->cancel(id, "me", "no longer")));
    EXPECT_EQ(b->end_of(id).view.state, "rolled_back");
    EXPECT_LT(b->loop.now() - before, 1s);
    EXPECT_EQ(steps.left->undos + steps.asked->undos + steps.right->undos + steps.first->undos, 4);
}

// proves: E1
TEST_F(engine_group_test, a_pause_takes_all_away_and_resume_goes_on_with_what_is_left) {
    begin();
    steps.left->act = slowly(20s);
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    ASSERT_TRUE(b->wait((*b)->pause(id, "me", "a moment")));
    b->loop.advance(1h);
    EXPECT_EQ(members(id), (states{{"left", "waiting"}, {"asked", "done"}, {"right", "done"}}));
    steps.left->act = {};
    ASSERT_TRUE(b->wait((*b)->resume(id, "me", "on")));
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(steps.asked->runs, 1);
    EXPECT_EQ(steps.left->runs, 2);
}

// proves: E1
TEST_F(engine_group_test, after_a_crash_what_is_done_stays_done_and_what_was_probed_is_asked) {
    begin();
    std::vector<io::resumption<bool>> at_work;  // goes with the process
    auto keep = [&](io::resumption<bool> call) { at_work.push_back(std::move(call)); };
    auto hang = [&](step_context&) -> task<outcome<text>> {
        co_await io::suspend<bool>(keep);
        co_return done<text>{};
    };
    steps.left->act = hang;
    steps.asked->act = hang;
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    b->crash();
    at_work.clear();
    steps.left->act = {};
    steps.asked->ask = [](step_context&) { return with<probed<text>>(done<text>{{"it did"}}); };
    b->start();
    const auto end = b->end_of(id);
    EXPECT_EQ(end.view.state, "completed");
    EXPECT_EQ(steps.right->runs, 1);
    EXPECT_EQ(steps.left->runs, 2);
    EXPECT_EQ(steps.asked->runs, 1);
    EXPECT_EQ(steps.asked->probes, 1);
    EXPECT_EQ(end.find_output<asking<"asked">>()->value, "it did");
}

TEST_F(engine_group_test, a_shutdown_gives_all_back) {
    begin();
    steps.left->act = slowly(20s);
    steps.right->act = slowly(20s);
    const auto id = b->accept(b->an_order("k"));
    b->loop.advance(1s);
    b->stop();
    EXPECT_EQ((*b->store.load(id))->op.now.state, op_state::ready);
    steps.left->act = steps.right->act = {};
    b->start();
    EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(steps.asked->runs, 1);
}

TEST_F(engine_group_test, a_wrong_group_does_not_build) {
    const auto words = [](auto&& of) {
        try {
            static_cast<void>(of().build());
        } catch (const std::invalid_argument& e) {
            return std::string{e.what()};
        }
        return std::string{};
    };
    const auto start = [] { return define<order>("order", 1); };
    EXPECT_NE(words([&] { return start().step(steps.left).beside(); }).find("none before it"),
              std::string::npos);
    const auto signs = std::make_shared<signing<"pay">>();
    EXPECT_NE(words([&] {
                  return start().step(steps.left).step(signs).beside().pivot();
              }).find("stands alone"),
              std::string::npos);
    const auto key = [](const order& o) { return o.account; };
    EXPECT_NE(words([&] {
                  return start().step(steps.left).lock(key).step(steps.right).beside();
              }).find("takes the lock"),
              std::string::npos);
    EXPECT_NE(words([&] {
                  return start().step(steps.left).shows("X").step(steps.right).beside();
              }).find("by its last step"),
              std::string::npos);
}

// ---- few at a time ------------------------------------------------------------------------------

class engine_at_most_test : public engine_group_test {
  protected:
    // What is under way when a test ends still counts in here.
    void TearDown() override { b.reset(); }
    void begin_limited(bool beside) {
        b.emplace(engine_options{});
        auto saga = define<order>("order", 1).step(steps.first).step(steps.left).at_most(2);
        if (beside) saga.beside();
        b->define(saga.step(steps.last).build());
        b->start();
        steps.left->act = [this](step_context&) { return counted(); };
    }
    task<outcome<text>> counted() {
        most = std::max(most, ++inside);
        static_cast<void>(co_await b->loop.sleep_until(b->loop.now() + 1s));
        --inside;
        co_return done<text>{{"done"}};
    }
    void expect_two_at_a_time() {
        std::vector<uuid> all;
        for (int i = 0; i < 10; ++i) all.push_back(b->accept(b->an_order("k" + std::to_string(i))));
        const auto begun = b->loop.now();
        b->loop.advance(500ms);
        const auto waiting = std::ranges::count_if(
            all, [&](const uuid& id) { return b->now(id).view.state == "ready"; });
        EXPECT_EQ(waiting, 8) << "who has no place waits as a row";
        for (const auto& id : all) EXPECT_EQ(b->end_of(id).view.state, "completed");
        EXPECT_EQ(most, 2);
        EXPECT_LE(b->loop.now() - begun, 5100ms) << "no place is left empty";
    }
    int inside = 0;
    int most = 0;
};

// proves: E1, E5
TEST_F(engine_at_most_test, few_operations_are_in_a_step_at_once) {
    begin_limited(false);
    expect_two_at_a_time();
}

// proves: E1, E5
TEST_F(engine_at_most_test, also_of_a_group) {
    begin_limited(true);
    expect_two_at_a_time();
}

TEST_F(engine_at_most_test, a_crash_leaks_no_place) {
    begin_limited(false);
    for (int i = 0; i < 4; ++i) b->accept(b->an_order("k" + std::to_string(i)));
    b->loop.advance(500ms);
    b->crash();
    inside = 0;
    b->start();
    expect_two_at_a_time();
}

// first → [left · right (one at a time)] → last: who has no place in "right" waits for it beside
// his own "left", which takes its time.
class engine_line_test : public engine_at_most_test {
  protected:
    void begin_line(engine_options options = {}) {
        b.emplace(std::move(options));
        b->define(define<order>("order", 1)
                      .step(steps.first)
                      .step(steps.left)
                      .step(steps.right)
                      .beside()
                      .at_most(1)
                      .skippable()
                      .step(steps.last)
                      .build());
        b->start();
        steps.left->act = slowly(10min);
        steps.right->act = [this](step_context&) { return counted(); };
    }
    std::vector<uuid> accept(int count) {
        std::vector<uuid> out;
        for (int i = 0; i < count; ++i) {
            out.push_back(b->accept(b->an_order("op " + std::to_string(i))));
        }
        return out;
    }
    std::string right_of(uuid id) {
        const auto view = b->now(id).view;
        if (!view.members) return view.state;
        const auto& m = view.members->at(1);
        return m.state + (m.waiting ? " " + m.waiting->reason : "");
    }
    result<operation_view> act(uuid id, bulk_act what) {
        const act_details more{.output = R"({"value":"by hand"})", .step = "right"};
        return b->wait((*b)->act(id, what, "me", "because", more));
    }
    // The first has the place for an hour, the second stands in line.
    std::vector<uuid> one_inside(task<outcome<text>> (engine_line_test::*answers)() = nullptr) {
        begin_line();
        steps.right->act = [this, answers](step_context&) {
            if (steps.right->runs > 1) return counted();
            return answers != nullptr ? (this->*answers)() : after(1h, done<text>{{"late"}});
        };
        auto all = accept(2);
        b->loop.advance(500ms);
        EXPECT_EQ(right_of(all[1]), "waiting engine.step_full");
        return all;
    }

  public:
    task<outcome<text>> parks() { return after(1s, park{"look at it", {}}); }
    task<outcome<text>> fails() { return after(1s, retry{fault{codes::http_client_error}}); }
};

// proves: E1, E5
TEST_F(engine_line_test, a_free_place_is_taken_while_a_sibling_is_still_at_work) {
    begin_line();
    const auto all = accept(5);
    b->loop.advance(500ms);
    EXPECT_EQ(right_of(all[0]), "running");
    for (int i = 1; i < 5; ++i) {
        EXPECT_EQ(right_of(all[static_cast<std::size_t>(i)]), "waiting engine.step_full");
    }
    for (const auto& id : all) {
        EXPECT_EQ(right_of(id), "running") << "in the order of their coming";
        b->loop.advance(1s);
        EXPECT_EQ(right_of(id), "done");
    }
    EXPECT_EQ(most, 1);
    for (const auto& id : all) EXPECT_EQ(b->end_of(id).view.state, "completed");
    EXPECT_EQ(steps.left->runs, 5);
}

// proves: E5, E6
TEST_F(engine_line_test, whatever_an_operator_does_to_who_is_inside_lets_the_next_one_in) {
    for (const auto what : {bulk_act::pause, bulk_act::cancel, bulk_act::skip}) {
        steps = {};
        const auto all = one_inside();
        ASSERT_TRUE(act(all[0], what));
        b->loop.advance(100ms);
        EXPECT_EQ(right_of(all[1]), "running") << json::detail::enum_text(what);
        b->loop.advance(1s);
        EXPECT_EQ(right_of(all[1]), "done");
    }
}

// proves: E5
TEST_F(engine_line_test, who_gives_up_inside_lets_the_next_one_in) {
    for (const auto ends : {&engine_line_test::parks, &engine_line_test::fails}) {
        steps = {};
        const auto all = one_inside(ends);
        b->loop.advance(600ms);
        EXPECT_EQ(right_of(all[0]).substr(0, 7), "gave_up");
        EXPECT_EQ(right_of(all[1]), "running");
    }
}

// proves: E3, E6
TEST_F(engine_line_test, who_stands_in_line_can_be_ended_and_leaves_it_to_the_next) {
    const auto expect_after = [&](auto&& acts, const std::string& state, int rights) {
        steps = {};
        begin_line();
        const auto all = accept(3);
        b->loop.advance(500ms);
        acts(all[1]);
        b->loop.advance(100ms);
        EXPECT_EQ(b->now(all[1]).view.state, state);
        EXPECT_EQ(right_of(all[2]), "waiting engine.step_full");
        b->loop.advance(1s);
        EXPECT_EQ(right_of(all[2]), "running") << "he is passed over";
        EXPECT_EQ(b->end_of(all[2]).view.state, "completed");
        EXPECT_EQ(steps.right->runs, rights);
    };
    expect_after([&](uuid id) { ASSERT_TRUE(act(id, bulk_act::cancel)); }, "rolled_back", 2);
    EXPECT_EQ(steps.right->undos, 0) << "it was never begun";
    for (const auto last : {bulk_act::close, bulk_act::fail}) {
        const auto word = last == bulk_act::close ? "closed" : "failed";
        const auto ends = [&](uuid id) {
            EXPECT_TRUE(act(id, last).error().is(codes::operation_not_parked));
            ASSERT_TRUE(act(id, bulk_act::pause));
            ASSERT_TRUE(act(id, last));
            EXPECT_THAT(b->story(id),
                        ::testing::IsSupersetOf({"operation.paused left", "operation.ended"}));
        };
        expect_after(ends, word, 2);
    }
    expect_after([&](uuid id) { ASSERT_TRUE(act(id, bulk_act::pause)); }, "parked", 2);
    expect_after([&](uuid id) { ASSERT_TRUE(act(id, bulk_act::skip)); }, "running", 2);
}

// proves: E5, E6
TEST_F(engine_line_test, who_is_offered_a_place_and_does_not_go_forward_offers_it_on) {
    begin_line();
    // It needs its time after a cancellation, too.
    steps.left->act = [this](step_context&) -> task<outcome<text>> {
        const auto slept = co_await b->loop.sleep_until(b->loop.now() + 10min);
        if (!slept) co_await io::forget_cancellation();
        if (!slept) static_cast<void>(co_await b->loop.sleep_until(b->loop.now() + 20s));
        co_return done<text>{{"cleaned up"}};
    };
    const auto all = accept(3);
    b->loop.advance(500ms);
    ASSERT_TRUE(act(all[1], bulk_act::cancel));
    b->loop.advance(600ms);  // the first has left
    EXPECT_EQ(right_of(all[2]), "running");
    EXPECT_EQ(b->end_of(all[1]).view.state, "rolled_back");
    for (const std::size_t n : {0U, 2U}) EXPECT_EQ(b->end_of(all[n]).view.state, "completed");
}

// proves: E3, E6
TEST_F(engine_line_test, who_waits_as_a_row_can_be_ended_too) {
    const auto expect_after = [&](auto&& acts, const std::string& state) {
        steps = {};
        begin_line();
        steps.left->act = {};
        steps.right->act = slowly(1h);
        const auto all = accept(2);
        b->loop.advance(500ms);
        const auto view = b->now(all[1]).view;
        EXPECT_EQ(view.state, "ready");
        EXPECT_EQ(view.waiting->reason, "engine.step_full");
        acts(all[1]);
        b->loop.advance(100ms);
        EXPECT_EQ(b->now(all[1]).view.state, state);
        EXPECT_EQ(steps.right->runs, 1);
    };
    expect_after([&](uuid id) { ASSERT_TRUE(act(id, bulk_act::cancel)); }, "rolled_back");
    expect_after([&](uuid id) { ASSERT_TRUE(act(id, bulk_act::skip)); }, "completed");
    for (const auto last : {bulk_act::close, bulk_act::fail}) {
        const auto ends = [&](uuid id) {
            ASSERT_TRUE(act(id, bulk_act::pause));
            ASSERT_TRUE(act(id, last));
        };
        expect_after(ends, last == bulk_act::close ? "closed" : "failed");
    }
}

// proves: E5, E6
TEST_F(engine_line_test, what_rests_takes_no_place_and_goes_on_when_it_is_released) {
    begin_line();
    const auto all = accept(2);
    b->loop.advance(500ms);
    ASSERT_TRUE(b->wait((*b)->hold("order", "me", "a moment")));
    b->loop.advance(20s);  // within the time that a call of "left" may take
    EXPECT_EQ(right_of(all[0]), "done");
    EXPECT_EQ(right_of(all[1]).substr(0, 7), "waiting");
    ASSERT_TRUE(b->wait((*b)->release("order", "me", "on")));
    b->loop.advance(100ms);
    EXPECT_EQ(right_of(all[1]), "running");
}

// proves: E5
TEST_F(engine_line_test, a_full_engine_gives_the_place_to_who_is_at_work_already) {
    engine_options options;
    options.concurrency = 2;
    begin_line(options);
    const auto all = accept(3);
    b->loop.advance(1500ms);
    EXPECT_EQ(right_of(all[0]), "done");
    EXPECT_EQ(right_of(all[1]), "running");
    EXPECT_EQ(b->now(all[2]).view.state, "ready") << "no place in the engine";
    for (const auto& id : all) EXPECT_EQ(b->end_of(id).view.state, "completed");
}

}  // namespace
}  // namespace thole::saga
