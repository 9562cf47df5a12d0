#include "app/wallet_alert.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/metrics.hpp"
#include "solana/scripted_nodes.hpp"

namespace thole::app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// proves: S8, O4
TEST(wallet_alert, warns_once_below_the_floor_and_tells_when_it_is_refilled) {
    solana::testing::network net;
    solana::wallet_watch funds{net.client, solana::public_key{{1}}, 1'000};
    ops::metrics count;
    std::vector<std::string> lines;
    ops::log log{net.loop, {}, nullptr, [&](std::string_view line) { lines.emplace_back(line); }};
    wallet_alert alert{funds, 1'000, log, count};
    const auto look = [&](std::uint64_t lamports) {
        net.nodes["a"].balance = lamports;
        auto looked = [](wallet_alert& a, deadline until) -> task<bool> {
            co_await a.look(until);
            co_return true;
        };
        ASSERT_TRUE(net.run(looked(alert, net.in(5s))));
    };
    EXPECT_EQ(alert.health().status, "pass") << "nothing is known yet";
    look(1'000);
    EXPECT_THAT(lines, SizeIs(0));
    look(999);
    look(998);
    EXPECT_THAT(lines, ElementsAre(HasSubstr("wallet_below_floor lamports=999 floor=1000")));
    EXPECT_EQ(alert.health().status, "warn");
    EXPECT_EQ(count.gauge_of(ops::metric::wallet_lamports).value(), 998);
    EXPECT_EQ(count.gauge_of(ops::metric::wallet_floor).value(), 1'000);
    // Nobody answers: nothing is concluded.
    for (const auto* each : {"a", "b", "c"}) net.nodes[each].broken = &thole::codes::net_reset;
    look(5'000);
    EXPECT_EQ(alert.health().status, "warn");
    for (const auto* each : {"a", "b", "c"}) net.nodes[each].broken = nullptr;
    net.loop.advance(10min);
    look(5'000);
    EXPECT_THAT(lines, SizeIs(2));
    EXPECT_THAT(lines.back(), HasSubstr("wallet_refilled lamports=5000"));
    EXPECT_EQ(alert.health().status, "pass");
}

}  // namespace
}  // namespace thole::app
