#include "io/system_resolver.hpp"

#include <gtest/gtest.h>
#include <netdb.h>

#include <atomic>
#include <latch>
#include <semaphore>

#include "io/codes.hpp"
#include "io/scope.hpp"
#include "io/test_kit.hpp"
#include "thole/codes.hpp"

namespace thole::io {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;
using test_kit::run;

// A name service whose answers and silences the test decides. Shared with threads that may outlive
// the test, hence by shared_ptr.
struct fake_names {
    std::atomic<int> lookups = 0;
    std::atomic<int> error = 0;
    std::counting_semaphore<1000> released{0};
    std::atomic<bool> hangs = false;

    static lookup_function of(const std::shared_ptr<fake_names>& self) {
        return [self](const std::string&) {
            ++self->lookups;
            if (self->hangs) self->released.acquire();
            if (self->error != 0) return lookup_answer{self->error, {}};
            return lookup_answer{0, {make_address("192.0.2.7"), make_address("2001:db8::7")}};
        };
    }
};

struct resolver_test : testing::Test {
    result<addresses> ask(const std::string& host, duration within = 2s) {
        return run(loop, names->resolve(host, deadline::after(loop.now(), within)));
    }
    void make(system_resolver::options options = {}) {
        names.emplace(loop, options, fake_names::of(fake));
    }
    ~resolver_test() override { fake->released.release(100); }

    std::shared_ptr<fake_names> fake = std::make_shared<fake_names>();
    system_loop loop;
    std::optional<system_resolver> names;
};

TEST_F(resolver_test, AnswersAndKeepsTheAnswer) {
    make();
    EXPECT_EQ(ask("a.example").value().size(), 2U);
    EXPECT_EQ(ask("a.example").value().front(), make_address("192.0.2.7"));
    EXPECT_EQ(fake->lookups, 1);
    EXPECT_EQ(names->counted().hits, 1U);
    names->clear_cache();
    EXPECT_TRUE(ask("a.example"));
    EXPECT_EQ(fake->lookups, 2);
}

TEST_F(resolver_test, AnAddressIsItselfAndNonsenseIsNoName) {
    make();
    EXPECT_EQ(ask("127.0.0.1").value(), addresses{make_address("127.0.0.1")});
    EXPECT_EQ(ask("::1").value(), addresses{make_address("::1")});
    for (const auto& bad : {std::string{}, std::string(254, 'a'), std::string{"a\0b", 3}}) {
        EXPECT_TRUE(ask(bad).error().is(codes::net_dns_not_found));
    }
    EXPECT_EQ(fake->lookups, 0);
}

// proves: F2
TEST_F(resolver_test, TellsNoSuchNameFromTryAgain) {
    make();
    fake->error = EAI_NONAME;
    const auto missing = ask("nobody.example");
    EXPECT_TRUE(missing.error().is(codes::net_dns_not_found));
    EXPECT_EQ(missing.error().kind(), fault_kind::outage);
    fake->error = EAI_AGAIN;
    const auto later = ask("later.example");
    EXPECT_TRUE(later.error().is(codes::net_dns_temporary));
    EXPECT_EQ(later.error().kind(), fault_kind::transient);
    for (const int error : {EAI_FAIL, EAI_MEMORY, EAI_SYSTEM}) {
        fake->error = error;
        EXPECT_TRUE(ask("other.example").error().is(codes::net_dns_temporary)) << error;
    }
}

TEST_F(resolver_test, KeepsMissingNamesShortlyAndTemporaryFailuresNotAtAll) {
    make({.missing_for = 1h});
    fake->error = EAI_NONAME;
    EXPECT_FALSE(ask("a.example"));
    EXPECT_FALSE(ask("a.example"));
    EXPECT_EQ(fake->lookups, 1);
    fake->error = EAI_AGAIN;
    EXPECT_FALSE(ask("b.example"));
    fake->error = 0;
    EXPECT_TRUE(ask("b.example"));
}

TEST_F(resolver_test, ServesAnExpiredAnswerWhileNameServersFail) {
    make({.fresh_for = 0ns});
    EXPECT_TRUE(ask("a.example"));
    fake->error = EAI_AGAIN;
    EXPECT_EQ(ask("a.example").value().size(), 2U);
    EXPECT_EQ(names->counted().stale, 1U);
    fake->error = EAI_NONAME;  // the name is gone: that is an answer
    EXPECT_TRUE(ask("a.example").error().is(codes::net_dns_not_found));
}

TEST_F(resolver_test, ServesAnExpiredAnswerWhileNameServersAreSilent) {
    make({.fresh_for = 0ns, .stale_after = 20ms});
    EXPECT_TRUE(ask("a.example"));
    fake->hangs = true;
    EXPECT_EQ(ask("a.example", 10s).value().size(), 2U);
    EXPECT_EQ(names->counted().stale, 1U);
}

TEST_F(resolver_test, AnExpiredAnswerIsNotServedForEver) {
    make({.fresh_for = 0ns, .stale_for = 0ns});
    EXPECT_TRUE(ask("a.example"));
    fake->error = EAI_AGAIN;
    EXPECT_TRUE(ask("a.example").error().is(codes::net_dns_temporary));
}

// proves: P7
TEST_F(resolver_test, AHangingLookupEndsAtTheDeadline) {
    make();
    fake->hangs = true;
    const auto before = loop.now();
    const auto got = ask("slow.example", 60ms);
    EXPECT_TRUE(got.error().is(codes::net_dns_temporary));
    EXPECT_EQ(got.error().effect(), fault_effect::none);
    EXPECT_LT(loop.now() - before, 1s);
}

task<> resolve_into(resolver& with, std::string host, deadline until,
                    std::vector<result<addresses>>& out) {
    auto got = co_await with.resolve(host, until);
    out.push_back(std::move(got));
}

task<> ask_and_cancel(system_loop& loop, resolver& with, std::vector<result<addresses>>& out) {
    scope asking{loop};
    asking.spawn(resolve_into(with, "slow.example", deadline::after(loop.now(), 1h), out));
    (void)co_await loop.sleep_for(20ms);
    co_await asking.close();
}

TEST_F(resolver_test, CancellationIsImmediateWhileTheLookupHangs) {
    make();
    fake->hangs = true;
    std::vector<result<addresses>> out;
    const auto before = loop.now();
    run(loop, ask_and_cancel(loop, *names, out));
    EXPECT_LT(loop.now() - before, 1s);
    ASSERT_EQ(out.size(), 1U);
    EXPECT_TRUE(out.front().error().is(codes::policy_cancelled));
    names.reset();  // neither does destroying it wait
    EXPECT_LT(loop.now() - before, 2s);
}

task<> ask_together(system_loop& loop, resolver& with, std::vector<std::string> hosts,
                    std::shared_ptr<fake_names> fake, std::vector<result<addresses>>& out) {
    scope asking{loop};
    for (const auto& host : hosts) {
        asking.spawn(resolve_into(with, host, deadline::after(loop.now(), 5s), out));
    }
    (void)co_await loop.sleep_for(20ms);
    fake->released.release(100);
    (void)co_await asking.ended();
}

TEST_F(resolver_test, LookupsOfOneNameThatOverlapAreOne) {
    make();
    fake->hangs = true;
    std::vector<result<addresses>> out;
    run(loop, ask_together(loop, *names, std::vector<std::string>(10, "a.example"), fake, out));
    EXPECT_EQ(out.size(), 10U);
    for (const auto& each : out) EXPECT_TRUE(each);
    EXPECT_EQ(fake->lookups, 1);
    EXPECT_EQ(names->counted().coalesced, 9U);
}

TEST_F(resolver_test, ThreadsAndQueueAreBounded) {
    make({.threads = 2, .max_waiting = 1});
    fake->hangs = true;
    std::vector<result<addresses>> out;
    run(loop, ask_together(loop, *names, {"a", "b", "c", "d", "e"}, fake, out));
    ASSERT_EQ(out.size(), 5U);
    EXPECT_EQ(std::ranges::count_if(out, [](const auto& each) { return each.has_value(); }), 3);
    EXPECT_EQ(names->counted().refused, 2U);
    EXPECT_TRUE(out.front().error().is(codes::net_resolver_full));
    EXPECT_EQ(out.front().error().kind(), fault_kind::rejected);
}

TEST_F(resolver_test, TheCacheIsBounded) {
    make({.max_cached = 2});
    for (const auto* host : {"a", "b", "c", "a"}) EXPECT_TRUE(ask(host));
    EXPECT_EQ(fake->lookups, 4) << "the oldest, a, was pushed out by c";
    EXPECT_TRUE(ask("c"));
    EXPECT_EQ(fake->lookups, 4);
}

TEST_F(resolver_test, TheSystemsOwnLookupKnowsLocalhost) {
    const auto answer = lookup_with_getaddrinfo("localhost");
    ASSERT_EQ(answer.error, 0);
    for (const auto& each : answer.found) EXPECT_TRUE(each.is_loopback());
    EXPECT_NE(lookup_with_getaddrinfo("name..with..empty..labels").error, 0);
}

}  // namespace
}  // namespace thole::io
