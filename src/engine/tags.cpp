#include "engine/tags.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace thole::saga {

bool is_tag(std::string_view text) noexcept {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == ':' || c == '-';
    };
    return !text.empty() && text.size() <= tag_limits::bytes && std::ranges::all_of(text, good);
}

json::problems judge_tags(const std::vector<std::string>& tags, std::string_view pointer) {
    json::problems out;
    if (tags.size() > tag_limits::tags) {
        out.push_back({std::string{pointer}, "value.too_many",
                       fmt::format("at most {} tags, this has {}", tag_limits::tags, tags.size())});
    }
    for (std::size_t i = 0; i < std::min(tags.size(), tag_limits::tags); ++i) {
        const auto here = fmt::format("{}/{}", pointer, i);
        const auto end = tags.begin() + static_cast<std::ptrdiff_t>(i);
        if (!is_tag(tags[i])) {
            out.push_back({here, "value.form", std::string{tag_rule}});
        } else if (std::find(tags.begin(), end, tags[i]) != end) {
            out.push_back({here, "value.duplicate", "the tag is there twice"});
        }
    }
    return out;
}

sha256_digest with_tags(const sha256_digest& payload, std::vector<std::string> tags) {
    if (tags.empty()) return payload;
    std::ranges::sort(tags);
    return sha256(as_bytes(to_hex(payload) + " " + joined_tags(tags)));
}

std::string joined_tags(const std::vector<std::string>& tags) {
    std::string out;
    for (const auto& each : tags) out.append(out.empty() ? "" : " ").append(each);
    return out;
}

std::vector<std::string> split_tags(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

}  // namespace thole::saga
