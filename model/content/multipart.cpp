#include "model/content/multipart.hpp"

namespace thole::model {
namespace {

// The value of name="…" in a part's head.
std::string quoted(std::string_view head, std::string_view name) {
    const auto key = std::string{name} + "=\"";
    for (auto at = head.find(key); at != std::string_view::npos; at = head.find(key, at + 1)) {
        if (at > 0 && head[at - 1] != ' ' && head[at - 1] != ';') continue;  // of filename=
        const auto value = head.substr(at + key.size());
        return std::string{value.substr(0, value.find('"'))};
    }
    return {};
}

std::string boundary_of(std::string_view content_type) {
    constexpr std::string_view marker = "boundary=";
    const auto at = content_type.find(marker);
    if (!content_type.starts_with("multipart/form-data") || at == std::string_view::npos) return {};
    auto boundary = content_type.substr(at + marker.size());
    boundary = boundary.substr(0, boundary.find(';'));
    if (boundary.size() >= 2 && boundary.front() == '"') {
        boundary = boundary.substr(1, boundary.size() - 2);
    }
    return std::string{boundary};
}

}  // namespace

std::optional<std::vector<form_part>> form_parts(std::string_view content_type,
                                                 std::string_view body) {
    const auto boundary = boundary_of(content_type);
    if (boundary.empty()) return {};
    const auto opening = "--" + boundary;
    const auto closing = "\r\n--" + boundary;
    if (!body.starts_with(opening)) return {};
    body.remove_prefix(opening.size());
    std::vector<form_part> out;
    while (!body.starts_with("--")) {
        const auto head_end = body.find("\r\n\r\n");
        if (!body.starts_with("\r\n") || head_end == std::string_view::npos) return {};
        const auto head = body.substr(2, head_end - 2);
        body.remove_prefix(head_end + 4);
        const auto end = body.find(closing);
        if (end == std::string_view::npos) return {};
        const bool typed = head.find("Content-Type:") != std::string_view::npos ||
                           head.find("content-type:") != std::string_view::npos;
        out.push_back({quoted(head, "name"), quoted(head, "filename"), typed, body.substr(0, end)});
        body.remove_prefix(end + closing.size());
    }
    return out;
}

std::optional<std::string_view> first_part(std::string_view content_type, std::string_view body) {
    const auto parts = form_parts(content_type, body);
    if (!parts || parts->empty() || !parts->front().has_type) return {};
    return parts->front().content;
}

}  // namespace thole::model
