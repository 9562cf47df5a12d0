#pragma once

// The parts of a multipart/form-data body (RFC 7578), as a content node reads it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thole::model {

struct form_part {
    std::string name;
    std::string file_name;
    bool has_type = false;  // a Content-Type of its own
    std::string_view content;
};

// Nothing when the body is not such a form, or is cut short.
[[nodiscard]] std::optional<std::vector<form_part>> form_parts(std::string_view content_type,
                                                               std::string_view body);

// The first part. Nothing, too, when it has no Content-Type (which the published JavaScript node
// refuses).
[[nodiscard]] std::optional<std::string_view> first_part(std::string_view content_type,
                                                         std::string_view body);

}  // namespace thole::model
