#include "thole/retry.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <functional>
#include <optional>
#include <vector>

#include "thole/clock.hpp"
#include "thole/codes.hpp"
#include "thole/retry_budget.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;
using enum retry_act;

const fault transient_fault{codes::net_connect_timeout};
const fault rate_limited_fault{codes::http_rate_limited};
const fault outage_fault{codes::net_connection_refused};
const fault conflict_fault{codes::db_conflict};
const fault permanent_fault{codes::http_client_error};
const fault rejected_fault{codes::policy_breaker_open};
const fault cancelled_fault{codes::policy_cancelled};

const fault& fault_of(fault_kind kind) {
    static const std::array all{&transient_fault, &rate_limited_fault, &outage_fault,
                                &conflict_fault,  &permanent_fault,    &rejected_fault,
                                &cancelled_fault};
    return *all[static_cast<std::size_t>(kind)];
}

// The default delays without jitter: 1 s, 2 s, 4 s ...
retry_settings plain(std::uint32_t attempts = 3) {
    retry_settings s;
    s.attempts = attempts;
    s.delays.jitter_permille = 0;
    return s;
}

// One call under a manual clock; sleeps are taken at once.
struct bench {
    explicit bench(retry_settings s, deadline until = {}, retry_parts parts = {})
        : settings{s}, calls{settings, until, chance, parts} {}

    retry_verdict start() { return last = calls.next(retry_start{}, clock.now()); }
    retry_verdict fail(const fault& f, bool others = false) {
        return last = calls.next(retry_failure{f, others}, clock.now());
    }
    // Sleeps as told, wakes, and returns how long it slept.
    duration sleep_then_call() {
        EXPECT_EQ(last.act, sleep_until) << to_string(last.reason);
        const auto slept = last.at - clock.now();
        clock.advance(slept);
        last = calls.next(retry_wake{}, clock.now());
        EXPECT_EQ(last.act, call);
        return slept;
    }

    retry_settings settings;
    rng chance{1};
    manual_clock clock;
    retry calls;
    retry_verdict last{};
};

// proves: P1
TEST(retry, first_call_then_backoff_then_the_end) {
    bench b{plain(3)};
    EXPECT_EQ(b.start().act, call);
    EXPECT_EQ(b.last.attempt, 1U);
    EXPECT_EQ(b.fail(transient_fault).reason, retry_reason::backoff);
    EXPECT_EQ(b.last.attempt, 2U);
    EXPECT_EQ(b.sleep_then_call(), 1s);
    b.fail(transient_fault);
    EXPECT_EQ(b.sleep_then_call(), 2s);
    EXPECT_EQ(b.last.attempt, 3U);
    b.fail(transient_fault);
    EXPECT_EQ(b.last.act, finish);
    EXPECT_EQ(b.last.reason, retry_reason::attempts_spent);
    EXPECT_EQ(b.calls.calls(), 3U);
}

TEST(retry, success_finishes) {
    bench b{plain()};
    b.start();
    const auto v = b.calls.next(retry_success{}, b.clock.now());
    EXPECT_EQ(v.act, finish);
    EXPECT_EQ(v.reason, retry_reason::succeeded);
}

TEST(retry, one_attempt_means_no_retry) {
    bench b{plain(1)};
    b.start();
    EXPECT_EQ(b.fail(transient_fault).reason, retry_reason::attempts_spent);
}

// proves: P1, F2
TEST(retry, permanent_is_not_repeated) {
    bench b{plain()};
    b.start();
    EXPECT_EQ(b.fail(permanent_fault).reason, retry_reason::not_repeatable);
    EXPECT_EQ(b.last.act, finish);
}

// proves: F2
TEST(retry, cancelled_finishes) {
    bench b{plain()};
    b.start();
    EXPECT_EQ(b.fail(cancelled_fault).reason, retry_reason::cancelled);
}

TEST(retry, cancel_ends_a_sleep) {
    bench b{plain()};
    b.start();
    b.fail(transient_fault);
    const auto v = b.calls.next(retry_cancel{}, b.clock.now());
    EXPECT_EQ(v.act, finish);
    EXPECT_EQ(v.reason, retry_reason::cancelled);
}

// proves: P1, F2
TEST(retry, rate_limits_have_five_attempts_of_their_own) {
    bench b{plain(3)};
    b.start();
    for (int i = 0; i < 4; ++i) {
        b.fail(rate_limited_fault);
        b.sleep_then_call();
    }
    EXPECT_EQ(b.fail(rate_limited_fault).reason, retry_reason::attempts_spent);
    EXPECT_EQ(b.calls.calls(), 5U);
}

TEST(retry, the_total_counts_for_kinds_without_their_own_limit) {
    bench b{plain(3)};
    b.start();
    b.fail(rate_limited_fault);
    b.sleep_then_call();
    b.fail(rate_limited_fault);
    b.sleep_then_call();
    EXPECT_EQ(b.fail(transient_fault).reason, retry_reason::attempts_spent);
}

TEST(retry, a_kind_may_have_fewer_attempts) {
    auto s = plain(5);
    s.kind_attempts[static_cast<std::size_t>(fault_kind::outage)] = 2;
    bench b{s};
    b.start();
    b.fail(outage_fault);
    b.sleep_then_call();
    EXPECT_EQ(b.fail(outage_fault).reason, retry_reason::attempts_spent);
}

// proves: P1, F2
TEST(retry, retry_after_wins_when_it_is_longer) {
    bench b{plain()};
    b.start();
    b.fail(fault{codes::http_rate_limited}.with_retry_after(17s));
    EXPECT_EQ(b.last.reason, retry_reason::retry_after);
    EXPECT_EQ(b.sleep_then_call(), 17s);
}

TEST(retry, own_delay_wins_when_it_is_longer) {
    bench b{plain()};
    b.start();
    b.fail(fault{codes::http_rate_limited}.with_retry_after(10ms));
    EXPECT_EQ(b.last.reason, retry_reason::backoff);
    EXPECT_EQ(b.sleep_then_call(), 1s);
}

// What one server asks for does not bind another one.
TEST(retry, retry_after_of_an_endpoint_is_not_waited_for_at_another) {
    const auto asks = fault{codes::http_rate_limited}.with_retry_after(60s);
    bench b{plain()};
    b.start();
    b.fail(asks, true);
    EXPECT_TRUE(b.last.next_endpoint);
    EXPECT_EQ(b.sleep_then_call(), 1s);
    b.fail(fault{asks}.of(fault_scope::dependency), true);
    EXPECT_EQ(b.sleep_then_call(), 60s) << "a limit of the whole dependency binds all of them";
}

TEST(retry, a_server_that_asks_for_too_long_gets_no_repeat) {
    bench b{plain()};
    b.start();
    EXPECT_EQ(b.fail(fault{codes::http_rate_limited}.with_retry_after(24h)).reason,
              retry_reason::asked_too_long);
}

// proves: F2, D2
TEST(retry, conflict_waits_briefly_once_then_as_transient) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        bench b{plain(4)};
        b.chance = rng{seed};
        b.start();
        b.fail(conflict_fault);
        EXPECT_EQ(b.last.reason, retry_reason::conflict);
        const auto first = b.sleep_then_call();
        EXPECT_GE(first, 100ms);
        EXPECT_LE(first, 500ms);
        b.fail(conflict_fault);
        EXPECT_EQ(b.last.reason, retry_reason::backoff);
        EXPECT_EQ(b.sleep_then_call(), 1s);
        b.fail(conflict_fault);
        EXPECT_EQ(b.sleep_then_call(), 2s);
        EXPECT_EQ(b.fail(conflict_fault).reason, retry_reason::attempts_spent);
    }
}

// proves: F2, P10
TEST(retry, outage_goes_to_the_next_endpoint_at_once_and_free_of_charge) {
    bench b{plain(2)};
    b.start();
    for (int i = 0; i < 5; ++i) {
        b.fail(outage_fault, true);
        EXPECT_EQ(b.last.act, call);
        EXPECT_EQ(b.last.reason, retry_reason::failover);
        EXPECT_TRUE(b.last.next_endpoint);
        EXPECT_EQ(b.last.attempt, 1U);
    }
    b.fail(outage_fault, false);
    EXPECT_EQ(b.last.reason, retry_reason::backoff) << "no other endpoint: as transient";
    EXPECT_EQ(b.sleep_then_call(), 1s);
    EXPECT_EQ(b.fail(outage_fault, false).reason, retry_reason::attempts_spent);
}

TEST(retry, failovers_are_bounded_whatever_the_driver_says) {
    bench b{plain(3)};
    b.start();
    int failovers = 0;
    while (b.fail(outage_fault, true).act == call) ++failovers;
    EXPECT_EQ(failovers, 64);
    EXPECT_EQ(b.last.reason, retry_reason::backoff);
}

// proves: F2, P1
TEST(retry, a_refusal_never_spends_an_attempt) {
    bench b{plain(2)};
    b.start();
    const auto open = fault{codes::policy_breaker_open}.with_retry_after(10s);
    for (int i = 0; i < 4; ++i) {
        b.fail(open);
        EXPECT_EQ(b.last.reason, retry_reason::refused);
        EXPECT_EQ(b.last.attempt, 1U);
        const auto slept = b.sleep_then_call();
        EXPECT_GE(slept, 10s);
        EXPECT_LE(slept, 11s) << "jitter is at most a tenth";
    }
    b.fail(transient_fault);
    EXPECT_EQ(b.last.reason, retry_reason::backoff) << "both attempts were still there";
    b.sleep_then_call();
    EXPECT_EQ(b.fail(transient_fault).reason, retry_reason::attempts_spent);
}

TEST(retry, refusals_are_waited_for_no_longer_than_allowed) {
    auto s = plain();
    s.longest_refusal = 25s;
    bench b{s};
    b.start();
    const auto open = fault{codes::policy_breaker_open}.with_retry_after(10s);
    b.fail(open);
    b.sleep_then_call();
    b.fail(open);
    b.sleep_then_call();
    EXPECT_EQ(b.fail(open).reason, retry_reason::asked_too_long);

    s.longest_refusal = 0s;
    bench none{s};
    none.start();
    EXPECT_EQ(none.fail(rejected_fault).reason, retry_reason::asked_too_long);
}

TEST(retry, a_refusal_without_a_time_is_not_a_busy_loop) {
    bench b{plain()};
    b.start();
    b.fail(rejected_fault);
    EXPECT_GE(b.sleep_then_call(), 100ms);
}

TEST(retry, a_refusal_by_one_endpoint_goes_to_another_at_once) {
    bench b{plain()};
    b.start();
    b.fail(rejected_fault, true);
    EXPECT_EQ(b.last.act, call);
    EXPECT_TRUE(b.last.next_endpoint);
}

// proves: P1, P7
TEST(retry, never_sleeps_past_the_deadline) {
    manual_clock clock;
    bench b{plain(), deadline::after(clock.now(), 2500ms)};
    b.start();
    b.fail(transient_fault);
    EXPECT_EQ(b.sleep_then_call(), 1s);
    EXPECT_EQ(b.fail(transient_fault).reason, retry_reason::deadline)
        << "2 s do not fit into the 1.5 s that are left, so it ends now";
    EXPECT_EQ(b.clock.now() - clock.now(), 1s);
}

TEST(retry, deadline_holds_for_refusals_retry_after_and_failover) {
    manual_clock clock;
    const auto until = deadline::after(clock.now(), 5s);
    bench refused{plain(), until};
    refused.start();
    EXPECT_EQ(refused.fail(fault{codes::policy_breaker_open}.with_retry_after(5s)).reason,
              retry_reason::deadline);
    bench asked{plain(), until};
    asked.start();
    EXPECT_EQ(asked.fail(fault{codes::http_rate_limited}.with_retry_after(6s)).reason,
              retry_reason::deadline);
    bench gone{plain(), until};
    gone.start();
    gone.clock.advance(5s);
    EXPECT_EQ(gone.fail(outage_fault, true).reason, retry_reason::deadline);
}

TEST(retry, an_expired_deadline_makes_no_call_at_all) {
    bench b{plain(), deadline{time_point{}}};
    EXPECT_EQ(b.start().reason, retry_reason::deadline);
    EXPECT_EQ(b.calls.calls(), 0U);
}

TEST(retry, waking_late_past_the_deadline_finishes) {
    manual_clock clock;
    bench b{plain(), deadline::after(clock.now(), 5s)};
    b.start();
    b.fail(transient_fault);
    b.clock.advance(6s);
    EXPECT_EQ(b.calls.next(retry_wake{}, b.clock.now()).reason, retry_reason::deadline);
}

TEST(retry, waking_early_sleeps_on) {
    bench b{plain()};
    b.start();
    const auto at = b.fail(transient_fault).at;
    b.clock.advance(400ms);
    b.last = b.calls.next(retry_wake{}, b.clock.now());
    EXPECT_EQ(b.last.act, sleep_until);
    EXPECT_EQ(b.last.at, at);
    EXPECT_EQ(b.sleep_then_call(), 600ms);
}

// proves: F1, P1
TEST(retry, unknown_effect_is_repeated_only_when_a_repeat_does_no_harm) {
    const auto unknown = fault{codes::net_timeout}.with_effect(fault_effect::unknown);
    bench once{plain()};
    once.start();
    EXPECT_EQ(once.fail(unknown).reason, retry_reason::effect_unknown);
    auto s = plain();
    s.idempotent = true;
    bench idempotent{s};
    idempotent.start();
    EXPECT_EQ(idempotent.fail(unknown).reason, retry_reason::backoff);
}

// proves: P1
TEST(retry, predicate_replaces_the_table) {
    auto s = plain();
    s.retry_if = [](const fault& f) { return f.is(codes::http_client_error); };
    bench b{s};
    b.start();
    EXPECT_EQ(b.fail(permanent_fault).reason, retry_reason::backoff);
    b.sleep_then_call();
    EXPECT_EQ(b.fail(transient_fault).reason, retry_reason::not_repeatable);
    bench refused{s};
    refused.start();
    EXPECT_EQ(refused.fail(rejected_fault).reason, retry_reason::refused)
        << "a refusal is not a failure to judge";
}

TEST(retry, stays_at_an_endpoint_for_its_attempts) {
    auto s = plain(6);
    s.attempts_per_endpoint = 3;
    bench b{s};
    b.start();
    const std::array expected{false, false, true, false, false};
    for (const bool moves : expected) {
        EXPECT_EQ(b.fail(transient_fault, true).next_endpoint, moves);
        b.sleep_then_call();
        EXPECT_EQ(b.last.next_endpoint, moves);
    }
}

// proves: P2
TEST(retry, adaptive_delays_follow_the_shared_history) {
    success_history history;
    for (int i = 0; i < 10; ++i) history.record(false);
    auto s = plain();
    s.delays.adaptive = true;
    bench b{s, {}, {.history = &history}};
    b.start();
    b.fail(transient_fault);
    EXPECT_EQ(b.sleep_then_call(), 2s) << "nothing succeeded: twice the delay";
    EXPECT_EQ(b.calls.next(retry_success{}, b.clock.now()).act, finish);
    EXPECT_EQ(history.permille(), 100U);
}

TEST(retry, refusals_and_cancellations_leave_no_trace_in_the_history) {
    success_history history;
    history.record(true);
    bench b{plain(), {}, {.history = &history}};
    b.start();
    b.fail(rejected_fault);
    b.sleep_then_call();
    b.fail(cancelled_fault);
    EXPECT_EQ(history.permille(), 1000U);
}

// proves: P3
TEST(retry, each_repeat_is_paid_from_the_budget) {
    retry_budget budget{{.percent = 0, .floor_per_second = 1, .window = 2s}};
    bench b{plain(9), {}, {.budget = &budget}};
    b.start();
    b.fail(transient_fault);
    EXPECT_EQ(budget.available(b.clock.now()), 1U) << "a waiting retry has paid already";
    b.sleep_then_call();
    b.fail(transient_fault);
    EXPECT_EQ(budget.available(b.clock.now()), 0U);
    bench other{plain(9), {}, {.budget = &budget}};
    other.clock.advance(1s);
    other.start();
    EXPECT_EQ(other.fail(transient_fault).reason, retry_reason::budget_spent);
}

TEST(retry, a_wait_that_the_deadline_forbids_costs_no_token) {
    retry_budget budget{{.percent = 0, .floor_per_second = 1, .window = 1s}};
    manual_clock clock;
    bench b{plain(), deadline::after(clock.now(), 500ms), {.budget = &budget}};
    b.start();
    EXPECT_EQ(b.fail(transient_fault).reason, retry_reason::deadline);
    EXPECT_EQ(budget.available(b.clock.now()), 1U);
}

struct listener final : observer {
    std::vector<retry_reason> seen;
    void retry_decided(const retry_decision& d) noexcept override {
        seen.push_back(d.verdict.reason);
    }
};

TEST(retry, tells_an_observer_each_decision) {
    listener watch;
    bench b{plain(2), {}, {.watch = &watch}};
    b.start();
    b.fail(outage_fault, true);
    b.fail(transient_fault);
    b.sleep_then_call();
    b.fail(transient_fault);
    EXPECT_EQ(watch.seen, (std::vector{retry_reason::failover, retry_reason::backoff,
                                       retry_reason::attempts_spent}));
}

TEST(retry, events_out_of_turn_are_bugs) {
    bench b{plain()};
    EXPECT_DEATH((void)b.calls.next(retry_wake{}, b.clock.now()), "the event fits the verdict");
    b.start();
    (void)b.calls.next(retry_success{}, b.clock.now());
    EXPECT_DEATH((void)b.calls.next(retry_start{}, b.clock.now()), "a finished retry");
}

TEST(retry, validation_names_every_mistake) {
    EXPECT_TRUE(validate(retry_settings{}).empty());
    retry_settings bad;
    bad.attempts = 0;
    bad.attempts_per_endpoint = 0;
    bad.longest_refusal = -1s;
    bad.longest_retry_after = -1s;
    bad.delays.base = 0s;
    const auto found = validate(bad);
    ASSERT_EQ(found.size(), 5U);
    EXPECT_EQ(found[0].field, "base");
    EXPECT_EQ(found[1].field, "attempts");
}

TEST(retry, every_reason_has_a_name) {
    for (int i = 0; i <= static_cast<int>(retry_reason::cancelled); ++i) {
        EXPECT_NE(to_string(static_cast<retry_reason>(i)), "?");
    }
    EXPECT_EQ(to_string(call), "call");
    EXPECT_EQ(to_string(sleep_until), "sleep_until");
    EXPECT_EQ(to_string(finish), "finish");
}

// ---- all short histories ------------------------------------------------------------------------

struct step {
    fault_kind kind;
    bool others;
};

// What the table of F2 says, written once more as a fold over the failures of one call.
struct oracle {
    std::uint32_t spent = 0;
    std::array<std::uint32_t, 7> by_kind{};

    // Nothing: the call is over. Else whether it goes on without a wait.
    std::optional<bool> after(const step& s) {
        if (s.kind == fault_kind::cancelled || s.kind == fault_kind::permanent) return std::nullopt;
        if (s.kind == fault_kind::rejected) return s.others;
        if (s.kind == fault_kind::outage && s.others) return true;
        const auto count = ++by_kind[static_cast<std::size_t>(s.kind)];
        ++spent;
        const std::uint32_t limit = s.kind == fault_kind::rate_limited ? 5 : 3;
        if (count >= limit || spent >= limit) return std::nullopt;
        return false;
    }
};

void check_history(const std::vector<step>& history) {
    bench b{plain(3)};
    oracle expected;
    b.start();
    for (const auto& s : history) {
        const auto go_on = expected.after(s);
        b.fail(fault_of(s.kind), s.others);
        ASSERT_EQ(b.last.act == finish, !go_on.has_value());
        if (!go_on) return;
        ASSERT_EQ(b.last.act == call, *go_on);
        ASSERT_EQ(b.last.attempt, expected.spent + 1);
        if (!*go_on) b.sleep_then_call();
    }
}

// proves: P1, F2
TEST(retry, all_histories_of_up_to_five_failures_follow_the_table) {
    std::size_t checked = 0;
    std::vector<step> history;
    const std::function<void()> extend = [&] {
        check_history(history);
        ++checked;
        if (history.size() == 5 || testing::Test::HasFatalFailure()) return;
        for (int kind = 0; kind < 7; ++kind) {
            if (kind == static_cast<int>(fault_kind::permanent) && !history.empty()) continue;
            if (kind == static_cast<int>(fault_kind::cancelled) && !history.empty()) continue;
            for (const bool others : {false, true}) {
                history.push_back({static_cast<fault_kind>(kind), others});
                extend();
                history.pop_back();
            }
        }
    };
    extend();
    EXPECT_GT(checked, 100'000U);
}

// Whatever happens: it ends, wakes only in the future and before the deadline, calls at most as
// often as the settings allow, and repeats nothing that must not be repeated.
// proves: P1, P7
RC_GTEST_PROP(retry, ends_within_its_bounds, (std::uint64_t seed)) {
    retry_settings s;
    s.attempts = *rc::gen::inRange(1U, 6U);
    s.attempts_per_endpoint = *rc::gen::inRange(1U, 4U);
    s.idempotent = *rc::gen::arbitrary<bool>();
    s.delays.jitter_permille = *rc::gen::inRange<std::uint16_t>(0, 1001);
    manual_clock clock;
    const auto until =
        *rc::gen::arbitrary<bool>()
            ? deadline::never()
            : deadline::after(clock.now(),
                              duration{std::chrono::seconds{*rc::gen::inRange(0, 60)}});
    rng chance{seed};
    retry calls{s, until, chance};
    const auto kinds = *rc::gen::container<std::vector<int>>(200, rc::gen::inRange(0, 7));
    auto verdict = calls.next(retry_start{}, clock.now());
    std::uint32_t charged = 0;
    for (const auto k : kinds) {
        if (verdict.act == finish) break;
        RC_ASSERT(!until.expired(clock.now()));
        if (verdict.act == sleep_until) {
            RC_ASSERT(verdict.at > clock.now());
            RC_ASSERT(!until.expired(verdict.at));
            clock.advance(verdict.at - clock.now());
            verdict = calls.next(retry_wake{}, clock.now());
            continue;
        }
        const auto kind = static_cast<fault_kind>(k);
        const auto others = chance.chance(1, 3);
        const auto unknown = kind != fault_kind::rejected && chance.chance(1, 4);
        const auto effect = unknown ? fault_effect::unknown : fault_effect::none;
        const auto f = fault{fault_of(kind)}.with_effect(effect).with_retry_after(
            std::chrono::milliseconds{chance.below(5000)});
        verdict = calls.next(retry_failure{f, others}, clock.now());
        if (kind == fault_kind::permanent || kind == fault_kind::cancelled ||
            (unknown && !s.idempotent)) {
            RC_ASSERT(verdict.act == finish);
        }
        if (kind != fault_kind::rejected && !(kind == fault_kind::outage && others)) ++charged;
        RC_ASSERT(charged <= std::max(s.attempts, 5U));
        if (verdict.next_endpoint) RC_ASSERT(others);
    }
    if (kinds.size() == 200) RC_ASSERT(calls.calls() <= 200U);
}

}  // namespace
}  // namespace thole
