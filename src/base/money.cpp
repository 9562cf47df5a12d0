#include "base/money.hpp"

#include <algorithm>
#include <charconv>

#include "thole/assert.hpp"

namespace thole {
namespace {

constexpr std::int64_t micros_of_a_unit = 1'000'000;
constexpr std::size_t decimals = 6;

bool is_currency(std::string_view text) {
    return text.size() >= 3 && text.size() <= 8 &&
           std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

// Digits alone, at most so many.
std::optional<std::int64_t> whole_number(std::string_view digits, std::size_t most) {
    if (digits.empty() || digits.size() > most) return std::nullopt;
    if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
        return std::nullopt;
    }
    std::int64_t out = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return out;
}

}  // namespace

std::string money::text() const {
    auto fraction = std::to_string(micros % micros_of_a_unit);
    fraction.insert(0, decimals - fraction.size(), '0');
    while (fraction.size() > 2 && fraction.back() == '0') fraction.pop_back();
    return std::to_string(micros / micros_of_a_unit) + "." + fraction + " " + currency;
}

std::optional<money> money::parse(std::string_view text) {
    const auto space = text.find(' ');
    if (space == std::string_view::npos || !is_currency(text.substr(space + 1))) {
        return std::nullopt;
    }
    const auto amount = text.substr(0, space);
    const auto point = amount.find('.');
    const auto units = whole_number(amount.substr(0, point), 4);
    if (!units) return std::nullopt;
    money out{*units * micros_of_a_unit, std::string{text.substr(space + 1)}};
    if (point != std::string_view::npos) {
        std::string fraction{amount.substr(point + 1)};
        if (fraction.empty()) return std::nullopt;
        if (fraction.size() < decimals) fraction.append(decimals - fraction.size(), '0');
        const auto micros = whole_number(fraction, decimals);
        if (!micros) return std::nullopt;
        out.micros += *micros;
    }
    if (out.micros > most_units * micros_of_a_unit) return std::nullopt;
    return out;
}

money money::times_parts(std::uint64_t count, std::uint64_t whole) const {
    THOLE_ASSERT(whole > 0 && whole <= 1'000'000'000, "parts of at most a billion");
    const auto price = static_cast<std::uint64_t>(micros);
    const auto wholes = count / whole * price;
    const auto rest = (count % whole * price + whole - 1) / whole;
    return {static_cast<std::int64_t>(wholes + rest), currency};
}

void add_to(std::vector<money>& sums, const money& each) {
    const auto at = std::ranges::lower_bound(sums, each.currency, {}, &money::currency);
    if (at != sums.end() && at->currency == each.currency) {
        at->micros += each.micros;
    } else {
        sums.insert(at, each);
    }
}

}  // namespace thole
