// The breaker against a model: the same rules written down plainly, with a list of calls instead of
// striped words, tried with every short history and with many long random ones.

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <deque>
#include <functional>
#include <optional>

#include "thole/circuit_breaker.hpp"
#include "thole/clock.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

struct model {
    struct call {
        time_point at;
        bool failed;
        bool slow;
    };
    struct permit {
        std::uint32_t generation = 0;
        std::uint32_t lease = 0;
        bool watched = false;
    };

    explicit model(const breaker_settings& settings) : s{settings} {}

    breaker_settings s;
    breaker_state state = breaker_state::closed;
    breaker_override forced = breaker_override::none;
    std::uint32_t generation = 0;
    std::vector<call> calls;  // since it was last closed
    time_point open_until{};
    std::uint32_t reopened = 0;
    bool was_slow = false;
    time_point last_probe{};
    time_point period_start{};
    std::optional<std::pair<std::uint32_t, time_point>> lease;  // id, expiry
    std::uint32_t leases = 0;
    std::uint32_t probes = 0;
    std::uint32_t successes = 0;

    duration open_time() const {
        auto t = s.open_for;
        for (std::uint32_t i = 0; i < reopened && t < s.open_for_most; ++i) {
            t = t * s.open_growth_permille / 1000;
        }
        return std::min(t, s.open_for_most);
    }
    void open(time_point at) {
        state = breaker_state::open;
        open_until = at + open_time();
        lease.reset();
        ++generation;
    }
    void half_open(time_point at) {
        state = breaker_state::half_open;
        period_start = last_probe = at;
        probes = successes = 0;
        lease.reset();
        ++generation;
    }
    void close() {
        state = breaker_state::closed;
        reopened = 0;
        was_slow = false;
        calls.clear();
        lease.reset();
        ++generation;
    }
    void settle(time_point now) {
        if (state == breaker_state::half_open && now - last_probe >= s.half_open_period) {
            open(last_probe + s.half_open_period);
        }
        if (state == breaker_state::open && now >= open_until) half_open(now);
    }

    std::optional<permit> admit(time_point now) {
        if (forced == breaker_override::bypass) return permit{};
        if (forced == breaker_override::forced_open) return std::nullopt;
        const bool lenient = s.shadow || forced == breaker_override::forced_closed;
        settle(now);
        if (state == breaker_state::closed) return permit{generation, 0, true};
        const auto refused = lenient ? std::optional{permit{}} : std::nullopt;
        if (state == breaker_state::open) return refused;
        if (lease && now < lease->second) return refused;
        if (probes > 0 && now - last_probe < s.probe_interval) return refused;
        if (now - period_start >= s.half_open_period) {
            period_start = now;
            probes = 0;
        }
        if (probes == s.probes_per_period) return refused;
        ++probes;
        last_probe = now;
        lease = {++leases, now + s.probe_lease};
        return permit{generation, leases, true};
    }

    void record(const permit& p, outcome what, time_point now) {
        if (!p.watched) return;
        const bool slow = s.slow_rate_permille > 0 && what.latency >= s.slow_after;
        const bool failed = what.verdict == call_verdict::failure ||
                            (s.failed_after > 0s && what.latency > s.failed_after);
        const bool ignored = what.verdict == call_verdict::ignored;
        if (p.lease == 0) {
            if (ignored || p.generation != generation || state != breaker_state::closed) return;
            calls.push_back({now, failed, slow});
            evaluate(now, failed || slow);
            return;
        }
        settle(now);
        if (!lease || lease->first != p.lease) return;
        lease.reset();
        if (ignored) return;
        if (failed || (slow && was_slow)) {
            ++reopened;
            open(now);
        } else if (++successes == s.successes_to_close) {
            close();
        }
    }
    void drop(const permit& p) {
        if (lease && lease->first == p.lease) lease.reset();
    }

    std::int64_t bucket(time_point t) const {
        return t.time_since_epoch().count() / ((s.window.count() + 6) / 7);
    }
    void evaluate(time_point now, bool bad) {
        std::uint64_t total = 0, failures = 0, slow = 0, here = 0, in_window = 0, in_row = 0;
        for (std::size_t i = 0; i < calls.size(); ++i) {
            const auto& c = calls[i];
            in_row = c.failed ? in_row + 1 : 0;
            in_window += c.failed && now - c.at <= s.window ? 1 : 0;
            if (s.window_calls > 0 ? calls.size() - i > s.window_calls
                                   : bucket(now) - bucket(c.at) >= 8) {
                continue;
            }
            ++total;
            failures += c.failed ? 1 : 0;
            slow += c.slow ? 1 : 0;
            here += bucket(now) == bucket(c.at) ? 1 : 0;
        }
        if (!bad && s.window_calls == 0 && here > s.minimum_calls) return;
        const bool volume = total >= s.minimum_calls;
        const bool by_slow =
            volume && s.slow_rate_permille > 0 && slow * 1000 >= s.slow_rate_permille * total;
        const bool otherwise =
            (s.consecutive_failures > 0 && in_row >= s.consecutive_failures) ||
            (bad && s.failures_in_window > 0 && in_window >= s.failures_in_window) ||
            (volume && s.failure_rate_permille > 0 &&
             failures * 1000 >= s.failure_rate_permille * total);
        if (!otherwise && !by_slow) return;
        was_slow = !otherwise;
        open(now);
    }
    breaker_state state_at(time_point now) const {
        auto copy = *this;
        copy.settle(now);
        return copy.state;
    }
};

enum class op : int { admit, succeed, fail, slow, drop, hint, force, reset, tick, wait, count };

// Breaker and model side by side; each step compares what can be seen.
struct pair_under_test {
    explicit pair_under_test(const breaker_settings& s) : real{s}, expected{s} {}

    circuit_breaker real;
    model expected;
    manual_clock clock;
    std::deque<std::pair<breaker_permit, model::permit>> pending;
    duration tick = 1s;
    duration wait = 10s;
    breaker_override force_to = breaker_override::forced_closed;
    bool looks = true;  // compares what can be seen after a step

    // Empty when both agree.
    std::string step(op what) {
        const auto now = clock.now();
        switch (what) {
            case op::admit:
                return admit(now);
            case op::succeed:
                return record(outcome::success(1s), now);
            case op::fail:
                return record(outcome::failure(1s), now);
            case op::slow:
                return record(outcome::success(3s), now);
            case op::drop:
                if (!pending.empty()) {
                    expected.drop(pending.front().second);
                    pending.pop_front();
                }
                break;
            case op::hint:
                real.hint_healthy(now);
                expected.settle(now);
                if (expected.state == breaker_state::open) expected.half_open(now);
                break;
            case op::force: {
                const auto to =
                    expected.forced == breaker_override::none ? force_to : breaker_override::none;
                real.force(to, now);
                expected.forced = to;
                break;
            }
            case op::reset:
                real.reset(now);
                expected.close();
                break;
            case op::tick:
                clock.advance(tick);
                break;
            case op::wait:
                clock.advance(wait);
                break;
            case op::count:
                break;
        }
        return compare();
    }

    std::string admit(time_point now) {
        const auto at = real.admissible_at(now);
        auto permit = real.admit(now);
        const auto model_permit = expected.admit(now);
        if (permit.has_value() != model_permit.has_value()) return "admission differs";
        if (permit.has_value() != (at <= now)) return "admissible_at disagrees with admit";
        if (!permit) {
            const auto left = permit.error().retry_after();
            if (!left || *left <= 0s) return "a refusal without a time";
            return compare();
        }
        if (permit->is_probe() != (model_permit->lease != 0)) return "probe differs";
        pending.emplace_back(std::move(*permit), *model_permit);
        return compare();
    }

    std::string record(outcome what, time_point now) {
        if (pending.empty()) return {};
        pending.front().first.record(what, now);
        expected.record(pending.front().second, what, now);
        pending.pop_front();
        return compare();
    }

    std::string compare() const {
        if (!looks) return {};
        const auto now = clock.now();
        const auto seen = real.view(now);
        if (seen.computed != expected.state_at(now)) {
            return std::string{"state: "}.append(to_string(seen.computed));
        }
        if (seen.forced != expected.forced) return "override differs";
        if ((seen.computed == breaker_state::open) != (seen.remaining > 0s)) return "remaining";
        return {};
    }
};

breaker_settings small() {
    breaker_settings s;
    s.consecutive_failures = 2;
    s.minimum_calls = 3;
    s.window = 7s;
    s.open_for = 10s;
    s.open_for_most = 30s;
    s.successes_to_close = 2;
    s.probes_per_period = 2;
    s.half_open_period = 20s;
    s.probe_lease = 5s;
    return s;
}

std::string spell(const std::vector<op>& history) {
    static constexpr std::string_view letters = "ASFLDHOR.~";
    std::string text;
    for (const auto o : history) text += letters[static_cast<std::size_t>(o)];
    return text;
}

// Every history of `depth` operations after `prefix`. What one shares with the one before has been
// looked at there.
std::size_t try_all(const breaker_settings& s, const std::vector<op>& prefix,
                    const std::vector<op>& alphabet, std::size_t depth) {
    std::size_t tried = 0;
    auto history = prefix;
    std::vector<op> last;
    const std::function<void()> extend = [&] {
        if (history.size() < prefix.size() + depth) {
            for (const auto o : alphabet) {
                history.push_back(o);
                extend();
                history.pop_back();
                if (testing::Test::HasFailure()) return;
            }
            return;
        }
        ++tried;
        pair_under_test both{s};
        const auto fresh =
            std::mismatch(history.cbegin(), history.cend(), last.cbegin(), last.cend()).first;
        for (auto o = history.cbegin(); o != history.cend(); ++o) {
            both.looks = o >= fresh;
            const auto wrong = both.step(*o);
            if (wrong.empty()) continue;
            ADD_FAILURE() << spell(history) << ": " << wrong;
            return;
        }
        last = history;
    };
    extend();
    return tried;
}

const std::vector calls_and_time{op::admit, op::succeed, op::fail, op::slow,
                                 op::drop,  op::hint,    op::tick, op::wait};

// proves: P4
TEST(circuit_breaker_model, all_histories_from_closed) {
    EXPECT_EQ(try_all(small(), {}, calls_and_time, 6), 262'144U);
}

// proves: P4
TEST(circuit_breaker_model, all_histories_with_a_window_of_calls) {
    auto s = small();
    s.window_calls = 4;
    s.consecutive_failures = 0;
    s.failure_rate_permille = 600;
    const std::vector some{op::admit, op::succeed, op::fail, op::slow, op::wait};
    EXPECT_EQ(try_all(s, {op::admit, op::succeed, op::admit, op::fail, op::admit}, some, 6),
              15'625U);
}

// proves: P4
TEST(circuit_breaker_model, all_histories_from_half_open) {
    const std::vector opened{op::admit, op::fail, op::admit, op::fail, op::wait};
    EXPECT_EQ(try_all(small(), opened, calls_and_time, 6), 262'144U);
}

// proves: P4
TEST(circuit_breaker_model, all_histories_with_operators) {
    const std::vector with_operators{op::admit, op::succeed, op::fail,
                                     op::force, op::reset,   op::wait};
    const std::vector opened{op::admit, op::fail, op::admit, op::fail};
    EXPECT_EQ(try_all(small(), opened, with_operators, 6), 46'656U);
    auto shadow = small();
    shadow.shadow = true;
    EXPECT_EQ(try_all(shadow, opened, with_operators, 6), 46'656U);
}

breaker_settings any_settings() {
    auto s = breaker_settings::no_rules();
    s.consecutive_failures = *rc::gen::inRange(1U, 6U);
    s.failures_in_window = *rc::gen::inRange(0U, 6U);
    s.failure_rate_permille = *rc::gen::element<std::uint16_t>(0, 300, 500, 1000);
    s.slow_rate_permille = *rc::gen::element<std::uint16_t>(0, 300, 500);
    s.minimum_calls = *rc::gen::inRange(1U, 12U);
    s.window = *rc::gen::element<duration>(2s, 10s, 60s);
    s.window_calls = *rc::gen::element(0U, 0U, s.minimum_calls, 20U, 100U);
    s.failed_after = *rc::gen::element<duration>(0s, 2500ms, 30s);
    s.open_for = *rc::gen::element<duration>(1s, 10s, 30s);
    s.open_growth_permille = *rc::gen::element<std::uint16_t>(1000, 1500, 2000);
    s.open_for_most = *rc::gen::element<duration>(30s, 90s);
    s.probes_per_period = *rc::gen::inRange<std::uint16_t>(1, 6);
    s.successes_to_close =
        *rc::gen::inRange<std::uint16_t>(1, static_cast<std::uint16_t>(s.probes_per_period + 1));
    s.half_open_period = *rc::gen::element<duration>(20s, 60s);
    s.probe_interval = *rc::gen::element<duration>(0s, 3s, 15s);
    s.probe_lease = *rc::gen::element<duration>(2s, 20s);
    s.shadow = *rc::gen::weightedElement<bool>({{9, false}, {1, true}});
    return s;
}

// proves: P4
RC_GTEST_PROP(circuit_breaker_model, long_random_histories, ()) {
    const auto settings = any_settings();
    RC_ASSERT(validate(settings).empty());
    pair_under_test both{settings};
    both.tick = *rc::gen::element<duration>(100ms, 700ms, 2s);
    both.wait = *rc::gen::element<duration>(5s, 31s, 95s);
    both.force_to = *rc::gen::element(breaker_override::forced_open,
                                      breaker_override::forced_closed, breaker_override::bypass);
    // Mostly calls: an operator's verb in every tenth place would keep the rules from being
    // reached.
    const auto any_op = rc::gen::weightedElement<op>({{40, op::admit},
                                                      {20, op::succeed},
                                                      {20, op::fail},
                                                      {6, op::slow},
                                                      {3, op::drop},
                                                      {1, op::hint},
                                                      {1, op::force},
                                                      {1, op::reset},
                                                      {12, op::tick},
                                                      {4, op::wait}});
    const auto history = *rc::gen::container<std::vector<op>>(300, any_op);
    for (const auto o : history) {
        const auto wrong = both.step(o);
        if (!wrong.empty()) RC_FAIL(wrong + " in " + spell(history));
    }
}

}  // namespace
}  // namespace thole
