// Whatever happened to a set, each pick obeys the rules that view() lets anybody check; and many
// threads at once break nothing (run this with the thread sanitizer too).

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <optional>
#include <thread>

#include "thole/clock.hpp"
#include "thole/codes.hpp"
#include "thole/endpoint_set.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

const std::array names{name{"a"}, name{"b"}, name{"c"}, name{"d"}, name{"e"}, name{"f"}};

endpoint_config any_endpoint(name text) {
    endpoint_config c{.name = text, .url = "https://x"};
    c.tier = *rc::gen::inRange<std::uint16_t>(0, 3);
    c.weight = *rc::gen::inRange<std::uint16_t>(1, 300);
    c.capacity = *rc::gen::element(0U, 0U, 1U, 3U);
    c.region = *rc::gen::element(name{}, name{"fra"}, name{"ams"});
    if (*rc::gen::inRange(0, 4) == 0) c.roles = {role::read};
    if (*rc::gen::inRange(0, 4) == 0) c.limit = {.permits = 2, .per = 1s, .burst = 2};
    return c;
}

// The best tier that view() shows as eligible, if any.
std::optional<std::uint16_t> best_tier(const std::vector<endpoint_view>& all,
                                       const std::vector<name>& tried, role wanted) {
    std::optional<std::uint16_t> best;
    for (const auto& v : all) {
        const bool is_tried = std::find(tried.begin(), tried.end(), v.config.name) != tried.end();
        if (is_tried || !v.config.roles.has(wanted) || v.block != endpoint_block::none) continue;
        best = std::min(best.value_or(v.config.tier), v.config.tier);
    }
    return best;
}

struct drill {
    explicit drill(const endpoint_set_settings& s, std::uint64_t seed)
        : chance{seed}, set{name{"set"}, s, endpoints()} {}

    static std::vector<endpoint_config> endpoints() {
        std::vector<endpoint_config> list;
        const auto count = *rc::gen::inRange<std::size_t>(1, names.size() + 1);
        for (std::size_t i = 0; i < count; ++i) list.push_back(any_endpoint(names[i]));
        return list;
    }

    void pick() {
        std::vector<name> tried;
        for (const auto n : names) {
            if (chance.chance(1, 4)) tried.push_back(n);
        }
        const auto wanted = chance.chance(1, 3) ? role::send : role::read;
        const auto now = clock.now();
        const auto before = set.view(now);
        const auto expected = best_tier(before, tried, wanted);
        RC_ASSERT(set.any_eligible(now, tried, wanted) == expected.has_value());
        auto picked = set.pick(now, tried, wanted, chance);
        RC_ASSERT(picked.has_value() == expected.has_value());
        if (!picked) {
            check_refusal(picked.error(), before, tried, wanted);
            return;
        }
        const auto& got = picked->endpoint();
        RC_ASSERT(std::find(tried.begin(), tried.end(), got.name) == tried.end());
        RC_ASSERT(got.roles.has(wanted));
        for (const auto& v : before) {
            if (v.config.name != got.name) continue;
            RC_ASSERT(v.block == endpoint_block::none);
            RC_ASSERT(v.config.tier == *expected);
        }
        held.push_back(std::move(*picked));
    }

    // The refusal names the first instant at which somebody is free.
    void check_refusal(const fault& f, const std::vector<endpoint_view>& all,
                       const std::vector<name>& tried, role wanted) {
        auto earliest = duration::max();
        for (const auto& v : all) {
            if (!v.config.roles.has(wanted)) continue;
            const bool is_tried =
                std::find(tried.begin(), tried.end(), v.config.name) != tried.end();
            if (is_tried && v.block == endpoint_block::none) earliest = 0s;
            if (v.block != endpoint_block::none) earliest = std::min(earliest, v.blocked_for);
        }
        RC_ASSERT(f.kind() == fault_kind::rejected);
        RC_ASSERT(f.retry_after().value_or(duration::max()) == earliest);
    }

    void finish_one() {
        if (held.empty()) return;
        auto one = std::move(held.front());
        held.erase(held.begin());
        const auto now = clock.now();
        switch (chance.below(6)) {
            case 0:
            case 1:
                one.succeed(duration{1ms} * chance.between(1, 3000), now);
                break;
            case 2:
            case 3:
                one.fail(fault{codes::net_reset}, 5ms, now);
                break;
            case 4:
                one.fail(fault{codes::http_rate_limited}.with_retry_after(3s), 5ms, now);
                break;
            default:
                break;  // dropped
        }
    }

    void operate() {
        const auto target = names[chance.below(names.size())];
        const auto now = clock.now();
        switch (chance.below(7)) {
            case 0:
                set.drain(target, now);
                break;
            case 1:
                set.resume(target, now);
                break;
            case 2:
                set.remove(target, now);
                break;
            case 3:
                (void)set.add({.name = target, .url = "https://y"}, now);
                break;
            case 4:
                set.reprioritise(target, static_cast<std::uint16_t>(chance.below(3)), 7, now);
                break;
            case 5:
                set.restore(target, now);
                break;
            default:
                if (auto* breaker = set.breaker(target)) breaker->hint_healthy(now);
        }
    }

    // Ejections never take more than their share, breakers never count what they did not see.
    void check_set() {
        const auto all = set.view(clock.now());
        std::size_t ejected = 0;
        std::uint64_t in_flight = 0;
        for (const auto& v : all) {
            ejected += v.block == endpoint_block::ejected ? 1 : 0;
            in_flight += v.in_flight;
            RC_ASSERT(v.failures <= v.calls);
            RC_ASSERT(v.success_permille <= 1000U);
        }
        RC_ASSERT(in_flight <= held.size());
        if (!shrunk) RC_ASSERT(ejected * 2 <= all.size());
    }

    manual_clock clock;
    rng chance;
    endpoint_set set;
    std::vector<endpoint_pick> held;
    bool shrunk = false;  // an endpoint was removed: those ejected before may now be more
};

// proves: P10
RC_GTEST_PROP(endpoint_set_model, every_pick_obeys_the_rules, (std::uint64_t seed)) {
    endpoint_set_settings s;
    s.breaker.open_for = 2s;
    s.outlier.minimum_calls = 4;
    drill d{s, seed};
    const auto steps = *rc::gen::container<std::vector<int>>(200, rc::gen::inRange(0, 20));
    for (const auto step : steps) {
        if (step < 8) {
            d.pick();
        } else if (step < 16) {
            d.finish_one();
        } else if (step < 18) {
            d.clock.advance(std::chrono::milliseconds{d.chance.between(1, 4000)});
        } else {
            d.shrunk = true;
            d.operate();
        }
        d.check_set();
    }
    d.held.clear();
    for (const auto& v : d.set.view(d.clock.now())) RC_ASSERT(v.in_flight == 0U);
}

// The point of two choices: far from the stampede of "always the best", near its quality.
// proves: P10
TEST(endpoint_set_model, two_choices_keep_the_load_even) {
    std::vector<endpoint_config> endpoints;
    for (int i = 0; i < 16; ++i) {
        endpoints.push_back({.name = name{"n" + std::to_string(i)}, .url = "https://x"});
    }
    endpoint_set set{name{"set"}, {}, endpoints};
    rng chance{1};
    const time_point now{1h};
    std::vector<endpoint_pick> held;
    for (int i = 0; i < 1600; ++i)
        held.push_back(std::move(*set.pick(now, {}, role::read, chance)));
    for (const auto& v : set.view(now)) {
        EXPECT_GE(v.in_flight, 80U);
        EXPECT_LE(v.in_flight, 120U);
    }
}

// proves: P10
TEST(endpoint_set_threads, survives_weather_and_operators) {
    std::vector<endpoint_config> endpoints;
    for (const auto n : names) endpoints.push_back({.name = n, .url = "https://x", .capacity = 3});
    endpoint_set_settings s;
    s.breaker.open_for = 100ms;
    s.outlier.minimum_calls = 10;
    endpoint_set set{name{"set"}, s, endpoints};
    std::atomic<std::int64_t> steady{duration{1h}.count()};
    std::atomic<int> picked{0};
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            rng chance{t};
            for (int i = 0; i < 3000; ++i) {
                const time_point now{duration{steady.fetch_add(100'000)}};
                if (t == 0 && i % 50 == 0) {
                    const auto n = names[chance.below(names.size())];
                    if (chance.chance(1, 2)) set.remove(n, now);
                    (void)set.add({.name = n, .url = "https://y"}, now);
                    set.drain(n, now);
                    set.resume(n, now);
                    (void)set.view(now);
                }
                const std::array tried{names[chance.below(names.size())]};
                auto p = chance.chance(1, 20) ? set.pick_least_bad(now, tried, role::read)
                                              : set.pick(now, tried, role::read, chance);
                if (!p) continue;
                picked.fetch_add(1);
                ASSERT_NE(p->endpoint().name, tried[0]);
                const bool unwell = p->endpoint().name == names[0];
                if (chance.chance(1, 30)) continue;
                if (chance.chance(unwell ? 9 : 1, 10)) {
                    p->fail(fault{codes::net_reset}, 1ms, now);
                } else {
                    p->succeed(1ms, now);
                }
            }
        });
    }
    for (auto& t : threads) t.join();
    EXPECT_GT(picked.load(), 1000);
    const time_point later{duration{steady.load()} + 1h};
    for (const auto& v : set.view(later)) EXPECT_EQ(v.in_flight, 0U);
    rng chance{9};
    EXPECT_TRUE(set.pick(later, {}, role::read, chance));
}

// A place that two threads fight for is given to one of them.
TEST(endpoint_set_threads, capacity_is_never_exceeded) {
    const std::array endpoints{
        endpoint_config{.name = names[0], .url = "https://x", .capacity = 2}};
    endpoint_set set{name{"set"}, {}, endpoints};
    std::atomic<int> in_use{0};
    std::atomic<int> most{0};
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            rng chance{t};
            for (int i = 0; i < 3000; ++i) {
                auto p = set.pick(time_point{1h}, {}, role::read, chance);
                if (!p) continue;
                const auto now_in_use = in_use.fetch_add(1) + 1;
                auto before = most.load();
                while (before < now_in_use && !most.compare_exchange_weak(before, now_in_use)) {
                }
                in_use.fetch_sub(1);
            }
        });
    }
    for (auto& t : threads) t.join();
    EXPECT_LE(most.load(), 2);
    EXPECT_GE(most.load(), 1);
}

}  // namespace
}  // namespace thole
