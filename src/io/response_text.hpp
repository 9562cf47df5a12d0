#pragma once

// The head of an HTTP/1 answer as one text.

#include <cstdint>
#include <optional>
#include <string>

#include "io/http.hpp"

namespace thole::io {

[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

struct response_framing {
    std::optional<std::uint64_t> length;  // nothing: chunked, or until the end for HTTP/1.0
    bool chunked = false;
    bool keep_alive = true;
    unsigned version = 11;
};

// Status line, headers and the empty line. Headers that would break out of their line (a CR or LF
// in name or value) and those that frame the message are left out.
[[nodiscard]] std::string response_head(int status, const http_headers& headers,
                                        const response_framing& framing, wall_time now);

}  // namespace thole::io
