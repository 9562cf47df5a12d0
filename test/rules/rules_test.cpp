// Rules of the house that a compiler does not check. Each failure names the file, the line and
// what to do.

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "test/rules/source_tree.hpp"

namespace thole::rules {
namespace {

const std::vector<source_file>& files() {
    static const auto all = cpp_files();
    return all;
}

// ---- floors: includes run downward only ---------------------------------------------------------

// A folder may include itself and what stands to its left; folders of one floor do not know each
// other unless named in `also`.
const std::map<std::string, int>& floors() {
    static const std::map<std::string, int> table{
        {"thole", 0},  {"base", 1}, {"image", 2}, {"io", 2},  {"sql", 3}, {"engine", 4},
        {"solana", 5}, {"ipfs", 5}, {"nft", 6},   {"ops", 7}, {"api", 8}, {"app", 9}};
    return table;
}

std::string folder_of(const source_file& file) {
    if (file.is_under("lib")) return "thole";
    if (!file.is_under("src")) return "";
    const auto rest = file.path.substr(4);
    return rest.substr(0, rest.find('/'));
}

TEST(rules, includes_run_downward_only) {
    const std::regex include{R"re(^#include "([a-z_0-9]+)/)re"};
    for (const auto& file : files()) {
        const auto from = folder_of(file);
        if (from.empty() || file.is_test()) continue;
        ASSERT_TRUE(floors().contains(from)) << file.path << ": add the new folder to floors()";
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            std::smatch match;
            if (!std::regex_search(file.lines[i], match, include)) continue;
            const auto to = match[1].str();
            if (to == from) continue;
            const auto floor = floors().find(to);
            EXPECT_TRUE(floor != floors().end() && floor->second < floors().at(from))
                << file.path << ":" << i + 1 << ": " << from << " may not include " << to
                << "; move the code down or hand the value in";
        }
    }
}

// The models of the outside stand on the codecs and on nothing that could share a bug with the
// clients they are to test.
TEST(rules, models_stand_on_codecs_only) {
    const std::regex allowed{R"re(^#include "(thole/|base/|model/|solana/codec/|ipfs/codec/))re"};
    for (const auto& file : files()) {
        if (!file.is_under("model") || file.is_test()) continue;
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            if (!file.lines[i].starts_with("#include \"")) continue;
            EXPECT_TRUE(std::regex_search(file.lines[i], allowed))
                << file.path << ":" << i + 1 << ": " << file.lines[i];
        }
    }
}

// ---- time and chance come from outside ----------------------------------------------------------

TEST(rules, nobody_reads_a_clock_or_rolls_dice_on_his_own) {
    const std::regex banned{
        R"((steady|system|high_resolution)_clock::now|steady_timer|system_timer|sleep_for\(|usleep\(|random_device|std::mt19937|clock_gettime|\btime\(nullptr\)|\brand\(\))"};
    const std::regex own_sleep{R"(loop_?(->|\.)sleep_for\(|task<result<>> sleep_for\()"};
    for (const auto& file : files()) {
        // The campaign's clock measures how fast the simulation is, and decides nothing.
        const bool seam = file.path == "lib/src/clock.cpp" || file.path == "sim/campaign.cpp" ||
                          file.is_under("lib/include/thole/asio") || file.is_under("src/io");
        if (seam || file.is_test() || file.is_under("bench") || file.is_under("localnet")) continue;
        if (!file.is_under("lib") && !file.is_under("src") && !file.is_under("model") &&
            !file.is_under("sim")) {
            continue;
        }
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            const auto code = file.lines[i].substr(0, file.lines[i].find("//"));
            EXPECT_FALSE(std::regex_search(code, banned) && !std::regex_search(code, own_sleep))
                << file.path << ":" << i + 1
                << ": take a clock, a loop or an rng as a parameter: " << code;
        }
    }
}

TEST(rules, tests_never_sleep) {
    const std::regex banned{R"(sleep_for\(|usleep\(|\bsleep\()"};
    for (const auto& file : files()) {
        const bool unit = file.path.find("_test.cpp") != std::string::npos &&
                          file.path.find("functional") == std::string::npos &&
                          !file.is_under("test");
        if (!unit) continue;
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            const auto& line = file.lines[i];
            if (line.find("this_thread") == std::string::npos) continue;
            EXPECT_FALSE(std::regex_search(line, banned)) << file.path << ":" << i + 1;
        }
    }
}

// ---- sizes --------------------------------------------------------------------------------------

std::size_t percentile(std::vector<std::size_t> values, std::size_t percent) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    return values[std::min(values.size() - 1, values.size() * percent / 100)];
}

TEST(rules, files_stay_small) {
    std::vector<std::size_t> headers;
    std::vector<std::size_t> sources;
    for (const auto& file : files()) {
        EXPECT_LE(file.lines.size(), 800U) << file.path << ": split it by subject";
        if (file.is_test()) continue;
        (file.is_header() ? headers : sources).push_back(file.lines.size());
    }
    EXPECT_LT(percentile(headers, 50), 100U) << "median of headers";
    EXPECT_LE(percentile(sources, 90), 350U) << "90th percentile of sources";
}

// A function starts at column 0 with a line that has a parenthesis, its signature ends with a line
// that opens the body, and its body ends with a brace at column 0 (as clang-format lays it out).
TEST(rules, functions_fit_on_a_page) {
    constexpr std::size_t most = 70;
    const std::regex starts{R"(^(?!namespace|class|struct|enum|union|extern|#|//|[})])\S.*\()"};
    enum class place { outside, signature, body };
    for (const auto& file : files()) {
        if (file.is_test()) continue;
        auto where = place::outside;
        std::size_t start = 0;
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            const auto& line = file.lines[i];
            if (where == place::outside && std::regex_search(line, starts)) {
                where = place::signature;
                start = i;
            }
            if (where == place::signature) {
                if (line.ends_with("{")) where = place::body;
                if (line.ends_with(";") || line.ends_with("}")) where = place::outside;
            } else if (where == place::body && line.starts_with("}")) {
                where = place::outside;
                EXPECT_LE(i - start + 1, most)
                    << file.path << ":" << start + 1 << ": " << file.lines[start];
            }
        }
    }
}

// ---- one meaning per code -----------------------------------------------------------------------

// proves: F1
TEST(rules, fault_codes_are_unique) {
    std::map<std::string, std::string> seen;
    for (const auto& file : files()) {
        if (!file.path.ends_with("codes.hpp")) continue;
        std::string joined;
        for (const auto& line : file.lines) joined += line + "\n";
        const std::regex definition{R"re(fault_code\s+\w+\s*\{\s*"([a-z_0-9.]+)")re"};
        for (auto it = std::sregex_iterator{joined.begin(), joined.end(), definition};
             it != std::sregex_iterator{}; ++it) {
            const auto text = (*it)[1].str();
            const auto [place, fresh] = seen.emplace(text, file.path);
            EXPECT_TRUE(fresh) << text << " is defined in " << place->second << " and "
                               << file.path;
        }
    }
    EXPECT_GE(seen.size(), 20U) << "the pattern no longer finds the definitions";
}

// ---- requirements -------------------------------------------------------------------------------

// A tag that cites an unknown id proves nothing; the table says which ids exist.
TEST(rules, proofs_cite_known_requirements) {
    std::set<std::string> known;
    const std::regex row{R"(^\| ([A-Z][0-9]+) \|)"};
    for (const auto& line : read_lines(std::string{THOLE_SOURCE_DIR} + "/doc/requirements.md")) {
        std::smatch match;
        if (std::regex_search(line, match, row)) known.insert(match[1].str());
    }
    EXPECT_EQ(known.size(), 81U) << "one row an id";
    const std::regex tag{R"(// proves: (.*)$)"};
    const std::regex id{R"([A-Z][0-9]+)"};
    for (const auto& file : files()) {
        for (const auto& line : file.lines) {
            std::smatch match;
            if (!std::regex_search(line, match, tag) || file.is_under("test/rules")) continue;
            const auto list = match[1].str();
            for (auto it = std::sregex_iterator{list.begin(), list.end(), id};
                 it != std::sregex_iterator{}; ++it) {
                EXPECT_TRUE(known.contains(it->str())) << file.path << ": " << it->str();
            }
        }
    }
}

}  // namespace
}  // namespace thole::rules
