// Another input and another version, as a person asks the engine for them.

#include "engine/order_saga_test.hpp"

namespace thole::saga {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// book (idempotent) → ship; the note of an order may be changed, its account may not.
class engine_change_test : public ::testing::Test {
  protected:
    engine_change_test() {
        b.define(make(1)
                     .editable([](const order& before, const order& after) {
                         const bool same = before.account == after.account;
                         return same ? std::nullopt
                                     : std::optional<std::string>{"account cannot be changed"};
                     })
                     .build());
        b.start();
    }
    ~engine_change_test() override { b.expect_stories_true(); }

    builder<order> make(int version) {
        auto made = define<order>("order", version);
        made.step(book).step(ship).lock([](const order& o) { return o.account; });
        return made;
    }
    result<operation_view> act(uuid id, bulk_act what, act_details more) {
        return b.wait(b->act(id, what, "me", "because", std::move(more)));
    }
    uuid parked_order() {
        book->act = [](step_context&) { return with<outcome<text>>(park{"look", {}}); };
        const auto id = b.accept(b.an_order("a"));
        EXPECT_EQ(b.end_of(id).view.state, "parked");
        book->act = {};
        return id;
    }

    std::shared_ptr<plain_step<"book">> book = std::make_shared<plain_step<"book">>();
    std::shared_ptr<plain_step<"ship">> ship = std::make_shared<plain_step<"ship">>();
    bench b;
};

// Nothing was begun under a key whose pace lets one begin later.
// proves: E5, E6
TEST_F(engine_change_test, who_is_sent_back_before_his_turn_gives_the_key_to_the_next) {
    engine_options options;
    options.kinds["order"] = {.key_per_minute = 6};
    bench paced{std::move(options)};
    paced.define(make(1).build());
    paced.start();
    std::vector<store_time> begun;
    ship->act = [&](step_context& in) {
        begun.push_back(in.store_now());
        return fine();
    };
    const auto first = paced.accept(paced.an_order("a"));
    EXPECT_EQ(paced.end_of(first).view.state, "completed");
    const auto second = paced.accept(paced.an_order("b"));
    const auto third = paced.accept(paced.an_order("c"));
    paced.loop.advance(1s);
    EXPECT_EQ(paced.now(second).view.waiting->reason, "engine.key_rate_limited");
    EXPECT_EQ(paced.now(third).view.waiting->holder, second);
    ASSERT_TRUE(paced.wait(
        paced->act(second, bulk_act::reopen, "me", "look again", act_details{.step = "book"})));
    paced.loop.advance(1s);
    EXPECT_EQ(paced.now(third).view.waiting->reason, "engine.key_rate_limited");
    EXPECT_EQ(paced.now(second).view.waiting->holder, third);
    for (const auto& id : {third, second}) EXPECT_EQ(paced.end_of(id).view.state, "completed");
    ASSERT_EQ(begun.size(), 3U);
    for (std::size_t i = 1; i < begun.size(); ++i) EXPECT_GE(begun[i] - begun[i - 1], 10s);
    paced.expect_stories_true();
}

// What a sibling had done before counts no more, however the outputs came.
TEST_F(engine_change_test, of_a_group_that_begins_anew_no_output_of_before_counts) {
    auto group = define<order>("pair", 1);
    group.step(book).step(ship).beside();
    b.crash();
    b.define(group.build());
    b.start();
    ship->act = [](step_context&) { return with<outcome<text>>(done<text>{{"old"}}); };
    book->act = [](step_context&) { return with<outcome<text>>(park{"look", {}}); };
    auto s = b.an_order("a");
    s.kind = "pair";
    const auto id = b.accept(std::move(s));
    EXPECT_EQ(b.end_of(id).view.state, "parked");
    ship->act = [](step_context&) { return with<outcome<text>>(done<text>{{"new"}}); };
    book->act = {};
    ASSERT_TRUE(act(id, bulk_act::reopen, {.step = "book"}));
    EXPECT_EQ(b.end_of(id).view.state, "completed");
    for (const bool again : {false, true}) {
        const auto end = b.now(id);
        EXPECT_EQ(end.outputs.size(), 2U) << again;
        const auto shipped = end.find_output<plain_step<"ship">>();
        ASSERT_TRUE(shipped);
        EXPECT_EQ(shipped->value, "new") << again;
        b.crash();
        b.start();
    }
}

// proves: E2, E6
TEST_F(engine_change_test, an_edited_input_is_what_the_steps_read) {
    const auto id = parked_order();
    int seen = 0;
    ship->act = [&seen](step_context& in) {
        seen = in.input<order>().amount;
        return fine();
    };
    ASSERT_TRUE(act(id, bulk_act::edit, {.patch = R"({"amount":7})"}));
    EXPECT_EQ(b.end_of(id).view.state, "completed");
    EXPECT_EQ(seen, 7);
    EXPECT_EQ(book->runs, 2) << "it begins anew";
    EXPECT_THAT(b.now(id).input, HasSubstr(R"("amount":7)"));
    // The client's own words find it; other words are another request, also those of the edit.
    const auto again = b.wait(b->submit(b.an_order("a")));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->replayed);
    auto edited = b.an_order("a");
    edited.input = json::write(order{"alice", 7});
    const auto refused = b.wait(b->submit(edited));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::engine_key_conflict));
}

// proves: E6
TEST_F(engine_change_test, the_kind_judges_the_new_input) {
    const auto id = parked_order();
    const std::pair<const char*, const char*> cases[] = {
        {R"({"amount":"many"})", "/amount"},
        {R"({"bogus":1})", "/bogus"},
        {R"({"amount":null,"account":null})", "/a"},
        {R"({"account":"bob"})", "lock"},
        {R"([])", "/"}};
    for (const auto& [patch, place] : cases) {
        const auto refused = act(id, bulk_act::edit, {.patch = patch});
        ASSERT_FALSE(refused) << patch;
        EXPECT_TRUE(refused.error().is(codes::engine_bad_input)) << patch;
        EXPECT_THAT(std::string{refused.error().detail()}, HasSubstr(place)) << patch;
    }
    EXPECT_EQ(b.now(id).view.state, "parked") << "nothing has changed";
}

// proves: E6
TEST_F(engine_change_test, goes_on_by_a_newer_version) {
    ship->act = [](step_context&) { return with<outcome<text>>(park{"look", {}}); };
    const auto id = b.accept(b.an_order("a"));
    EXPECT_EQ(b.end_of(id).view.state, "parked");
    const auto early = act(id, bulk_act::migrate, {.version = 2});
    ASSERT_FALSE(early);
    EXPECT_TRUE(early.error().is(codes::engine_unknown_definition));

    b.stop();
    const auto dispatch = std::make_shared<plain_step<"dispatch">>();
    const auto reserve = std::make_shared<plain_step<"reserve">>();
    const auto thank = std::make_shared<plain_step<"thank">>();
    std::optional<std::string> reserved;
    dispatch->act = [&](step_context& in) {
        if (const auto found = in.output_json("reserve")) reserved = *found;
        return fine();
    };
    auto second = define<order>("order", 2);
    second.step(reserve).step(dispatch).lock([](const order& o) { return o.account; }).step(thank);
    b.define(second.migrates_from(1, {{"book", "reserve"}, {"ship", "dispatch"}}).build());
    b.define(make(3).build());
    b.start();

    const auto undeclared = act(id, bulk_act::migrate, {});
    ASSERT_FALSE(undeclared);
    EXPECT_TRUE(undeclared.error().is(codes::operation_not_migratable));
    EXPECT_THAT(std::string{undeclared.error().detail()}, HasSubstr("version 3 does not say"));
    const auto done = act(id, bulk_act::migrate, {.version = 2});
    ASSERT_TRUE(done) << done.error().describe();
    EXPECT_EQ(done->step, "dispatch");
    EXPECT_EQ(done->state, "parked");
    ASSERT_TRUE(b.wait(b->retry(id, "me", "")));
    EXPECT_EQ(b.end_of(id).view.state, "completed");
    EXPECT_EQ(b.now(id).version, 2);
    EXPECT_EQ(reserve->runs, 0) << "it was booked already";
    EXPECT_THAT(reserved.value_or(""), HasSubstr("book")) << "under its new name";
    EXPECT_EQ(thank->runs, 1);
    EXPECT_THAT(b.story(id), Contains("operation.migrated dispatch"));
}

}  // namespace
}  // namespace thole::saga
