#include "solana/codec/wire.hpp"

#include "thole/assert.hpp"

namespace thole::solana {

writer& writer::u8(std::uint8_t v) {
    out_.push_back(v);
    return *this;
}

writer& writer::little(std::uint64_t v, int width) {
    for (int i = 0; i < width; ++i) out_.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
    return *this;
}

writer& writer::raw(bytes_view data) {
    out_.insert(out_.end(), data.begin(), data.end());
    return *this;
}

writer& writer::text(std::string_view s) {
    THOLE_ASSERT(s.size() <= UINT32_MAX, "a Borsh string's length fits 32 bits");
    return u32(static_cast<std::uint32_t>(s.size())).raw(as_bytes(s));
}

writer& writer::long_text(std::string_view s) {
    return u64(s.size()).raw(as_bytes(s));
}

writer& writer::compact_u16(std::uint16_t v) {
    std::uint32_t left = v;
    while (left >= 0x80) {
        u8(static_cast<std::uint8_t>(left | 0x80U));
        left >>= 7U;
    }
    return u8(static_cast<std::uint8_t>(left));
}

writer& writer::optional_key(const std::optional<public_key>& k) {
    if (!k) return u8(0);
    return u8(1).key(*k);
}

std::uint64_t reader::little(std::size_t width) noexcept {
    const auto part = raw(width);
    std::uint64_t v = 0;
    for (std::size_t i = part.size(); i-- > 0;) v = v << 8U | part[i];
    return v;
}

bytes_view reader::raw(std::size_t n) noexcept {
    if (!ok_ || n > data_.size() - at_) {
        ok_ = false;
        return {};
    }
    const auto part = data_.subspan(at_, n);
    at_ += n;
    return part;
}

bool reader::flag() noexcept {
    const auto v = u8();
    if (v > 1) ok_ = false;
    return v == 1;
}

public_key reader::key() noexcept {
    return public_key::from(raw(public_key::size)).value_or(public_key{});
}

std::string reader::text_of(std::uint64_t length) {
    if (!ok_ || length > left()) {
        ok_ = false;
        return {};
    }
    const auto found = as_text(raw(static_cast<std::size_t>(length)));
    if (!is_utf8(found)) {
        ok_ = false;
        return {};
    }
    return std::string{found};
}

std::string reader::text() {
    return text_of(u32());
}
std::string reader::long_text() {
    return text_of(u64());
}

std::uint16_t reader::compact_u16() noexcept {
    std::uint32_t v = 0;
    for (unsigned i = 0; i < 3; ++i) {
        const auto b = u8();
        if (!ok_) return 0;
        v |= static_cast<std::uint32_t>(b & 0x7FU) << (7 * i);
        if ((b & 0x80U) != 0) continue;
        // A last byte of zero spells a value that a shorter form spells already.
        if ((i > 0 && b == 0) || v > UINT16_MAX) break;
        return static_cast<std::uint16_t>(v);
    }
    ok_ = false;
    return 0;
}

namespace {

struct utf8_lead {
    int more;                // continuation bytes, -1 = not a lead byte
    std::uint32_t bits;      // of the lead byte
    std::uint32_t smallest;  // anything below is an overlong form
};

utf8_lead lead_of(std::uint8_t b) noexcept {
    if (b < 0x80) return {0, b, 0};
    if ((b & 0xE0U) == 0xC0U) return {1, b & 0x1FU, 0x80};
    if ((b & 0xF0U) == 0xE0U) return {2, b & 0x0FU, 0x800};
    if ((b & 0xF8U) == 0xF0U) return {3, b & 0x07U, 0x10000};
    return {-1, 0, 0};
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = lead_of(static_cast<std::uint8_t>(text[i++]));
        if (lead.more < 0 || text.size() - i < static_cast<std::size_t>(lead.more)) return false;
        std::uint32_t point = lead.bits;
        for (int k = 0; k < lead.more; ++k) {
            const auto b = static_cast<std::uint8_t>(text[i++]);
            if ((b & 0xC0U) != 0x80U) return false;
            point = point << 6U | (b & 0x3FU);
        }
        if (point < lead.smallest || point > 0x10FFFF) return false;
        if (point >= 0xD800 && point <= 0xDFFF) return false;
    }
    return true;
}

}  // namespace thole::solana
