#include "base/time_text.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace thole {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, WritesUtcWithSixDigits) {
    EXPECT_EQ(rfc3339(store_time{}), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(rfc3339(wall_time{1'767'225'600s + 1us}), "2026-01-01T00:00:00.000001Z");
    EXPECT_EQ(rfc3339(wall_time{-1us}), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(rfc3339(wall_time::min()), "0000-01-01T00:00:00.000000Z");
    EXPECT_EQ(rfc3339(wall_time::max()), "9999-12-31T23:59:59.999999Z");
}

TEST(Rfc3339, ReadsFractionsAndOffsets) {
    EXPECT_EQ(parse_wall_time("2026-01-01T00:00:00Z"), wall_time{1'767'225'600s});
    EXPECT_EQ(parse_wall_time("2026-01-01T00:00:00.5Z"), wall_time{1'767'225'600s + 500ms});
    EXPECT_EQ(parse_store_time("2026-01-01T01:30:00+01:30"), store_time{1'767'225'600s});
    EXPECT_EQ(parse_store_time("2025-12-31T19:00:00-05:00"), store_time{1'767'225'600s});
    EXPECT_EQ(parse_wall_time("2024-02-29T12:00:00Z"), wall_time{1'709'208'000s});
}

TEST(Rfc3339, RefusesWhatIsNotATime) {
    for (const auto* bad :
         {"", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01t00:00:00z",
          "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
          "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2016-12-31T23:59:60Z",
          "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567Z", "2026-01-01T00:00:00Z ",
          "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+24:00", "+026-01-01T00:00:00Z"}) {
        EXPECT_FALSE(parse_wall_time(bad)) << bad;
    }
}

RC_GTEST_PROP(Rfc3339, ReadsBackEveryMicrosecond, ()) {
    const auto at = store_time{std::chrono::microseconds{
        *rc::gen::inRange<std::int64_t>(-62'167'219'200'000'000, 253'402'300'800'000'000)}};
    RC_ASSERT(parse_store_time(rfc3339(at)) == at);
}

TEST(DurationText, ReadsWhatConfigurationsSay) {
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("1m30s"), 90s);
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("1h"), 1h);
    EXPECT_EQ(parse_duration("2d"), 48h);
    EXPECT_EQ(parse_duration("7us"), 7us);
    EXPECT_EQ(parse_duration("90m"), 90min);
    EXPECT_EQ(parse_duration("0s"), 0s);
    EXPECT_EQ(duration_text(90s), "1m30s");
    EXPECT_EQ(duration_text(1500ms), "1s500ms");
    EXPECT_EQ(duration_text(0s), "0s");
}

TEST(DurationText, RefusesGuesses) {
    for (const auto* bad : {"", "30", "s", "-1s", "+1s", "1.5s", "1 s", "30s1m", "1s1s", "1S", "1w",
                            "1s ", "99999999999999999999s", "9223372036854775807s", "106751d24h"}) {
        EXPECT_FALSE(parse_duration(bad)) << bad;
    }
}

RC_GTEST_PROP(DurationText, ReadsBack, ()) {
    const duration d{*rc::gen::inRange<std::int64_t>(0, INT64_MAX)};
    RC_ASSERT(parse_duration(duration_text(d)) == d);
}

}  // namespace
}  // namespace thole
