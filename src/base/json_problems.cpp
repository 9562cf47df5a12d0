#include "base/json_problems.hpp"

namespace thole::json {

namespace {

constexpr std::size_t max_problems = 100;

}  // namespace

void append_token(std::string& out, std::string_view token) {
    out += '/';
    for (const char c : token) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out += c;
        }
    }
}

void add(problems& found, std::string pointer, std::string_view code, std::string text) {
    if (found.size() >= max_problems) return;
    found.push_back({std::move(pointer), std::string{code}, std::move(text)});
}

}  // namespace thole::json
