#include "sim/day.hpp"

#include <gmock/gmock.h>

#include "sim/weather.hpp"

namespace thole::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::string mistakes_in(std::string_view toml) {
    const auto read = read_day(toml, "odd.toml");
    return read ? "none" : read.error();
}

TEST(day, is_read_from_toml) {
    const auto read = read_day(R"(
summary = "Two nodes lag"
[workload]
operations = 3
over = "0s..5s"
[[fault]]
kind = "rpc_lag"
target = "rpc"
at = "1s..2s"
lasts = "10s"
amount = "5..9"
)",
                               "lag");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->workload.operations, 3);
    EXPECT_EQ(read->workload.over, (time_range{0s, 5s}));
    ASSERT_EQ(read->fault.size(), 1U);
    EXPECT_EQ(read->fault[0].kind, trouble::rpc_lag);
    EXPECT_EQ(read->fault[0].amount, (count_range{5, 9}));
}

TEST(day, every_mistake_names_file_key_and_rule) {
    EXPECT_THAT(mistakes_in("summary = \"\"\nweather = 1\n"), HasSubstr("odd.toml: /weather"));
    EXPECT_THAT(mistakes_in("summary = \"\"\n[[fault]]\nkind = \"rain\"\n"),
                HasSubstr("odd.toml: /fault/0/kind"));
    EXPECT_THAT(mistakes_in("summary = \"\"\n[[fault]]\nat = \"9s..1s\"\n"),
                HasSubstr("odd.toml: /fault/0/at"));
    EXPECT_THAT(mistakes_in("summary = \"\"\n[workload]\ncancels = 101\n"),
                HasSubstr("workload.cancels: must be 0 to 100"));
    EXPECT_THAT(mistakes_in("summary = \"\"\n[[fault]]\ntarget = \"east\"\n"),
                HasSubstr("fault[0].target: must be a node's label"));
    const auto rounds = [](std::string_view at) {
        return mistakes_in("summary = \"\"\n[workload]\norders = 1\nrounds = \"" + std::string{at} +
                           "\"\n");
    };
    EXPECT_THAT(rounds("60 * * * *"), HasSubstr("workload.rounds: minute: 60"));
    EXPECT_THAT(rounds("0 9 * * *"),
                HasSubstr("workload.rounds: must fire in the first half hour"));
    EXPECT_THAT(rounds("*/5 * * * *"), HasSubstr("must fire in the first half hour only"));
    EXPECT_THAT(mistakes_in("summary = \"\"\n[workload]\nrounds = \"1 0 1 1 *\"\n"),
                HasSubstr("workload.rounds: must be empty without orders"));
    EXPECT_THAT(mistakes_in("summary = \n"), HasSubstr("odd.toml:1: not TOML"));
}

TEST(forecast, is_the_same_for_the_same_seed_and_leaves_out_one_without_changing_others) {
    const auto read = read_day(R"(
summary = "Links"
[[fault]]
kind = "link_lose_answers"
count = "2..6"
at = "0s..1m"
lasts = "1s..9s"
amount = "1..1000"
)",
                               "links");
    ASSERT_TRUE(read) << read.error();
    const auto text = [&](std::uint64_t seed) {
        std::string out;
        for (const auto& each : forecast(*read, seed)) out += each.text() + "\n";
        return out;
    };
    EXPECT_EQ(text(7), text(7));
    EXPECT_NE(text(7), text(8));
}

TEST(weather, begins_and_ends_each_fault_at_its_instant) {
    fault_event lag{.number = 1, .kind = trouble::rpc_lag, .target = "west", .at = 5s, .lasts = 3s};
    fault_event kill{.number = 2, .kind = trouble::process_kill, .at = 6s, .lasts = 1s};
    weather sky{{kill, lag}};
    EXPECT_EQ(sky.next(), 5s);
    EXPECT_EQ(sky.advance(5s).size(), 1U);
    EXPECT_EQ(sky.active().size(), 1U);
    EXPECT_EQ(sky.advance(6s).front().number, 2);
    EXPECT_FALSE(sky.is_over());
    sky.advance(8s);
    EXPECT_TRUE(sky.is_over());
}

}  // namespace
}  // namespace thole::sim
