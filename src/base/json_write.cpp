// Values to text, in the order they have or in the canonical one.

#include <algorithm>
#include <array>
#include <boost/json/kind.hpp>
#include <charconv>
#include <cmath>

#include "base/json.hpp"

namespace thole::json {

namespace {

namespace bj = boost::json;

void append_escape(std::string& out, char c) {
    constexpr std::string_view hex = "0123456789abcdef";
    constexpr std::string_view plain = "\"\\\b\t\n\f\r";
    constexpr std::string_view letter = "\"\\btnfr";
    out += '\\';
    if (const auto at = plain.find(c); at != std::string_view::npos) {
        out += letter[at];
        return;
    }
    out += "u00";
    out += hex[static_cast<unsigned char>(c) >> 4];
    out += hex[static_cast<unsigned char>(c) & 0xf];
}

// What needs no escape goes over in one piece.
void append_escaped(std::string& out, std::string_view text) {
    out += '"';
    std::size_t done = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
        out.append(text, done, at - done);
        append_escape(out, c);
        done = at + 1;
    }
    out.append(text, done);
    out += '"';
}

// ECMAScript Number::toString: the shortest digits that read back, laid out by their exponent.
void append_double(std::string& out, double number) {
    if (!std::isfinite(number)) {  // JSON has no such number; null is what JSON.stringify writes
        out += "null";
        return;
    }
    if (number == 0) {
        out += '0';
        return;
    }
    std::array<char, 32> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                   std::chars_format::scientific)
                         .ptr;
    std::string_view text{buffer.data(), static_cast<std::size_t>(end - buffer.data())};
    if (text.front() == '-') {
        out += '-';
        text.remove_prefix(1);
    }
    const auto e = text.find('e');
    int exponent = 0;
    const auto* exponent_text = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
    std::from_chars(exponent_text, text.data() + text.size(), exponent);
    std::string digits{text.substr(0, 1)};
    if (e > 2) digits += text.substr(2, e - 2);
    const int count = static_cast<int>(digits.size());
    const int point = exponent + 1;  // digits before the decimal point
    if (count <= point && point <= 21) {
        out += digits;
        out.append(static_cast<std::size_t>(point - count), '0');
    } else if (0 < point && point <= 21) {
        out.append(digits, 0, static_cast<std::size_t>(point));
        out += '.';
        out.append(digits, static_cast<std::size_t>(point));
    } else if (-6 < point && point <= 0) {
        out += "0.";
        out.append(static_cast<std::size_t>(-point), '0');
        out += digits;
    } else {
        out += digits[0];
        if (count > 1) out.append(".").append(digits, 1);
        out += exponent < 0 ? "e-" : "e+";
        out += std::to_string(std::abs(exponent));
    }
}

// UTF-8 compared as the UTF-16 code units it stands for. The orders differ only where a code point
// beyond the basic plane (a surrogate pair, D800..) meets one of E000..FFFF.
bool utf16_less(std::string_view a, std::string_view b) {
    const auto [x, y] = std::ranges::mismatch(a, b);
    if (x == a.end() || y == b.end()) return x == a.end() && y != b.end();
    const auto rank = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0xf0) return 0xeeU;
        return byte >= 0xee ? byte + 1U : unsigned{byte};
    };
    const auto rank_x = rank(*x);
    const auto rank_y = rank(*y);
    if (rank_x != rank_y) return rank_x < rank_y;
    return static_cast<unsigned char>(*x) < static_cast<unsigned char>(*y);
}

void append_value(std::string& out, const bj::value& from, bool is_canonical);

void append_object(std::string& out, const bj::object& from, bool is_canonical) {
    bool is_first = true;
    const auto append = [&](const bj::key_value_pair& each) {
        if (!std::exchange(is_first, false)) out += ',';
        append_escaped(out, each.key());
        out += ':';
        append_value(out, each.value(), is_canonical);
    };
    out += '{';
    if (is_canonical) {
        std::vector<const bj::key_value_pair*> members;
        members.reserve(from.size());
        for (const auto& each : from) members.push_back(&each);
        std::ranges::sort(members, utf16_less,
                          [](const auto* each) { return std::string_view{each->key()}; });
        for (const auto* each : members) append(*each);
    } else {
        for (const auto& each : from) append(each);
    }
    out += '}';
}

void append_value(std::string& out, const bj::value& from, bool is_canonical) {
    switch (from.kind()) {
        case bj::kind::null:
            out += "null";
            break;
        case bj::kind::bool_:
            out += from.get_bool() ? "true" : "false";
            break;
        case bj::kind::int64:
            if (is_canonical) {
                append_double(out, static_cast<double>(from.get_int64()));
            } else {
                out += std::to_string(from.get_int64());
            }
            break;
        case bj::kind::uint64:
            if (is_canonical) {
                append_double(out, static_cast<double>(from.get_uint64()));
            } else {
                out += std::to_string(from.get_uint64());
            }
            break;
        case bj::kind::double_:
            append_double(out, from.get_double());
            break;
        case bj::kind::string:
            append_escaped(out, from.get_string());
            break;
        case bj::kind::array: {
            out += '[';
            bool is_first = true;
            for (const auto& each : from.get_array()) {
                if (!std::exchange(is_first, false)) out += ',';
                append_value(out, each, is_canonical);
            }
            out += ']';
            break;
        }
        case bj::kind::object:
            append_object(out, from.get_object(), is_canonical);
            break;
    }
}

}  // namespace

std::string canonical(const bj::value& from) {
    std::string out;
    append_value(out, from, true);
    return out;
}

namespace detail {

std::string serialize(const value& from) {
    std::string out;
    append_value(out, from, false);
    return out;
}

}  // namespace detail

}  // namespace thole::json
