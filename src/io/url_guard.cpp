#include "io/url_guard.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "thole/codes.hpp"

namespace thole::io {

namespace {

namespace ip = boost::asio::ip;

struct block {
    std::uint32_t network;
    unsigned bits;
    address_class kind;
};

// IANA IPv4 special-purpose address registry.
constexpr std::array v4_blocks{
    block{0x00000000, 8, address_class::special},       // this network
    block{0x0a000000, 8, address_class::private_use},   // RFC 1918
    block{0x64400000, 10, address_class::private_use},  // RFC 6598, carrier-grade NAT
    block{0x7f000000, 8, address_class::loopback},
    block{0xa9fe0000, 16, address_class::link_local},
    block{0xac100000, 12, address_class::private_use},  // RFC 1918
    block{0xc0000000, 24, address_class::special},      // protocol assignments
    block{0xc0000200, 24, address_class::special},      // documentation
    block{0xc0a80000, 16, address_class::private_use},  // RFC 1918
    block{0xc6120000, 15, address_class::special},      // benchmarking
    block{0xc6336400, 24, address_class::special},      // documentation
    block{0xcb007100, 24, address_class::special},      // documentation
    block{0xe0000000, 4, address_class::special},       // multicast
    block{0xf0000000, 4, address_class::special},       // reserved, broadcast
};

address_class classify_v4(std::uint32_t address) {
    for (const auto& [network, bits, kind] : v4_blocks) {
        if ((address ^ network) >> (32 - bits) == 0) return kind;
    }
    return address_class::global;
}

std::uint32_t v4_at(const ip::address_v6::bytes_type& raw, std::size_t at) {
    return std::uint32_t{raw[at]} << 24 | std::uint32_t{raw[at + 1]} << 16 |
           std::uint32_t{raw[at + 2]} << 8 | std::uint32_t{raw[at + 3]};
}

bool starts_with(const ip::address_v6::bytes_type& raw,
                 std::initializer_list<std::uint8_t> prefix) {
    return std::ranges::equal(prefix, std::span{raw}.first(prefix.size()));
}

address_class classify_v6(const ip::address_v6& address) {
    if (address.is_loopback()) return address_class::loopback;
    const auto raw = address.to_bytes();
    if (address.is_v4_mapped()) return classify_v4(v4_at(raw, 12));
    if (starts_with(raw, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {  // NAT64
        return classify_v4(v4_at(raw, 12));
    }
    if (starts_with(raw, {0x20, 0x02})) return classify_v4(v4_at(raw, 2));  // 6to4
    if ((raw[0] & 0xfe) == 0xfc) return address_class::private_use;
    if (raw[0] == 0xfe && (raw[1] & 0xc0) == 0x80) return address_class::link_local;
    if (raw[0] == 0xfe && (raw[1] & 0xc0) == 0xc0) return address_class::private_use;  // site-local
    if (starts_with(raw, {0x20, 0x01, 0x0d, 0xb8})) return address_class::special;
    if (starts_with(raw, {0x20, 0x01}) && raw[2] < 0x02)
        return address_class::special;  // Teredo ...
    return (raw[0] & 0xe0) == 0x20 ? address_class::global : address_class::special;
}

}  // namespace

address_class classify(const ip::address& address) {
    return address.is_v4() ? classify_v4(address.to_v4().to_uint()) : classify_v6(address.to_v6());
}

std::string_view to_string(address_class kind) noexcept {
    switch (kind) {
        case address_class::global:
            return "global";
        case address_class::loopback:
            return "loopback";
        case address_class::private_use:
            return "private";
        case address_class::link_local:
            return "link-local";
        case address_class::special:
            return "special-purpose";
    }
    return "unknown";
}

result<> url_guard::check(std::string_view host, const std::vector<ip::address>& addresses) const {
    if (reach_ == reach::anywhere) return {};
    for (const auto& each : addresses) {
        const auto kind = classify(each);
        if (kind == address_class::global) continue;
        return fail(codes::net_address_forbidden, std::string{host} + " leads to the " +
                                                      std::string{to_string(kind)} + " address " +
                                                      each.to_string());
    }
    return {};
}

}  // namespace thole::io
