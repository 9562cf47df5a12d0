// It bites: each planted bug (mutants/) is found by the day and seed that doc/design/simulation.md
// names, by the checker that it names.
//
// After changes that move the seeds `script/mutants` looks for new ones and writes the table.

#include <gmock/gmock.h>

#include <fstream>
#include <regex>

#include "sim/campaign.hpp"
#include "sim/mutants/mutants.hpp"

namespace thole::sim {
namespace {

struct table_row {
    std::string mutant;
    std::string what;
    std::string day;
    std::uint64_t seed = 0;
    std::string checker;
};

std::vector<table_row> table() {
    std::ifstream file{std::string{THOLE_SOURCE_DIR} + "/doc/design/simulation.md"};
    const std::regex row{R"(^\| `(\w+)` \| ([^|]*) \| `(\w+)` \| (\d+) \| `(\w+)` \|$)"};
    std::vector<table_row> out;
    for (std::string line; std::getline(file, line);) {
        std::smatch match;
        if (!std::regex_match(line, match, row)) continue;
        out.push_back({match[1], match[2], match[3], std::stoull(match[4]), match[5]});
    }
    return out;
}

day one_day(const std::string& name) {
    auto read = load_days(std::string{THOLE_SOURCE_DIR} + "/sim/days", {name});
    EXPECT_TRUE(read) << read.error();
    return read ? std::move(read->front()) : day{};
}

report run(const mutant& planted, const std::string& day, std::uint64_t seed) {
    run_options options;
    options.with = planted.plant();
    return simulate(one_day(day), seed, options);
}

std::vector<std::string> checkers_of(const report& told) {
    std::vector<std::string> out;
    for (const auto& each : told.violations) out.push_back(each.checker);
    return out;
}

TEST(mutants, the_table_has_a_row_for_each_planted_bug) {
    std::vector<std::string> rows;
    for (const auto& each : table()) rows.push_back(each.mutant + ": " + each.what);
    std::vector<std::string> planted;
    for (const auto& each : mutants()) {
        planted.push_back(std::string{each.name} + ": " + std::string{each.what});
    }
    EXPECT_THAT(rows, ::testing::ElementsAreArray(planted)) << "script/mutants writes it anew";
    EXPECT_GE(rows.size(), 16U);
}

// proves: X1
class mutants_test : public ::testing::TestWithParam<table_row> {};

TEST_P(mutants_test, is_found) {
    const auto& row = GetParam();
    const auto* planted = find_mutant(row.mutant);
    ASSERT_NE(planted, nullptr) << row.mutant;
    EXPECT_THAT(checkers_of(run(*planted, row.day, row.seed)), ::testing::Contains(row.checker))
        << "replay: " << replay_line(row.day, row.seed, {}, row.mutant);
}

INSTANTIATE_TEST_SUITE_P(table, mutants_test, ::testing::ValuesIn(table()),
                         [](const auto& info) { return info.param.mutant; });

}  // namespace
}  // namespace thole::sim
