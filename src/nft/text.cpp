#include "nft/text.hpp"

#include <cstddef>
#include <cstdint>

namespace thole::nft {
namespace {

// Length of the well-formed sequence that starts at text[i]; 0 when there is none.
std::size_t sequence_length(std::string_view text, std::size_t i) noexcept {
    const auto at = [&](std::size_t k) { return static_cast<std::uint8_t>(text[k]); };
    const auto tail = [&](std::size_t k, std::uint8_t low = 0x80, std::uint8_t high = 0xBF) {
        return k < text.size() && at(k) >= low && at(k) <= high;
    };
    const auto lead = at(i);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return tail(i + 1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const std::uint8_t low = lead == 0xE0 ? 0xA0 : 0x80;   // no overlong form
        const std::uint8_t high = lead == 0xED ? 0x9F : 0xBF;  // no surrogate
        return tail(i + 1, low, high) && tail(i + 2) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const std::uint8_t low = lead == 0xF0 ? 0x90 : 0x80;
        const std::uint8_t high = lead == 0xF4 ? 0x8F : 0xBF;
        return tail(i + 1, low, high) && tail(i + 2) && tail(i + 3) ? 4 : 0;
    }
    return 0;
}

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        const auto length = sequence_length(text, i);
        if (length == 0) return false;
        i += length;
    }
    return true;
}

bool has_control(std::string_view text, bool line_feed_allowed) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<std::uint8_t>(text[i]);
        if (byte == '\n' && line_feed_allowed) continue;
        if (byte < 0x20 || byte == 0x7F) return true;
        // U+0080–U+009F are C2 80 … C2 9F; C2 never follows another lead byte.
        if (byte == 0xC2 && i + 1 < text.size() && static_cast<std::uint8_t>(text[i + 1]) < 0xA0) {
            return true;
        }
    }
    return false;
}

bool same_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

}  // namespace thole::nft
