#pragma once

// Errors of the HTTP interface: RFC 9457 problem details, application/problem+json.
//
//   co_return io::problem(422, "mint.invalid", "The request has wrong values.",
//                         {{"/name", "mint.too_long", "at most 32 bytes, got 33"}});
//
// `code` is a stable "area.reason"; it becomes the type "/problems/<code>". Never put a secret or
// another client's data into a detail.

#include <string>
#include <string_view>
#include <vector>

#include "io/http_server.hpp"

namespace thole::io {

struct problem_item {
    std::string pointer;  // RFC 6901 into the request body, or a parameter's name
    std::string code;
    std::string detail;
};

[[nodiscard]] server_response problem(int status, std::string_view code, std::string detail,
                                      std::vector<problem_item> errors = {});

// The usual phrase of a status, "Not Found".
[[nodiscard]] std::string_view status_title(int status) noexcept;

}  // namespace thole::io
