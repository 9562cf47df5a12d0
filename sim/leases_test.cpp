// A journal that several nodes share: it does what every journal does, and leases say who may work.

#include "sim/leases.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "engine/journal_conformance_test.hpp"

namespace thole::sim {
namespace {

// One node of it at a time.
struct leased_world {
    io::virtual_loop loop;
    saga::model_store store;
    lease_table table;
    saga::crash_switch power;
    std::optional<saga::inline_journal> inner;
    std::optional<leased_journal> log;

    leased_world() { reopen(); }
    void reopen() {
        log.reset();
        inner.emplace(loop, store);
        log.emplace(*inner, table, loop, power, leased_journal::hooks{[] { return true; }, [] {}});
    }
    saga::journal& operator*() { return *log; }
    template <class T>
    T wait(task<T> call) {
        return saga::testing::wait_on(loop, std::move(call));
    }
};

}  // namespace
}  // namespace thole::sim

namespace thole::saga::testing {
template <>
struct conforming<> {
    using journals = ::testing::Types<sim::leased_world>;
};
}  // namespace thole::saga::testing

#include "engine/journal_conformance_cases_test.hpp"

namespace thole::sim {
namespace {

using namespace std::chrono_literals;

constexpr store_time at(std::chrono::seconds since) {
    return store_time{since};
}

TEST(lease_table, is_held_until_it_runs_out_or_another_boot_of_the_node_begins) {
    lease_table table;
    table.take({.name = "a", .boot = 11}, at(9s));
    table.take({.name = "b", .boot = 21}, at(9s));
    EXPECT_TRUE(table.holds(11, at(8s)));
    EXPECT_FALSE(table.holds(11, at(9s)));
    EXPECT_FALSE(table.holds(12, at(1s)));
    EXPECT_TRUE(table.renew(11, at(8s), at(17s)));
    EXPECT_TRUE(table.holds(11, at(16s)));
    EXPECT_FALSE(table.renew(21, at(9s), at(18s))) << "too late";
    table.take({.name = "a", .boot = 12}, at(20s));
    EXPECT_FALSE(table.holds(11, at(10s)));
    EXPECT_FALSE(table.renew(11, at(10s), at(30s)));
    EXPECT_TRUE(table.holds(12, at(19s)));
}

// Nodes on one store, each with a loop's worth of life.
class leased_journals : public ::testing::Test {
  protected:
    struct life {
        saga::crash_switch power;
        bool reachable = true;
        int taken = 0;
        std::optional<saga::inline_journal> inner;
        std::optional<leased_journal> log;
    };
    // As a process that starts and goes on renewing.
    result<std::int64_t> begin(life& of, saga::node_identity node) {
        of.inner.emplace(loop, shared);
        of.log.emplace(
            *of.inner, table, loop, of.power,
            leased_journal::hooks{[&of] { return of.reachable; }, [&of] { ++of.taken; }});
        boost::asio::co_spawn(loop.executor(), of.log->keep(), boost::asio::detached);
        return wait(of.log->begin(std::move(node)));
    }
    template <class T>
    T wait(task<T> call) {
        return saga::testing::wait_on(loop, std::move(call));
    }
    // Begun at once by that boot.
    saga::operation running(life& of, std::uint64_t boot, std::string key) {
        saga::new_operation o;
        o.who.id = uuid::v7(of.log->now(), ids);
        o.who.tenant = "default";
        o.who.kind = "mint";
        o.who.key = std::move(key);
        o.first.due_at = of.log->now();
        o.claim_for = boot;
        const auto made = wait(of.log->submit(o));
        EXPECT_TRUE(made && made->claimed);
        return made->made.op;
    }
    saga::operation now(const saga::operation& op) { return (*shared.load(op.who.id))->op; }
    ~leased_journals() override {
        for (auto* each : {&first, &second, &again}) each->power.turn_off();
        EXPECT_TRUE(loop.run_until_idle());
    }

    io::virtual_loop loop;
    saga::model_store shared;
    lease_table table;
    seeded_entropy ids{3};
    life first, second, again;
};

// proves: E8
TEST_F(leased_journals, what_a_node_without_a_lease_was_running_is_taken_over) {
    ASSERT_TRUE(begin(first, {.name = "a", .boot = 11}));
    ASSERT_TRUE(begin(second, {.name = "b", .boot = 21}));
    const auto op = running(first, 11, "k");
    loop.advance(1min);
    EXPECT_TRUE(first.log->may_start_effects());
    EXPECT_EQ(second.taken, 0);

    first.reachable = false;
    loop.advance(lease_length - 1s);
    EXPECT_FALSE(first.log->may_start_effects()) << "before anybody else may begin";
    EXPECT_TRUE(second.log->may_start_effects());
    EXPECT_EQ(second.taken, 0);
    loop.advance(5s);
    EXPECT_EQ(second.taken, 1);
    EXPECT_EQ(now(op).now.state, saga::op_state::ready);

    // The old owner's late write is based on what is no more.
    saga::move late;
    late.who = &op.who, late.fence = op.now.fence, late.base_seq = op.now.seq;
    late.after = op.now;
    const auto refused = wait(first.log->commit(late));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::engine_fenced));

    first.reachable = true;
    loop.advance(5s);
    EXPECT_TRUE(first.log->may_start_effects());
}

// proves: E8
TEST_F(leased_journals, a_node_that_begins_leaves_to_others_what_they_are_running) {
    ASSERT_TRUE(begin(first, {.name = "a", .boot = 11}));
    const auto op = running(first, 11, "k");
    EXPECT_EQ(*begin(second, {.name = "b", .boot = 21}), 0);
    EXPECT_EQ(now(op).now.state, saga::op_state::running);
    // But a new boot of the same node knows that the one before is no more.
    first.power.turn_off();
    EXPECT_EQ(*begin(again, {.name = "a", .boot = 12}), 1);
    EXPECT_EQ(now(op).now.state, saga::op_state::ready);
}

// proves: E1, E8
TEST_F(leased_journals, who_follows_other_steps_is_refused_before_he_holds_anything) {
    const auto version = [](int number, std::string text) {
        return saga::kept_plan{"mint", number, std::move(text)};
    };
    ASSERT_TRUE(begin(first, {.name = "a", .boot = 11, .plans = {version(1, "one")}}));
    const auto op = running(first, 11, "k");
    first.power.turn_off();
    loop.advance(lease_length);
    // Its lease has run out, but this one would tell its story wrongly.
    const auto refused =
        begin(second, {.name = "b", .boot = 21, .plans = {version(2, "new"), version(1, "two")}});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::engine_definition_changed));
    EXPECT_EQ(refused.error().detail(), "\"mint\" version 1");
    EXPECT_FALSE(second.log->may_start_effects());
    EXPECT_FALSE(table.holds(21, second.log->now()));
    loop.advance(1min);
    EXPECT_EQ(now(op).now.state, saga::op_state::running)
        << "it renews nothing, takes over nothing";
    second.power.turn_off();

    // Who knows the same steps, and newer ones beside them, takes over …
    EXPECT_EQ(
        *begin(again, {.name = "b", .boot = 22, .plans = {version(1, "one"), version(2, "newer")}}),
        1);
    EXPECT_EQ(now(op).now.state, saga::op_state::ready);
    // … and what he said of them binds the others from then on.
    life late;
    EXPECT_TRUE(begin(late, {.name = "a", .boot = 12, .plans = {version(2, "new")}})
                    .error()
                    .is(codes::engine_definition_changed));
    late.power.turn_off();
    loop.advance(lease_renewal);
}

}  // namespace
}  // namespace thole::sim
