// Endpoints that serve well are asked, too; how ill ones come back is tested with real checks
// (solana/node_health_test.cpp).

#include "io/endpoint_monitor.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "io/scope.hpp"
#include "io/virtual_loop.hpp"
#include "thole/codes.hpp"

namespace thole::io {
namespace {

using namespace std::chrono_literals;

class EndpointMonitor : public ::testing::Test {
  protected:
    static endpoint_config endpoint(const char* which) {
        endpoint_config out;
        out.name = name{which};
        out.url = "http://x";
        return out;
    }
    // A look every five seconds, as the daemon takes them.
    void run(duration time) {
        for (duration passed{}; passed < time; passed += 5s) {
            scope work{loop};
            work.spawn(look());
            loop.run_ready();
            loop.advance(5s);
        }
    }
    task<> look() { static_cast<void>(co_await monitor.look()); }
    endpoint_view see(const char* which) {
        for (auto& e : set.view(loop.now())) {
            if (e.config.name == name{which}) return e;
        }
        return {};
    }

    virtual_loop loop;
    endpoint_set set{name{"set"}, {}, std::array{endpoint("a"), endpoint("b")}};
    std::vector<std::pair<std::string, time_point>> asked;
    std::set<std::string> ill;
    endpoint_monitor monitor{loop,
                             set,
                             [this](health_look at) -> task<bool> {
                                 const std::string which{at.endpoint.view()};
                                 asked.emplace_back(which, loop.now());
                                 co_return !ill.contains(which);
                             },
                             {.well_every = 1min}};
};

// proves: I6, O1
TEST_F(EndpointMonitor, AsksRarelyWhoServesWell) {
    run(59s);
    EXPECT_TRUE(asked.empty());
    run(5min);
    EXPECT_EQ(asked.size(), 2U * 5) << "each once a minute";
    EXPECT_EQ(see("a").breaker.computed, breaker_state::closed);
}

TEST_F(EndpointMonitor, FindsWhoDiedUnusedBeforeAnybodyNeedsIt) {
    ill = {"b"};
    run(90s);
    EXPECT_EQ(see("b").breaker.computed, breaker_state::open);
    EXPECT_EQ(see("a").breaker.computed, breaker_state::closed);
    ill.clear();
    run(1min);
    EXPECT_EQ(see("b").breaker.computed, breaker_state::closed);
}

TEST_F(EndpointMonitor, AsksASuspectAtTheNextLook) {
    run(5s);
    monitor.suspect(name{"b"});
    run(10s);
    ASSERT_EQ(asked.size(), 1U) << "and found it well";
    EXPECT_EQ(asked.front().first, "b");
}

TEST_F(EndpointMonitor, LeavesAloneWhoIsDrained) {
    set.drain(name{"b"}, loop.now());
    run(5min);
    for (const auto& [which, when] : asked) EXPECT_EQ(which, "a");
    EXPECT_FALSE(asked.empty());
}

}  // namespace
}  // namespace thole::io
