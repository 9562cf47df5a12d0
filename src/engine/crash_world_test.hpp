#pragma once

// The outside world of the crash tests: a ledger that survives every crash and remembers each
// effect, and a saga with a step of every shape that works on it.

#include <map>
#include <set>

#include "engine/bench_saga_test.hpp"
#include "engine/crash_journal.hpp"
#include "thole/codes.hpp"

namespace thole::saga::testing {

// How the world treats an order: said by its account name, so that it is journaled with it.
enum class fate {
    smooth,       // everything works
    bumpy,        // each first attempt fails or is refused, each first look is undecided
    dies_once,    // the first generation never lands and is proved dead
    dies_always,  // every generation is: parked, then cancelled by the person in the test
    hopeless,     // signing is impossible: rolled back
    silent        // what was sent has landed, and no witness ever says so: a person does
};

struct outside {
    // What is there, by operation. A sane end has each at 0 or 1, and undone what was done.
    struct account_of {
        int pinned = 0;  // idempotent: set, not counted
        int charges = 0, refunds = 0;
        int recorded = 0;
        std::set<std::string> sent;
        std::vector<std::string> landed;
        int shipped = 0;
        int parcels = 0;  // sent by children
        int told = 0;     // idempotent
        int forward = 0;  // calls of run() and probe() that are under way in this life
        std::vector<std::string> undone;
        std::map<std::string, int> looks;
    };
    std::map<std::string, account_of> of;
    std::vector<std::string> offences;
    std::set<std::string> tried;  // what `bumpy` has failed once already

    // Calls of this life, and at which of them the process dies: before or after the effect.
    int calls = 0;
    int die_at_call = 0;
    bool die_after = false;
};

// Nothing of an operation is undone while something of it is still being done.
class going_forward {
  public:
    explicit going_forward(int& calls) : calls_{calls} { ++calls_; }
    ~going_forward() { --calls_; }
    going_forward(const going_forward&) = delete;
    going_forward& operator=(const going_forward&) = delete;

  private:
    int& calls_;
};

// One call to the outside: it takes a while, and the process may die on either side of it.
template <class Effect>
task<bool> reach(outside& world, crash_switch& power, io::loop& loop, Effect effect) {
    static_cast<void>(co_await loop.sleep_until(loop.now() + 5ms));
    if (power.is_off()) co_await power.hang();
    const bool dies = ++world.calls == world.die_at_call;
    if (dies && !world.die_after) power.turn_off();
    if (power.is_off()) co_await power.hang();
    effect();
    if (dies) power.turn_off();
    if (power.is_off()) co_await power.hang();
    co_return true;
}

struct surroundings {
    outside* world;
    crash_switch* power;
    io::loop* loop;
    saga::store* journal;

    [[nodiscard]] outside::account_of& of(const step_context& in) const {
        return world->of[std::string{in.key()}];
    }
    [[nodiscard]] bool fails_first(const step_context& in, std::string_view what) const {
        if (in.input<order>().account.find("bumpy") == std::string::npos) return false;
        return world->tried.insert(std::string{in.key()} + std::string{what}).second;
    }
    [[nodiscard]] going_forward forward(const step_context& in) const {
        return going_forward{of(in).forward};
    }
    void undoes(const step_context& in, std::string_view step) const {
        if (of(in).forward > 0) world->offences.push_back("undone beside what is under way");
        of(in).undone.emplace_back(step);
    }
    [[nodiscard]] bool fated(const step_context& in, std::string_view fate) const {
        return in.input<order>().account.find(fate) != std::string::npos;
    }
};

struct upload {
    static constexpr std::string_view name = "upload";
    using output = text;
    surroundings at;
    task<outcome<text>> run(step_context& in) {
        const auto busy = at.forward(in);
        auto effect = [&] { at.of(in).pinned = 1; };
        co_await reach(*at.world, *at.power, *at.loop, effect);
        if (at.fails_first(in, "upload")) co_return retry{fault{codes::net_timeout}};
        co_return done<text>{{"cid"}};
    }
    task<outcome<nothing>> undo(step_context& in) {
        at.undoes(in, name);
        auto effect = [&] { at.of(in).pinned = 0; };
        co_await reach(*at.world, *at.power, *at.loop, effect);
        if (at.fails_first(in, "unpin")) co_return retry{fault{codes::net_timeout}};
        co_return done<nothing>{};
    }
};

// Charging twice is charging twice; but one can ask whether it was done.
struct charge {
    static constexpr std::string_view name = "charge";
    using output = text;
    surroundings at;
    task<outcome<text>> run(step_context& in) {
        const auto busy = at.forward(in);
        auto effect = [&] { ++at.of(in).charges; };
        if (at.fails_first(in, "refused")) {
            co_return retry{fault{codes::policy_breaker_open}.with_retry_after(1s)};
        }
        co_await reach(*at.world, *at.power, *at.loop, effect);
        if (at.fails_first(in, "charge")) {
            co_return retry{fault{codes::net_timeout}.with_effect(fault_effect::unknown)};
        }
        co_return done<text>{{"charged"}};
    }
    task<probed<text>> probe(step_context& in) {
        const auto busy = at.forward(in);
        bool found = false;
        auto look = [&] { found = at.of(in).charges > 0; };
        co_await reach(*at.world, *at.power, *at.loop, look);
        if (found) co_return done<text>{{"charged"}};
        co_return did_not_happen{};
    }
    task<outcome<nothing>> undo(step_context& in) {
        at.undoes(in, name);
        auto effect = [&] { at.of(in).refunds = at.of(in).charges; };
        co_await reach(*at.world, *at.power, *at.loop, effect);
        co_return done<nothing>{};
    }
};

// One per account at a time.
struct record {
    static constexpr std::string_view name = "record";
    using output = text;
    surroundings at;
    task<outcome<text>> run(step_context& in) {
        const auto busy = at.forward(in);
        auto effect = [&] { at.of(in).recorded = 1; };
        co_await reach(*at.world, *at.power, *at.loop, effect);
        if (in.kind() == "bundle" && at.fated(in, "hopeless")) {
            co_return retry{fault{codes::http_client_error}};
        }
        co_return done<text>{{"row"}};
    }
    task<outcome<nothing>> undo(step_context& in) {
        at.undoes(in, name);
        auto effect = [&] { at.of(in).recorded = 0; };
        co_await reach(*at.world, *at.power, *at.loop, effect);
        co_return done<nothing>{};
    }
};

struct submit {
    static constexpr std::string_view name = "submit";
    using prepared = text;
    using output = text;
    surroundings at;
    task<outcome<text>> prepare(step_context& in) {
        if (at.fated(in, "hopeless")) co_return retry{fault{codes::http_client_error}};
        if (at.fails_first(in, "sign")) co_return retry{fault{codes::net_timeout}};
        co_return done<text>{
            {std::string{in.key()} + " generation " + std::to_string(in.generation())}};
    }
    task<result<>> send(step_context& in, const journaled<text>& p) {
        // Of any step: a person may have resolved it meanwhile, and the operation gone on.
        const auto stored = *at.journal->load(in.id());
        const auto journaled =
            stored ? *at.journal->prepared(stored->op.who.row) : std::vector<prepared_row>{};
        const bool safe = std::ranges::any_of(journaled, [&p](const prepared_row& each) {
            return each.bytes == json::write(*p) && each.generation == p.generation();
        });
        if (!safe) at.world->offences.push_back("sent before it was journaled: " + p->value);
        auto effect = [&] {
            auto& mine = at.of(in);
            mine.sent.insert(p->value);
            const bool lost =
                at.fated(in, "dies-always") || (at.fated(in, "dies-once") && p.generation() == 1);
            const bool there = std::ranges::find(mine.landed, p->value) != mine.landed.end();
            if (!lost && !there) mine.landed.push_back(p->value);
        };
        co_await reach(*at.world, *at.power, *at.loop, effect);
        co_return fail(codes::net_reset);  // no answer to a send decides anything
    }
    task<settlement<text>> settle(step_context& in, const journaled<text>& p) {
        settlement<text> answer = pending{100ms};
        auto look = [&] {
            auto& mine = at.of(in);
            const bool there = std::ranges::find(mine.landed, p->value) != mine.landed.end();
            const int looks = ++mine.looks[p->value];
            const bool lost =
                at.fated(in, "dies-always") || (at.fated(in, "dies-once") && p.generation() == 1);
            if (there && !at.fated(in, "silent")) {
                answer = landed<text>{{p->value}};
            } else if (lost && looks > 2) {
                answer = dead{"expired", true, {}, ""};
            }
            if (at.fails_first(in, "look")) answer = uncertain{100ms, "they disagree"};
        };
        co_await reach(*at.world, *at.power, *at.loop, look);
        if (std::holds_alternative<landed<text>>(answer)) {
            const auto shown = co_await in.progress("CONFIRMED");
            if (!shown) co_return pending{100ms};
        }
        co_return answer;
    }
};

struct ship {
    static constexpr std::string_view name = "ship";
    using output = text;
    surroundings at;
    task<outcome<text>> run(step_context& in) {
        const auto busy = at.forward(in);
        auto effect = [&] { at.of(in).shipped = 1; };
        co_await reach(*at.world, *at.power, *at.loop, effect);
        if (at.fails_first(in, "ship")) co_return saga::wait{1s, "stock"};
        if (at.fated(in, "parcel")) {
            child_request request;
            request.kind = "parcel";
            request.input = json::write(order{std::string{in.key()}, 1});
            const auto child = co_await in.child(std::move(request));
            if (!child) co_return retry{child.error()};
            if (!child->ending) co_return await_end{child->id};
        }
        co_return done<text>{{"shipped"}};
    }
};

// A person may do without it.
struct tell {
    static constexpr std::string_view name = "tell";
    using output = text;
    surroundings at;
    task<outcome<text>> run(step_context& in) {
        const auto busy = at.forward(in);
        auto effect = [&] { at.of(in).told = 1; };
        if (at.fated(in, "deaf")) co_return retry{fault{codes::http_client_error}};
        co_await reach(*at.world, *at.power, *at.loop, effect);
        if (at.fails_first(in, "tell")) co_return retry{fault{codes::net_timeout}};
        co_return done<text>{{"told"}};
    }
};

// The child's only step. Its input's account is the parent's key.
struct carry {
    static constexpr std::string_view name = "carry";
    using output = text;
    surroundings at;
    task<outcome<text>> run(step_context& in) {
        auto effect = [&] { ++at.world->of[in.input<order>().account].parcels; };
        co_await reach(*at.world, *at.power, *at.loop, effect);
        co_return done<text>{{"carried"}};
    }
    task<probed<text>> probe(step_context& in) {
        bool found = false;
        auto look = [&] { found = at.world->of[in.input<order>().account].parcels > 0; };
        co_await reach(*at.world, *at.power, *at.loop, look);
        if (found) co_return done<text>{{"carried"}};
        co_return did_not_happen{};
    }
};

inline definition make_parcel(const surroundings& at) {
    return define<order>("parcel", 1).step(std::make_shared<carry>(at)).build();
}

// The same work side by side: [upload · charge · record] → [ship · tell]. One at a time charges.
inline definition make_bundle(const surroundings& at) {
    auto policy = presets::standard;
    return define<order>("bundle", 1)
        .step(std::make_shared<upload>(at))
        .policy(policy)
        .step(std::make_shared<charge>(at))
        .policy(policy)
        .beside()
        .at_most(1)
        .step(std::make_shared<record>(at))
        .policy(policy)
        .beside()
        .shows("BOOKED")
        .step(std::make_shared<ship>(at))
        .policy(policy)
        .step(std::make_shared<tell>(at))
        .policy(policy)
        .beside()
        .skippable()
        .shows("SHIPPED")
        .build();
}

inline definition make_saga(const surroundings& at) {
    auto policy = presets::standard;
    policy.generations = 2;
    return define<order>("order", 1)
        .step(std::make_shared<upload>(at))
        .policy(policy)
        .step(std::make_shared<charge>(at))
        .policy(policy)
        .step(std::make_shared<record>(at))
        .policy(policy)
        .lock([](const order& o) { return o.account; })
        .step(std::make_shared<submit>(at))
        .policy(policy)
        .pivot()
        .shows("SUBMITTED")
        .step(std::make_shared<ship>(at))
        .policy(policy)
        .shows("SHIPPED")
        .build();
}

}  // namespace thole::saga::testing
