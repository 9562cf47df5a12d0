#pragma once

// What is wrong with a configuration, all of it at once.
//
// The problem: a validator that stops at the first mistake makes a person start the program five
// times. Each settings struct has a `validate` that returns every mistake it finds:
//
//   for (const auto& p : thole::validate(settings)) print(p.field, p.text);
//
// An empty vector means valid. Policies assert it in their constructors: whoever reads the
// configuration has asked before. Values only; any thread.

#include <string>
#include <string_view>
#include <vector>

namespace thole {

struct problem {
    std::string_view field;  // as it is written in the configuration; static storage
    std::string text;        // "must be at least 1"

    friend bool operator==(const problem&, const problem&) = default;
};

using problems = std::vector<problem>;

}  // namespace thole
