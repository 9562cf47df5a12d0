#pragma once

// The request line's target, taken apart strictly: what is not well encoded is refused.

#include <optional>
#include <string>
#include <string_view>

#include "io/server_message.hpp"

namespace thole::io {

enum class plus : std::uint8_t { is_plus, is_space };  // paths, query strings

// Nothing for a broken escape or a control character.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text, plus meaning);

// Fills path and query from target. Answers what is wrong, or nothing.
[[nodiscard]] std::optional<std::string> split_target(request_head& head);

[[nodiscard]] std::string_view find_header(const http_headers& headers,
                                           std::string_view name) noexcept;
[[nodiscard]] std::size_t count_headers(const http_headers& headers,
                                        std::string_view name) noexcept;

}  // namespace thole::io
