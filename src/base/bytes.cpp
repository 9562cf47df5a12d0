#include "base/bytes.hpp"

#include <algorithm>
#include <array>

namespace thole {

namespace {

constexpr std::uint8_t no_digit = 0xff;

using digit_table = std::array<std::uint8_t, 256>;

constexpr digit_table digits_of(std::string_view alphabet) {
    digit_table table{};
    table.fill(no_digit);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return table;
}

constexpr std::string_view hex_alphabet = "0123456789abcdef";
constexpr std::string_view base32_alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view base58_alphabet =
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr auto hex_digits = digits_of(hex_alphabet);
constexpr auto base32_digits = digits_of(base32_alphabet);
constexpr auto base58_digits = digits_of(base58_alphabet);
constexpr auto base64_digits = digits_of(base64_alphabet);
constexpr auto base64url_digits = digits_of(base64url_alphabet);

// The alphabets whose size is a power of two: digits of `bits` bits, most significant first.
std::string encode_bits(bytes_view data, std::string_view alphabet, unsigned bits) {
    std::string text((data.size() * 8 + bits - 1) / bits, '\0');
    auto* out = text.data();
    const std::uint32_t mask = (1U << bits) - 1;
    std::uint32_t held = 0;  // its lower `count` bits; those above have been written
    unsigned count = 0;
    for (const auto byte : data) {
        held = held << 8 | byte;
        for (count += 8; count >= bits;) {
            count -= bits;
            *out++ = alphabet[held >> count & mask];
        }
    }
    if (count > 0) *out++ = alphabet[held << (bits - count) & mask];
    return text;
}

std::optional<bytes> decode_bits(std::string_view text, const digit_table& digits, unsigned bits) {
    bytes data(text.size() * bits / 8);
    auto* out = data.data();
    std::uint32_t held = 0;
    unsigned count = 0;
    for (const char c : text) {
        const auto digit = digits[static_cast<std::uint8_t>(c)];
        if (digit == no_digit) return std::nullopt;
        held = held << bits | digit;
        count += bits;
        if (count >= 8) {
            count -= 8;
            *out++ = static_cast<std::uint8_t>(held >> count);
            held &= (1U << count) - 1;
        }
    }
    // A whole surplus digit, or bits that say nothing: the same bytes would have a second text.
    if (count >= bits || held != 0) return std::nullopt;
    return data;
}

}  // namespace

std::string to_hex(bytes_view data) {
    return encode_bits(data, hex_alphabet, 4);
}

std::optional<bytes> from_hex(std::string_view text) {
    return decode_bits(text, hex_digits, 4);
}

// Whole groups of three bytes at once: this is the form of every transaction and account.
std::string to_base64(bytes_view data) {
    std::string text((data.size() + 2) / 3 * 4, '=');
    auto* out = text.data();
    for (; data.size() >= 3; data = data.subspan(3)) {
        const auto group = std::uint32_t{data[0]} << 16 | std::uint32_t{data[1]} << 8 | data[2];
        for (int shift = 18; shift >= 0; shift -= 6) *out++ = base64_alphabet[group >> shift & 63];
    }
    std::ranges::copy(encode_bits(data, base64_alphabet, 6), out);
    return text;
}

std::optional<bytes> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    auto digits = text;
    while (!digits.empty() && digits.back() == '=' && text.size() - digits.size() < 2) {
        digits.remove_suffix(1);
    }
    bytes data(digits.size() / 4 * 3);
    auto* out = data.data();
    for (; digits.size() >= 4; digits.remove_prefix(4)) {
        std::uint32_t group = 0;
        std::uint8_t worst = 0;
        for (const char c : digits.substr(0, 4)) {
            const auto digit = base64_digits[static_cast<std::uint8_t>(c)];
            worst |= digit;
            group = group << 6 | digit;
        }
        if (worst > 63) return std::nullopt;
        for (int shift = 16; shift >= 0; shift -= 8) {
            *out++ = static_cast<std::uint8_t>(group >> shift);
        }
    }
    const auto rest = decode_bits(digits, base64_digits, 6);
    if (!rest) return std::nullopt;
    data.insert(data.end(), rest->begin(), rest->end());
    return data;
}

std::string to_base64url(bytes_view data) {
    return encode_bits(data, base64url_alphabet, 6);
}

std::optional<bytes> from_base64url(std::string_view text) {
    return decode_bits(text, base64url_digits, 6);
}

std::string to_base32(bytes_view data) {
    return encode_bits(data, base32_alphabet, 5);
}

std::optional<bytes> from_base32(std::string_view text) {
    return decode_bits(text, base32_digits, 5);
}

std::string to_base58(bytes_view data) {
    const auto zeros = static_cast<std::size_t>(
        std::ranges::find_if(data, [](auto byte) { return byte != 0; }) - data.begin());
    const auto rest = data.subspan(zeros);
    // Five digits in each, least significant first; up to four bytes at once multiply what is there
    // by 256 each. A twentieth of the divisions that single digits and bytes would need.
    constexpr std::uint64_t five_digits = 58ULL * 58 * 58 * 58 * 58;
    std::vector<std::uint32_t> groups;
    groups.reserve(rest.size() * 138 / 500 + 2);
    for (std::size_t at = 0; at < rest.size();) {
        const auto end = std::min(rest.size(), at + 4);
        std::uint64_t carry = 0;
        unsigned bits = 0;
        for (; at < end; ++at, bits += 8) carry = carry << 8U | rest[at];
        for (auto& group : groups) {
            carry += std::uint64_t{group} << bits;
            group = static_cast<std::uint32_t>(carry % five_digits);
            carry /= five_digits;
        }
        for (; carry > 0; carry /= five_digits) {
            groups.push_back(static_cast<std::uint32_t>(carry % five_digits));
        }
    }
    std::string reversed;
    reversed.reserve(groups.size() * 5 + zeros);
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const bool last = i + 1 == groups.size();
        for (auto [left, digits] = std::pair{groups[i], 0}; last ? left > 0 : digits < 5;
             ++digits) {
            reversed += base58_alphabet[left % 58];
            left /= 58;
        }
    }
    reversed.append(zeros, base58_alphabet[0]);
    std::ranges::reverse(reversed);
    return reversed;
}

std::optional<bytes> from_base58(std::string_view text, std::size_t max_text) {
    if (text.size() > max_text) return std::nullopt;
    const auto ones = std::min(text.find_first_not_of(base58_alphabet[0]), text.size());
    bytes reversed;
    reversed.reserve(text.size());
    for (const char c : text.substr(ones)) {
        std::uint32_t carry = base58_digits[static_cast<std::uint8_t>(c)];
        if (carry == no_digit) return std::nullopt;
        for (auto& byte : reversed) {
            carry += std::uint32_t{byte} * 58;
            byte = static_cast<std::uint8_t>(carry);
            carry >>= 8;
        }
        if (carry > 0) reversed.push_back(static_cast<std::uint8_t>(carry));
    }
    reversed.insert(reversed.end(), ones, 0);
    std::ranges::reverse(reversed);
    return reversed;
}

}  // namespace thole
