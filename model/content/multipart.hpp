#pragma once

// The first file of a multipart/form-data body (RFC 7578), as a content node reads it.

#include <optional>
#include <string_view>

namespace thole::model {

// Nothing when the body is not such a form or its part has no Content-Type (which the published
// JavaScript node refuses too).
[[nodiscard]] std::optional<std::string_view> first_part(std::string_view content_type,
                                                         std::string_view body);

}  // namespace thole::model
