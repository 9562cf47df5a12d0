#include "sim/leases.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "engine/inline_journal.hpp"
#include "engine/model_store.hpp"
#include "io/virtual_loop.hpp"

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

// Two nodes on one store: who cannot renew starts nothing any more, and is found out by the other.
TEST(leased_journal, what_a_node_without_a_lease_was_running_is_taken_over) {
    io::virtual_loop loop;
    saga::model_store shared;
    lease_table table;
    saga::crash_switch power;
    saga::inline_journal first_inner{loop, shared};
    saga::inline_journal second_inner{loop, shared};
    bool reachable = true;
    int taken = 0;
    leased_journal first{first_inner, table, loop, power, {[&] { return reachable; }, [] {}}};
    leased_journal second{
        second_inner, table, loop, power, {[] { return true; }, [&taken] { ++taken; }}};
    auto both = [](leased_journal& a, leased_journal& b) -> task<> {
        const saga::node_identity one{.name = "a", .boot = 11};
        const saga::node_identity two{.name = "b", .boot = 21};
        const auto begun = co_await a.begin(one);
        const auto other = co_await b.begin(two);
        EXPECT_TRUE(begun && other);
        saga::new_operation o;
        o.who.tenant = "default";
        o.who.kind = "mint";
        o.who.key = "k";
        o.first.due_at = a.now();
        o.claim_for = 11;
        const auto made = co_await a.submit(o);
        EXPECT_TRUE(made && made->claimed);
    };
    boost::asio::co_spawn(loop.executor(), both(first, second), boost::asio::detached);
    boost::asio::co_spawn(loop.executor(), first.keep(), boost::asio::detached);
    boost::asio::co_spawn(loop.executor(), second.keep(), boost::asio::detached);
    loop.advance(1min);
    EXPECT_TRUE(first.may_start_effects());
    EXPECT_EQ(taken, 0);

    reachable = false;
    loop.advance(lease_length - 1s);
    EXPECT_FALSE(first.may_start_effects()) << "before anybody else may begin";
    EXPECT_TRUE(second.may_start_effects());
    EXPECT_EQ(taken, 0);
    loop.advance(5s);
    EXPECT_EQ(taken, 1);
    const auto counts = shared.counts();
    ASSERT_TRUE(counts);
    EXPECT_EQ(counts->ready, 1);
    EXPECT_EQ(counts->running, 0);

    reachable = true;
    loop.advance(5s);
    EXPECT_TRUE(first.may_start_effects());
    power.turn_off();
    EXPECT_TRUE(loop.run_until_idle());
}

}  // namespace
}  // namespace thole::sim
