#include "base/id.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace thole {

namespace {

constexpr bool dash_before(std::size_t byte) {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
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
    std::array<std::uint8_t, 16> raw;
    std::size_t at = 0;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (dash_before(i) && text[at++] != '-') return std::nullopt;
        const auto byte = from_hex(text.substr(at, 2));
        if (!byte) return std::nullopt;
        raw[i] = byte->front();
        at += 2;
    }
    return uuid{raw};
}

std::string uuid::text() const {
    std::string out;
    out.reserve(36);
    for (std::size_t i = 0; i < raw_.size(); ++i) {
        if (dash_before(i)) out += '-';
        out += to_hex(std::span{raw_}.subspan(i, 1));
    }
    return out;
}

std::string uuid::short_text() const {
    return to_hex(std::span{raw_}.last(4));
}

}  // namespace thole
