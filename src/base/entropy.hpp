#pragma once

// Unpredictable bytes for ids, tokens, keys and IVs. Injected, so that a simulation replays; never
// used for jitter (that is thole::rng).

#include <cstdint>
#include <span>

#include "thole/rng.hpp"

namespace thole {

class entropy {
  public:
    virtual ~entropy() = default;
    virtual void fill(std::span<std::uint8_t> out) = 0;
};

// The kernel's generator (getrandom). Threads: any.
class system_entropy final : public entropy {
  public:
    void fill(std::span<std::uint8_t> out) override;
};

// Predictable: tests and simulations only. Single-owner.
class seeded_entropy final : public entropy {
  public:
    explicit seeded_entropy(std::uint64_t seed) noexcept : chance_{seed} {}
    void fill(std::span<std::uint8_t> out) override;

  private:
    rng chance_;
};

}  // namespace thole
