#pragma once

// Chance for policies (jitter, endpoint choice): seeded, so that a run can be replayed bit for bit.
// Not for secrets, tokens or ids: those come from an entropy source.
//
//   thole::rng chance{42};
//   auto wait = 100ms + duration{chance.below(50'000'000)};
//
// xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64. Integer arithmetic only, hence the
// same sequence on every machine. Single-owner.

#include <array>
#include <bit>
#include <cstdint>

namespace thole {

class rng {
  public:
    constexpr explicit rng(std::uint64_t seed) noexcept {
        for (auto& word : state_) word = split_mix(seed);
    }

    // 64 uniform bits.
    constexpr std::uint64_t next() noexcept {
        const auto result = std::rotl(state_[1] * 5, 7) * 9;
        const auto shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    // Uniform in [0, bound); 0 when bound is 0. Multiply-shift (Lemire 2019), bias < 2^-64 * bound.
    constexpr std::uint64_t below(std::uint64_t bound) noexcept {
        __extension__ using wide = unsigned __int128;
        return static_cast<std::uint64_t>((static_cast<wide>(next()) * bound) >> 64);
    }

    // Uniform in [low, high], both ends included. Precondition: low <= high.
    constexpr std::int64_t between(std::int64_t low, std::int64_t high) noexcept {
        const auto span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
        const auto offset = span == 0 ? next() : below(span);
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
    }

    // True with probability numerator / denominator.
    constexpr bool chance(std::uint64_t numerator, std::uint64_t denominator) noexcept {
        return below(denominator) < numerator;
    }

  private:
    static constexpr std::uint64_t split_mix(std::uint64_t& seed) noexcept {
        auto z = (seed += 0x9E3779B97F4A7C15U);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }

    std::array<std::uint64_t, 4> state_{};
};

}  // namespace thole
