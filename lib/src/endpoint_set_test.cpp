#include "thole/endpoint_set.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>

#include "thole/clock.hpp"
#include "thole/codes.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

const fault refused{codes::net_connection_refused};

endpoint_config make(const char* text, std::uint16_t tier = 0) {
    return {.name = name{text}, .url = std::string{"https://"} + text, .tier = tier};
}

endpoint_set_settings three_in_a_row() {
    endpoint_set_settings s;
    s.breaker = breaker_settings::no_rules();
    s.breaker.consecutive_failures = 3;
    s.outlier.margin_permille = 0;
    return s;
}

struct bench {
    explicit bench(std::vector<endpoint_config> endpoints,
                   const endpoint_set_settings& settings = three_in_a_row(),
                   observer* watch = nullptr)
        : set{name{"solana"}, settings, endpoints, watch} {}

    std::string pick(std::vector<name> tried = {}, role wanted = role::read, name sticky = {}) {
        auto p = set.pick(clock.now(), tried, wanted, chance, sticky);
        return p ? std::string{p->endpoint().name.view()} : std::string{p.error().code()};
    }
    // A call that must go to `endpoint`.
    void call(const char* endpoint, bool ok, duration latency = 10ms) {
        std::vector<name> others;
        for (const auto& v : set.view(clock.now())) {
            if (v.config.name != name{endpoint}) others.push_back(v.config.name);
        }
        auto p = set.pick(clock.now(), others, role::read, chance);
        ASSERT_TRUE(p) << endpoint;
        ok ? p->succeed(latency, clock.now()) : p->fail(refused, latency, clock.now());
    }
    void open_breaker(const char* endpoint) {
        for (int i = 0; i < 3; ++i) call(endpoint, false);
    }
    std::map<std::string, int> share(int calls, std::vector<name> tried = {}) {
        std::map<std::string, int> count;
        for (int i = 0; i < calls; ++i) ++count[pick(tried)];
        return count;
    }
    endpoint_view see(const char* endpoint) {
        for (auto& v : set.view(clock.now())) {
            if (v.config.name == name{endpoint}) return v;
        }
        ADD_FAILURE() << "no endpoint " << endpoint;
        return {};
    }

    manual_clock clock;
    rng chance{1};
    endpoint_set set;
};

static_assert(!std::is_copy_constructible_v<endpoint_pick>);
static_assert(std::is_nothrow_move_constructible_v<endpoint_pick>);

// ---- choice -------------------------------------------------------------------------------------

// proves: P10
TEST(endpoint_set, a_set_of_one_is_a_set) {
    bench b{{make("only")}};
    EXPECT_EQ(b.pick(), "only");
    EXPECT_EQ(b.pick({name{"only"}}), "policy.no_endpoint");
}

// proves: P10
TEST(endpoint_set, what_an_endpoint_was_added_with_is_known_while_it_is_there) {
    bench b{{make("primary", 0), make("backup", 1)}};
    b.open_breaker("primary");
    ASSERT_NE(b.set.config_of(name{"primary"}), nullptr);
    EXPECT_EQ(b.set.config_of(name{"backup"})->tier, 1);
    EXPECT_EQ(b.set.names(), (std::vector{name{"primary"}, name{"backup"}}));
    ASSERT_TRUE(b.set.remove(name{"primary"}, b.clock.now()));
    EXPECT_EQ(b.set.config_of(name{"primary"}), nullptr);
    EXPECT_EQ(b.set.names(), std::vector{name{"backup"}});
}

// proves: P10
TEST(endpoint_set, the_lowest_tier_serves) {
    bench b{{make("backup", 1), make("primary", 0), make("public", 2)}};
    EXPECT_EQ(b.share(100), (std::map<std::string, int>{{"primary", 100}}));
    EXPECT_EQ(b.pick({name{"primary"}}), "backup");
    EXPECT_EQ(b.pick({name{"primary"}, name{"backup"}}), "public");
}

// proves: P10
TEST(endpoint_set, a_higher_tier_serves_while_the_lower_is_open_and_no_longer) {
    bench b{{make("primary", 0), make("backup", 1)}};
    b.open_breaker("primary");
    EXPECT_EQ(b.share(50), (std::map<std::string, int>{{"backup", 50}}));
    b.clock.advance(30s);
    for (int i = 0; i < 3; ++i) b.call("primary", true);
    EXPECT_EQ(b.pick(), "primary");
}

// proves: P10
TEST(endpoint_set, never_twice_in_one_call) {
    bench b{{make("a"), make("b"), make("c")}};
    std::vector<name> tried;
    std::set<std::string> seen;
    for (int i = 0; i < 3; ++i) {
        const auto chosen = b.pick(tried);
        EXPECT_TRUE(seen.insert(chosen).second);
        tried.emplace_back(chosen);
    }
    EXPECT_EQ(b.pick(tried), "policy.no_endpoint");
}

// proves: P10, S1
TEST(endpoint_set, roles_are_honoured) {
    auto reader = make("reader");
    reader.roles = {role::read, role::history};
    auto sender = make("sender");
    sender.roles = {role::send};
    bench b{{reader, sender}};
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(b.pick({}, role::read), "reader");
        EXPECT_EQ(b.pick({}, role::history), "reader");
        EXPECT_EQ(b.pick({}, role::send), "sender");
    }
    EXPECT_EQ(b.pick({name{"sender"}}, role::send), "policy.no_endpoint");
}

// proves: P10
TEST(endpoint_set, the_faster_of_two_is_taken) {
    bench b{{make("slow"), make("fast")}};
    for (int i = 0; i < 20; ++i) {
        b.call("slow", true, 400ms);
        b.call("fast", true, 20ms);
    }
    EXPECT_EQ(b.share(200)["fast"], 200);
}

// proves: P10
TEST(endpoint_set, calls_in_flight_count) {
    bench b{{make("a"), make("b")}};
    for (int i = 0; i < 20; ++i) {
        b.call("a", true, 30ms);
        b.call("b", true, 20ms);
    }
    std::vector<endpoint_pick> held;
    std::map<std::string_view, int> count;
    for (int i = 0; i < 50; ++i) {
        auto p = b.set.pick(b.clock.now(), {}, role::read, b.chance);
        ++count[p->endpoint().name.view()];
        held.push_back(std::move(*p));
    }
    EXPECT_NEAR(count["b"], 30, 3) << "load spreads so that latency × in flight is even";
    EXPECT_EQ(b.see("a").in_flight + b.see("b").in_flight, 50U);
    held.clear();
    EXPECT_EQ(b.see("a").in_flight + b.see("b").in_flight, 0U);
}

// proves: P10
TEST(endpoint_set, weights_share_the_traffic_of_equals) {
    auto heavy = make("heavy");
    heavy.weight = 300;
    bench b{{heavy, make("light")}};
    EXPECT_NEAR(b.share(4000)["heavy"], 3000, 120);
}

// A recovered endpoint must be seen again although it was slow when it was last used.
TEST(endpoint_set, remembered_latency_fades) {
    bench b{{make("once-slow"), make("steady")}};
    for (int i = 0; i < 20; ++i) b.call("once-slow", true, 200ms);
    int chosen_after = 0;
    for (int second = 0; second < 120 && chosen_after == 0; ++second) {
        b.call("steady", true, 50ms);
        if (b.pick() == "once-slow") chosen_after = second;
        b.clock.advance(1s);
    }
    EXPECT_GE(chosen_after, 10);
    EXPECT_LE(chosen_after, 40);
}

// proves: P10
TEST(endpoint_set, after_a_failure_other_regions_are_preferred) {
    auto a = make("fra-1"), b2 = make("fra-2"), c = make("ams-1");
    a.region = b2.region = name{"fra"};
    c.region = name{"ams"};
    bench b{{a, b2, c}};
    EXPECT_EQ(b.share(50, {name{"fra-1"}}), (std::map<std::string, int>{{"ams-1", 50}}));
    EXPECT_EQ(b.pick({name{"fra-1"}, name{"ams-1"}}), "fra-2");
}

// proves: P10
TEST(endpoint_set, sticks_on_request_while_eligible) {
    bench b{{make("a", 0), make("b", 1)}};
    EXPECT_EQ(b.pick({}, role::read, name{"b"}), "b");
    EXPECT_EQ(b.pick({name{"b"}}, role::read, name{"b"}), "a");
    EXPECT_EQ(b.pick({}, role::read, name{"unknown"}), "a");
    b.open_breaker("b");
    EXPECT_EQ(b.pick({}, role::read, name{"b"}), "a");
}

TEST(endpoint_set, capacity_bounds_the_calls_in_flight) {
    auto small = make("small", 0);
    small.capacity = 2;
    bench b{{small, make("big", 1)}};
    auto one = b.set.pick(b.clock.now(), {}, role::read, b.chance);
    auto two = b.set.pick(b.clock.now(), {}, role::read, b.chance);
    EXPECT_EQ(b.pick(), "big");
    EXPECT_EQ(b.see("small").block, endpoint_block::at_capacity);
    one->succeed(1ms, b.clock.now());
    EXPECT_EQ(b.pick(), "small");
}

TEST(endpoint_set, same_seed_same_choices) {
    const std::vector endpoints{make("a"), make("b"), make("c"), make("d")};
    bench one{endpoints};
    bench two{endpoints};
    for (int i = 0; i < 200; ++i) EXPECT_EQ(one.pick(), two.pick());
}

// ---- when nothing is eligible -------------------------------------------------------------------

// proves: P10
TEST(endpoint_set, all_open_is_a_refusal_with_the_earliest_time) {
    bench b{{make("a"), make("b")}};
    b.open_breaker("a");
    b.clock.advance(10s);
    b.open_breaker("b");
    const auto p = b.set.pick(b.clock.now(), {}, role::read, b.chance);
    ASSERT_FALSE(p);
    EXPECT_TRUE(p.error().is(codes::policy_no_endpoint));
    EXPECT_EQ(p.error().kind(), fault_kind::rejected);
    EXPECT_EQ(p.error().dependency(), name{"solana"});
    EXPECT_EQ(p.error().retry_after(), 20s);
    EXPECT_FALSE(b.set.any_eligible(b.clock.now(), {}, role::read));
    b.clock.advance(20s);
    EXPECT_TRUE(b.set.any_eligible(b.clock.now(), {}, role::read));
    EXPECT_EQ(b.pick(), "a");
}

TEST(endpoint_set, nobody_to_wait_for_is_a_refusal_without_a_time) {
    bench b{{make("a")}};
    b.set.drain(name{"a"}, b.clock.now());
    const auto p = b.set.pick(b.clock.now(), {}, role::read, b.chance);
    EXPECT_EQ(p.error().retry_after(), std::nullopt);
    bench empty{{}};
    EXPECT_EQ(empty.pick(), "policy.no_endpoint");
}

TEST(endpoint_set, all_tried_may_be_tried_again_at_once) {
    bench b{{make("a")}};
    const std::vector tried{name{"a"}};
    const auto p = b.set.pick(b.clock.now(), tried, role::read, b.chance);
    EXPECT_EQ(p.error().retry_after(), 0s);
}

// proves: P10, S2
TEST(endpoint_set, least_bad_ignores_breakers) {
    bench b{{make("a"), make("b")}};
    b.open_breaker("a");
    b.clock.advance(10s);
    b.open_breaker("b");
    auto p = b.set.pick_least_bad(b.clock.now(), {}, role::read);
    ASSERT_TRUE(p);
    EXPECT_EQ(p->endpoint().name, name{"a"}) << "it is well soonest";
    EXPECT_FALSE(p->is_probe());
    p->fail(refused, 1ms, b.clock.now());
    EXPECT_EQ(b.see("a").breaker.remaining, 20s) << "unwatched by its breaker";
    const std::vector tried{name{"a"}};
    EXPECT_EQ(b.set.pick_least_bad(b.clock.now(), tried, role::read)->endpoint().name, name{"b"});
}

TEST(endpoint_set, least_bad_prefers_what_is_well) {
    bench b{{make("open"), make("well"), make("drained")}};
    b.open_breaker("open");
    b.set.drain(name{"drained"}, b.clock.now());
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(b.set.pick_least_bad(b.clock.now(), {}, role::read)->endpoint().name,
                  name{"well"});
    }
}

// proves: P10
TEST(endpoint_set, least_bad_is_rate_capped_and_honours_limits_and_people) {
    auto limited = make("limited");
    limited.limit = {.permits = 1, .per = 1h};
    bench b{{limited}};
    EXPECT_TRUE(b.set.pick_least_bad(b.clock.now(), {}, role::read));
    EXPECT_FALSE(b.set.pick_least_bad(b.clock.now(), {}, role::read)) << "its limiter";
    bench free{{make("a")}};
    int passed = 0;
    while (free.set.pick_least_bad(free.clock.now(), {}, role::read)) ++passed;
    EXPECT_EQ(passed, 10);
    free.clock.advance(1s);
    free.set.breaker(name{"a"})->force(breaker_override::forced_open, free.clock.now());
    EXPECT_FALSE(free.set.pick_least_bad(free.clock.now(), {}, role::read));
}

// ---- reports ------------------------------------------------------------------------------------

// proves: P10, F2
TEST(endpoint_set, reports_reach_breaker_latency_and_success_rate) {
    bench b{{make("a")}};
    b.call("a", true, 80ms);
    EXPECT_EQ(b.see("a").latency, 80ms);
    b.call("a", true, 160ms);
    EXPECT_EQ(b.see("a").latency, 90ms) << "an eighth of the way";
    b.call("a", false, 5s);
    const auto v = b.see("a");
    EXPECT_EQ(v.latency, 90ms) << "a failure says nothing about speed";
    EXPECT_EQ(v.breaker.consecutive_failures, 1U);
    EXPECT_EQ(v.success_permille, 937U);
    EXPECT_EQ(v.calls, 3U);
    EXPECT_EQ(v.failures, 1U);
}

// proves: F2
TEST(endpoint_set, a_dropped_pick_or_a_cancelled_call_says_nothing) {
    bench b{{make("a")}};
    {
        const auto p = b.set.pick(b.clock.now(), {}, role::read, b.chance);
    }
    auto p = b.set.pick(b.clock.now(), {}, role::read, b.chance);
    p->fail(fault{codes::policy_cancelled}, 1ms, b.clock.now());
    const auto v = b.see("a");
    EXPECT_EQ(v.calls, 0U);
    EXPECT_EQ(v.in_flight, 0U);
    EXPECT_EQ(v.success_permille, 1000U);
}

TEST(endpoint_set, a_pick_reports_once_and_moves) {
    bench b{{make("a"), make("b", 1)}};
    auto p = b.set.pick(b.clock.now(), {}, role::read, b.chance);
    auto moved = std::move(*p);
    p->succeed(1ms, b.clock.now());
    EXPECT_EQ(b.see("a").calls, 0U);
    moved.succeed(1ms, b.clock.now());
    moved.fail(refused, 1ms, b.clock.now());
    EXPECT_EQ(b.see("a").calls, 1U);
    EXPECT_EQ(b.see("a").failures, 0U);
    EXPECT_EQ(moved.endpoint().name, name{"a"}) << "still known after the report";
    const std::vector tried{name{"a"}};
    moved = std::move(*b.set.pick(b.clock.now(), tried, role::read, b.chance));
    EXPECT_EQ(b.see("b").in_flight, 1U);
    moved = std::move(*b.set.pick(b.clock.now(), {}, role::read, b.chance));
    EXPECT_EQ(b.see("b").in_flight, 0U);
    EXPECT_EQ(b.see("a").in_flight, 1U);
}

// proves: P6, F2
TEST(endpoint_set, a_rate_limit_blocks_the_endpoint_until_retry_after) {
    bench b{{make("a", 0), make("b", 1)}};
    auto p = b.set.pick(b.clock.now(), {}, role::read, b.chance);
    p->fail(fault{codes::http_rate_limited}.with_retry_after(20s), 1ms, b.clock.now());
    EXPECT_EQ(b.pick(), "b");
    const auto v = b.see("a");
    EXPECT_EQ(v.block, endpoint_block::rate_limited);
    EXPECT_EQ(v.blocked_for, 20s);
    EXPECT_EQ(v.slowdown, 2U);
    EXPECT_EQ(v.failures, 0U) << "it is not unwell";
    b.clock.advance(20s);
    EXPECT_EQ(b.pick(), "a");
}

TEST(endpoint_set, each_endpoint_keeps_its_own_limit) {
    auto limited = make("limited", 0);
    limited.limit = {.permits = 10, .per = 1s, .burst = 3};
    bench b{{limited, make("free", 1)}};
    EXPECT_EQ(b.share(10), (std::map<std::string, int>{{"free", 7}, {"limited", 3}}));
}

TEST(endpoint_set, a_half_open_endpoint_gets_one_probe) {
    bench b{{make("a", 0), make("b", 1)}};
    b.open_breaker("a");
    b.clock.advance(30s);
    auto probe = b.set.pick(b.clock.now(), {}, role::read, b.chance);
    EXPECT_EQ(probe->endpoint().name, name{"a"});
    EXPECT_TRUE(probe->is_probe());
    EXPECT_EQ(b.pick(), "b");
    probe->succeed(1ms, b.clock.now());
    EXPECT_EQ(b.pick(), "a");
}

TEST(endpoint_set, slow_and_unreliable_endpoints_are_flagged) {
    auto s = three_in_a_row();
    s.breaker.consecutive_failures = 1000;
    bench b{{make("a")}, s};
    for (int i = 0; i < 30; ++i) b.call("a", true, 600ms);
    EXPECT_TRUE(b.see("a").slow);
    EXPECT_FALSE(b.see("a").unreliable);
    for (int i = 0; i < 968; ++i) b.call("a", true, 10ms);
    b.call("a", false);
    b.call("a", true);
    EXPECT_EQ(b.see("a").calls, 1000U);
    EXPECT_FALSE(b.see("a").unreliable) << "exactly 99.9 %";
    b.call("a", false);
    EXPECT_TRUE(b.see("a").unreliable);
    EXPECT_FALSE(b.see("a").slow);
}

// ---- outliers -----------------------------------------------------------------------------------

endpoint_set_settings ejecting() {
    auto s = three_in_a_row();
    s.breaker.consecutive_failures = 1000;
    s.outlier = {};
    return s;
}

void warm(bench& b, std::initializer_list<const char*> endpoints) {
    for (const auto* e : endpoints) {
        for (int i = 0; i < 20; ++i) b.call(e, true);
    }
}

// proves: P10, P4
TEST(endpoint_set, far_worse_than_its_peers_is_ejected_for_a_while) {
    bench b{{make("a"), make("b"), make("c")}, ejecting()};
    warm(b, {"a", "b", "c"});
    int failures = 0;
    while (b.see("a").block == endpoint_block::none && failures < 100) {
        b.call("a", false);
        ++failures;
    }
    EXPECT_EQ(failures, 6) << "0.9375^6 < 0.7";
    EXPECT_EQ(b.see("a").block, endpoint_block::ejected);
    EXPECT_EQ(b.see("a").blocked_for, 30s);
    EXPECT_EQ(b.share(100).count("a"), 0U);
    b.clock.advance(30s);
    EXPECT_EQ(b.see("a").block, endpoint_block::none);
    EXPECT_EQ(b.see("a").success_permille, 1000U) << "judged anew";
}

TEST(endpoint_set, ejections_grow_with_repetition_and_are_forgotten) {
    bench b{{make("a"), make("b")}, ejecting()};
    warm(b, {"a", "b"});
    const auto eject = [&] {
        warm(b, {"a"});
        for (int i = 0; i < 10 && b.see("a").block == endpoint_block::none; ++i) b.call("a", false);
        return b.see("a").blocked_for;
    };
    EXPECT_EQ(eject(), 30s);
    b.clock.advance(30s);
    EXPECT_EQ(eject(), 60s);
    b.clock.advance(60s + 6min);
    EXPECT_EQ(eject(), 30s);
}

// proves: P10
TEST(endpoint_set, never_ejects_more_than_its_share) {
    bench b{{make("a"), make("b"), make("c"), make("d")}, ejecting()};
    warm(b, {"a", "b", "c", "d"});
    for (const auto* e : {"a", "b", "c"}) {
        for (int i = 0; i < 40 && b.see(e).block == endpoint_block::none; ++i) b.call(e, false);
    }
    EXPECT_EQ(b.see("a").block, endpoint_block::ejected);
    EXPECT_EQ(b.see("b").block, endpoint_block::ejected);
    EXPECT_EQ(b.see("c").block, endpoint_block::none) << "half of the set at most";
}

TEST(endpoint_set, when_all_fail_alike_nobody_is_an_outlier) {
    bench b{{make("a"), make("b"), make("c")}, ejecting()};
    for (int i = 0; i < 60; ++i) {
        for (const auto* e : {"a", "b", "c"}) b.call(e, i % 2 == 0);
    }
    for (const auto* e : {"a", "b", "c"}) EXPECT_EQ(b.see(e).ejections, 0U);
}

TEST(endpoint_set, too_few_calls_judge_nobody) {
    bench b{{make("a"), make("b")}, ejecting()};
    warm(b, {"b"});
    for (int i = 0; i < 19; ++i) b.call("a", false);
    EXPECT_EQ(b.see("a").block, endpoint_block::none);
    b.call("a", false);
    EXPECT_EQ(b.see("a").block, endpoint_block::ejected);
}

TEST(endpoint_set, alone_it_is_never_ejected) {
    bench b{{make("a")}, ejecting()};
    warm(b, {"a"});
    for (int i = 0; i < 50; ++i) b.call("a", false);
    EXPECT_EQ(b.see("a").block, endpoint_block::none);
}

// ---- operators ----------------------------------------------------------------------------------

// proves: P10
TEST(endpoint_set, endpoints_come_and_go_at_run_time) {
    bench b{{make("a", 1)}};
    EXPECT_TRUE(b.set.add(make("b", 0), b.clock.now()).empty());
    EXPECT_EQ(b.pick(), "b");
    auto held = b.set.pick(b.clock.now(), {}, role::read, b.chance);
    EXPECT_TRUE(b.set.remove(name{"b"}, b.clock.now()));
    EXPECT_FALSE(b.set.remove(name{"b"}, b.clock.now()));
    EXPECT_EQ(b.pick(), "a");
    EXPECT_EQ(held->endpoint().url, "https://b") << "calls under way are not disturbed";
    held->succeed(1ms, b.clock.now());
    EXPECT_EQ(b.set.size(), 1U);
    EXPECT_TRUE(b.set.add(make("b", 0), b.clock.now()).empty());
    EXPECT_EQ(b.see("b").calls, 0U) << "a new one with an old name";
}

// proves: P10
TEST(endpoint_set, drained_ones_get_no_new_calls) {
    bench b{{make("a", 0), make("b", 1)}};
    EXPECT_TRUE(b.set.drain(name{"a"}, b.clock.now()));
    EXPECT_EQ(b.pick(), "b");
    EXPECT_EQ(b.see("a").block, endpoint_block::drained);
    EXPECT_EQ(b.see("a").blocked_for, duration::max());
    EXPECT_TRUE(b.set.resume(name{"a"}, b.clock.now()));
    EXPECT_EQ(b.pick(), "a");
    EXPECT_FALSE(b.set.drain(name{"x"}, b.clock.now()));
    EXPECT_FALSE(b.set.resume(name{"x"}, b.clock.now()));
}

// proves: P10
TEST(endpoint_set, priorities_change_at_run_time) {
    bench b{{make("a", 0), make("b", 1)}};
    EXPECT_TRUE(b.set.reprioritise(name{"b"}, 0, 100, b.clock.now()));
    EXPECT_TRUE(b.set.reprioritise(name{"a"}, 5, 100, b.clock.now()));
    EXPECT_EQ(b.pick(), "b");
    EXPECT_EQ(b.see("a").config.tier, 5U);
    EXPECT_FALSE(b.set.reprioritise(name{"a"}, 0, 0, b.clock.now()));
    EXPECT_FALSE(b.set.reprioritise(name{"x"}, 0, 1, b.clock.now()));
}

TEST(endpoint_set, an_operator_ends_an_ejection) {
    bench b{{make("a"), make("b")}, ejecting()};
    warm(b, {"a", "b"});
    for (int i = 0; i < 6; ++i) b.call("a", false);
    EXPECT_EQ(b.see("a").block, endpoint_block::ejected);
    EXPECT_TRUE(b.set.restore(name{"a"}, b.clock.now()));
    EXPECT_EQ(b.see("a").block, endpoint_block::none);
    EXPECT_FALSE(b.set.restore(name{"x"}, b.clock.now()));
}

TEST(endpoint_set, operators_reach_breakers_and_limiters) {
    bench b{{make("a", 0), make("b", 1)}};
    b.set.breaker(name{"a"})->force(breaker_override::forced_open, b.clock.now());
    EXPECT_EQ(b.pick(), "b");
    EXPECT_EQ(b.see("a").block, endpoint_block::breaker);
    EXPECT_EQ(b.see("a").blocked_for, duration::max());
    b.set.limiter(name{"b"})->adjust({.permits = 1, .per = 1h});
    EXPECT_EQ(b.pick(), "b");
    EXPECT_EQ(b.pick(), "policy.no_endpoint");
    EXPECT_EQ(b.set.breaker(name{"x"}), nullptr);
    EXPECT_EQ(b.set.limiter(name{"x"}), nullptr);
}

TEST(endpoint_set, other_settings_reach_all_endpoints) {
    bench b{{make("a"), make("b")}};
    auto s = three_in_a_row();
    s.breaker.consecutive_failures = 1;
    b.set.reconfigure(s, b.clock.now());
    EXPECT_TRUE(b.set.add(make("c"), b.clock.now()).empty());
    for (const auto* e : {"a", "b", "c"}) b.call(e, false);
    EXPECT_EQ(b.pick(), "policy.no_endpoint");
}

TEST(endpoint_set, refuses_what_cannot_work) {
    bench b{{make("a")}};
    EXPECT_EQ(b.set.add(make("a"), b.clock.now()).front().field, "name");
    EXPECT_EQ(b.set.add(endpoint_config{.weight = 0, .roles = {}}, b.clock.now()).size(), 4U);
    for (int i = 0; i < 63; ++i) {
        EXPECT_TRUE(b.set.add(make(std::to_string(i).c_str()), b.clock.now()).empty());
    }
    EXPECT_EQ(b.set.add(make("one too many"), b.clock.now()).size(), 1U);
    EXPECT_NE(b.pick(), "policy.no_endpoint");
    EXPECT_TRUE(b.set.remove(name{"17"}, b.clock.now()));
    EXPECT_TRUE(b.set.add(make("in its place"), b.clock.now()).empty());
    EXPECT_DEATH((bench{{make("a"), make("a")}}), "names of endpoints are unique");
}

TEST(endpoint_set, validation_names_every_mistake) {
    EXPECT_TRUE(validate(endpoint_set_settings{}).empty());
    endpoint_set_settings s;
    s.breaker.successes_to_close = 9;
    s.least_bad.burst = 0;
    s.outlier = {.minimum_calls = 0,
                 .margin_permille = 1001,
                 .most_ejected_permille = 1001,
                 .eject_for = 0s};
    EXPECT_EQ(validate(s).size(), 6U);
}

struct listener final : observer {
    std::vector<endpoint_event> seen;
    int refusals = 0;
    void endpoint_changed(const endpoint_change& c) noexcept override { seen.push_back(c.what); }
    void call_rejected(const fault&, time_point) noexcept override { ++refusals; }
};

TEST(endpoint_set, tells_an_observer) {
    listener watch;
    bench b{{make("a"), make("b")}, ejecting(), &watch};
    warm(b, {"a", "b"});
    for (int i = 0; i < 6; ++i) b.call("a", false);
    EXPECT_TRUE(b.set.restore(name{"a"}, b.clock.now()));
    EXPECT_TRUE(b.set.drain(name{"a"}, b.clock.now()));
    EXPECT_TRUE(b.set.resume(name{"a"}, b.clock.now()));
    EXPECT_TRUE(b.set.reprioritise(name{"a"}, 1, 1, b.clock.now()));
    EXPECT_TRUE(b.set.add(make("c"), b.clock.now()).empty());
    EXPECT_TRUE(b.set.remove(name{"c"}, b.clock.now()));
    using enum endpoint_event;
    EXPECT_EQ(watch.seen,
              (std::vector{ejected, restored, drained, resumed, reprioritised, added, removed}));
    EXPECT_EQ(b.pick({name{"a"}, name{"b"}}), "policy.no_endpoint");
    EXPECT_EQ(watch.refusals, 1);
    for (const auto e : watch.seen) EXPECT_NE(to_string(e), "?");
}

TEST(endpoint_set, every_block_has_a_name) {
    for (int i = 0; i <= static_cast<int>(endpoint_block::drained); ++i) {
        EXPECT_NE(to_string(static_cast<endpoint_block>(i)), "?");
    }
}

}  // namespace
}  // namespace thole
