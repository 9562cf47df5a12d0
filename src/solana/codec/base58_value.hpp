#pragma once

// Fixed-size byte values whose printed form is base58: public keys, blockhashes, signatures.
//
// Three types, so that a blockhash cannot be passed as a key:
//
//   auto owner = solana::public_key::parse("7A4NamkMyPufJdqsoRxUt3fE2KYuQ9NAb25GgAKECwaf");
//   if (!owner) ...                              // wrong alphabet or not 32 bytes
//   owner->text();                               // the same text again
//
// parse() is strict: exactly N bytes, one spelling per value. It works at compile time, which is
// how programs.hpp names the programs. Values; threads: any.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace thole::solana {

template <std::size_t N, class Tag>
struct base58_value {
    static constexpr std::size_t size = N;

    std::array<std::uint8_t, N> raw{};

    [[nodiscard]] static constexpr std::optional<base58_value> parse(
        std::string_view text) noexcept;
    // Exactly N bytes, else nothing.
    [[nodiscard]] static constexpr std::optional<base58_value> from(bytes_view data) noexcept {
        if (data.size() != N) return std::nullopt;
        base58_value out;
        for (std::size_t i = 0; i < N; ++i) out.raw[i] = data[i];
        return out;
    }

    [[nodiscard]] std::string text() const { return to_base58(raw); }
    [[nodiscard]] bytes_view view() const noexcept { return raw; }
    [[nodiscard]] constexpr bool is_zero() const noexcept { return *this == base58_value{}; }

    friend constexpr auto operator<=>(const base58_value&, const base58_value&) noexcept = default;
};

using public_key = base58_value<32, struct public_key_tag>;
using blockhash = base58_value<32, struct blockhash_tag>;
using signature = base58_value<64, struct signature_tag>;

// ---- implementation -----------------------------------------------------------------------------

namespace detail {

constexpr int base58_digit(char c) noexcept {
    constexpr std::string_view alphabet =
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    const auto at = alphabet.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace detail

template <std::size_t N, class Tag>
constexpr std::optional<base58_value<N, Tag>> base58_value<N, Tag>::parse(
    std::string_view text) noexcept {
    if (text.size() < N || text.size() > N * 2) return std::nullopt;  // log(256)/log(58) = 1.37
    base58_value out;
    for (const char c : text) {
        const int digit = detail::base58_digit(c);
        if (digit < 0) return std::nullopt;
        auto carry = static_cast<std::uint32_t>(digit);
        for (std::size_t i = N; i-- > 0;) {
            carry += 58U * out.raw[i];
            out.raw[i] = static_cast<std::uint8_t>(carry & 0xFFU);
            carry >>= 8U;
        }
        if (carry != 0) return std::nullopt;
    }
    // Each leading zero byte is exactly one '1'; otherwise the text is short or padded.
    std::size_t ones = 0;
    while (ones < text.size() && text[ones] == '1') ++ones;
    std::size_t zeros = 0;
    while (zeros < N && out.raw[zeros] == 0) ++zeros;
    if (ones != zeros) return std::nullopt;
    return out;
}

}  // namespace thole::solana
