#include "ipfs/codec/varint.hpp"

namespace thole::ipfs {

void put_varint(bytes& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<std::uint8_t>(value));
}

std::size_t varint_size(std::uint64_t value) noexcept {
    std::size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        ++size;
    }
    return size;
}

std::optional<std::uint64_t> byte_cursor::varint() noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < rest.size() && i < 10; ++i) {
        const std::uint64_t low = rest[i] & 0x7F;
        if (i == 9 && rest[i] > 1) return std::nullopt;  // more than 64 bits
        value |= low << (7 * i);
        if ((rest[i] & 0x80) != 0) continue;
        if (i > 0 && rest[i] == 0) return std::nullopt;  // not the shortest form
        rest = rest.subspan(i + 1);
        return value;
    }
    return std::nullopt;
}

std::optional<bytes_view> byte_cursor::take(std::uint64_t count) noexcept {
    if (count > rest.size()) return std::nullopt;
    const auto taken = rest.first(static_cast<std::size_t>(count));
    rest = rest.subspan(static_cast<std::size_t>(count));
    return taken;
}

}  // namespace thole::ipfs
