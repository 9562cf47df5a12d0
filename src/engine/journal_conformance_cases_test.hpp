#pragma once

// What every journal must do. Whoever includes it may say before which ones (conforming).

#include "engine/journal_conformance_test.hpp"

namespace thole::saga {
namespace {

using namespace testing;
using ::testing::ElementsAre;

TYPED_TEST_SUITE(journal_conformance, conforming<>::journals);

// proves: E2
TYPED_TEST(journal_conformance, a_key_is_accepted_once) {
    const auto first = this->accept(this->make("a"));
    EXPECT_FALSE(first.replayed);
    EXPECT_GT(first.made.op.who.row, 0);
    const auto again = this->accept(this->make("a"));
    EXPECT_TRUE(again.replayed);
    EXPECT_EQ(again.made.op.who.id, first.made.op.who.id);
    auto other = this->make("a");
    other.who.request_hash[0] ^= 1;
    const auto refused = this->wait(this->log().submit(other));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::engine_key_conflict));
    auto tenant = this->make("a");
    tenant.who.tenant = "u";
    EXPECT_FALSE(this->accept(tenant).replayed);
    EXPECT_TRUE(*this->wait(this->log().find_key("t", "k", "a")));
    EXPECT_FALSE(*this->wait(this->log().find_key("t", "k", "b")));
}

TYPED_TEST(journal_conformance, keeps_every_field) {
    auto o = this->make("a");
    o.who.subject = "alice";
    o.who.version = 7;
    o.who.parent = o.who.id;
    o.first.priority = operation_priority::low;
    auto op = this->accept(o).made.op;
    auto taken = this->claim();
    ASSERT_EQ(taken.claimed.size(), 1U);
    op = taken.claimed[0].what.op;
    auto s = op.now;
    s.attempt = 4, s.generation = 2, s.allowance = 3, s.step = 1, s.step_name = "sign";
    s.past_pivot = s.proved_dead = s.live = s.uncertain = s.cancelling = s.conflicted = s.paused =
        true;
    s.awaits = op.who.id;
    s.progress = "P", s.waiting = "W", s.fault = "{}", s.cause = "C";
    s.due_at += 5s;
    s.ended_at = s.due_at + 1us;
    s.lane = "sign";
    s.members = {{.step = "sign",
                  .stand = member_stand::turns_back,
                  .started = true,
                  .open = true,
                  .conflicted = true,
                  .attempt = 3,
                  .due = never_due,
                  .waiting = "child",
                  .awaits = op.who.id,
                  .fault = "{\"code\":\"x\"}"},
                 {.step = "last", .stand = member_stand::done}};
    move m;
    m.who = &op.who, m.fence = op.now.fence, m.base_seq = op.now.seq, m.after = s;
    ASSERT_TRUE(this->wait(this->log().commit(m)));
    const auto back = this->stored(op);
    EXPECT_EQ(back.input, R"({"input":"a"})");
    const auto& w = back.op.who;
    EXPECT_EQ(w.subject, "alice");
    EXPECT_EQ(w.version, 7);
    EXPECT_EQ(w.parent, o.who.parent);
    EXPECT_EQ(back.op.now.priority, operation_priority::low);
    EXPECT_EQ(w.request_hash, o.who.request_hash);
    EXPECT_EQ(w.created_at, o.who.created_at);
    EXPECT_EQ(difference(s, back.op.now), "");
    EXPECT_EQ(back.op.now.due_at, s.due_at);
    EXPECT_EQ(back.op.now.updated_at, s.updated_at);
    EXPECT_EQ(back.op.now.owner, this->boot);
    EXPECT_TRUE(back.op.now.open);
    EXPECT_TRUE(back.op.now.conflicted);
    EXPECT_EQ(back.op.now.members, s.members);
    EXPECT_EQ(back.op.now.lane, s.lane);
}

TYPED_TEST(journal_conformance, finds_by_time_and_by_the_text_of_what_went_wrong) {
    const auto search = [&](auto&& set) {
        list_filter f;
        set(f);
        std::vector<std::string> keys;
        const auto page = this->wait(this->log().list(f));
        for (const auto& each : page->items) {
            keys.push_back(each.op.who.key);
        }
        return keys;
    };
    auto early = this->make("early");
    early.who.created_at -= 1h;
    this->accept(early);
    auto parked = this->begun("parked");
    ASSERT_TRUE(this->step(parked, must_park{"out of stock 50%_", {}}));
    auto failed = this->begun("failed");
    ASSERT_TRUE(
        this->step(failed, did_fail{fault{codes::engine_queue_full}.with_detail("who's?")}));
    const auto middle = this->log().now() - 30min;
    EXPECT_THAT(search([&](auto& f) { f.created_to = middle; }), ElementsAre("early"));
    EXPECT_THAT(search([&](auto& f) { f.created_from = middle; }), ElementsAre("failed", "parked"));
    EXPECT_THAT(search([&](auto& f) { f.text = "stock 50%_"; }), ElementsAre("parked"));
    EXPECT_THAT(search([&](auto& f) { f.text = "who's"; }), ElementsAre("failed"));
    EXPECT_THAT(search([&](auto& f) { f.text = "engine.queue_full", f.state = op_state::parked; }),
                ElementsAre());
    EXPECT_THAT(search([&](auto& f) { f.text = "engine.queue_full", f.kind = "k"; }),
                ElementsAre("failed"));
}

TYPED_TEST(journal_conformance, a_whole_life) {
    auto op = this->begun("a");
    EXPECT_EQ(op.now.state, op_state::running);
    EXPECT_EQ(op.now.fence, 1U);
    ASSERT_TRUE(this->step(op, did_complete{R"("one")"}));
    ASSERT_TRUE(this->step(op, did_complete{R"("bytes")"}));
    auto at = this->stored(op);
    ASSERT_TRUE(at.prepared);
    EXPECT_EQ(at.prepared->bytes, R"("bytes")");
    EXPECT_EQ(at.prepared->generation, 1);
    ASSERT_TRUE(this->step(op, is_dead{"proof", true, {}, ""}));
    ASSERT_TRUE(this->step(op, did_complete{R"("more")"}));
    EXPECT_EQ(this->stored(op).prepared->generation, 2);
    EXPECT_EQ(this->stored(op).prepared->bytes, R"("more")");
    ASSERT_TRUE(this->step(op, has_landed{R"("two")"}));
    ASSERT_TRUE(this->step(op, did_complete{R"("three")"}));
    at = this->stored(op);
    EXPECT_EQ(at.op.now.ending, op_ending::completed);
    ASSERT_EQ(at.outputs.size(), 3U);
    EXPECT_EQ(at.outputs[1].name, "sign");
    EXPECT_EQ(at.outputs[1].output, R"("two")");
    this->expect_story(op);
}

TYPED_TEST(journal_conformance, a_move_based_on_anything_older_is_refused) {
    const auto op = this->begun("a");
    auto fresh = op;
    ASSERT_TRUE(this->step(fresh, did_complete{"{}"}));
    auto stale = op;
    const auto refused = this->step(stale, did_complete{"{}"});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::engine_fenced));
    auto other = fresh;
    other.now.fence += 1;
    EXPECT_TRUE(this->step(other, did_complete{"{}"}).error().is(codes::engine_fenced));
    const auto events = this->wait(this->log().events(op.who.row, 0, 100));
    EXPECT_EQ(events->size(), 3U) << "a refused move leaves nothing behind";
    this->expect_story(fresh);
}

// A bound is a refusal, never the end of the process, and takes no neighbour with it.
TYPED_TEST(journal_conformance, what_cannot_be_numbered_is_refused_with_its_code) {
    auto op = this->begun("a");
    auto at_the_end = op.now;
    at_the_end.seq = most_events;
    move m;
    m.who = &op.who, m.fence = op.now.fence, m.base_seq = op.now.seq, m.after = at_the_end;
    ASSERT_TRUE(this->wait(this->log().commit(m))) << "the last number is one that can be used";
    op = this->stored(op).op;
    auto full = op;
    const auto refused = this->step(full, did_complete{"{}"});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::engine_row_full)) << refused.error().describe();
    EXPECT_EQ(this->stored(op).op.now.seq, most_events);

    auto other = this->begun("b");
    ASSERT_TRUE(this->step(other, did_complete{"{}"}));
    auto signed_often = other.now;
    signed_often.generation = most_generations;
    m = {};
    m.who = &other.who, m.fence = other.now.fence, m.base_seq = other.now.seq;
    m.after = signed_often;
    ASSERT_TRUE(this->wait(this->log().commit(m)));
    other = this->stored(other).op;
    EXPECT_TRUE(this->step(other, did_complete{"bytes"}).error().is(codes::engine_row_full));
    EXPECT_FALSE(this->stored(other).prepared);
}

// proves: E1
TYPED_TEST(journal_conformance, a_new_boot_readies_what_the_one_before_had_running_in_parts) {
    for (const auto* key : {"a", "b", "c", "d", "e"}) this->begun(key);
    const node_identity next{.name = "n", .boot = 12, .most_readied = 2};
    std::vector<std::int64_t> parts;
    do {
        parts.push_back(*this->wait(this->log().begin(next)));
    } while (parts.back() == next.most_readied);
    EXPECT_THAT(parts, ElementsAre(2, 2, 1));
    EXPECT_EQ(this->wait(this->log().counts())->ready, 5);
    EXPECT_EQ(this->claim().claimed.size(), 5U);
}

// What a node says that shares the storage with others: its plans count, their work is theirs.
TYPED_TEST(journal_conformance, who_may_ready_nothing_has_his_plans_kept_all_the_same) {
    const auto running = this->begun("a");
    const auto begin_with = [&](std::string text) {
        const node_identity other{
            .name = "m", .boot = 12, .most_readied = 0, .plans = {{"k", 1, std::move(text)}}};
        return this->wait(this->log().begin(other));
    };
    EXPECT_EQ(*begin_with("steps"), 0);
    EXPECT_EQ(this->stored(running).op.now.state, op_state::running);
    this->world.reopen();
    const auto refused = begin_with("other steps");
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::engine_definition_changed));
}

// proves: E8
TYPED_TEST(journal_conformance, a_claim_shuts_the_owner_before_out) {
    auto op = this->begun("a");
    auto old = op;
    ASSERT_TRUE(this->step(op, is_released{}));
    const auto taken = this->claim();
    ASSERT_EQ(taken.claimed.size(), 1U);
    EXPECT_TRUE(taken.claimed[0].interrupted) << "the attempt before may have had its effect";
    EXPECT_GT(taken.claimed[0].what.op.now.fence, old.now.fence);
    EXPECT_TRUE(this->step(old, did_complete{"{}"}).error().is(codes::engine_fenced));
}

// proves: E5
TYPED_TEST(journal_conformance, claims_what_is_due_class_by_class) {
    const auto now = this->log().now();
    const auto add = [&](const std::string& key, operation_priority p, store_time due) {
        auto o = this->make(key, {}, due);
        o.first.priority = p;
        this->accept(o);
    };
    add("low", operation_priority::low, now);
    add("n2", operation_priority::normal, now + 2s);
    add("n1", operation_priority::normal, now + 1s);
    add("high", operation_priority::high, now + 3s);
    add("later", operation_priority::high, now + 1h);
    const auto at = now + 10min;
    auto first = this->claim(2, at);
    EXPECT_THAT(this->keys(first), ElementsAre("high", "n1"));
    ASSERT_TRUE(first.next_due);
    EXPECT_LE(*first.next_due, at);
    EXPECT_EQ(first.claimed[1].what.input, R"({"input":"n1"})");
    const auto second = this->claim(10, at);
    EXPECT_THAT(this->keys(second), ElementsAre("n2", "low"));
    ASSERT_TRUE(second.next_due);
    EXPECT_EQ(*second.next_due, now + 1h);
    EXPECT_TRUE(this->claim(10, at).claimed.empty());
    EXPECT_THAT(this->keys(this->claim(1, now + 2h)), ElementsAre("later"));
}

// proves: E5
TYPED_TEST(journal_conformance, who_has_waited_long_is_passed_by_no_more) {
    const auto now = this->log().now();
    const auto add = [&](const std::string& key, operation_priority p, store_time due) {
        auto o = this->make(key, {}, due);
        o.first.priority = p;
        o.who.kind = key.substr(0, 1);  // the order is one over all kinds
        this->accept(o);
    };
    add("a-low", operation_priority::low, now);
    add("b-normal", operation_priority::normal, now + 40s);
    add("c-high", operation_priority::high, now + 45s);
    add("a-high", operation_priority::high, now + 55s);
    add("b-high", operation_priority::high, now + 61s);
    EXPECT_THAT(this->keys(this->claim(9, now + 2min)),
                ElementsAre("c-high", "b-normal", "a-high", "a-low", "b-high"));
}

// proves: E5
TYPED_TEST(journal_conformance, a_quota_bounds_a_kind_and_none_lets_it_rest) {
    const auto now = this->log().now();
    for (const auto* key : {"a1", "a2", "a3", "b1", "b2", "c1"}) {
        auto o = this->make(key);
        o.who.kind = std::string{key[0]};
        this->accept(o);
    }
    auto later = this->make("b3", {}, now + 1h);
    later.who.kind = "b";
    this->accept(later);
    claim_request request;
    request.owner = this->boot, request.now = this->log().now(), request.limit = 9;
    request.quotas = {{"a", 2}, {"c", 0}};
    const auto taken = this->wait(this->log().claim(request));
    EXPECT_THAT(this->keys(*taken), ElementsAre("a1", "a2", "b1", "b2"));
    EXPECT_EQ(taken->next_due, now + 1h) << "what its quota keeps back says nothing";
    request.quotas = {{"b", 5}};
    EXPECT_THAT(this->keys(*this->wait(this->log().claim(request))), ElementsAre("a3", "c1"));
}

// proves: E1, E5
TYPED_TEST(journal_conformance, a_claim_goes_past_those_whose_step_has_no_place) {
    const auto now = this->log().now();
    const auto add = [&](const char* key, const char* kind, const char* step) {
        auto o = this->make(key);
        o.who.kind = kind;
        o.first.lane = step;
        this->accept(o);
    };
    add("a1", "a", "slow");
    add("a2", "a", "slow");
    add("a3", "a", "slow");
    add("a4", "a", "");
    add("a5", "a", "");
    add("b1", "b", "slow");
    auto later = this->make("a6", {}, now + 1h);
    later.who.kind = "a";
    later.first.lane = "slow";
    this->accept(later);
    claim_request request;
    request.owner = this->boot, request.now = this->log().now(), request.limit = 9;
    request.quotas = {{"a", 0, "slow"}};
    const auto others = this->wait(this->log().claim(request));
    EXPECT_THAT(this->keys(*others), ElementsAre("a4", "a5", "b1"));
    EXPECT_FALSE(others->next_due) << "what has no place is due at no time";
    request.quotas = {{"a", 2, "slow"}};
    EXPECT_THAT(this->keys(*this->wait(this->log().claim(request))), ElementsAre("a1", "a2"));
    request.quotas = {{"a", 0}, {"a", 2, "slow"}};
    EXPECT_THAT(this->keys(*this->wait(this->log().claim(request))), ElementsAre())
        << "the kind rests, whatever its step has room for";
    request.quotas = {{"a", 1, "slow"}, {"a", 5}};
    EXPECT_THAT(this->keys(*this->wait(this->log().claim(request))), ElementsAre("a3"));
    request.quotas = {};
    const auto none = this->wait(this->log().claim(request));
    EXPECT_EQ(none->next_due, now + 1h);
}

// proves: E5, E7
TYPED_TEST(journal_conformance, remembers_who_told_what_to_rest) {
    const auto at = this->log().now();
    const auto say = [&](const char* kind, bool held, const char* reason) {
        ASSERT_TRUE(this->wait(this->log().hold({kind, held, "me", reason, at})));
    };
    EXPECT_TRUE(this->wait(this->log().holds(false))->empty());
    say("k", true, "the chain is ill");
    say("", true, "moving house");
    say("k", false, "well again");
    this->world.reopen();
    const auto last = *this->wait(this->log().holds(false));
    ASSERT_EQ(last.size(), 2U);
    EXPECT_EQ(last[0].kind, "k");
    EXPECT_FALSE(last[0].held);
    EXPECT_EQ(last[1].kind, "");
    EXPECT_TRUE(last[1].held);
    EXPECT_EQ(last[1].actor + last[1].reason, "memoving house");
    EXPECT_EQ(last[1].at, at);
    const auto all = *this->wait(this->log().holds(true));
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[2].reason, "the chain is ill");
}

TYPED_TEST(journal_conformance, blocked_parked_and_ended_ones_are_not_claimed) {
    auto parked = this->begun("parked");
    ASSERT_TRUE(this->step(parked, must_park{"look", {}}));
    auto ended = this->begun("ended");
    this->finish(ended);
    auto holder = this->begun("holder", "l");
    ASSERT_TRUE(this->step(holder, did_complete{"{}"}));
    auto blocked = this->begun("blocked", "l");
    ASSERT_TRUE(this->step(blocked, did_complete{"{}"}));
    EXPECT_EQ(blocked.now.state, op_state::blocked);
    const auto taken = this->claim(10, this->log().now() + 24h);
    EXPECT_TRUE(taken.claimed.empty());
    EXPECT_FALSE(taken.next_due);
    const auto counts = *this->wait(this->log().counts());
    EXPECT_EQ(counts.parked, 1);
    EXPECT_EQ(counts.running, 1);
    EXPECT_EQ(counts.blocked, 1);
    EXPECT_EQ(counts.ready, 0);
}

// ---- locks --------------------------------------------------------------------------------------

// proves: E2
TYPED_TEST(journal_conformance, a_lock_has_one_holder_and_passes_in_order) {
    std::vector<operation> ops;
    for (const auto* key : {"a", "b", "c"}) ops.push_back(this->begun(key, "l"));
    // The last one to be accepted comes first to the lock; the others then wait in order.
    ASSERT_TRUE(this->step(ops[2], did_complete{"{}"}));
    EXPECT_EQ(ops[2].now.lock, lock_state::held);
    const auto blocked = this->step(ops[1], did_complete{"{}"});
    EXPECT_TRUE(blocked->blocked);
    EXPECT_TRUE(this->step(ops[0], did_complete{"{}"})->blocked);
    EXPECT_EQ(ops[0].now.state, op_state::blocked);
    EXPECT_FALSE(ops[0].now.started);
    EXPECT_EQ(this->stored(ops[0]).holder, ops[2].who.id);
    EXPECT_FALSE(this->stored(ops[2]).holder);
    auto locks = *this->wait(this->log().locks());
    ASSERT_EQ(locks.size(), 1U);
    EXPECT_EQ(locks[0].row, ops[2].who.row);

    auto& holder = ops[2];
    ASSERT_TRUE(this->step(holder, did_complete{"bytes"}));
    ASSERT_TRUE(this->step(holder, has_landed{"{}"}));
    const auto released = this->step(holder, did_complete{"{}"});
    ASSERT_TRUE(released && released->promoted);
    EXPECT_EQ(released->promoted->op.who.key, "a");
    EXPECT_EQ(released->promoted->op.now.state, op_state::ready);
    ASSERT_EQ(released->promoted->events.size(), 1U);
    EXPECT_EQ(released->promoted->events[0].type, event_type::lock_acquired);
    locks = *this->wait(this->log().locks());
    ASSERT_EQ(locks.size(), 1U);
    EXPECT_EQ(locks[0].row, ops[0].who.row);
    const auto taken = this->claim();
    EXPECT_THAT(this->keys(taken), ElementsAre("a"));
    EXPECT_FALSE(taken.claimed[0].interrupted);
    for (const auto& op : ops) this->expect_story(op);
}

// proves: E5
TYPED_TEST(journal_conformance, who_comes_to_a_paced_key_too_early_has_it_and_waits_for_his_time) {
    this->steps = make_plan(true);
    claim_request request;
    request.owner = this->boot, request.limit = 99;
    request.paces = {{"k", 10min}};
    const auto claim_at = [&](store_time at) {
        request.now = at;
        return *this->wait(this->log().claim(request));
    };
    for (const auto* key : {"a", "b", "c"}) this->accept(this->make(key, "l"));
    for (int i = 0; i < 50; ++i) this->accept(this->make("l" + std::to_string(i), "l"));
    auto other = this->make("z", "l");
    other.who.kind = "j";
    this->accept(other);
    const auto start = this->log().now();
    auto first = claim_at(start);
    ASSERT_THAT(this->keys(first), ElementsAre("a"));
    EXPECT_EQ(first.blocked.size(), 53U) << "each once, because its lock is taken";
    auto a = first.claimed[0].what.op;
    this->finish(a);
    EXPECT_THAT(this->keys(claim_at(start + 1min)), ElementsAre())
        << "b has the lock, and is early";
    const auto b = this->stored(*this->wait(this->log().find_key("t", "k", "b")).value()).op;
    EXPECT_EQ(b.now.state, op_state::ready);
    EXPECT_EQ(b.now.due_at, start + 10min);
    EXPECT_EQ(b.now.waiting, "engine.key_rate_limited");
    EXPECT_EQ(b.now.lock, lock_state::held);
    this->expect_story(b);
    // However many stand behind it: a claim meets none of them, and others go past.
    this->accept(this->make("free", "m"));
    const auto past = claim_at(start + 2min);
    EXPECT_THAT(this->keys(past), ElementsAre("free"));
    EXPECT_TRUE(past.blocked.empty());
    EXPECT_EQ(past.next_due, start + 10min);
    this->world.reopen();
    auto second = claim_at(start + 10min);
    EXPECT_THAT(this->keys(second), ElementsAre("b"));
    EXPECT_FALSE(second.claimed[0].interrupted);
    auto second_op = second.claimed[0].what.op;
    this->expect_story(second_op);
    // It began with its key: what is repeated is no second beginning.
    ASSERT_TRUE(this->step(second_op, is_released{}));
    EXPECT_THAT(this->keys(claim_at(start + 11min)), ElementsAre("b"));
    // Who ends before his time gives it back.
    second_op = this->stored(second_op).op;
    this->finish(second_op);
    EXPECT_TRUE(claim_at(start + 12min).claimed.empty());
    auto c = this->stored(*this->wait(this->log().find_key("t", "k", "c")).value()).op;
    EXPECT_EQ(c.now.due_at, start + 20min);
    ASSERT_TRUE(this->step(c, cancel_command{"me", "no longer"}));
    EXPECT_EQ(c.now.ending, op_ending::rolled_back);
    EXPECT_TRUE(claim_at(start + 13min).claimed.empty());
    EXPECT_THAT(this->keys(claim_at(start + 20min)), ElementsAre("l0"))
        << "the time was not used up";
    request.paces = {};
    this->accept(this->make("unpaced", "n"));
    this->accept(this->make("unpaced too", "n"));
    EXPECT_THAT(this->keys(claim_at(start + 21min)), ElementsAre("unpaced"));
}

// proves: E5
TYPED_TEST(journal_conformance, who_comes_to_a_paced_key_on_his_way_waits_too) {
    auto a = this->begun("a", "l");
    auto b = this->begun("b", "l");
    const auto arrives = [&](operation& op, store_time::duration late = {}) {
        auto d =
            decide(op.now, this->steps, did_complete{"{}"}, {}, this->log().now(), this->chance);
        move m;
        m.who = &op.who, m.fence = op.now.fence, m.base_seq = op.now.seq;
        m.after = d.after, m.events = d.events, m.key_pace = 1h;
        m.now = d.after.updated_at + late;
        const auto done = this->wait(this->log().commit(m));
        EXPECT_TRUE(done);
        op = this->stored(op).op;
        return *done;
    };
    const auto at_once = arrives(a, 5min);  // so long the journal did not answer
    EXPECT_FALSE(at_once.blocked || at_once.paced_until);
    EXPECT_EQ(a.now.state, op_state::running);
    const auto begun = a.now.updated_at;
    ASSERT_TRUE(this->step(a, cancel_command{"me", "no longer"}));
    ASSERT_TRUE(this->step(a, did_fail{fault{codes::engine_queue_full}}));
    ASSERT_EQ(a.now.state, op_state::terminal);
    const auto early = arrives(b);
    EXPECT_EQ(early.paced_until, begun + 65min);
    EXPECT_EQ(b.now.state, op_state::ready);
    EXPECT_EQ(b.now.due_at, begun + 65min);
    EXPECT_EQ(b.now.step_name, "sign");
    EXPECT_FALSE(b.now.started);
    EXPECT_EQ(this->wait(this->log().locks())->at(0).row, b.who.row);
    this->expect_story(b);
    EXPECT_THAT(this->keys(this->claim(9, begun + 65min)), ElementsAre("b"));
    this->expect_story(b);
    // A move that is refused does not use the time up.
    auto stale = this->begun("c", "m");
    stale.now.fence += 1;
    move m;
    m.who = &stale.who, m.fence = stale.now.fence, m.base_seq = stale.now.seq, m.key_pace = 1h;
    m.after =
        decide(stale.now, this->steps, did_complete{"{}"}, {}, this->log().now(), this->chance)
            .after;
    EXPECT_FALSE(this->wait(this->log().commit(m)));
    stale.now.fence -= 1;
    EXPECT_FALSE(arrives(stale).paced_until);
}

TYPED_TEST(journal_conformance, the_last_holder_leaves_no_lock) {
    auto op = this->begun("a", "l");
    ASSERT_TRUE(this->step(op, did_complete{"{}"}));
    this->finish(op);
    EXPECT_TRUE(this->wait(this->log().locks())->empty());
    this->expect_story(op);
}

TYPED_TEST(journal_conformance, a_lock_of_the_first_step_is_taken_by_the_claim) {
    this->steps = make_plan(true);
    auto direct = this->begun("a", "l");
    EXPECT_EQ(direct.now.lock, lock_state::held);
    const auto second = this->begun("b", "l");
    EXPECT_EQ(second.now.state, op_state::blocked);
    this->accept(this->make("c", "l"));
    this->accept(this->make("d", "m"));
    this->accept(this->make("e", "m"));
    const auto taken = this->claim();
    EXPECT_THAT(this->keys(taken), ElementsAre("d"));
    ASSERT_EQ(taken.blocked.size(), 2U);
    EXPECT_EQ(taken.blocked[0].op.who.key, "c");
    EXPECT_EQ(taken.blocked[0].events.back().type, event_type::blocked);
    EXPECT_EQ(this->wait(this->log().locks())->size(), 2U);
    this->expect_story(direct);
    this->expect_story(second);
    this->expect_story(taken.claimed[0].what.op);
}

// ---- restart ------------------------------------------------------------------------------------

// proves: E1, E8
TYPED_TEST(journal_conformance, a_new_boot_readies_what_the_old_one_ran) {
    ASSERT_TRUE(this->wait(this->log().begin({"n", this->boot})));
    auto op = this->begun("a", "l");
    ASSERT_TRUE(this->step(op, did_complete{"{}"}));
    ASSERT_TRUE(this->step(op, did_complete{"bytes"}));
    auto parked = this->begun("p");
    ASSERT_TRUE(this->step(parked, must_park{"look", {}}));
    const auto before = this->log().now();
    this->world.reopen();
    EXPECT_GE(this->log().now(), before) << "store time does not go back";
    EXPECT_EQ(*this->wait(this->log().begin({"n", this->boot})), 0) << "its own boot";
    EXPECT_EQ(*this->wait(this->log().begin({"n", this->boot + 1})), 1);
    auto back = this->stored(op);
    EXPECT_EQ(back.op.now.state, op_state::ready);
    EXPECT_EQ(back.op.now.lock, lock_state::held);
    EXPECT_TRUE(back.op.now.live);
    EXPECT_EQ(this->stored(parked).op.now.state, op_state::parked);
    EXPECT_EQ(this->wait(this->log().locks())->size(), 1U);
    auto old = op;
    EXPECT_TRUE(this->step(old, has_landed{"{}"}).error().is(codes::engine_fenced));
    const auto taken = this->claim();
    ASSERT_EQ(taken.claimed.size(), 1U);
    EXPECT_TRUE(taken.claimed[0].interrupted);
    ASSERT_TRUE(taken.claimed[0].what.prepared);
    EXPECT_EQ(taken.claimed[0].what.prepared->bytes, "bytes");
    EXPECT_EQ(taken.claimed[0].what.outputs.size(), 1U);
    this->expect_story(op);
}

TYPED_TEST(journal_conformance, another_plan_under_the_same_version_is_refused) {
    const auto begin_with = [&](std::vector<kept_plan> plans) {
        node_identity node{.name = "n", .boot = 21, .plans = std::move(plans)};
        return this->wait(this->log().begin(std::move(node)));
    };
    EXPECT_TRUE(begin_with({{"k", 1, "steps"}, {"l", 1, "others"}}));
    this->world.reopen();
    EXPECT_TRUE(begin_with({{"k", 1, "steps"}, {"k", 2, "newer"}}));
    const auto refused = begin_with({{"m", 1, "x"}, {"k", 2, "changed"}});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::engine_definition_changed));
    EXPECT_EQ(refused.error().detail(), "\"k\" version 2");
    EXPECT_TRUE(begin_with({{"m", 1, "y"}})) << "nothing of the refused one was kept";
}

// ---- what people ask ----------------------------------------------------------------------------

// proves: E6
TYPED_TEST(journal_conformance, outputs_from_a_reopened_step_on_count_no_more) {
    auto op = this->begun("a");
    ASSERT_TRUE(this->step(op, did_complete{"old"}));
    ASSERT_TRUE(this->step(op, must_park{"look", {}}));
    EXPECT_EQ(this->stored(op).outputs.size(), 1U);
    ASSERT_FALSE(op.now.live);
    op.now.started = false;  // "sign" has not begun: nothing of it may be repeated
    ASSERT_TRUE(this->step(op, reopen_command{"me", "r", 0}));
    EXPECT_TRUE(this->stored(op).outputs.empty());
    op = this->claim().claimed.at(0).what.op;
    ASSERT_TRUE(this->step(op, did_complete{"new"}));
    ASSERT_EQ(this->stored(op).outputs.size(), 1U);
    EXPECT_EQ(this->stored(op).outputs[0].output, "new");
}

// proves: E2, E6
TYPED_TEST(journal_conformance, an_edited_input_counts_and_the_fingerprint_stays) {
    auto op = this->begun("a");
    ASSERT_TRUE(this->step(op, did_complete{"old"}));
    ASSERT_TRUE(this->step(op, must_park{"look", {}}));
    op.now.started = false;  // "sign" has not begun
    ASSERT_TRUE(this->step(op, edit_command{"me", "r", "{\"input\":\"b\"}", "{}"}));
    this->world.reopen();
    EXPECT_EQ(this->stored(op).input, "{\"input\":\"b\"}");
    EXPECT_TRUE(this->stored(op).outputs.empty());
    EXPECT_TRUE(this->accept(this->make("a")).replayed) << "what the client had sent";
    EXPECT_EQ(this->claim().claimed.at(0).what.input, "{\"input\":\"b\"}");
}

// proves: E5, E6
TYPED_TEST(journal_conformance, a_class_can_be_changed) {
    for (const auto* key : {"a", "b"}) {
        auto o = this->make(key);
        o.first.priority = operation_priority::low;
        this->accept(o);
    }
    auto b = *this->wait(this->log().find_key("t", "k", "b"));
    ASSERT_TRUE(b);
    ASSERT_TRUE(this->step(*b, prioritise_command{"me", "r", operation_priority::high}));
    EXPECT_EQ(this->keys(this->claim(1)), std::vector<std::string>{"b"});
}

// ---- children -----------------------------------------------------------------------------------

// proves: E5
TYPED_TEST(journal_conformance, the_end_of_a_child_makes_its_waiting_parent_due) {
    auto parent = this->begun("parent");
    auto stranger = this->begun("stranger");
    auto o = this->make("child");
    o.who.parent = parent.who.id;
    o.claim_for = this->boot;
    auto child = this->accept(o).made.op;
    ASSERT_TRUE(this->step(parent, must_await{child.who.id}));
    ASSERT_TRUE(this->step(stranger, must_await{child.who.id}));
    EXPECT_EQ(parent.now.due_at, never_due);
    EXPECT_EQ(parent.now.awaits, child.who.id);
    EXPECT_TRUE(this->claim().claimed.empty());
    ASSERT_TRUE(this->step(child, did_complete{"{}"}));
    ASSERT_TRUE(this->step(child, did_complete{"bytes"}));
    EXPECT_FALSE(this->step(child, has_landed{"{}"})->woken);
    const auto end = this->step(child, did_complete{"{}"});
    ASSERT_TRUE(end && end->woken);
    EXPECT_EQ(end->woken->op.who.id, parent.who.id);
    EXPECT_EQ(end->woken->events.at(0).type, event_type::child_ended);
    parent = this->stored(parent).op;
    EXPECT_FALSE(parent.now.awaits);
    EXPECT_EQ(this->keys(this->claim()), std::vector<std::string>{"parent"});
    EXPECT_EQ(this->stored(stranger).op.now.due_at, never_due) << "only its parent";
    this->expect_story(parent);
    list_filter of_parent;
    of_parent.parent = parent.who.id;
    const auto page = *this->wait(this->log().list(of_parent));
    ASSERT_EQ(page.items.size(), 1U);
    EXPECT_EQ(page.items[0].op.who.key, "child");
}

// proves: E5
TYPED_TEST(journal_conformance, who_comes_too_late_to_wait_for_a_child_is_due_at_once) {
    auto parent = this->begun("parent");
    auto o = this->make("child");
    o.who.parent = parent.who.id;
    o.claim_for = this->boot;
    auto child = this->accept(o).made.op;
    this->finish(child);  // while the parent is running
    const auto late = this->step(parent, must_await{child.who.id, 1h});
    ASSERT_TRUE(late);
    EXPECT_TRUE(late->child_over);
    EXPECT_LE(parent.now.due_at, this->log().now());
    EXPECT_EQ(parent.now.waiting, "");
    this->expect_story(parent);
    // One that is not there is not waited for either.
    parent = this->claim().claimed.at(0).what.op;
    EXPECT_TRUE(this->step(parent, must_await{uuid{}})->child_over);
    this->expect_story(parent);
}

// ---- reading ------------------------------------------------------------------------------------

TYPED_TEST(journal_conformance, lists_by_what_is_asked) {
    for (int i = 0; i < 6; ++i) {
        auto o = this->make("k" + std::to_string(i));
        o.who.subject = i % 2 == 0 ? "even" : "";
        o.claim_for = i == 0 ? this->boot : 0;
        auto op = this->accept(o).made.op;
        if (i == 0) this->finish(op);
    }
    const auto keys_of = [&](list_filter f) {
        std::vector<std::string> out;
        do {
            const auto page = *this->wait(this->log().list(f));
            for (const auto& item : page.items) out.push_back(item.op.who.key);
            f.before = page.next;
        } while (f.before != 0);
        return out;
    };
    EXPECT_THAT(keys_of({.limit = 2}), ElementsAre("k5", "k4", "k3", "k2", "k1", "k0"));
    EXPECT_THAT(keys_of({.subject = "even", .limit = 1}), ElementsAre("k4", "k2", "k0"));
    EXPECT_THAT(keys_of({.key = "k3"}), ElementsAre("k3"));
    EXPECT_THAT(keys_of({.kind = "other"}), ElementsAre());
    EXPECT_THAT(keys_of({.tenant = "t", .kind = "k", .state = op_state::terminal}),
                ElementsAre("k0"));
    EXPECT_THAT(keys_of({.ending = op_ending::completed}), ElementsAre("k0"));
    EXPECT_THAT(keys_of({.state = op_state::ready, .limit = 500}),
                ElementsAre("k5", "k4", "k3", "k2", "k1"));
    list_filter full;
    full.key = "k0";
    EXPECT_TRUE(this->wait(this->log().list(full))->items[0].outputs.empty());
    full.with_outputs = true;
    EXPECT_EQ(this->wait(this->log().list(full))->items[0].outputs.size(), 3U);
}

// proves: E6
TYPED_TEST(journal_conformance, lists_by_tag_in_pages) {
    for (int i = 0; i < 7; ++i) {
        auto o = this->make("k" + std::to_string(i));
        if (i % 2 == 0) o.who.tags = {"all", "even"};
        if (i == 5) o.who.tags = {"all"};
        o.claim_for = i == 2 ? this->boot : 0;
        auto op = this->accept(o).made.op;
        EXPECT_EQ(op.who.tags, o.who.tags);
        if (i == 2) this->finish(op);
    }
    auto again = this->make("k0");
    again.who.tags = {"of the replay"};
    EXPECT_TRUE(this->accept(again).replayed);
    this->world.reopen();
    const auto keys_of = [&](list_filter f) {
        std::vector<std::string> out;
        do {
            const auto page = *this->wait(this->log().list(f));
            EXPECT_LE(std::ssize(page.items), f.limit);
            for (const auto& item : page.items) out.push_back(item.op.who.key);
            f.before = page.next;
        } while (f.before != 0);
        return out;
    };
    EXPECT_THAT(keys_of({.tag = "even", .limit = 2}), ElementsAre("k6", "k4", "k2", "k0"));
    EXPECT_THAT(keys_of({.tag = "all", .limit = 3}), ElementsAre("k6", "k5", "k4", "k2", "k0"));
    EXPECT_THAT(keys_of({.tag = "even", .state = op_state::terminal}), ElementsAre("k2"));
    EXPECT_THAT(keys_of({.key = "k4", .tag = "even"}), ElementsAre("k4"));
    EXPECT_THAT(keys_of({.key = "k5", .tag = "even"}), ElementsAre());
    for (const auto* none : {"eve", "EVEN", "all even", "of the replay", ""}) {
        EXPECT_THAT(keys_of({.tag = none}), ElementsAre()) << none;
    }
    const auto found = *this->wait(this->log().find_key("t", "k", "k4"));
    EXPECT_THAT(found->who.tags, ElementsAre("all", "even"));
    const auto taken = this->claim(1);
    EXPECT_THAT(taken.claimed.at(0).what.op.who.tags, ElementsAre("all", "even"));
}

TYPED_TEST(journal_conformance, tells_events_in_pages_and_of_one_operation_only) {
    auto a = this->begun("a");
    auto b = this->begun("b");
    this->finish(a);
    const auto all = *this->wait(this->log().events(a.who.row, 0, 100));
    EXPECT_EQ(static_cast<std::int64_t>(all.size()), a.now.seq);
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i].seq, static_cast<std::int64_t>(i) + 1);
    }
    const auto page = *this->wait(this->log().events(a.who.row, 2, 2));
    ASSERT_EQ(page.size(), 2U);
    EXPECT_EQ(page[0].seq, 3);
    EXPECT_TRUE(this->wait(this->log().events(a.who.row, a.now.seq, 10))->empty());
    EXPECT_TRUE(this->wait(this->log().events(a.who.row, 5'000'000, 10))->empty());
    EXPECT_TRUE(this->wait(this->log().events(999, 0, 10))->empty());
    EXPECT_FALSE(*this->wait(this->log().load(uuid{})));
}

}  // namespace
}  // namespace thole::saga
