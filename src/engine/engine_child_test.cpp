// Children: operations that a step of another one starts, once, and waits for or not.

#include "engine/bench_saga_test.hpp"
#include "thole/codes.hpp"

namespace thole::saga {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::ElementsAre;

// parent: send (undoable; starts a child of kind "order") → done; child: work
class child_test : public ::testing::Test {
  protected:
    child_test() {
        send->act = [this](step_context& in) { return start(in); };
        b.define(define<order>("parent", 1).step(send).step(last).build());
        b.define(define<order>("order", 1)
                     .step(work)
                     .lock([](const order& o) { return o.account; })
                     .build());
        b.start();
    }
    ~child_test() override { b.expect_stories_true(); }

    task<outcome<text>> start(step_context& in) {
        child_request request;
        request.kind = "order";
        request.input = json::write(order{"bob", 1});
        request.not_before = not_before;
        auto child = co_await in.child(std::move(request));
        if (!child) co_return retry{child.error()};
        children.push_back(child->id);
        if (!child->ending && waits) co_return await_end{child->id, at_most};
        const auto output = child->find_output<plain_step<"work">>();
        co_return done<text>{{output ? output->value : child->state}};
    }
    uuid accept(const std::string& key = "k") {
        auto s = b.an_order(key);
        s.kind = "parent";
        s.subject = "alice";
        return b.accept(std::move(s));
    }
    std::vector<uuid> children_of(uuid id) {
        std::vector<uuid> out;
        for (const auto& each : b.store.list({.parent = id})->items) out.push_back(each.op.who.id);
        return out;
    }
    void settle_down() { b.loop.run_ready(); }

    bool waits = true;
    duration at_most = duration::max();
    std::optional<store_time> not_before;
    std::vector<uuid> children;  // as the step saw them
    std::shared_ptr<undoable<"send">> send = std::make_shared<undoable<"send">>();
    std::shared_ptr<plain_step<"last">> last = std::make_shared<plain_step<"last">>();
    std::shared_ptr<plain_step<"work">> work = std::make_shared<plain_step<"work">>();
    bench b;
};

task<outcome<text>> answering(outcome<text> what) {
    co_return what;
}

// proves: E5
TEST_F(child_test, a_step_waits_for_its_child_and_reads_what_it_did) {
    work->act = [&](step_context&) {
        if (work->runs < 3) return answering(saga::wait{10min, "stock"});
        return answering(done<text>{{"packed"}});
    };
    const auto id = accept();
    settle_down();
    const auto seen = b.now(id);
    EXPECT_EQ(seen.view.state, "ready");
    ASSERT_EQ(children_of(id).size(), 1U);
    const auto child = children_of(id)[0];
    ASSERT_TRUE(seen.view.waiting);
    EXPECT_EQ(seen.view.waiting->child, child);
    EXPECT_FALSE(seen.view.waiting->until) << "no time, only its end";
    const auto of_child = b.now(child);
    EXPECT_EQ(of_child.view.parent, id);
    EXPECT_EQ(of_child.view.key, id.text() + "/send");
    EXPECT_EQ(of_child.subject, "alice");
    const auto end = b.end_of(id);
    EXPECT_EQ(end.view.state, "completed");
    EXPECT_EQ(end.outputs[0].output, json::write(text{"packed"}));
    EXPECT_EQ(send->runs, 2) << "called again only when the child had ended";
    EXPECT_THAT(children, ElementsAre(child, child));
    EXPECT_THAT(b.story(id),
                ElementsAre("operation.submitted", "step.started send", "step.deferred send",
                            "child.ended send", "step.completed send", "step.completed last",
                            "operation.ended"));
}

// proves: E5
TEST_F(child_test, a_step_goes_on_and_its_child_begins_later) {
    waits = false;
    not_before = store_time{b.loop.wall_now().time_since_epoch()} + 5min;
    const auto id = accept();
    EXPECT_EQ(b.end_of(id).view.state, "completed");
    EXPECT_EQ(work->runs, 0);
    const auto child = b.end_of(children.at(0));
    EXPECT_EQ(child.view.state, "completed");
    EXPECT_GE(*child.view.ended_at, *not_before);
    EXPECT_EQ(work->runs, 1);
}

// proves: E5
TEST_F(child_test, a_repeated_step_has_the_same_child) {
    at_most = 1min;
    work->act = [&](step_context&) { return answering(saga::wait{5min, "stock"}); };
    const auto id = accept();
    b.loop.advance(3min + 1s);
    settle_down();
    EXPECT_GE(send->runs, 3) << "it looks each minute";
    b.crash();
    b.start();
    b.loop.advance(2min);
    settle_down();
    EXPECT_EQ(children_of(id).size(), 1U);
    EXPECT_THAT(children, ::testing::Each(children.front()));
    work->act = {};
    EXPECT_EQ(b.end_of(id).view.state, "completed");
}

TEST_F(child_test, however_the_child_ends_its_parent_hears_of_it) {
    work->act = [&](step_context&) { return answering(park{"look", {}}); };
    const auto id = accept();
    settle_down();
    const auto child = children_of(id).at(0);
    EXPECT_EQ(b.now(child).view.state, "parked");
    EXPECT_EQ(b.now(id).view.state, "ready");
    ASSERT_TRUE(b.wait(b->close(child, "person", "no use")));
    const auto end = b.end_of(id);
    EXPECT_EQ(end.view.state, "completed");
    EXPECT_EQ(end.outputs[0].output, json::write(text{"closed"}));
}

TEST_F(child_test, a_parent_that_was_paused_meanwhile_looks_when_it_goes_on) {
    work->act = [&](step_context&) { return answering(saga::wait{10min, "stock"}); };
    const auto id = accept();
    settle_down();
    ASSERT_TRUE(b.wait(b->pause(id, "person", "")));
    work->act = {};
    EXPECT_EQ(b.end_of(children_of(id).at(0)).view.state, "completed");
    EXPECT_EQ(b.now(id).view.progress, "PAUSED");
    ASSERT_TRUE(b.wait(b->resume(id, "person", "")));
    EXPECT_EQ(b.end_of(id).view.state, "completed");
}

// proves: E3, E5
TEST_F(child_test, an_undo_cancels_the_child_and_waits_for_it) {
    work->act = [&](step_context&) { return answering(saga::wait{10min, "stock"}); };
    send->revert = [](step_context& in) -> task<outcome<nothing>> {
        child_request request;
        request.kind = "order";
        request.input = json::write(order{"bob", 1});
        auto child = co_await in.child(std::move(request));
        if (!child) co_return retry{child.error()};
        if (child->ending) co_return done<nothing>{};
        static_cast<void>(co_await in.cancel_child(child->id, "the parent is undone"));
        co_return await_end{child->id};
    };
    const auto id = accept();
    settle_down();
    ASSERT_TRUE(b.wait(b->cancel(id, "person", "")));
    EXPECT_EQ(b.end_of(id).view.state, "rolled_back");
    const auto child = children_of(id).at(0);
    EXPECT_EQ(b.now(child).view.state, "rolled_back");
    EXPECT_EQ((*b.wait(b->events(child, 0, 100, deadline{})))[3].actor, "operation " + id.text());
}

TEST_F(child_test, somebody_elses_operation_of_that_key_is_no_child) {
    bool once = false;
    auto before = send->act;
    send->act = [&, before](step_context& in) -> task<outcome<text>> {
        if (!std::exchange(once, true)) {
            auto thief = b.an_order(in.id().text() + "/send", "bob");
            static_cast<void>(co_await b->submit(std::move(thief)));
        }
        auto call = before(in);
        co_return co_await std::move(call);
    };
    const auto end = b.end_of(accept());
    EXPECT_EQ(end.view.state, "rolled_back");
    EXPECT_EQ(end.view.cause, codes::engine_key_conflict.text);
}

// proves: E5
TEST(child_of_locked_test, may_not_need_its_parents_lock_and_is_not_held_up_by_a_full_queue) {
    engine_options options;
    options.max_waiting = 1;
    bench b{options};
    auto send = std::make_shared<plain_step<"send">>();
    auto work = std::make_shared<plain_step<"work">>();
    std::string account = "alice";
    send->act = [&](step_context& in) -> task<outcome<text>> {
        child_request request;
        request.kind = "child";
        request.input = json::write(order{account, 1});
        auto child = co_await in.child(std::move(request));
        if (!child) co_return park{std::string{child.error().code()}, {}};
        if (!child->ending) co_return await_end{child->id};
        co_return done<text>{{"done"}};
    };
    const auto lock = [](const order& o) { return o.account; };
    b.define(define<order>("order", 1).step(send).lock(lock).build());
    b.define(define<order>("child", 1).step(work).lock(lock).build());
    b.start();
    const auto id = b.accept(b.an_order("a"));
    EXPECT_EQ(b.end_of(id).view.waiting->reason, codes::engine_child_lock.text);
    account = "bob";
    ASSERT_TRUE(b.wait(b->retry(id, "person", "")));
    EXPECT_EQ(b.end_of(id).view.state, "completed");
    b.expect_stories_true();
}

// A child that ends while its parent is parked for another step makes nobody due.
// proves: E5, E6
TEST_F(child_test, what_ended_while_a_person_was_asked_is_not_waited_for) {
    const auto ask = std::make_shared<plain_step<"ask">>();
    ask->act = [](step_context&) { return answering(park{"a person", {}}); };
    work->act = [&](step_context&) {
        if (work->runs == 1) return answering(saga::wait{1h, "stock"});
        return answering(done<text>{{"packed"}});
    };
    b.stop();
    b.define(define<order>("pair", 1).step(send).step(ask).beside().skippable().build());
    b.start();
    auto s = b.an_order("k");
    s.kind = "pair";
    const auto id = b.accept(std::move(s));
    settle_down();
    EXPECT_EQ(b.now(id).view.state, "parked");
    b.loop.advance(2h);
    ASSERT_EQ(b.now(children.front()).view.state, "completed");
    EXPECT_EQ(b.now(id).view.state, "parked");
    const act_details more{.output = R"({"value":"by hand"})", .step = "ask"};
    ASSERT_TRUE(b.wait(b->act(id, bulk_act::skip, "me", "because", more)));
    settle_down();
    EXPECT_EQ(b.now(id).view.state, "completed") << "without anything else that happens";
}

}  // namespace
}  // namespace thole::saga
