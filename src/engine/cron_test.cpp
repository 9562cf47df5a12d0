// Compared with a model that looks at every minute.

#include "engine/cron.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/time_text.hpp"
#include "thole/rng.hpp"

namespace thole::saga {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

store_time at(std::string_view text) {
    const auto read = parse_store_time(text);
    EXPECT_TRUE(read) << text;
    return read.value_or(store_time{});
}

std::string next_of(std::string_view cron_text, std::string_view after) {
    const auto each = cron::parse(cron_text);
    EXPECT_TRUE(each) << each.error();
    const auto found = each->next(at(after));
    return found ? rfc3339(*found).substr(0, 16) : "never";
}

// proves: E5
TEST(cron_test, finds_the_next_minute) {
    EXPECT_EQ(next_of("* * * * *", "2026-01-31T12:00:00Z"), "2026-01-31T12:01");
    EXPECT_EQ(next_of("* * * * *", "2026-01-31T12:00:59.999999Z"), "2026-01-31T12:01");
    EXPECT_EQ(next_of("0 0 * * *", "2026-12-31T23:59:59Z"), "2027-01-01T00:00");
    EXPECT_EQ(next_of("*/15 6-18 * * mon-fri", "2026-01-30T18:45:00Z"), "2026-02-02T06:00");
    EXPECT_EQ(next_of("5,35 * * * *", "2026-01-31T12:35:00Z"), "2026-01-31T13:05");
    EXPECT_EQ(next_of("0 12 29 feb *", "2026-01-01T00:00:00Z"), "2028-02-29T12:00");
    EXPECT_EQ(next_of("0 12 29 2 *", "2096-03-01T00:00:00Z"), "2104-02-29T12:00");
    EXPECT_EQ(next_of("0 0 30 2 *", "2026-01-01T00:00:00Z"), "never");
    EXPECT_EQ(next_of("0 0 * * 7", "2026-01-31T00:00:00Z"), "2026-02-01T00:00") << "Sunday";
    EXPECT_EQ(next_of("0 0 * * 0", "2026-01-31T00:00:00Z"), "2026-02-01T00:00");
    // Either day is enough.
    EXPECT_EQ(next_of("0 0 13 * fri", "2026-01-31T00:00:00Z"), "2026-02-06T00:00");
    EXPECT_EQ(next_of("0 0 */2 * fri", "2026-02-02T00:00:00Z"), "2026-02-13T00:00") << "both";
}

// proves: E5
TEST(cron_test, says_which_field_breaks_which_rule) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "must have five fields"},
        {"* * * *", "and has 4"},
        {"* * * * * *", "and has 6"},
        {"60 * * * *", "minute: 60 is not from 0 to 59"},
        {"-1 * * * *", "minute: a number is missing"},
        {"* 6-28 * * *", "hour: 28 is not from 0 to 23"},
        {"* 18-6 * * *", "hour: \"18-6\" goes backward"},
        {"* * 0 * *", "day of the month: 0 is not from 1 to 31"},
        {"* * * 13 *", "month: 13 is not from 1 to 12"},
        {"* * * foo *", "month: \"foo\" is no number from 1 to 12 or jan to dec"},
        {"* * * * 8", "day of the week: 8 is not from 0 to 7"},
        {"*/0 * * * *", "minute: the step in \"*/0\" is not from 1 to 59"},
        {"*/x * * * *", "minute: the step in \"*/x\""},
        {"5/10 * * * *", "minute: \"5/10\" has a step but no range; write 5-59/10"},
        {"1,,2 * * * *", "minute: a number is missing"},
        {"1.5 * * * *", "minute: \"1.5\" is no number from 0 to 59"},
        {"99999999999 * * * *", "minute: \"99999999999\" is no number"}};
    for (const auto& [text, rule] : cases) {
        const auto refused = cron::parse(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_THAT(refused.error(), HasSubstr(rule)) << text;
    }
    EXPECT_EQ(cron::parse("  0  0 * *   mon ")->text(), "0 0 * * mon");
}

// A field as text, and what it means.
struct made_field {
    std::string text;
    std::set<int> in;
};
made_field make_field(rng& chance, int lowest, int highest) {
    made_field out;
    const auto any = [&](int from) { return static_cast<int>(chance.between(from, highest)); };
    if (chance.chance(1, 3)) {
        const int step = chance.chance(1, 2) ? 1 : any(1);
        out.text = step == 1 ? "*" : "*/" + std::to_string(step);
        for (int i = lowest; i <= highest; i += step) out.in.insert(i);
        return out;
    }
    for (int parts = static_cast<int>(chance.between(1, 3)); parts > 0; --parts) {
        const int from = any(lowest);
        const int to = chance.chance(1, 2) ? from : any(from);
        const int step = from == to ? 1 : static_cast<int>(chance.between(1, 5));
        if (!out.text.empty()) out.text += ',';
        out.text += std::to_string(from);
        if (to != from) out.text += '-' + std::to_string(to);
        if (step != 1) out.text += '/' + std::to_string(step);
        for (int i = from; i <= to; i += step) out.in.insert(i);
    }
    return out;
}

// proves: E5
TEST(cron_test, agrees_with_a_model_that_looks_at_every_minute) {
    rng chance{20260101};
    int found = 0;
    for (int round = 0; round < 400; ++round) {
        const std::array made{make_field(chance, 0, 59), make_field(chance, 0, 23),
                              make_field(chance, 1, 31), make_field(chance, 1, 12),
                              make_field(chance, 0, 7)};
        std::string text;
        for (const auto& each : made) text += each.text + " ";
        const auto each = cron::parse(text);
        ASSERT_TRUE(each) << text << ": " << each.error();
        const auto fits = [&](std::chrono::sys_time<std::chrono::minutes> m) {
            const auto today = std::chrono::floor<std::chrono::days>(m);
            const std::chrono::year_month_day date{today};
            const std::chrono::hh_mm_ss time{m - today};
            const int w = static_cast<int>(std::chrono::weekday{today}.c_encoding());
            const bool d = made[2].in.contains(static_cast<int>(static_cast<unsigned>(date.day())));
            const bool by_week = made[4].in.contains(w) || (w == 0 && made[4].in.contains(7));
            const bool open = made[2].text[0] == '*' || made[4].text[0] == '*';
            return made[0].in.contains(static_cast<int>(time.minutes().count())) &&
                   made[1].in.contains(static_cast<int>(time.hours().count())) &&
                   made[3].in.contains(static_cast<int>(static_cast<unsigned>(date.month()))) &&
                   (open ? d && by_week : d || by_week);
        };
        // 2026 to 2030, to the microsecond.
        const store_time start{std::chrono::seconds{1'767'225'600} +
                               std::chrono::microseconds{chance.between(0, 126'144'000'000'000)}};
        const auto answer = each->next(start);
        auto minute = std::chrono::floor<std::chrono::minutes>(
            std::chrono::sys_time<store_time::duration>{start.time_since_epoch()});
        std::optional<store_time> expected;
        for (int i = 0; i < 60 * 24 * 40 && !expected; ++i) {
            minute += std::chrono::minutes{1};
            if (fits(minute)) {
                expected = store_time{std::chrono::microseconds{minute.time_since_epoch()}};
            }
        }
        const store_time looked{std::chrono::microseconds{minute.time_since_epoch()}};
        if (expected) {
            ++found;
            ASSERT_TRUE(answer) << text;
            EXPECT_EQ(*answer, *expected) << text << rfc3339(start);
        } else if (answer) {
            EXPECT_GT(*answer, looked) << text << rfc3339(start);
        }
    }
    EXPECT_GT(found, 100);
}

TEST(cron_test, the_newest_of_many) {
    const auto each = *cron::parse("*/5 * * * *");
    const auto noon = at("2026-01-31T12:00:00Z");
    EXPECT_EQ(each.newest(noon, noon + 17min), noon + 15min);
    EXPECT_EQ(each.newest(noon, noon + 15min), noon + 15min);
    EXPECT_EQ(each.newest(noon, noon + 4min), std::nullopt);
}

}  // namespace
}  // namespace thole::saga
