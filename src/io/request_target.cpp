#include "io/request_target.hpp"

#include <algorithm>

namespace thole::io {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    c = lower(c);
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    return std::nullopt;
}

// Absolute form ("http://host/path", RFC 9112 §3.2.2) without its authority.
std::string_view origin_form(std::string_view target) {
    const auto scheme = target.find("://");
    if (target.starts_with('/') || scheme == std::string_view::npos) return target;
    const auto path = target.find_first_of("/?", scheme + 3);
    return path == std::string_view::npos ? "/" : target.substr(path);
}

std::optional<std::string> add_parameter(request_head& head, std::string_view pair) {
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decoded(pair.substr(0, equals), plus::is_space);
    auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), plus::is_space);
    if (!name || !value) return "the query is not well encoded";
    const auto [at, is_new] = head.query.emplace(std::move(*name), std::move(*value));
    if (!is_new) return "the query names \"" + at->first + "\" twice";
    return std::nullopt;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text, plus meaning) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            const auto high = hex_digit(text[i + 1]);
            const auto low = hex_digit(text[i + 2]);
            if (!high || !low) return std::nullopt;
            c = static_cast<char>(*high << 4 | *low);
            i += 2;
        } else if (c == '+' && meaning == plus::is_space) {
            c = ' ';
        }
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
        out += c;
    }
    return out;
}

std::optional<std::string> split_target(request_head& head) {
    const auto target = origin_form(head.target);
    if (target.find('#') != std::string_view::npos) return "a target has no fragment";
    const auto question = std::min(target.find('?'), target.size());
    head.path = target.substr(0, question);
    if (head.path.empty()) head.path = "/";
    const bool asterisk = head.path == "*" && head.method == "OPTIONS";
    if (!asterisk && !path_segments(head.path)) return "the path is not well encoded";
    auto query = target.substr(std::min(question + 1, target.size()));
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        if (end > 0) {
            if (auto wrong = add_parameter(head, query.substr(0, end))) return wrong;
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return std::nullopt;
}

std::string_view find_header(const http_headers& headers, std::string_view name) noexcept {
    for (const auto& [key, value] : headers) {
        if (same_name(key, name)) return value;
    }
    return {};
}

std::size_t count_headers(const http_headers& headers, std::string_view name) noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(
        headers, [&](const auto& each) { return same_name(each.first, name); }));
}

}  // namespace thole::io
