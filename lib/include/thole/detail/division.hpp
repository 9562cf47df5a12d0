#pragma once

// n / d for a d that rarely changes: two multiplications where the processor's division would be
// the dearest part of a call.

#include <cstdint>

namespace thole::detail {

// 2^64 / d, rounded down. Precondition: d > 1.
[[nodiscard]] constexpr std::uint64_t inverse_of(std::uint64_t d) noexcept {
    __extension__ using wide = unsigned __int128;
    return static_cast<std::uint64_t>((wide{1} << 64) / d);
}

// Exact. Precondition: n < 2^63. The inverse is rounded down, so the first quotient is right or one
// too small.
[[nodiscard]] constexpr std::uint64_t divide(std::uint64_t n, std::uint64_t d,
                                             std::uint64_t inverse) noexcept {
    __extension__ using wide = unsigned __int128;
    const auto quotient = static_cast<std::uint64_t>((static_cast<wide>(n) * inverse) >> 64);
    return quotient + (n - quotient * d >= d ? 1 : 0);
}

}  // namespace thole::detail
