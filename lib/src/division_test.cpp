// Every quotient is the one the language defines.

#include "thole/detail/division.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstdint>

namespace {

using thole::detail::divisor;

constexpr auto most = (std::uint64_t{1} << 63) - 1;

TEST(division_test, is_exact_around_powers_of_two_and_multiples) {
    for (unsigned bit = 1; bit < 63; ++bit) {
        for (const auto d : {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit,
                             (std::uint64_t{1} << bit) + 1}) {
            if (d < 2) continue;
            const divisor by{d};
            for (const auto n : std::array{std::uint64_t{0}, std::uint64_t{1}, d - 1, d,
                                           most / d * d, most / d * d - 1, most}) {
                ASSERT_EQ(n / by, n / d) << n << " / " << d;
            }
        }
    }
}

RC_GTEST_PROP(division_test, is_exact, ()) {
    const auto bits = *rc::gen::inRange(1U, 63U);
    const auto d = 2 + *rc::gen::arbitrary<std::uint64_t>() % ((std::uint64_t{1} << bits) - 1);
    const auto n = *rc::gen::arbitrary<std::uint64_t>() & most;
    const divisor by{d};
    RC_ASSERT(n / by == n / d);
    RC_ASSERT((n / d * d) / by == n / d);
    if (n >= d) RC_ASSERT((n / d * d - 1) / by == n / d - 1);
}

TEST(division_test, shared_divisor_gives_what_was_stored) {
    thole::detail::shared_divisor shared;
    shared.store(divisor{1'000'000});
    EXPECT_EQ(std::uint64_t{1'999'999} / shared.load(), 1U);
    shared.store(divisor{7});
    EXPECT_EQ(most / shared.load(), most / 7);
}

}  // namespace
