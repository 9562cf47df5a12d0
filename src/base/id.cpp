#include "base/id.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace thole {

namespace {

constexpr bool is_dash(std::size_t at) {
    return at == 8 || at == 13 || at == 18 || at == 23;
}

}  // namespace

uuid uuid::v7(store_time now, entropy& source) {
    std::array<std::uint8_t, 16> raw;
    source.fill(std::span{raw}.subspan(6));
    auto milliseconds = static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count());
    for (std::size_t i = 6; i-- > 0;) {
        raw[i] = static_cast<std::uint8_t>(milliseconds);
        milliseconds >>= 8;
    }
    raw[6] = static_cast<std::uint8_t>((raw[6] & 0x0f) | 0x70);  // version 7
    raw[8] = static_cast<std::uint8_t>((raw[8] & 0x3f) | 0x80);  // variant of RFC 9562
    return uuid{raw};
}

std::optional<uuid> uuid::parse(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    std::string digits;
    digits.reserve(32);
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!is_dash(at)) {
            digits += text[at];
        } else if (text[at] != '-') {
            return std::nullopt;
        }
    }
    const auto read = from_hex(digits);
    if (!read) return std::nullopt;
    std::array<std::uint8_t, 16> raw;
    std::ranges::copy(*read, raw.begin());
    return uuid{raw};
}

std::string uuid::text() const {
    const auto digits = to_hex(raw_);
    std::string out;
    out.reserve(36);
    for (const char digit : digits) {
        if (is_dash(out.size())) out += '-';
        out += digit;
    }
    return out;
}

std::string uuid::short_text() const {
    return to_hex(std::span{raw_}.last(4));
}

}  // namespace thole
