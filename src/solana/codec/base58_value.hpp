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

#include <algorithm>
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

    [[nodiscard]] std::string text() const;
    [[nodiscard]] bytes_view view() const noexcept { return raw; }
    [[nodiscard]] constexpr bool is_zero() const noexcept { return *this == base58_value{}; }

    friend constexpr auto operator<=>(const base58_value&, const base58_value&) noexcept = default;
};

using public_key = base58_value<32, struct public_key_tag>;
using blockhash = base58_value<32, struct blockhash_tag>;
using signature = base58_value<64, struct signature_tag>;

// ---- implementation -----------------------------------------------------------------------------

namespace detail {

inline constexpr std::uint8_t no_base58_digit = 0xff;

inline constexpr std::string_view base58_alphabet =
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

inline constexpr auto base58_digits = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(no_base58_digit);
    for (std::size_t i = 0; i < base58_alphabet.size(); ++i) {
        table[static_cast<std::uint8_t>(base58_alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return table;
}();

inline constexpr std::uint64_t five_base58_digits = 58ULL * 58 * 58 * 58 * 58;

// 2^(32·i) for each word i of an N-byte number, in groups of five digits, least significant first.
template <std::size_t N>
inline constexpr auto base58_words = [] {
    constexpr std::size_t groups = (N * 1366 / 1000 + 1 + 4) / 5;  // log(256)/log(58) < 1.366
    std::array<std::array<std::uint32_t, groups>, N / 4> table{};
    table[0][0] = 1;
    for (std::size_t i = 1; i < N / 4; ++i) {
        std::uint64_t carry = 0;
        for (std::size_t j = 0; j < groups; ++j) {
            carry += std::uint64_t{table[i - 1][j]} << 32U;
            table[i][j] = static_cast<std::uint32_t>(carry % five_base58_digits);
            carry /= five_base58_digits;
        }
    }
    return table;
}();

}  // namespace detail

// Every word times its table row, added up group by group; carried on after every fourth.
template <std::size_t N, class Tag>
std::string base58_value<N, Tag>::text() const {
    constexpr auto& table = detail::base58_words<N>;
    constexpr auto alphabet = detail::base58_alphabet;
    std::array<std::uint64_t, table[0].size()> sums{};
    const auto settle = [&sums] {
        std::uint64_t carry = 0;
        for (auto& each : sums) {
            each += carry;
            carry = each / detail::five_base58_digits;
            each %= detail::five_base58_digits;
        }
    };
    for (std::size_t i = 0; i < N / 4; ++i) {
        const auto* at = &raw[N - 4 * (i + 1)];
        const std::uint64_t word = std::uint64_t{at[0]} << 24U | std::uint64_t{at[1]} << 16U |
                                   std::uint64_t{at[2]} << 8U | at[3];
        for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += word * table[i][j];
        if (i % 4 == 3) settle();  // four products below 2^61.3 and a rest fit 64 bits
    }
    std::array<char, 5 * sums.size()> digits{};
    auto* out = digits.data() + digits.size();
    for (auto group : sums) {
        for (int k = 0; k < 5; ++k, group /= 58) *--out = alphabet[group % 58];
    }
    const auto zeros = static_cast<std::size_t>(
        std::ranges::find_if(raw, [](auto byte) { return byte != 0; }) - raw.begin());
    const std::string_view all{digits.data(), digits.size()};
    std::string text(zeros, alphabet[0]);
    return text.append(all.substr(std::min(all.find_first_not_of(alphabet[0]), all.size())));
}

template <std::size_t N, class Tag>
constexpr std::optional<base58_value<N, Tag>> base58_value<N, Tag>::parse(
    std::string_view text) noexcept {
    static_assert(N % 4 == 0, "whole words");
    if (text.size() < N || text.size() > N * 2) return std::nullopt;  // log(256)/log(58) = 1.37
    // Words of four bytes, least significant first, multiplied by five digits at once.
    std::array<std::uint32_t, N / 4> words{};
    for (std::size_t at = 0; at < text.size();) {
        std::uint64_t carry = 0;
        std::uint64_t times = 1;
        for (const auto end = std::min(at + 5, text.size()); at < end; ++at, times *= 58) {
            const auto digit = detail::base58_digits[static_cast<std::uint8_t>(text[at])];
            if (digit == detail::no_base58_digit) return std::nullopt;
            carry = carry * 58 + digit;
        }
        for (auto& word : words) {
            carry += word * times;
            word = static_cast<std::uint32_t>(carry);
            carry >>= 32U;
        }
        if (carry != 0) return std::nullopt;
    }
    base58_value out;
    for (std::size_t i = 0; i < N; ++i) {
        out.raw[N - 1 - i] = static_cast<std::uint8_t>(words[i / 4] >> (8 * (i % 4)));
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
