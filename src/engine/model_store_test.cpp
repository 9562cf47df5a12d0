#include "engine/model_store.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/decide.hpp"
#include "engine/transitions.hpp"

namespace thole::saga {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t node = 7;

plan one_locked_step() {
    plan p;
    p.steps.emplace_back();
    p.steps.front().name = "only";
    p.steps.front().locks = true;
    return p;
}

// A store and what a client with few keys and fewer locks does to it.
struct client {
    model_store store;
    const plan steps = one_locked_step();
    rng chance{1};

    void submit(int number, store_time now) {
        new_operation o;
        o.who.id = uuid{{static_cast<std::uint8_t>(number)}};
        o.who.tenant = "t";
        o.who.kind = "k";
        o.who.key = std::to_string(number);
        o.who.created_at = now;
        o.who.lock_key = number % 2 == 0 ? "even" : "odd";
        o.first = initial_state(steps, true, now, now + 1s * (number % 3), "{}", o.events);
        if (number % 5 == 0) o.claim_for = node;
        static_cast<void>(store.submit(o));
    }
    void claim(store_time now) {
        claim_request request;
        request.owner = node, request.now = now, request.limit = 2;
        static_cast<void>(store.claim(request));
    }
    // Completes the first that runs.
    void complete(store_time now) {
        list_filter running;
        running.state = op_state::running;
        running.limit = 1;
        const auto page = store.list(running);
        if (page->items.empty()) return;
        const auto& op = page->items.front().op;
        auto d = decide(op.now, steps, did_complete{"{}"}, {}, now, chance);
        move m;
        m.who = &op.who, m.fence = op.now.fence, m.base_seq = op.now.seq;
        m.releases_lock = op.now.lock == lock_state::held && d.after.lock == lock_state::none;
        m.after = std::move(d.after), m.events = std::move(d.events);
        EXPECT_TRUE(store.apply(m));
    }
    void remove(store_time now) {
        removable_query old;
        old.kind = "k", old.before = now + 1h, old.limit = 1;
        const auto page = store.removable(old);
        if (page->items.empty()) return;
        removal what;
        what.rows = {page->items.front().who.row};
        what.keep_rows = page->items.front().who.row % 2 == 0;
        EXPECT_TRUE(store.remove(what));
    }
    void act(int what, store_time now) {
        switch (what % 4) {
            case 0:
                return claim(now);
            case 1:
                return complete(now);
            case 2:
                return remove(now);
            default:
                return submit(what / 4, now);
        }
    }

    // Everything that can be asked, as text; changes nothing.
    std::string told() {
        std::string out;
        list_filter all;
        all.limit = 1000;
        all.with_outputs = true;
        const auto page = store.list(all);
        for (const auto& each : page->items) {
            const auto& [who, s] = each.op;
            out += who.key + ':' + std::to_string(static_cast<int>(s.state)) + ',' +
                   std::to_string(s.seq) + ',' + std::to_string(s.fence) + ',' +
                   std::to_string(each.outputs.size()) + ',' +
                   std::to_string(store.events(who.row, 0, 1000)->size()) +
                   (store.find_key(who.tenant, who.kind, who.key)->has_value() ? "k" : "-") +
                   (store.load(who.id)->has_value() ? "i " : "- ");
        }
        const auto count = store.counts();
        out += std::to_string(count->ready) + '/' + std::to_string(count->running) + '/' +
               std::to_string(count->blocked) + '/' + std::to_string(count->parked);
        for (const auto& each : *store.locks()) out += each.key + std::to_string(each.row);
        for (int i = 0; i < 64; ++i) {
            out += store.find_key("t", "k", std::to_string(i))->has_value() ? '1' : '0';
        }
        // What a claim would take, in which order, and when the next is due.
        static_cast<void>(store.begin());
        claim_request request;
        request.owner = node, request.now = store_time{1h}, request.limit = 100;
        const auto claimed = store.claim(request);
        for (const auto& each : claimed->claimed) out += ' ' + each.what.op.who.key;
        for (const auto& each : claimed->blocked) out += " b" + each.op.who.key;
        store.rollback();
        return out;
    }
};

// proves: X1
RC_GTEST_PROP(ModelStore, WhatIsRolledBackWasNever, ()) {
    struct transaction {
        std::vector<int> acts;
        bool kept;
    };
    const auto acts = rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4 * 12));
    const auto script = *rc::gen::container<std::vector<transaction>>(
        rc::gen::construct<transaction>(acts, rc::gen::arbitrary<bool>()));
    client all;
    client kept_only;
    store_time now{};
    for (const auto& each : script) {
        now += 1s;
        static_cast<void>(all.store.begin());
        for (const auto what : each.acts) all.act(what, now);
        if (!each.kept) {
            all.store.rollback();
        } else {
            static_cast<void>(all.store.commit());
            static_cast<void>(kept_only.store.begin());
            for (const auto what : each.acts) kept_only.act(what, now);
            static_cast<void>(kept_only.store.commit());
        }
        RC_ASSERT(all.told() == kept_only.told());
    }
}

}  // namespace
}  // namespace thole::saga
