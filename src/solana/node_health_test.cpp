#include "solana/node_health.hpp"

#include <gtest/gtest.h>

#include "solana/scripted_nodes.hpp"

namespace thole::solana {
namespace {

using namespace std::chrono_literals;
using testing::network;

class NodeHealth : public ::testing::Test {
  protected:
    // Long enough that only the monitor can close one.
    static endpoint_set_settings patient() {
        endpoint_set_settings s;
        s.breaker.open_for = s.breaker.open_for_most = 30min;
        return s;
    }
    network net{testing::three_endpoints(), patient()};
    node_health health{net.client};
    io::endpoint_monitor monitor{net.loop, net.set,
                                 [this](io::health_look at) { return health(at); }};

    std::size_t look() {
        net.loop.advance(5s);
        return net.run(monitor.look());
    }
    breaker_state state(const char* endpoint) {
        return net.set.breaker(name{endpoint})->view(net.loop.now()).computed;
    }
    // Trips the breaker of `endpoint` and lets a look go by.
    void fall_ill(const char* endpoint) {
        net.nodes[endpoint].broken = &thole::codes::net_connection_refused;
        rpc::options how{.until = net.in(5s)};
        how.endpoint = name{endpoint};
        while (state(endpoint) == breaker_state::closed) {
            static_cast<void>(net.run(net.client.get_slot(how)));
        }
        ASSERT_EQ(look(), 0U);
    }
    void recover(const char* endpoint) {
        net.nodes[endpoint].broken = nullptr;
        ++net.nodes[endpoint].slot;
    }
};

// proves: P4 O1
TEST_F(NodeHealth, BringsBackWhoIsHealthyAndMoves) {
    fall_ill("a");
    recover("a");
    EXPECT_EQ(look(), 0U);  // its slot is not known to move yet
    EXPECT_EQ(state("a"), breaker_state::open);
    ++net.nodes["a"].slot;
    EXPECT_EQ(look(), 1U);
    EXPECT_EQ(state("a"), breaker_state::closed);
}

TEST_F(NodeHealth, LeavesOutWhoStandsStill) {
    fall_ill("a");
    recover("a");
    for (int i = 0; i < 5; ++i) EXPECT_EQ(look(), 0U);
    EXPECT_EQ(state("a"), breaker_state::open);
}

TEST_F(NodeHealth, LeavesOutWhoIsFarBehind) {
    rpc::options how{.until = net.in(5s)};
    how.endpoint = name{"b"};
    net.nodes["b"].slot = 6000;
    ASSERT_TRUE(net.run(net.client.get_latest_blockhash(how)));
    fall_ill("a");
    recover("a");
    EXPECT_EQ(look(), 0U);
    ++net.nodes["a"].slot;
    EXPECT_EQ(look(), 0U);
    net.nodes["a"].slot = 5980;
    EXPECT_EQ(look(), 1U);
}

TEST_F(NodeHealth, LeavesOutWhoSaysThatItIsIll) {
    fall_ill("a");
    recover("a");
    net.nodes["a"].refuses.emplace("getHealth",
                                   testing::refusal{-32005, "Node is unhealthy", nullptr});
    EXPECT_EQ(look(), 0U);
    ++net.nodes["a"].slot;
    EXPECT_EQ(look(), 0U);
    EXPECT_EQ(state("a"), breaker_state::open);
}

TEST_F(NodeHealth, WhoFallsIllAgainStartsAnew) {
    fall_ill("a");
    recover("a");
    EXPECT_EQ(look(), 0U);
    net.nodes["a"].broken = &thole::codes::net_connection_refused;
    EXPECT_EQ(look(), 0U);
    recover("a");
    EXPECT_EQ(look(), 0U);
    ++net.nodes["a"].slot;
    EXPECT_EQ(look(), 1U);
}

TEST_F(NodeHealth, DoubtsWhoFallsIllAgainAndAgain) {
    const auto looks_until_back = [&] {
        fall_ill("a");
        for (int looks = 1; looks < 100; ++looks) {
            recover("a");
            if (look() > 0) return looks;
        }
        return 0;
    };
    EXPECT_EQ(looks_until_back(), 2);
    EXPECT_EQ(looks_until_back(), 3);
    EXPECT_EQ(looks_until_back(), 5);
    for (int i = 0; i < 5; ++i) looks_until_back();
    EXPECT_EQ(looks_until_back(), 17);
    net.loop.advance(10min);
    EXPECT_EQ(looks_until_back(), 2);
}

TEST_F(NodeHealth, AsksNobodyWhoIsWell) {
    EXPECT_EQ(look(), 0U);
    EXPECT_EQ(net.nodes.asked("getHealth"), 0);
}

TEST_F(NodeHealth, SaysSoWhenAnotherProbeWasSooner) {
    fall_ill("a");
    recover("a");
    net.set.breaker(name{"a"})->reset(net.loop.now());
    EXPECT_EQ(look(), 1U);
    EXPECT_EQ(look(), 0U);
}

TEST_F(NodeHealth, LeavesForcedAndDrainedOnesAlone) {
    fall_ill("a");
    fall_ill("b");
    const auto asked = net.nodes.asked("getHealth");
    net.set.breaker(name{"a"})->force(breaker_override::forced_open, net.loop.now());
    net.set.drain(name{"b"}, net.loop.now());
    EXPECT_EQ(look(), 0U);
    EXPECT_EQ(net.nodes.asked("getHealth"), asked);
}

}  // namespace
}  // namespace thole::solana
