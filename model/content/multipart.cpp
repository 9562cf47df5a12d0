#include "model/content/multipart.hpp"

#include <string>

namespace thole::model {

std::optional<std::string_view> first_part(std::string_view content_type, std::string_view body) {
    constexpr std::string_view marker = "boundary=";
    const auto at = content_type.find(marker);
    if (!content_type.starts_with("multipart/form-data") || at == std::string_view::npos) return {};
    auto boundary = content_type.substr(at + marker.size());
    boundary = boundary.substr(0, boundary.find(';'));
    if (boundary.size() >= 2 && boundary.front() == '"') {
        boundary = boundary.substr(1, boundary.size() - 2);
    }
    const auto opening = "--" + std::string{boundary} + "\r\n";
    const auto closing = "\r\n--" + std::string{boundary};
    if (!body.starts_with(opening)) return {};
    const auto head_end = body.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return {};
    const auto head = body.substr(opening.size(), head_end - opening.size());
    if (head.find("Content-Type:") == std::string_view::npos) return {};
    const auto content = body.substr(head_end + 4);
    const auto end = content.find(closing);
    if (end == std::string_view::npos) return {};
    return content.substr(0, end);
}

}  // namespace thole::model
