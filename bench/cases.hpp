#pragma once

// The command line and the report of a benchmark that is a list of named cases.
//
//   int main(int argc, char** argv) {
//       const auto asked = read_arguments("mint", argc, argv);
//       return measure(asked, {{"mint_1", [&] { return mint_case(1, asked.quick); }}, …});
//   }

#include <boost/json/object.hpp>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace thole::bench {

struct arguments {
    std::string bench;
    bool json = false;
    bool quick = false;
    std::set<std::string, std::less<>> cases;  // empty: all
};

// Ends the process with 2 when it cannot be read.
[[nodiscard]] arguments read_arguments(std::string bench, int argc, char** argv);

using named_case = std::pair<const char*, std::function<boost::json::object()>>;
// A line for each case as it ends; with --json the last line is the report of script/bench.
int measure(const arguments& asked, const std::vector<named_case>& list);

[[nodiscard]] double median(std::vector<double> of);
// To four digits.
[[nodiscard]] double rounded(double v);

}  // namespace thole::bench
