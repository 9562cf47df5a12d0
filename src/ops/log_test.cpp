#include "ops/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "ops/metrics.hpp"

namespace thole::ops {
namespace {

using ::testing::ElementsAre;

struct lines {
    std::vector<std::string> seen;
    [[nodiscard]] auto sink() {
        return [this](std::string_view line) { seen.emplace_back(line); };
    }
};

TEST(log, text_lines_carry_a_prefix_and_quote_what_needs_it) {
    manual_clock clock;
    lines out;
    log log{clock, {}, nullptr, out.sink()};
    log.write(log_severity::warning, "circuit_breaker_opened",
              {{"dependency", "solana"}, {"cause", "net.timeout: no answer"}, {"note", ""}});
    log.write(log_severity::info, "retry_exhausted");
    log.write(log_severity::info, "endpoint_added", {{"endpoint", "backup"}});
    log.write(log_severity::info, "server_started");
    EXPECT_THAT(
        out.seen,
        ElementsAre("2026-01-01T00:00:00.000000Z WARNING CIRCUIT BREAKER: circuit_breaker_opened "
                    "dependency=solana cause=\"net.timeout: no answer\" note=\"\"",
                    "2026-01-01T00:00:00.000000Z INFO    RESILIENT: retry_exhausted",
                    "2026-01-01T00:00:00.000000Z INFO    NETWORK: endpoint_added endpoint=backup",
                    "2026-01-01T00:00:00.000000Z INFO    server_started"));
}

// proves: O6
TEST(log, json_lines_parse_whatever_a_server_said) {
    manual_clock clock;
    lines out;
    log log{clock, {.format = log_form::json}, nullptr, out.sink()};
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    log.write(log_severity::error, "call_failed", {{"detail", all}});
    ASSERT_EQ(out.seen.size(), 1U);
    const auto parsed = json::parse(out.seen[0]);
    ASSERT_TRUE(parsed) << out.seen[0];
    EXPECT_EQ(parsed->at("event").as_string(), "call_failed");
    EXPECT_EQ(parsed->at("level").as_string(), "error");
    for (const char c : out.seen[0]) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
}

TEST(log, a_terminal_cannot_be_driven_by_a_field) {
    manual_clock clock;
    lines out;
    log log{clock, {}, nullptr, out.sink()};
    log.write(log_severity::info, "x", {{"detail", "\x1b[2J\nfaked line"}});
    EXPECT_EQ(out.seen[0],
              "2026-01-01T00:00:00.000000Z INFO    x detail=\"\\u001b[2J\\nfaked line\"");
}

TEST(log, levels_below_the_setting_are_not_written_nor_counted) {
    manual_clock clock;
    metrics count;
    lines out;
    log log{clock, {.level = log_severity::warning}, &count, out.sink()};
    log.write(log_severity::info, "quiet");
    log.write(log_severity::error, "loud");
    EXPECT_EQ(out.seen.size(), 1U);
    EXPECT_EQ(count.counter_of(metric::log_records, {"error"}).value(), 1U);
    EXPECT_EQ(count.counter_of(metric::log_records, {"info"}).value(), 0U);
}

}  // namespace
}  // namespace thole::ops
