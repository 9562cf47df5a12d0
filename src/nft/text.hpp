#pragma once

// What a text may hold before it is written to a chain for ever. Values only. Threads: any.

#include <string_view>

namespace thole::nft {

// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// U+0000–U+001F, U+007F or U+0080–U+009F. With `line_feed_allowed`, "\n" is not counted.
// Precondition: is_utf8(text).
[[nodiscard]] bool has_control(std::string_view text, bool line_feed_allowed = false) noexcept;

// ASCII case-insensitive equality: trait names are matched that way.
[[nodiscard]] bool same_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace thole::nft
