#include "model/web.hpp"

#include <algorithm>

namespace thole::model {
namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hex(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    const auto small = lower(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape =
            text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0;
        if (escape) {
            out.push_back(static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2])));
            i += 2;
        } else {
            out.push_back(text[i] == '+' ? ' ' : text[i]);
        }
    }
    return out;
}

}  // namespace

std::string_view web_request::header(std::string_view name) const noexcept {
    for (const auto& [key, value] : headers) {
        if (std::ranges::equal(key, name, {}, lower, lower)) return value;
    }
    return {};
}

std::string_view web_request::path() const noexcept {
    return std::string_view{target}.substr(0, target.find('?'));
}

std::string web_request::query(std::string_view name) const {
    auto rest = std::string_view{target}.substr(std::min(path().size() + 1, target.size()));
    while (!rest.empty()) {
        const auto one = rest.substr(0, rest.find('&'));
        const auto key = one.substr(0, one.find('='));
        if (decoded(key) == name) return decoded(one.substr(std::min(key.size() + 1, one.size())));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    }
    return {};
}

}  // namespace thole::model
