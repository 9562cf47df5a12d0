#pragma once

#include <string_view>

namespace thole::app {

// Of the project in CMakeLists.txt.
inline constexpr std::string_view version_text = THOLE_VERSION;

}  // namespace thole::app
