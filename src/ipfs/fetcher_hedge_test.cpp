// Gateways that are late: another is asked, the first right answer counts, the other is let go.

#include <gtest/gtest.h>

#include <map>

#include "ipfs/client_testing.hpp"
#include "ipfs/codec/testing.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/fetcher.hpp"

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;
using testing::answered;

// Each host answers after its time, or not at all; a cancelled transfer is noticed.
class late_transport final : public io::http_transport {
  public:
    struct host {
        duration after{};
        int status = 200;
        std::string body = "hello";
    };
    explicit late_transport(io::loop& loop) : loop_{loop} {}

    std::map<std::string, host> hosts;
    std::vector<std::string> asked;
    std::vector<std::string> cancelled;

    task<result<io::http_response>> send(io::http_request request) override {
        const auto which = request.url.substr(7, 1);
        const auto host = hosts.at(which);
        asked.push_back(which);
        const auto due = saturating_add(loop_.now(), host.after);
        const auto slept = co_await loop_.sleep_until(std::min(due, request.until.at()));
        if (!slept) {
            cancelled.push_back(which);
            co_return std::unexpected(slept.error());
        }
        if (due > loop_.now()) co_return fail(thole::codes::net_timeout);
        co_return answered(host.status, host.body);
    }

  private:
    io::loop& loop_;
};

struct fixture {
    explicit fixture(fetcher_options options = {}) {
        options.on_late = [this](name gateway) { late.emplace_back(gateway.view()); };
        std::vector<endpoint_config> endpoints;
        std::uint16_t tier = 0;
        for (const auto* each : {"a", "b", "c"}) {
            endpoint_config config;
            config.name = name{each};
            config.url = std::string{"http://"} + each;
            config.tier = tier++;
            endpoints.push_back(config);
        }
        gateways.emplace(name{"gateways"}, endpoint_set_settings{}, endpoints);
        fetch.emplace(net, *gateways, std::vector<name>{}, loop, 7, std::move(options));
        for (const auto* each : {"a", "b", "c"}) net.hosts[each] = {.after = 10ms};
    }
    fetch_report get(fetch_request what) {
        std::optional<fetch_report> out;
        io::scope scope{loop};
        scope.spawn(testing::keep_result(fetch->fetch_reported(std::move(what), until), out));
        while (!out) loop.advance(10ms);
        return *std::move(out);
    }
    fetch_report get() { return get({.content = hello}); }
    // Enough right answers that the usual latency is known: 10 ms, so copies go after 50.
    void get_to_know() {
        for (std::uint32_t i = 0; i < latency_histogram::minimum_calls; ++i) get();
        net.asked.clear();
    }

    cid hello = cid_of(as_bytes("hello"));
    io::virtual_loop loop;
    deadline until = deadline::after(loop.now(), 1h);
    late_transport net{loop};
    std::vector<std::string> late;
    std::optional<endpoint_set> gateways;
    std::optional<fetcher> fetch;
};

using strings = std::vector<std::string>;

// proves: I6, P8
TEST(FetcherHedge, AsksAnotherWhenOneIsLateAndLetsTheLoserGo) {
    fixture f;
    f.get_to_know();
    f.net.hosts["a"].after = 3s;
    const auto begin = f.loop.now();
    const auto got = f.get();
    ASSERT_TRUE(got.outcome);
    EXPECT_EQ(got.outcome->gateway, name{"b"});
    EXPECT_EQ(f.loop.now() - begin, 60ms) << "50 ms of patience, 10 ms of b";
    EXPECT_EQ(f.net.asked, (strings{"a", "b"}));
    EXPECT_EQ(f.net.cancelled, strings{"a"});
    EXPECT_EQ(f.late, strings{"a"});
    EXPECT_EQ(f.fetch->copies(), 1U);
    ASSERT_EQ(got.calls.size(), 2U);
    EXPECT_EQ(got.calls[0].endpoint, "b");
    EXPECT_EQ(got.calls[1].endpoint, "a");
    EXPECT_EQ(got.calls[1].fault, "policy.cancelled");
    EXPECT_EQ(got.calls[1].latency_ms, 60);
    const auto seen = f.gateways->view(f.loop.now()).front();
    EXPECT_EQ(seen.breaker.computed, breaker_state::closed) << "a cancelled call says nothing";
}

TEST(FetcherHedge, ThePromptAreNotCopied) {
    fixture f;
    f.get_to_know();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(f.get().calls.size(), 1U);
    EXPECT_EQ(f.fetch->copies(), 0U);
}

TEST(FetcherHedge, WaitsLongWhileLittleIsKnown) {
    fixture f;
    f.net.hosts["a"].after = 900ms;
    EXPECT_EQ(f.get().outcome->gateway, name{"a"});
    f.net.hosts["a"].after = 1500ms;
    EXPECT_EQ(f.get().outcome->gateway, name{"b"});
}

// proves: I4, I6
TEST(FetcherHedge, WrongBytesOfTheCopyDoNotEndTheWait) {
    fixture f;
    f.get_to_know();
    f.net.hosts["a"].after = 200ms;
    f.net.hosts["b"].body = "<html>all is well</html>";
    const auto got = f.get();
    ASSERT_TRUE(got.outcome);
    EXPECT_EQ(got.outcome->gateway, name{"a"});
    EXPECT_EQ(f.net.asked, (strings{"a", "b"}));
    EXPECT_TRUE(f.net.cancelled.empty());
    EXPECT_TRUE(f.late.empty());
}

TEST(FetcherHedge, WhenAllCopiesFailTheNextIsAsked) {
    fixture f;
    f.get_to_know();
    f.net.hosts["a"] = {.after = 100ms, .status = 503};
    f.net.hosts["b"] = {.after = 70ms, .status = 503};
    const auto got = f.get();
    ASSERT_TRUE(got.outcome);
    EXPECT_EQ(got.outcome->gateway, name{"c"});
    EXPECT_EQ(f.net.asked, (strings{"a", "b", "c"}));
    EXPECT_EQ(got.calls.size(), 3U);
    EXPECT_EQ(f.fetch->copies(), 1U);
}

TEST(FetcherHedge, EachGatewayHasItsFiveSecondsAndNoMore) {
    fixture f{{.hedge = {}}};
    for (auto& [which, host] : f.net.hosts) host.after = 1h;
    const auto begin = f.loop.now();
    const auto got = f.get();
    ASSERT_FALSE(got.outcome);
    EXPECT_EQ(got.outcome.error().code(), "net.timeout");
    EXPECT_EQ(f.loop.now() - begin, 15s);
    EXPECT_EQ(got.calls.size(), 3U);
}

TEST(FetcherHedge, OneGatewayAskedByNameIsNeverCopied) {
    fixture f;
    f.get_to_know();
    f.net.hosts["b"].after = 2s;
    const auto got = f.get({.content = f.hello, .only = name{"b"}});
    EXPECT_EQ(got.outcome->gateway, name{"b"});
    EXPECT_EQ(f.net.asked, strings{"b"});
}

// proves: P3
TEST(FetcherHedge, CopiesKeepToTheirBudget) {
    fixture f;
    f.get_to_know();
    f.net.hosts["a"].after = 90ms;
    io::scope scope{f.loop};
    std::size_t right = 0;
    for (int i = 0; i < 400; ++i) {
        const auto one = [](fixture& f, std::size_t& right) -> task<> {
            fetch_request what{.content = f.hello};
            const auto got = co_await f.fetch->fetch(std::move(what), f.until);
            if (got) ++right;
        };
        scope.spawn(one(f, right));
    }
    f.loop.advance(1s);
    EXPECT_EQ(right, 400U);
    // A fifth of the calls, and ten a second over the window of ten.
    EXPECT_LE(f.fetch->copies(), (400 + latency_histogram::minimum_calls) / 5 + 100);
    EXPECT_GE(f.fetch->copies(), 100U);
}

TEST(FetcherHedge, ACancelledCallerStopsEveryTransfer) {
    fixture f;
    f.get_to_know();
    f.net.hosts["a"].after = f.net.hosts["b"].after = 3s;
    std::optional<fetch_report> out;
    io::scope scope{f.loop};
    fetch_request what{.content = f.hello};
    scope.spawn(testing::keep_result(f.fetch->fetch_reported(std::move(what), f.until), out));
    f.loop.advance(100ms);
    EXPECT_EQ(f.net.asked, (strings{"a", "b"}));
    scope.cancel();
    f.loop.run_ready();
    ASSERT_TRUE(out);
    EXPECT_EQ(out->outcome.error().code(), "policy.cancelled");
    EXPECT_EQ(f.net.cancelled.size(), 2U);
    EXPECT_TRUE(f.late.empty());
}

// proves: I6
TEST(FetcherCache, GivesWhatWasVerifiedWhereThatWillDo) {
    fixture f{{.cache_bytes = 1 << 20}};
    ASSERT_TRUE(f.get().outcome);
    f.net.asked.clear();
    const fetch_request bytes_only{.content = f.hello, .asked = freshness::remembered};
    const auto got = f.get(bytes_only);
    ASSERT_TRUE(got.outcome);
    EXPECT_EQ(as_text(got.outcome->content), "hello");
    EXPECT_TRUE(got.outcome->gateway.empty());
    EXPECT_TRUE(f.net.asked.empty());
    EXPECT_EQ(f.fetch->cache().hits(), 1U);
    // A smaller limit holds for memory too.
    auto small = bytes_only;
    small.max_bytes = 4;
    static_cast<void>(f.get(small));
    EXPECT_EQ(f.net.asked.front(), "a");
}

TEST(FetcherCache, NeverAnswersWhereAGatewayIsToBeSeen) {
    fixture f{{.cache_bytes = 1 << 20}};
    ASSERT_TRUE(f.get().outcome);
    for (auto& [which, host] : f.net.hosts) host.status = 404;
    EXPECT_EQ(f.get().outcome.error().code(), codes::not_found.text);
    EXPECT_TRUE(f.get({.content = f.hello, .asked = freshness::remembered}).outcome);
}

TEST(FetcherCache, HoldsNothingThatDidNotHash) {
    fixture f{{.cache_bytes = 1 << 20}};
    for (auto& [which, host] : f.net.hosts) host.body = "<html>";
    EXPECT_FALSE(f.get().outcome);
    EXPECT_FALSE(f.get({.content = f.hello, .asked = freshness::remembered}).outcome);
    EXPECT_EQ(f.fetch->cache().size_bytes(), 0U);
}

}  // namespace
}  // namespace thole::ipfs
