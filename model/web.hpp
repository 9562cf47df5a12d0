#pragma once

// A request and its answer, as the models of HTTP services take and give them.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thole::model {

using web_headers = std::vector<std::pair<std::string, std::string>>;

struct web_request {
    std::string method;
    std::string target;  // path and query
    web_headers headers;
    std::string body;
    std::int64_t now = 0;  // seconds

    // The first of that name (ASCII case-insensitive), or "".
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
    [[nodiscard]] std::string_view path() const noexcept;
    // The value of a query parameter, percent-decoded, or "".
    [[nodiscard]] std::string query(std::string_view name) const;
};

struct web_answer {
    int status = 200;
    std::string body;
    web_headers headers;
};

}  // namespace thole::model
