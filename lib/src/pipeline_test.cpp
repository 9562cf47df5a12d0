#include "thole/pipeline.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <thread>

#include "counted_new_testing.hpp"
#include "thole/compose.hpp"
#include "thole/explain.hpp"
#include "thole/registry.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;
using testing::allocations;

const fault refused_connection = fault{codes::net_connect_timeout};

struct bench {
    manual_clock clock;
    manual_sleeper sleep{clock};
    rng chance{1};

    call_seams seams() { return {.time = clock, .sleep = sleep, .chance = chance}; }
    template <class Op>
    auto run(pipeline& line, Op&& op) {
        return line.run(op, seams());
    }
    // So many failed calls.
    void fail_calls(pipeline& line, int count) {
        for (int i = 0; i < count; ++i) {
            auto permit = line.admit(clock.now());
            if (permit) permit->record(refused_connection, 1ms, clock.now());
        }
    }
};

result<int> good() {
    return 7;
}
result<int> bad() {
    return std::unexpected{refused_connection};
}

breaker_settings three_in_a_row() {
    auto s = breaker_settings::no_rules();
    s.consecutive_failures = 3;
    return s;
}

// proves: P11
TEST(pipeline, passes_an_answer_through) {
    bench b;
    pipeline line{name{"x"}, compose(total_time{10s}, retry_settings{}, breaker_settings{})};
    EXPECT_EQ(b.run(line, good), 7);
    EXPECT_EQ(line.counts().calls, 1U);
    EXPECT_EQ(line.counts().failed, 0U);
    EXPECT_EQ(line.view(b.clock.now()).breaker.succeeded, 1U);
}

// proves: P1, P11
TEST(pipeline, repeats_and_counts) {
    bench b;
    pipeline line{name{"x"}, compose(retry_settings{}, breaker_settings{})};
    int calls = 0;
    const auto answer = b.run(line, [&]() -> result<int> {
        if (++calls < 3) return bad();
        return calls;
    });
    EXPECT_EQ(answer, 3);
    const auto counts = line.counts();
    EXPECT_EQ(counts.calls, 1U);
    EXPECT_EQ(counts.failed, 2U);
    EXPECT_EQ(counts.repeats, 2U);
    EXPECT_EQ(line.view(b.clock.now()).breaker.failed, 2U) << "every attempt reaches the breaker";
}

TEST(pipeline, without_retry_a_failure_is_one_call) {
    bench b;
    pipeline line{name{"x"}, compose(breaker_settings{})};
    int calls = 0;
    EXPECT_FALSE(b.run(line, [&] {
        ++calls;
        return bad();
    }));
    EXPECT_EQ(calls, 1);
}

// proves: P4, P11
TEST(pipeline, an_open_breaker_refuses_and_the_refusal_says_until_when) {
    bench b;
    pipeline line{name{"x"}, compose(three_in_a_row())};
    b.fail_calls(line, 3);
    int calls = 0;
    const auto answer = b.run(line, [&] {
        ++calls;
        return good();
    });
    ASSERT_FALSE(answer);
    EXPECT_EQ(calls, 0);
    EXPECT_TRUE(answer.error().is(codes::policy_breaker_open));
    EXPECT_EQ(answer.error().retry_after(), 30s);
    EXPECT_EQ(line.counts().refused, 1U);
}

TEST(pipeline, a_retry_waits_for_an_open_breaker_and_spends_no_attempt) {
    bench b;
    pipeline line{name{"x"}, compose(retry_settings{.attempts = 1}, three_in_a_row())};
    b.fail_calls(line, 3);
    const auto began = b.clock.now();
    EXPECT_EQ(b.run(line, good), 7);
    EXPECT_GE(b.clock.now() - began, 30s);
}

// proves: P7
TEST(pipeline, each_attempt_has_its_own_time_within_the_whole) {
    bench b;
    pipeline line{name{"x"},
                  compose(total_time{5s}, retry_settings{.attempts = 10}, attempt_time{2s})};
    const auto began = b.clock.now();
    std::vector<duration> left;
    const auto answer = b.run(line, [&](const call_context& c) -> result<int> {
        left.push_back(c.until.remaining(b.clock.now()));
        b.clock.advance(1500ms);
        return bad();
    });
    EXPECT_FALSE(answer);
    ASSERT_EQ(left.size(), 2U);
    EXPECT_EQ(left[0], 2s);
    EXPECT_LT(left[1], 2500ms - 1ms);
    EXPECT_LE(b.clock.now() - began, 5s);
}

TEST(pipeline, a_deadline_that_passed_makes_no_call) {
    bench b;
    pipeline line{name{"x"}, compose(breaker_settings{})};
    auto seams = b.seams();
    seams.until = deadline{b.clock.now()};
    const auto answer = line.run(good, seams);
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().is(codes::policy_deadline));
}

// proves: P5, P11
TEST(pipeline, waits_in_the_queue_of_its_bulkhead) {
    bench b;
    pipeline line{name{"x"},
                  compose(bulkhead_settings{.limit = 1, .queue = 1, .queue_timeout = 3s})};
    auto held = line.cabin().try_admit();
    const auto began = b.clock.now();
    const auto refused = b.run(line, good);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::policy_bulkhead_full));
    EXPECT_EQ(b.clock.now() - began, 3s) << "it waited as long as it may";
    held.release();
    EXPECT_EQ(b.run(line, good), 7);
    EXPECT_EQ(line.cabin().in_flight(), 0U);
}

// proves: P6
TEST(pipeline, a_429_slows_its_limiter) {
    bench b;
    pipeline line{name{"x"}, compose(rate_limit{.permits = 1000})};
    EXPECT_FALSE(b.run(line, []() -> result<int> {
        return std::unexpected{fault{codes::http_rate_limited}.with_retry_after(4s)};
    }));
    EXPECT_EQ(line.limiter().slowdown(b.clock.now()), 2U);
    const auto refused = b.run(line, good);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().retry_after(), 4s);
}

// proves: P5
TEST(pipeline, adaptive_concurrency_moves_the_limit) {
    bench b;
    auto settings = compose(bulkhead_settings{.limit = 20});
    settings.adaptive = adaptive_settings{.shape = adaptive_shape::aimd, .minimum_calls = 1};
    pipeline line{name{"x"}, settings};
    for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(b.run(line, []() -> result<int> { return fail(codes::http_rate_limited); }));
        b.clock.advance(1s);
    }
    EXPECT_LT(line.cabin().limit(), 15U);
}

// proves: P12
TEST(pipeline, chaos_reaches_the_other_policies_as_real_faults) {
    bench b;
    pipeline line{name{"x"}, compose(three_in_a_row(), chaos_settings{.fault_permille = 1000})};
    int calls = 0;
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(b.run(line, [&] {
            ++calls;
            return good();
        }));
    }
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(line.view(b.clock.now()).breaker.computed, breaker_state::open);
}

// proves: P12
TEST(pipeline, chaos_asks_the_operation_for_false_results) {
    bench b;
    pipeline line{name{"x"}, compose(three_in_a_row(), chaos_settings{.result_permille = 500})};
    int pretended = 0, false_answers = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto answer = b.run(line, [&](const call_context& c) -> result<int> {
            if (c.pretend) ++pretended;
            return c.pretend ? -1 : 1;
        });
        ASSERT_TRUE(answer);
        false_answers += *answer < 0 ? 1 : 0;
    }
    EXPECT_EQ(false_answers, pretended);
    EXPECT_GT(pretended, 400);
    EXPECT_LT(pretended, 600);
}

// proves: P1
TEST(pipeline, a_call_declared_once_is_not_repeated_when_its_effect_is_unknown) {
    bench b;
    pipeline line{name{"x"}, compose(retry_settings{.idempotent = true})};
    int calls = 0;
    const auto unknown = [&]() -> result<int> {
        ++calls;
        return std::unexpected{fault{codes::net_timeout}.with_effect(fault_effect::unknown)};
    };
    auto seams = b.seams();
    seams.effect = call_effect::once;
    EXPECT_FALSE(line.run(unknown, seams));
    EXPECT_EQ(calls, 1);
    EXPECT_FALSE(line.run(unknown, b.seams()));
    EXPECT_EQ(calls, 4) << "the others are";
}

// proves: P10, P11
TEST(pipeline, around_a_set_of_endpoints) {
    bench b;
    const std::vector<endpoint_config> two{{.name = name{"a"}, .url = "a", .tier = 0},
                                           {.name = name{"b"}, .url = "b", .tier = 1}};
    endpoint_set set{name{"x"}, {}, two};
    pipeline line{name{"x"}, compose(retry_settings{}), nullptr, &set};
    std::vector<std::string_view> asked;
    const auto answer = b.run(line, [&](const call_context& c) -> result<int> {
        asked.push_back(c.endpoint->name.view());
        if (asked.size() == 1) return fail(codes::net_connection_refused);
        return 1;
    });
    EXPECT_EQ(answer, 1);
    EXPECT_EQ(asked, (std::vector<std::string_view>{"a", "b"}));
}

// ---- reload -------------------------------------------------------------------------------------

// proves: P11
TEST(pipeline, a_reload_keeps_window_breaker_and_permits) {
    bench b;
    auto settings = compose(retry_settings{.attempts = 1}, bulkhead_settings{.limit = 5},
                            breaker_settings{.consecutive_failures = 0, .minimum_calls = 10});
    pipeline line{name{"x"}, settings};
    b.fail_calls(line, 9);
    auto held = line.admit(b.clock.now());
    ASSERT_TRUE(held);
    settings.breaker->open_for = 10s;
    settings.bulkhead->limit = 3;
    line.reconfigure(settings, b.clock.now());
    EXPECT_EQ(line.view(b.clock.now()).breaker.failed, 9U);
    EXPECT_EQ(line.cabin().in_flight(), 1U);
    held->record(refused_connection, 1ms, b.clock.now());
    const auto after = line.view(b.clock.now());
    EXPECT_EQ(after.breaker.computed, breaker_state::open) << "the tenth failure, over the reload";
    EXPECT_EQ(after.breaker.remaining, 10s);
    EXPECT_EQ(after.limit, 3U);
}

TEST(pipeline, a_call_in_flight_keeps_the_settings_it_began_with) {
    bench b;
    pipeline line{name{"x"}, compose(retry_settings{.attempts = 3})};
    int calls = 0;
    EXPECT_FALSE(b.run(line, [&]() -> result<int> {
        if (++calls == 1) line.reconfigure(compose(retry_settings{.attempts = 1}), b.clock.now());
        return bad();
    }));
    EXPECT_EQ(calls, 3);
    EXPECT_FALSE(b.run(line, [&]() -> result<int> {
        ++calls;
        return bad();
    }));
    EXPECT_EQ(calls, 4) << "the next one has the new settings";
}

TEST(pipeline, a_stage_may_come_and_go) {
    bench b;
    const auto with = compose(three_in_a_row());
    pipeline line{name{"x"}, with};
    b.fail_calls(line, 3);
    EXPECT_FALSE(b.run(line, good));
    line.reconfigure(compose(retry_settings{}), b.clock.now());
    EXPECT_EQ(b.run(line, good), 7);
    line.reconfigure(with, b.clock.now());
    EXPECT_FALSE(b.run(line, good)) << "what it knew is still known";
}

// Threads call while another reloads: every call ends, nothing is lost, and TSan sees no race.
TEST(pipeline, reloads_under_threads) {
    pipeline line{name{"x"},
                  compose(retry_settings{}, bulkhead_settings{.limit = 4}, breaker_settings{})};
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> ended{0};
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 3; ++t) {
        threads.emplace_back([&, t] {
            manual_clock clock;
            manual_sleeper sleep{clock};
            rng chance{t};
            for (int i = 0; i < 2000; ++i) {
                const auto answer = line.run(
                    [i]() -> result<int> {
                        if (i % 50 == 0) return bad();
                        return i;
                    },
                    {.time = clock, .sleep = sleep, .chance = chance});
                (void)answer;
                ended.fetch_add(1);
            }
        });
    }
    std::thread reloader{[&] {
        const auto a = compose(retry_settings{}, bulkhead_settings{.limit = 2}, breaker_settings{});
        const auto b = compose(total_time{5s}, retry_settings{.attempts = 2},
                               bulkhead_settings{.limit = 8}, breaker_settings{.open_for = 5s});
        while (!stop) {
            line.reconfigure(a, time_point{1h});
            line.reconfigure(b, time_point{1h});
        }
    }};
    for (auto& t : threads) t.join();
    stop = true;
    reloader.join();
    EXPECT_EQ(ended.load(), 6000U);
    EXPECT_EQ(line.counts().calls, 6000U);
    EXPECT_EQ(line.cabin().in_flight(), 0U);
}

// ---- what it costs ------------------------------------------------------------------------------

// proves: P11
TEST(pipeline, neither_success_nor_refusal_allocates) {
#ifdef THOLE_COUNTS_NO_ALLOCATIONS
    GTEST_SKIP() << "ThreadSanitizer brings its own operator new; the other builds count";
#endif
    bench b;
    pipeline line{name{"x"}, compose(total_time{10s}, retry_settings{.longest_refusal = 0s},
                                     rate_limit{.permits = 1'000'000, .burst = 1000},
                                     bulkhead_settings{}, three_in_a_row(), attempt_time{2s})};
    pipeline single{name{"y"}, compose(bulkhead_settings{.limit = 1}, three_in_a_row())};
    (void)b.run(line, good);
    auto before = allocations();
    for (int i = 0; i < 100; ++i) (void)b.run(line, good);
    EXPECT_EQ(allocations(), before);

    b.fail_calls(single, 3);
    before = allocations();
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(b.run(single, good));
    EXPECT_EQ(allocations(), before) << "a refusal by the breaker";
    single.breaker().reset(b.clock.now());
    const auto held = single.cabin().try_admit();
    before = allocations();
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(b.run(single, good));
    EXPECT_EQ(allocations(), before) << "a refusal by the bulkhead";
    before = allocations();
    for (int i = 0; i < 100; ++i) {
        auto permit = line.admit(b.clock.now());
        ASSERT_TRUE(permit);
        permit->record(outcome::success(1ms), b.clock.now());
    }
    EXPECT_EQ(allocations(), before) << "the triple";
}

// ---- words --------------------------------------------------------------------------------------

// proves: P11
TEST(pipeline, explains_itself_outermost_first) {
    bench b;
    pipeline line{name{"prices"}, compose(total_time{10s}, retry_settings{},
                                          rate_limit{.permits = 100, .burst = 10},
                                          bulkhead_settings{.limit = 20, .queue = 5},
                                          three_in_a_row(), attempt_time{2500ms})};
    b.fail_calls(line, 3);
    b.clock.advance(17700ms);
    EXPECT_EQ(line.explain(b.clock.now()),
              "prices, outermost first\n"
              "  deadline: a call ends after 10 s\n"
              "  retry: up to 3 calls; the budget has 100 repeats left\n"
              "  limiter: 100 calls per 1 s\n"
              "  bulkhead: 0 of 20 places taken, 0 of 5 wait\n"
              "  breaker: open after 3 failures in a row; calls are refused for 12.3 s\n"
              "  timeout: an attempt ends after 2.5 s\n");
}

TEST(explain, tells_durations_in_words) {
    EXPECT_EQ(in_words(250ms), "250 ms");
    EXPECT_EQ(in_words(12'340ms), "12.3 s");
    EXPECT_EQ(in_words(90s), "90 s");
    EXPECT_EQ(in_words(4min), "4 min");
    EXPECT_EQ(in_words(3h), "3 h");
    EXPECT_EQ(in_words(17ns), "17 ns");
    EXPECT_EQ(in_words(1500ns), "1.5 µs");
    EXPECT_EQ(in_words(duration::max()), "until an operator acts");
}

TEST(explain, tells_why_and_until_when) {
    const time_point now{1h};
    EXPECT_EQ(
        explain(retry_verdict{retry_act::sleep_until, retry_reason::backoff, now + 2s, 2, true},
                now),
        "tries again in 2 s: our own back-off (attempt 2, at another endpoint)");
    EXPECT_EQ(
        explain(retry_verdict{retry_act::finish, retry_reason::budget_spent, {}, 2, false}, now),
        "gives up: the retry budget is spent: more would only add load");
    endpoint_view v;
    v.config.name = name{"backup-1"};
    EXPECT_EQ(explain(v), "backup-1 takes calls");
    v.block = endpoint_block::ejected;
    v.blocked_for = 30s;
    EXPECT_EQ(explain(v), "backup-1 takes no calls for 30 s: it is far worse than its peers");
    v.block = endpoint_block::drained;
    v.blocked_for = duration::max();
    EXPECT_EQ(explain(v), "backup-1 takes no calls until an operator acts: an operator drained it");
    EXPECT_EQ(explain(fault{codes::policy_bulkhead_full}.with_retry_after(100ms)),
              "refused here, nothing was sent: Too many calls are running and the queue is full. "
              "Worth asking again in 100 ms.");
}

// ---- registry -----------------------------------------------------------------------------------

// proves: P11
TEST(registry, holds_pipelines_by_name_and_reloads_them) {
    bench b;
    registry all;
    auto& x = all.make(name{"x"}, compose(three_in_a_row()));
    auto& a = all.make(name{"a"}, compose(retry_settings{}));
    EXPECT_EQ(all.find(name{"x"}), &x);
    EXPECT_EQ(all.find(name{"none"}), nullptr);
    EXPECT_EQ(all.all(), (std::vector<pipeline*>{&a, &x})) << "by name";
    b.fail_calls(x, 3);
    auto longer = three_in_a_row();
    longer.open_for = 1min;
    EXPECT_EQ(&all.make(name{"x"}, compose(longer), b.clock.now()), &x) << "the same one";
    EXPECT_EQ(x.view(b.clock.now()).breaker.computed, breaker_state::open);
    EXPECT_TRUE(all.reconfigure(name{"a"}, compose(three_in_a_row()), b.clock.now()));
    EXPECT_FALSE(all.reconfigure(name{"none"}, compose(three_in_a_row()), b.clock.now()));
    EXPECT_FALSE(a.settings().retry);
}

// Against a loop written by hand: calls, sleeps and the last outcome.
RC_GTEST_PROP(pipeline, makes_the_calls_that_its_settings_allow, (std::uint64_t seed)) {
    rng chance{seed};
    bench b;
    const auto attempts = 1 + static_cast<std::uint32_t>(chance.below(6));
    const auto good_after = static_cast<std::uint32_t>(chance.below(8));
    const duration took{chance.between(0, 2'000'000'000)};
    const duration total{chance.between(1, 20'000'000'000)};
    auto settings = compose(total_time{total}, retry_settings{.attempts = attempts});
    pipeline line{name{"x"}, settings};
    const auto began = b.clock.now();
    std::uint32_t calls = 0;
    const auto answer = b.run(line, [&](const call_context& c) -> result<std::uint32_t> {
        RC_ASSERT(!c.until.expired(b.clock.now()));
        ++calls;
        b.clock.advance(took);
        if (calls > good_after) return calls;
        return std::unexpected{refused_connection};
    });
    RC_ASSERT(calls >= 1 && calls <= attempts);
    if (answer) {
        RC_ASSERT(calls == good_after + 1);
    } else {
        RC_ASSERT(answer.error().is(codes::net_connect_timeout));
        // It gave up for a reason: attempts, or the next wait would have reached the deadline.
        RC_ASSERT(calls == attempts || b.clock.now() + 100ms + 30s > began + total);
    }
    RC_ASSERT(b.clock.now() - began < total + took);
    RC_ASSERT(line.counts().repeats == calls - 1);
}

}  // namespace
}  // namespace thole
