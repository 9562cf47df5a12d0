#pragma once

// An amount of some currency, exact to a millionth, as text: "0.15 USD".
//
//   auto price = money::parse("0.15 USD");           // nothing for "0.15", "-1 USD", "1 dollar"
//   price->times_parts(bytes, 1'000'000'000).text()  // what so many billionths cost, rounded up
//
// A currency is a word of 3 to 8 capital letters (USD, EUR, USDC); amounts of different ones do not
// compare. Values only.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thole {

struct money {
    // Of a text. So that a price times any size that exists fits in 64 bits.
    static constexpr std::int64_t most_units = 9'000;

    std::int64_t micros = 0;  // millionths
    std::string currency;

    // At least two decimals, at most six.
    [[nodiscard]] std::string text() const;
    // Digits, perhaps a point with one to six more, a space, a currency; at most `most_units`.
    [[nodiscard]] static std::optional<money> parse(std::string_view);
    // This much for each `whole`: what `count` of them come to, rounded up. Precondition: 0 < whole
    // ≤ 10⁹, count ≤ 10¹⁸.
    [[nodiscard]] money times_parts(std::uint64_t count, std::uint64_t whole) const;
    friend bool operator==(const money&, const money&) = default;
};

// Adds to the amount of the same currency, or begins one; in the order of the currencies.
void add_to(std::vector<money>& sums, const money& each);

}  // namespace thole
