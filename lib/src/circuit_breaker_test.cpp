#include "thole/circuit_breaker.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "thole/clock.hpp"
#include "thole/codes.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;
using enum breaker_state;

breaker_settings three_in_a_row() {
    auto s = breaker_settings::no_rules();
    s.consecutive_failures = 3;
    return s;
}

struct bench {
    explicit bench(const breaker_settings& s, observer* watch = nullptr)
        : breaker{s, name{"solana"}, name{"primary"}, watch} {}

    bool call(outcome what) {
        auto permit = breaker.admit(clock.now());
        if (permit) permit->record(what, clock.now());
        return permit.has_value();
    }
    bool succeed(duration latency = 1ms) { return call(outcome::success(latency)); }
    bool fail() { return call(outcome::failure(1ms)); }
    void fail_times(int n) {
        for (int i = 0; i < n; ++i) EXPECT_TRUE(fail());
    }
    breaker_state state() const { return breaker.view(clock.now()).computed; }
    breaker_view view() const { return breaker.view(clock.now()); }
    duration refused_for() {
        auto permit = breaker.admit(clock.now());
        return permit ? 0s : permit.error().retry_after().value_or(-1s);
    }

    manual_clock clock;
    circuit_breaker breaker;
};

static_assert(!std::is_copy_constructible_v<breaker_permit>);
static_assert(std::is_nothrow_move_constructible_v<breaker_permit>);

// ---- closed, and what opens it ------------------------------------------------------------------

// proves: P4
TEST(circuit_breaker, opens_after_failures_in_a_row) {
    bench b{three_in_a_row()};
    b.fail_times(2);
    EXPECT_TRUE(b.succeed());
    b.fail_times(2);
    EXPECT_EQ(b.state(), closed) << "a success starts the row anew";
    b.fail_times(1);
    EXPECT_EQ(b.state(), open);
    EXPECT_EQ(b.view().why, breaker_reason::consecutive);
    EXPECT_FALSE(b.succeed());
}

// proves: P4
TEST(circuit_breaker, a_refusal_is_a_value_with_the_remaining_time) {
    bench b{three_in_a_row()};
    b.fail_times(3);
    b.clock.advance(12s);
    const auto refused = b.breaker.admit(b.clock.now());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::policy_breaker_open));
    EXPECT_EQ(refused.error().kind(), fault_kind::rejected);
    EXPECT_EQ(refused.error().retry_after(), 18s);
    EXPECT_EQ(refused.error().endpoint(), name{"primary"});
    EXPECT_EQ(b.view().remaining, 18s);
}

// proves: P4
TEST(circuit_breaker, opens_after_failures_in_the_window_whatever_lies_between) {
    auto s = breaker_settings::no_rules();
    s.failures_in_window = 5;
    s.window = 2min;
    bench b{s};
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(b.state(), closed);
        b.fail();
        for (int j = 0; j < 50; ++j) b.succeed();
        b.clock.advance(29s);
    }
    EXPECT_EQ(b.state(), open);
    EXPECT_EQ(b.view().why, breaker_reason::count);
}

TEST(circuit_breaker, failures_older_than_the_window_do_not_count) {
    auto s = breaker_settings::no_rules();
    s.failures_in_window = 5;
    s.window = 2min;
    bench b{s};
    for (int i = 0; i < 40; ++i) {
        b.fail();
        b.clock.advance(31s);  // five of them span 124 s
    }
    EXPECT_EQ(b.state(), closed);
}

// proves: P4
TEST(circuit_breaker, opens_at_a_failure_rate_with_enough_calls) {
    auto s = breaker_settings::no_rules();
    s.failure_rate_permille = 500;
    s.minimum_calls = 10;
    bench b{s};
    for (int i = 0; i < 4; ++i) b.succeed();
    b.fail_times(5);
    EXPECT_EQ(b.state(), closed) << "nine calls are too few to judge";
    b.fail_times(1);
    EXPECT_EQ(b.state(), open);
    EXPECT_EQ(b.view().why, breaker_reason::rate);
}

TEST(circuit_breaker, a_success_that_completes_the_minimum_volume_is_judged_too) {
    auto s = breaker_settings::no_rules();
    s.failure_rate_permille = 500;
    s.minimum_calls = 10;
    bench b{s};
    b.fail_times(9);
    EXPECT_EQ(b.state(), closed);
    b.succeed();
    EXPECT_EQ(b.state(), open);
}

TEST(circuit_breaker, below_the_rate_it_stays_closed) {
    auto s = breaker_settings::no_rules();
    s.failure_rate_permille = 500;
    bench b{s};
    for (int i = 0; i < 1000; ++i) {
        b.succeed();
        b.succeed();
        b.fail_times(1);
        b.clock.advance(100ms);
    }
    EXPECT_EQ(b.state(), closed);
}

// Every call that is younger than the window counts, wherever the buckets begin.
TEST(circuit_breaker, the_window_slides) {
    auto s = breaker_settings::no_rules();
    s.failure_rate_permille = 500;
    s.minimum_calls = 10;
    s.window = 1min;
    for (int offset = 0; offset < 60; ++offset) {
        bench b{s};
        b.clock.advance(std::chrono::seconds{offset});
        for (int i = 0; i < 9; ++i) {
            b.fail();
            b.clock.advance(6s);
        }
        EXPECT_EQ(b.state(), closed);
        b.fail();
        EXPECT_EQ(b.state(), open) << "ten failures within 54 s, offset " << offset;
    }
}

TEST(circuit_breaker, what_left_the_window_does_not_count) {
    auto s = breaker_settings::no_rules();
    s.failure_rate_permille = 500;
    bench b{s};
    b.fail_times(9);
    b.clock.advance(70s);
    b.fail_times(9);
    EXPECT_EQ(b.state(), closed);
    EXPECT_EQ(b.view().failed, 9U);
}

// proves: P4, F2
TEST(circuit_breaker, opens_when_half_of_the_calls_are_slow) {
    auto s = breaker_settings::no_rules();
    s.slow_rate_permille = 500;
    s.slow_after = 2s;
    s.minimum_calls = 10;
    bench b{s};
    for (int i = 0; i < 5; ++i) b.succeed(1999ms);
    for (int i = 0; i < 4; ++i) b.succeed(2s);
    EXPECT_EQ(b.state(), closed);
    EXPECT_EQ(b.view().slow, 4U);
    b.succeed(2s);
    EXPECT_EQ(b.state(), open);
    EXPECT_EQ(b.view().why, breaker_reason::slow);
}

// proves: F2
TEST(circuit_breaker, a_success_after_more_than_thirty_seconds_is_a_failure) {
    bench b{three_in_a_row()};
    for (int i = 0; i < 3; ++i) b.succeed(30s);
    EXPECT_EQ(b.state(), closed);
    for (int i = 0; i < 3; ++i) b.succeed(30s + 1ns);
    EXPECT_EQ(b.state(), open);
}

// proves: P4
TEST(circuit_breaker, rules_are_alternatives) {
    breaker_settings s;  // 5 in a row, or half of at least ten, or half of them slow
    bench row{s};
    row.fail_times(5);
    EXPECT_EQ(row.view().why, breaker_reason::consecutive);
    bench rate{s};
    for (int i = 0; i < 5; ++i) {
        rate.succeed();
        rate.fail_times(1);
    }
    EXPECT_EQ(rate.view().why, breaker_reason::rate);
    bench slow{s};
    for (int i = 0; i < 10; ++i) slow.succeed(3s);
    EXPECT_EQ(slow.view().why, breaker_reason::slow);
}

// proves: F2, P4
TEST(circuit_breaker, a_caller_who_gave_up_says_nothing) {
    bench b{three_in_a_row()};
    b.fail_times(2);
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(b.call(outcome::ignored()));
        {
            const auto dropped = b.breaker.admit(b.clock.now());
        }
        EXPECT_TRUE(b.call(outcome_of(fault{codes::policy_cancelled}, 1ms)));
        EXPECT_TRUE(b.call(outcome_of(fault{codes::http_client_error}, 1ms)));
        EXPECT_TRUE(b.call(outcome_of(fault{codes::db_conflict}, 1ms)));
        EXPECT_TRUE(b.call(outcome_of(fault{codes::http_rate_limited}, 1ms)));
    }
    EXPECT_EQ(b.state(), closed);
    EXPECT_EQ(b.view().consecutive_failures, 2U) << "and does not end the row either";
}

TEST(outcome_of, condemns_endpoints_not_requests) {
    EXPECT_EQ(outcome_of(fault{codes::net_timeout}, 1s).verdict, call_verdict::failure);
    EXPECT_EQ(outcome_of(fault{codes::net_connection_refused}, 1s).verdict, call_verdict::failure);
    EXPECT_EQ(outcome_of(fault{codes::http_unauthorized}, 1s).verdict, call_verdict::failure);
    EXPECT_EQ(outcome_of(fault{codes::http_too_large}, 1s).verdict, call_verdict::failure);
    EXPECT_EQ(outcome_of(fault{codes::policy_deadline}, 1s).verdict, call_verdict::ignored);
    EXPECT_EQ(outcome_of(fault{codes::policy_breaker_open}, 1s).verdict, call_verdict::ignored);
    EXPECT_EQ(outcome_of(result<int>{1}, 1s).verdict, call_verdict::success);
    EXPECT_EQ(outcome_of(result<int>{1}, 1s).latency, 1s);
}

// ---- half-open ----------------------------------------------------------------------------------

// proves: P4
TEST(circuit_breaker, closes_after_three_successful_probes) {
    bench b{three_in_a_row()};
    b.fail_times(3);
    b.clock.advance(30s - 1ns);
    EXPECT_FALSE(b.succeed());
    b.clock.advance(1ns);
    EXPECT_EQ(b.state(), half_open);
    EXPECT_TRUE(b.succeed());
    EXPECT_TRUE(b.succeed());
    EXPECT_EQ(b.state(), half_open);
    EXPECT_TRUE(b.succeed());
    EXPECT_EQ(b.state(), closed);
    EXPECT_EQ(b.view().why, breaker_reason::probes_passed);
}

// proves: P4
TEST(circuit_breaker, one_probe_at_a_time) {
    bench b{three_in_a_row()};
    b.fail_times(3);
    b.clock.advance(30s);
    auto probe = b.breaker.admit(b.clock.now());
    ASSERT_TRUE(probe);
    EXPECT_TRUE(probe->is_probe());
    EXPECT_EQ(b.refused_for(), 1s) << "come back when the probe is likely over";
    probe->record(outcome::success(), b.clock.now());
    EXPECT_TRUE(b.succeed());
}

// proves: P4
TEST(circuit_breaker, any_failed_probe_reopens_and_the_open_time_grows) {
    auto s = three_in_a_row();
    s.open_for_most = 100s;
    bench b{s};
    b.fail_times(3);
    for (const auto expected : {30s, 60s, 100s, 100s}) {
        EXPECT_EQ(b.view().remaining, expected);
        b.clock.advance(expected);
        EXPECT_TRUE(b.succeed());
        EXPECT_TRUE(b.fail());
        EXPECT_EQ(b.state(), open);
        EXPECT_EQ(b.view().why, breaker_reason::probe_failed);
    }
    b.clock.advance(100s);
    for (int i = 0; i < 3; ++i) b.succeed();
    EXPECT_EQ(b.state(), closed);
    b.fail_times(3);
    EXPECT_EQ(b.view().remaining, 30s) << "closing forgets the growth";
}

// proves: P4
TEST(circuit_breaker, closing_clears_the_window) {
    auto s = breaker_settings::no_rules();
    s.failure_rate_permille = 500;
    s.window = 10min;
    s.open_for = 1s;
    bench b{s};
    b.fail_times(10);
    EXPECT_EQ(b.state(), open);
    b.clock.advance(1s);
    for (int i = 0; i < 3; ++i) b.succeed();
    EXPECT_EQ(b.state(), closed);
    EXPECT_EQ(b.view().failed, 0U);
    b.fail_times(9);
    EXPECT_EQ(b.state(), closed);
}

// proves: P4
TEST(circuit_breaker, a_lost_probe_gives_its_place_back) {
    bench b{three_in_a_row()};
    b.fail_times(3);
    b.clock.advance(30s);
    {
        const auto lost = b.breaker.admit(b.clock.now());
    }
    EXPECT_TRUE(b.succeed());
}

// proves: P4
TEST(circuit_breaker, a_hung_probe_never_wedges_it) {
    bench b{three_in_a_row()};
    b.fail_times(3);
    b.clock.advance(30s);
    auto hung = b.breaker.admit(b.clock.now());
    ASSERT_TRUE(hung);
    b.clock.advance(30s - 1ns);
    EXPECT_FALSE(b.succeed());
    b.clock.advance(1ns);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(b.succeed());
    EXPECT_EQ(b.state(), closed);
    hung->record(outcome::failure(), b.clock.now());
    EXPECT_EQ(b.state(), closed) << "its lease is over: the late result is nobody's";
}

TEST(circuit_breaker, a_probe_later_than_its_lease_counts_if_nobody_took_its_place) {
    bench b{three_in_a_row()};
    b.fail_times(3);
    b.clock.advance(30s);
    auto late = b.breaker.admit(b.clock.now());
    b.clock.advance(45s);
    late->record(outcome::failure(1ms), b.clock.now());
    EXPECT_EQ(b.state(), open);
}

// proves: P4
TEST(circuit_breaker, at_most_five_probes_per_period) {
    bench b{three_in_a_row()};
    b.fail_times(3);
    b.clock.advance(30s);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(b.call(outcome::ignored()));
    b.clock.advance(20s);
    EXPECT_EQ(b.refused_for(), 40s) << "until the next period";
    b.clock.advance(39s);
    EXPECT_FALSE(b.call(outcome::ignored()));
}

TEST(circuit_breaker, a_new_period_brings_new_probes) {
    bench b{three_in_a_row()};
    b.fail_times(3);
    b.clock.advance(30s);
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(b.call(outcome::ignored()));
    b.clock.advance(50s);
    EXPECT_TRUE(b.succeed());
    EXPECT_FALSE(b.succeed());
    b.clock.advance(10s);
    EXPECT_TRUE(b.succeed());
    EXPECT_TRUE(b.succeed());
    EXPECT_EQ(b.state(), closed) << "successes of the period before count";
}

TEST(circuit_breaker, probes_may_be_spaced) {
    auto s = three_in_a_row();
    s.probe_interval = 30s;
    bench b{s};
    b.fail_times(3);
    b.clock.advance(30s);
    EXPECT_TRUE(b.succeed()) << "the first need not wait";
    EXPECT_EQ(b.refused_for(), 30s);
    b.clock.advance(30s);
    EXPECT_TRUE(b.succeed());
    b.clock.advance(30s);
    EXPECT_TRUE(b.succeed());
    EXPECT_EQ(b.state(), closed);
}

// proves: P4
TEST(circuit_breaker, reopens_when_no_probe_came_for_a_minute) {
    bench b{three_in_a_row()};
    b.fail_times(3);
    b.clock.advance(30s);
    EXPECT_TRUE(b.succeed());
    b.clock.advance(60s - 1ns);
    EXPECT_EQ(b.state(), half_open);
    b.clock.advance(1ns);
    EXPECT_EQ(b.state(), open);
    EXPECT_EQ(b.refused_for(), 30s);
    b.clock.advance(30s);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(b.succeed());
    EXPECT_EQ(b.state(), half_open) << "successes of an earlier half-open time do not count";
    EXPECT_TRUE(b.succeed());
    EXPECT_EQ(b.state(), closed);
}

TEST(circuit_breaker, after_a_long_silence_the_first_caller_is_a_probe) {
    bench b{three_in_a_row()};
    b.fail_times(3);
    b.clock.advance(24h);
    EXPECT_EQ(b.state(), half_open);
    EXPECT_TRUE(b.succeed());
}

TEST(circuit_breaker, what_was_shut_for_being_slow_must_be_fast_to_close) {
    auto s = breaker_settings::no_rules();
    s.slow_rate_permille = 500;
    bench b{s};
    for (int i = 0; i < 10; ++i) b.succeed(5s);
    b.clock.advance(30s);
    EXPECT_TRUE(b.succeed(5s));
    EXPECT_EQ(b.state(), open);
}

// proves: P4
TEST(circuit_breaker, a_monitor_may_start_probes_early) {
    bench b{three_in_a_row()};
    b.fail_times(3);
    b.clock.advance(5s);
    b.breaker.hint_healthy(b.clock.now());
    EXPECT_EQ(b.state(), half_open);
    EXPECT_EQ(b.view().why, breaker_reason::hint);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(b.succeed());
    EXPECT_EQ(b.state(), closed);
    b.breaker.hint_healthy(b.clock.now());
    EXPECT_EQ(b.state(), closed);
}

// ---- generations --------------------------------------------------------------------------------

// proves: P4
TEST(circuit_breaker, results_from_an_earlier_state_are_dropped) {
    bench b{three_in_a_row()};
    std::vector<breaker_permit> old;
    for (int i = 0; i < 6; ++i) old.push_back(std::move(*b.breaker.admit(b.clock.now())));
    b.fail_times(3);
    b.clock.advance(30s);
    EXPECT_TRUE(b.succeed());
    old[0].record(outcome::failure(), b.clock.now());
    EXPECT_EQ(b.state(), half_open) << "not a probe: decides nothing";
    b.succeed();
    b.succeed();
    EXPECT_EQ(b.state(), closed);
    for (int i = 1; i < 6; ++i)
        old[static_cast<std::size_t>(i)].record(outcome::failure(), b.clock.now());
    EXPECT_EQ(b.state(), closed);
    EXPECT_EQ(b.view().failed, 0U);
}

TEST(circuit_breaker, a_permit_reports_once) {
    bench b{three_in_a_row()};
    auto permit = b.breaker.admit(b.clock.now());
    permit->record(outcome::failure(), b.clock.now());
    permit->record(outcome::failure(), b.clock.now());
    permit->record(outcome::failure(), b.clock.now());
    EXPECT_EQ(b.view().failed, 1U);
    auto moved = std::move(*b.breaker.admit(b.clock.now()));
    auto target = std::move(moved);
    moved.record(outcome::failure(), b.clock.now());  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(b.view().failed, 1U);
    target.record(outcome::failure(), b.clock.now());
    EXPECT_EQ(b.view().failed, 2U);
}

TEST(circuit_breaker, assigning_to_a_probe_gives_its_place_back) {
    bench b{three_in_a_row()};
    b.fail_times(3);
    b.clock.advance(30s);
    auto probe = std::move(*b.breaker.admit(b.clock.now()));
    EXPECT_FALSE(b.succeed());
    probe = breaker_permit{};
    EXPECT_TRUE(b.succeed());
}

// ---- operators ----------------------------------------------------------------------------------

// proves: P4
TEST(circuit_breaker, forced_open_refuses_everything_and_shows_both_states) {
    bench b{three_in_a_row()};
    b.breaker.force(breaker_override::forced_open, b.clock.now());
    EXPECT_FALSE(b.succeed());
    EXPECT_EQ(b.refused_for(), 30s);
    EXPECT_EQ(b.breaker.admissible_at(b.clock.now()), time_point::max());
    EXPECT_EQ(b.view().computed, closed);
    EXPECT_EQ(b.view().forced, breaker_override::forced_open);
    b.breaker.force(breaker_override::none, b.clock.now());
    EXPECT_TRUE(b.succeed());
}

// proves: P4
TEST(circuit_breaker, forced_closed_refuses_nothing_and_goes_on_computing) {
    bench b{three_in_a_row()};
    b.breaker.force(breaker_override::forced_closed, b.clock.now());
    b.fail_times(5);
    EXPECT_EQ(b.view().computed, open);
    EXPECT_EQ(b.view().forced, breaker_override::forced_closed);
    EXPECT_EQ(b.breaker.admissible_at(b.clock.now()), b.clock.now());
    b.clock.advance(30s);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(b.succeed());
    EXPECT_EQ(b.view().computed, closed);
}

// proves: P4
TEST(circuit_breaker, bypass_counts_nothing) {
    bench b{three_in_a_row()};
    b.breaker.force(breaker_override::bypass, b.clock.now());
    b.fail_times(50);
    EXPECT_EQ(b.view().computed, closed);
    EXPECT_EQ(b.view().failed, 0U);
}

// proves: P4
TEST(circuit_breaker, shadow_never_refuses_but_shows) {
    auto s = three_in_a_row();
    s.shadow = true;
    bench b{s};
    b.fail_times(20);
    EXPECT_EQ(b.view().computed, open);
    EXPECT_TRUE(b.view().shadow);
    EXPECT_EQ(b.view().times_opened, 1U);
}

// proves: P4, O2
TEST(circuit_breaker, reset_closes_and_forgets) {
    bench b{three_in_a_row()};
    b.fail_times(3);
    b.breaker.reset(b.clock.now());
    EXPECT_EQ(b.state(), closed);
    b.fail_times(2);
    auto before = b.breaker.admit(b.clock.now());
    b.breaker.reset(b.clock.now());
    before->record(outcome::failure(), b.clock.now());
    EXPECT_EQ(b.view().consecutive_failures, 0U);
}

TEST(circuit_breaker, other_settings_keep_the_window) {
    bench b{three_in_a_row()};
    b.fail_times(2);
    auto s = three_in_a_row();
    s.consecutive_failures = 4;
    b.breaker.reconfigure(s, b.clock.now());
    EXPECT_EQ(b.view().failed, 2U);
    b.fail_times(1);
    EXPECT_EQ(b.state(), closed);
    b.fail_times(1);
    EXPECT_EQ(b.state(), open);
    s.window = 2min;
    b.breaker.reconfigure(s, b.clock.now());
    EXPECT_EQ(b.state(), open) << "the state is kept even when the window's shape is not";
}

// ---- the rest -----------------------------------------------------------------------------------

struct listener final : observer {
    std::vector<breaker_change> changes;
    std::vector<std::string_view> refusals;
    void breaker_changed(const breaker_change& c) noexcept override { changes.push_back(c); }
    void call_rejected(const fault& f, time_point) noexcept override {
        refusals.push_back(f.code());
    }
};

TEST(circuit_breaker, tells_an_observer_each_change_and_refusal) {
    listener watch;
    bench b{three_in_a_row(), &watch};
    b.fail_times(3);
    EXPECT_FALSE(b.succeed());
    b.clock.advance(30s);
    for (int i = 0; i < 3; ++i) b.succeed();
    b.breaker.force(breaker_override::bypass, b.clock.now());
    ASSERT_EQ(watch.changes.size(), 4U);
    EXPECT_EQ(watch.changes[0].to, open);
    EXPECT_EQ(watch.changes[0].why, breaker_reason::consecutive);
    EXPECT_EQ(watch.changes[0].open_for, 30s);
    EXPECT_EQ(watch.changes[0].dependency, name{"solana"});
    EXPECT_EQ(watch.changes[1].to, half_open);
    EXPECT_EQ(watch.changes[2].to, closed);
    EXPECT_EQ(watch.changes[3].why, breaker_reason::forced);
    EXPECT_LT(watch.changes[0].generation, watch.changes[1].generation);
    EXPECT_EQ(watch.refusals, std::vector<std::string_view>{"policy.breaker_open"});
}

TEST(circuit_breaker, a_clock_that_steps_back_does_no_harm) {
    bench b{three_in_a_row()};
    const auto earlier = b.clock.now();
    b.clock.advance(10min);
    b.fail_times(2);
    b.breaker.admit(earlier)->record(outcome::failure(), earlier);
    EXPECT_FALSE(b.breaker.admit(earlier));
    EXPECT_EQ(b.view().times_opened, 1U);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(b.succeed());
    EXPECT_EQ(b.state(), closed);
}

// proves: P4
TEST(circuit_breaker, refuses_settings_that_could_never_close) {
    auto s = three_in_a_row();
    s.successes_to_close = 6;
    const auto found = validate(s);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].field, "successes_to_close");
    EXPECT_DEATH(circuit_breaker{s}, "valid breaker settings");
}

// proves: P4
TEST(circuit_breaker, validation_names_every_mistake) {
    EXPECT_TRUE(validate(breaker_settings{}).empty());
    auto s = breaker_settings::no_rules();
    EXPECT_EQ(validate(s).size(), 1U) << "no rule at all";
    s.failures_in_window = 33;
    s.failure_rate_permille = 1001;
    s.slow_rate_permille = 1001;
    s.minimum_calls = 0;
    s.window = 0s;
    s.window_calls = 257;
    s.slow_after = 0s;
    s.failed_after = -1s;
    s.open_for = 0s;
    s.open_growth_permille = 999;
    s.open_for_most = -1s;
    s.successes_to_close = 0;
    s.probes_per_period = 0;
    s.half_open_period = 0s;
    s.probe_interval = -1s;
    s.probe_lease = 0s;
    EXPECT_EQ(validate(s).size(), 16U);
    breaker_settings counted;
    counted.window_calls = 256;
    EXPECT_TRUE(validate(counted).empty());
    counted.window_calls = 9;  // minimum_calls is 10
    ASSERT_EQ(validate(counted).size(), 1U);
    EXPECT_EQ(validate(counted)[0].field, "window_calls");
}

// proves: P4
TEST(circuit_breaker, the_window_may_be_the_last_calls) {
    auto s = breaker_settings::no_rules();
    s.failure_rate_permille = 500;
    s.minimum_calls = 4;
    s.window_calls = 4;
    manual_clock clock;
    circuit_breaker breaker{s};
    const auto call = [&](outcome what) {
        clock.advance(1h);  // however rare
        if (auto permit = breaker.admit(clock.now())) permit->record(what, clock.now());
    };
    for (int i = 0; i < 4; ++i) call(outcome::success());
    call(outcome::failure());
    EXPECT_EQ(breaker.view(clock.now()).failed, 1U);
    EXPECT_EQ(breaker.view(clock.now()).succeeded, 3U) << "the first one is forgotten";
    EXPECT_EQ(breaker.view(clock.now()).computed, breaker_state::closed);
    call(outcome::failure());
    EXPECT_EQ(breaker.view(clock.now()).computed, breaker_state::open);
    EXPECT_EQ(breaker.view(clock.now()).why, breaker_reason::rate);
}

// proves: P4
TEST(circuit_breaker, a_window_of_calls_is_kept_unless_its_length_changes) {
    auto s = breaker_settings::no_rules();
    s.failure_rate_permille = 900;
    s.minimum_calls = 2;
    s.window_calls = 10;
    manual_clock clock;
    circuit_breaker breaker{s};
    for (int i = 0; i < 3; ++i) {
        breaker.admit(clock.now())->record(outcome::success(), clock.now());
    }
    s.open_for = 5s;
    breaker.reconfigure(s, clock.now());
    EXPECT_EQ(breaker.view(clock.now()).succeeded, 3U);
    s.window_calls = 20;
    breaker.reconfigure(s, clock.now());
    EXPECT_EQ(breaker.view(clock.now()).succeeded, 0U);
    s.window_calls = 0;
    breaker.reconfigure(s, clock.now());
    breaker.admit(clock.now())->record(outcome::success(), clock.now());
    EXPECT_EQ(breaker.view(clock.now()).succeeded, 1U) << "a window of time again";
}

TEST(circuit_breaker, every_value_has_a_name) {
    for (int i = 0; i <= 2; ++i) EXPECT_NE(to_string(static_cast<breaker_state>(i)), "?");
    for (int i = 0; i <= 3; ++i) EXPECT_NE(to_string(static_cast<breaker_override>(i)), "?");
    for (int i = 0; i <= static_cast<int>(breaker_reason::forced); ++i) {
        EXPECT_NE(to_string(static_cast<breaker_reason>(i)), "?");
    }
}

}  // namespace
}  // namespace thole
