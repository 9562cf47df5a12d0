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

// What five sums of products come to. Each is below 2^112, so a carry fits a limb.
constexpr field folded(std::array<wide, 5> sum) noexcept {
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
    return out;
}

// Schoolbook, written out: this is where the time of an address derivation goes.
constexpr field multiply(const field& x, const field& y) noexcept {
    const auto& [a0, a1, a2, a3, a4] = x.limb;
    const auto& [b0, b1, b2, b3, b4] = y.limb;
    const std::uint64_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;
    const auto times = [](std::uint64_t a, std::uint64_t b) { return static_cast<wide>(a) * b; };
    return folded({times(a0, b0) + times(a1, c4) + times(a2, c3) + times(a3, c2) + times(a4, c1),
                   times(a0, b1) + times(a1, b0) + times(a2, c4) + times(a3, c3) + times(a4, c2),
                   times(a0, b2) + times(a1, b1) + times(a2, b0) + times(a3, c4) + times(a4, c3),
                   times(a0, b3) + times(a1, b2) + times(a2, b1) + times(a3, b0) + times(a4, c4),
                   times(a0, b4) + times(a1, b3) + times(a2, b2) + times(a3, b1) + times(a4, b0)});
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

// multiply(a, a) with what occurs twice computed once.
constexpr field square(const field& a) noexcept {
    const auto& [a0, a1, a2, a3, a4] = a.limb;
    const std::uint64_t b0 = 2 * a0, b1 = 2 * a1, c3 = 19 * a3, c4 = 19 * a4;
    const auto times = [](std::uint64_t x, std::uint64_t y) { return static_cast<wide>(x) * y; };
    return folded({times(a0, a0) + times(b1, c4) + times(2 * a2, c3),
                   times(b0, a1) + times(2 * a2, c4) + times(a3, c3),
                   times(b0, a2) + times(a1, a1) + times(2 * a3, c4),
                   times(b0, a3) + times(b1, a2) + times(a4, c4),
                   times(b0, a4) + times(b1, a3) + times(a2, a2)});
}

constexpr field squared(field a, int times) noexcept {
    for (int i = 0; i < times; ++i) a = square(a);
    return a;
}

// a^((p - 1) / 2) = a^(2^254 - 10): 1 for squares, 0 for 0. The exponent is 2^4 · (2^250 - 1) + 6,
// and 2^n - 1 doubles its length with one multiplication.
constexpr field euler(const field& a) noexcept {
    const auto joined = [](const field& high, int shift, const field& low) {
        return multiply(squared(high, shift), low);
    };
    const field n2 = joined(a, 1, a);
    const field n4 = joined(n2, 2, n2);
    const field n5 = joined(n4, 1, a);
    const field n10 = joined(n5, 5, n5);
    const field n20 = joined(n10, 10, n10);
    const field n40 = joined(n20, 20, n20);
    const field n50 = joined(n40, 10, n10);
    const field n100 = joined(n50, 50, n50);
    const field n200 = joined(n100, 100, n100);
    const field n250 = joined(n200, 50, n50);
    return joined(n250, 4, squared(n2, 1));
}

// p - 2 = 2^255 - 21, little-endian.
constexpr auto p_minus_2 = [] {
    std::array<std::uint8_t, 32> out{};
    out.fill(0xFF);
    out.front() = 0xEB;
    out.back() = 0x7F;
    return out;
}();

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
    const field symbol = euler(multiply(u, v));
    return equal(symbol, field{}) || equal(symbol, one);
}

}  // namespace thole::solana
