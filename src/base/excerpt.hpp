#pragma once

// The start of what somebody else sent, for people: at most so many bytes, and printable ASCII
// only, because it may be anything, also no UTF-8. What is not becomes a space, and at the end
// nothing.

#include <string>
#include <string_view>

namespace thole {

[[nodiscard]] std::string printable_excerpt(std::string_view body, std::size_t most);

}  // namespace thole
