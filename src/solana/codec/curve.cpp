#include "solana/codec/curve.hpp"

namespace thole::solana {

namespace {

__extension__ using wide = unsigned __int128;

// An element of the field modulo p = 2^255 - 19 in five limbs of 51 bits. Between operations a
// limb stays below 2^52, so that sums of products fit 128 bits.
struct field {
    std::array<std::uint64_t, 5> limb{};
};

constexpr std::uint64_t mask51 = (std::uint64_t{1} << 51U) - 1;

constexpr field carried(field a) noexcept {
    for (int round = 0; round < 2; ++round) {
        for (std::size_t i = 0; i < 4; ++i) {
            a.limb[i + 1] += a.limb[i] >> 51U;
            a.limb[i] &= mask51;
        }
        a.limb[0] += 19 * (a.limb[4] >> 51U);  // 2^255 = 19
        a.limb[4] &= mask51;
    }
    return a;
}

constexpr field add(const field& a, const field& b) noexcept {
    field out;
    for (std::size_t i = 0; i < 5; ++i) out.limb[i] = a.limb[i] + b.limb[i];
    return carried(out);
}

constexpr field subtract(const field& a, const field& b) noexcept {
    // 4p in limbs, so that no limb goes below zero.
    constexpr std::uint64_t low = 4 * (mask51 - 18);
    constexpr std::uint64_t high = 4 * mask51;
    field out;
    for (std::size_t i = 0; i < 5; ++i) out.limb[i] = a.limb[i] + (i == 0 ? low : high) - b.limb[i];
    return carried(out);
}

constexpr field multiply(const field& a, const field& b) noexcept {
    std::array<wide, 5> sum{};
    for (std::size_t i = 0; i < 5; ++i) {
        for (std::size_t j = 0; j < 5; ++j) {
            const auto product = static_cast<wide>(a.limb[i]) * b.limb[j];
            sum[(i + j) % 5] += i + j < 5 ? product : product * 19;
        }
    }
    field out;
    wide carry = 0;
    for (std::size_t i = 0; i < 5; ++i) {
        sum[i] += carry;
        out.limb[i] = static_cast<std::uint64_t>(sum[i]) & mask51;
        carry = sum[i] >> 51U;
    }
    // carry < 2^64: five products below 2^104 · 19, shifted by 51.
    const auto wrapped = static_cast<wide>(out.limb[0]) + carry * 19;
    out.limb[0] = static_cast<std::uint64_t>(wrapped) & mask51;
    out.limb[1] += static_cast<std::uint64_t>(wrapped >> 51U);
    return carried(out);
}

// The one representative below p.
constexpr field reduced(field a) noexcept {
    a = carried(a);
    // a < 2^255 now; adding 19 overflows 2^255 exactly when a >= p.
    std::uint64_t over = 19;
    for (std::size_t i = 0; i < 5; ++i) over = (a.limb[i] + over) >> 51U;
    a.limb[0] += 19 * over;
    for (std::size_t i = 0; i < 4; ++i) {
        a.limb[i + 1] += a.limb[i] >> 51U;
        a.limb[i] &= mask51;
    }
    a.limb[4] &= mask51;
    return a;
}

constexpr bool equal(const field& a, const field& b) noexcept {
    return reduced(a).limb == reduced(b).limb;
}

field decode(const std::array<std::uint8_t, 32>& value) noexcept {
    field out;
    for (std::size_t bit = 0; bit < 255; ++bit) {
        const std::uint64_t set = value[bit / 8] >> (bit % 8) & 1U;
        out.limb[bit / 51] |= set << (bit % 51);
    }
    return carried(out);
}

constexpr field one{{1, 0, 0, 0, 0}};

constexpr field power(const field& base, const std::array<std::uint8_t, 32>& exponent) noexcept {
    field out = one;
    for (std::size_t bit = 256; bit-- > 0;) {
        out = multiply(out, out);
        if ((exponent[bit / 8] >> (bit % 8) & 1U) != 0) out = multiply(out, base);
    }
    return out;
}

// (p - 1) / 2 = 2^254 - 10 and p - 2 = 2^255 - 21, little-endian.
constexpr std::array<std::uint8_t, 32> filled(std::uint8_t first, std::uint8_t last) noexcept {
    std::array<std::uint8_t, 32> out{};
    out.fill(0xFF);
    out.front() = first;
    out.back() = last;
    return out;
}
constexpr auto half_p = filled(0xF6, 0x3F);
constexpr auto p_minus_2 = filled(0xEB, 0x7F);

// d = -121665 / 121666, computed rather than typed in.
const field& curve_d() noexcept {
    static const field d = [] {
        const field over = power(field{{121666, 0, 0, 0, 0}}, p_minus_2);
        return subtract(field{}, multiply(field{{121665, 0, 0, 0, 0}}, over));
    }();
    return d;
}

}  // namespace

bool is_on_curve(const std::array<std::uint8_t, 32>& value) noexcept {
    const field y = decode(value);
    const field y2 = multiply(y, y);
    const field u = subtract(y2, one);
    const field v = add(multiply(curve_d(), y2), one);
    // u/v = (u·v)/v², and v is never zero (-1/d is no square), so u·v is a square iff u/v is.
    const field euler = power(multiply(u, v), half_p);
    return equal(euler, field{}) || equal(euler, one);
}

}  // namespace thole::solana
