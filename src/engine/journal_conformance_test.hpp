#pragma once

// What tests of every journal share: a plan, and a fixture that keeps operations as the engine
// would.

#include "engine/codes.hpp"
#include "engine/fold.hpp"
#include "engine/journal_worlds_test.hpp"

namespace thole::saga::testing {

using namespace std::chrono_literals;

// first (lock) → sign (pivot) → last
inline plan make_plan(bool lock_first) {
    plan p;
    p.kind = "k";
    p.steps.resize(3);
    p.steps[0].name = "first";
    p.steps[0].locks = lock_first;
    p.steps[1].name = "sign";
    p.steps[1].shape = step_shape::prepared;
    p.steps[1].pivot = true;
    p.steps[1].locks = !lock_first;
    p.steps[2].name = "last";
    return p;
}

template <class World>
class journal_conformance : public ::testing::Test {
  protected:
    static constexpr std::uint64_t boot = 11;

    journal& log() { return *world; }
    upkeep& shelf() { return *world.log; }
    template <class T>
    T wait(task<T> call) {
        return world.wait(std::move(call));
    }

    new_operation make(const std::string& key, std::string lock = {}, store_time due = {}) {
        new_operation o;
        o.who.id = uuid::v7(log().now(), ids);
        o.who.tenant = "t";
        o.who.kind = "k";
        o.who.key = key;
        o.who.request_hash = sha256(as_bytes(key));
        o.who.lock_key = std::move(lock);
        o.who.created_at = log().now();
        o.first =
            initial_state(steps, !o.who.lock_key.empty(), log().now(), std::max(due, log().now()),
                          "{\"input\":\"" + key + "\"}", o.events);
        return o;
    }
    submit_answer accept(const new_operation& o) {
        auto answer = wait(log().submit(o));
        EXPECT_TRUE(answer) << answer.error().describe();
        return std::move(*answer);
    }
    // Submitted and at once begun.
    operation begun(const std::string& key, std::string lock = {}) {
        auto o = make(key, std::move(lock));
        o.claim_for = boot;
        return accept(o).made.op;
    }
    // Carries a decision out and keeps `op` as the engine would.
    result<move_answer> step(operation& op, const input& what) {
        auto d = decide(op.now, steps, what, {}, log().now(), chance);
        move m;
        m.who = &op.who;
        m.fence = op.now.fence;
        m.base_seq = op.now.seq;
        m.releases_lock = op.now.lock == lock_state::held && d.after.lock == lock_state::none;
        m.after = d.after;
        m.events = d.events;
        m.prepared = d.prepared;
        auto done = wait(log().commit(m));
        if (done) op = stored(op).op;
        return done;
    }
    stored_operation stored(const operation& op) {
        auto found = wait(log().load(op.who.id));
        EXPECT_TRUE(found && *found);
        return **found;
    }
    claim_answer claim(int limit, store_time at) {
        claim_request request;
        request.owner = boot;
        request.now = at;
        request.limit = limit;
        auto answer = wait(log().claim(request));
        EXPECT_TRUE(answer) << answer.error().describe();
        return std::move(*answer);
    }
    claim_answer claim(int limit = 10) { return claim(limit, log().now()); }
    static std::vector<std::string> keys(const claim_answer& a) {
        std::vector<std::string> out;
        for (const auto& c : a.claimed) out.push_back(c.what.op.who.key);
        return out;
    }
    void expect_story(const operation& op) {
        const auto events = wait(log().events(op.who.row, 0, 1000));
        const auto told = fold(*events, steps, !op.who.lock_key.empty());
        EXPECT_EQ(difference(told, stored(op).op.now), "");
    }
    void finish(operation& op) {
        if (op.now.step == 0) ASSERT_TRUE(step(op, did_complete{"{}"}));
        ASSERT_TRUE(step(op, did_complete{"bytes"}));
        ASSERT_TRUE(step(op, has_landed{"{}"}));
        ASSERT_TRUE(step(op, did_complete{"{}"}));
        EXPECT_EQ(op.now.state, op_state::terminal);
    }

    World world;
    plan steps = make_plan(false);
    seeded_entropy ids{3};
    rng chance{5};
};

using worlds = ::testing::Types<model_world, sqlite_inline_world, sqlite_world>;

// Those that the cases are run over; a specialisation says others (sim/leases_test.cpp).
template <class = void>
struct conforming {
    using journals = worlds;
};

}  // namespace thole::saga::testing
