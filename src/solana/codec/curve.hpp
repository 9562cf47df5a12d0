#pragma once

// Is this 32-byte value a point of the Ed25519 curve? A program-derived address must not be one.
//
// The runtime's test (curve25519-dalek's decompression) is laxer than what signature libraries
// check: no subgroup, no canonical form. y is the value without its top bit, reduced modulo
// p = 2^255 - 19; the value is a point iff (y² - 1) / (d·y² + 1) is zero or a square.
// Variable time: never for secrets. Threads: any.

#include <array>
#include <cstdint>

namespace thole::solana {

[[nodiscard]] bool is_on_curve(const std::array<std::uint8_t, 32>& value) noexcept;

}  // namespace thole::solana
