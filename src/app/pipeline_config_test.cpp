// The same pipeline from a file as from code, and every mistake in it with its place.
// proves: P11

#include "app/pipeline_config.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "app/config_layer.hpp"
#include "thole/compose.hpp"
#include "thole/pipeline.hpp"
#include "thole/presets.hpp"

namespace thole::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

boost::json::value toml(std::string_view text) {
    config_layers layers;
    std::vector<config_problem> problems;
    layers.add_text(text, "test", problems);
    EXPECT_EQ(problems.size(), 0U);
    return layers.values();
}

// "pointer: rule" of each problem.
std::vector<std::string> mistakes(std::string_view text) {
    std::vector<std::string> out;
    if (const auto read = read_pipeline(toml(text)); !read) {
        for (const auto& each : read.error()) out.push_back(each.pointer + ": " + each.detail);
    }
    return out;
}

TEST(pipeline_config_test, reads_what_code_composes) {
    auto patient = retry_settings{};
    patient.attempts = 4;
    patient.delays = backoff::exponential(50ms, 2s).with_jitter(250);
    auto strict = breaker_settings::no_rules();
    strict.consecutive_failures = 3;
    strict.open_for = 20s;
    const pipeline_settings composed =
        compose(total_time{10s}, patient, rate_limit{.permits = 20, .burst = 5},
                bulkhead_settings{.limit = 8}, strict, attempt_time{2s});

    const auto read = read_pipeline(toml(R"(
        total = "10s"
        timeout = "2s"
        retry = {attempts = 4, base = "50ms", cap = "2s", jitter_permille = 250}
        budget = {}
        limiter = {permits = 20, burst = 5}
        bulkhead.limit = 8
        [breaker]
        consecutive_failures = 3
        failure_rate_permille = 0
        slow_rate_permille = 0
        open_for = "20s"
    )"));
    ASSERT_TRUE(read) << read.error().front().pointer << " " << read.error().front().detail;
    EXPECT_EQ(*read, composed);
}

TEST(pipeline_config_test, lays_its_keys_over_a_preset) {
    const auto read = read_pipeline(toml(R"(
        preset = "fcm"
        retry.attempts = 5
        breaker.open_for = "90s"
    )"));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->timeout, *presets::fcm.timeout);
    auto retry = presets::fcm.retry;
    retry.attempts = 5;
    EXPECT_EQ(read->retry, retry);
    auto breaker = presets::fcm.breaker;
    breaker.open_for = 90s;
    EXPECT_EQ(read->breaker, breaker);
    EXPECT_EQ(read->budget, retry_budget_settings{});
    EXPECT_FALSE(read->limiter);
}

TEST(pipeline_config_test, has_nothing_that_is_not_named) {
    const auto read = read_pipeline(toml(""));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, pipeline_settings{});
}

TEST(pipeline_config_test, tells_each_mistake_with_its_place) {
    EXPECT_THAT(mistakes("preset = \"fmc\""), ElementsAre(HasSubstr("/preset: must be one of")));
    EXPECT_THAT(mistakes("timeout = 5"), ElementsAre(HasSubstr("/timeout: ")));
    EXPECT_THAT(
        mistakes("timeout = \"5\""),
        ElementsAre("/timeout: must be a duration with its unit, like \"30s\" or \"1m30s\""));
    EXPECT_THAT(mistakes("breaker.windw = \"5s\""), ElementsAre(HasSubstr("/breaker/windw: ")));
    EXPECT_THAT(mistakes("breaker.window = \"5ms\""), ElementsAre(HasSubstr("/breaker/window: ")));
    EXPECT_THAT(mistakes("order = [\"brakes\"]"),
                ElementsAre(HasSubstr("/order/0: must be one of")));
    EXPECT_THAT(
        mistakes("budget = {}\nretry.kind_attempts.flaky = 2"),
        ElementsAre(HasSubstr("/retry/kind_attempts/flaky: there is no such kind of fault")));
    EXPECT_THAT(mistakes("budget = {}\nretry.list = [\"1s\", \"1s\", \"1s\", \"1s\", \"1s\", "
                         "\"1s\", \"1s\", \"1s\", \"1s\"]"),
                ElementsAre("/retry/list: must hold at most 8 delays"));
    EXPECT_THAT(mistakes("chaos.fault = \"net.gone\""),
                ElementsAre(HasSubstr("/chaos/fault: must name a fault code")));
    EXPECT_THAT(mistakes("bulkhead.limit = 0\nlimiter.burst = 0"),
                ElementsAre(HasSubstr("/limiter/burst: "), HasSubstr("/bulkhead/limit: ")));
}

// In the words of the library, so that code and file are refused alike.
TEST(pipeline_config_test, refuses_the_known_mistakes_of_order_and_whole) {
    const auto budget = [](std::string_view rest) { return "budget = {}\n" + std::string{rest}; };
    EXPECT_THAT(mistakes(budget("retry = {}\nbreaker = {}\norder = [\"breaker\", \"retry\"]")),
                ElementsAre("/order: " + std::string{order_mistake(stage::breaker, stage::retry)}));
    EXPECT_THAT(mistakes("retry = {}"), ElementsAre(HasSubstr("/budget: is missing")));
    EXPECT_THAT(mistakes(budget("retry = {}\nretried_elsewhere = true")),
                ElementsAre(HasSubstr("/retry: has two homes")));
    EXPECT_THAT(mistakes(budget("effect = \"once\"\nhedge = {}")),
                ElementsAre(HasSubstr("/hedge: must not copy calls")));
    EXPECT_THAT(mistakes("adaptive = {}"), ElementsAre(HasSubstr("/adaptive: needs a bulkhead")));
}

pipeline_settings any_pipeline() {
    const auto some = [] { return *rc::gen::arbitrary<bool>(); };
    const auto count = [](std::uint32_t from, std::uint32_t to) {
        return *rc::gen::inRange(from, to + 1);
    };
    const auto span = [&](duration from, duration to) {
        return from + duration{*rc::gen::inRange<std::int64_t>(0, (to - from).count() + 1)};
    };
    pipeline_settings s;
    s.effect = static_cast<call_effect>(count(0, 1));
    if (some()) s.total = span(2min, 24h);
    if (some()) s.timeout = span(2s, 1min);
    if (some()) {
        auto& r = s.retry.emplace();
        r.attempts = count(1, 9);
        for (auto& each : r.kind_attempts) each = count(0, 9);
        r.attempts_per_endpoint = count(1, 3);
        r.delays.shape = static_cast<backoff_shape>(count(0, 4));
        r.delays.adaptive = some();
        r.delays.jitter_permille = static_cast<std::uint16_t>(count(0, 1000));
        r.delays.factor_permille = static_cast<std::uint16_t>(count(1000, 65535));
        r.delays.base = span(1ns, 1h);
        r.delays.floor = span(0ns, 1s);
        r.delays.cap = span(1s, 1h);
        r.delays.listed_count = static_cast<std::uint8_t>(count(1, 8));
        for (std::size_t i = 0; i < r.delays.listed_count; ++i) r.delays.list[i] = span(0ns, 1h);
        r.longest_refusal = span(0ns, 1h);
        r.longest_retry_after = span(0ns, 1h);
        r.idempotent = some();
    }
    if (some()) {
        s.hedge = {.most_copies = count(1, 4),
                   .percentile_permille = static_cast<std::uint16_t>(count(500, 999)),
                   .shortest = span(1ns, 10ms),
                   .longest = span(10ms, 1s)};
    }
    s.budget = {.percent = count(0, 1000), .floor_per_second = count(0, 9), .window = span(1s, 1h)};
    if (some()) {
        s.limiter = {.permits = count(0, 1000),
                     .per = span(1ms, 1h),
                     .burst = count(1, 9),
                     .recovery = span(1ns, 1h),
                     .longest_block = span(0ns, 1h)};
    }
    if (some()) {
        s.bulkhead = {
            .limit = count(1, 99), .queue = count(0, 99), .queue_timeout = span(1ns, 1min)};
        if (some()) {
            s.adaptive = {.shape = static_cast<adaptive_shape>(count(0, 1)),
                          .least = count(1, 10),
                          .most = count(10, 99),
                          .round = span(1ms, 1min),
                          .minimum_calls = count(1, 99),
                          .backoff_permille = static_cast<std::uint16_t>(count(1, 999)),
                          .tolerance_permille = static_cast<std::uint16_t>(count(1000, 9000))};
        }
    }
    if (some()) {
        auto& b = s.breaker.emplace();
        b.consecutive_failures = count(0, 99);
        b.failures_in_window = count(0, most_counted_failures);
        b.failure_rate_permille = static_cast<std::uint16_t>(count(1, 1000));
        b.slow_rate_permille = static_cast<std::uint16_t>(count(0, 1000));
        b.minimum_calls = count(1, 100);
        b.window = span(1s, 24h);
        b.window_calls = some() ? count(100, most_window_calls) : 0;
        b.slow_after = span(1ns, 1min);
        b.failed_after = span(0ns, 1h);
        b.open_for = span(100ms, 1min);
        b.open_growth_permille = static_cast<std::uint16_t>(count(1000, 9000));
        b.open_for_most = span(1min, 1h);
        b.successes_to_close = static_cast<std::uint16_t>(count(1, 5));
        b.probes_per_period = static_cast<std::uint16_t>(count(5, 9));
        b.half_open_period = span(1min, 1h);
        b.probe_interval = span(0ns, 1s);
        b.probe_lease = span(1s, 1min);
        b.ramp = span(0ns, 1h);
        b.shadow = some();
    }
    if (some()) {
        s.chaos = {.enabled = some(),
                   .seed = *rc::gen::arbitrary<std::uint64_t>(),
                   .latency_permille = static_cast<std::uint16_t>(count(0, 1000)),
                   .latency_least = span(0ns, 1s),
                   .latency_most = span(1s, 1min),
                   .fault_permille = static_cast<std::uint16_t>(count(0, 500)),
                   .fault = codes::library_codes[count(0, codes::library_codes.size() - 1)],
                   .result_permille = static_cast<std::uint16_t>(count(0, 500))};
    }
    return s;
}

RC_GTEST_PROP(pipeline_config_test, writes_what_it_reads, ()) {
    const auto settings = any_pipeline();
    if (!validate(settings).empty()) RC_DISCARD("not a pipeline");
    const auto read = read_pipeline(json::to_value(table_of(settings)));
    if (!read) RC_FAIL(read.error().front().pointer + ": " + read.error().front().detail);
    RC_ASSERT(*read == settings);
}

// A file that is read again changes a pipeline that is in use; what it has counted stays.
TEST(pipeline_config_test, reload_keeps_the_window) {
    manual_clock clock;
    const auto first = read_pipeline(toml("breaker = {consecutive_failures = 3}"));
    ASSERT_TRUE(first);
    pipeline calls{name{"shop"}, *first};
    const auto fail_once = [&] {
        auto permit = calls.admit(clock.now());
        ASSERT_TRUE(permit);
        permit->record(outcome::failure(1ms), clock.now());
    };
    fail_once();
    fail_once();
    auto in_flight = calls.admit(clock.now());
    ASSERT_TRUE(in_flight);

    const auto second = read_pipeline(toml("breaker = {consecutive_failures = 4}"));
    ASSERT_TRUE(second);
    calls.reconfigure(*second, clock.now());
    in_flight->record(outcome::failure(1ms), clock.now());
    EXPECT_TRUE(calls.admit(clock.now())) << "three of four";
    fail_once();
    EXPECT_FALSE(calls.admit(clock.now()));
}

}  // namespace
}  // namespace thole::app
