#pragma once

// What the parser and the walker share. Used by json_*.cpp only.

#include "base/json.hpp"

namespace thole::json {

// "/" and the token, escaped (RFC 6901).
void append_token(std::string& out, std::string_view token);

// At most a hundred are kept: more say nothing new to a person, and that bounds what a bad text
// can cost.
void add(problems& found, std::string pointer, std::string_view code, std::string text);

}  // namespace thole::json
