#pragma once

// What to bid for a place in a block, and how much computing to pay for.
//
// Pure; threads: any.

#include <span>

#include "solana/rpc_types.hpp"

namespace thole::solana {

struct fee_policy {
    unsigned percentile = 75;               // of recent fees, 0…100
    std::uint64_t floor = 1'000;            // micro-lamports per unit
    std::uint64_t cap = 2'000'000;          // micro-lamports per unit; never exceeded
    std::uint32_t max_compute = 1'400'000;  // units; the runtime's own limit
};

// The percentile, raised with each generation (75, 90, 95 and doubled each time), then floor, then
// cap. Without any sample: the floor, raised likewise.
[[nodiscard]] std::uint64_t choose_price(std::span<const prioritization_fee> recent,
                                         const fee_policy& policy, int generation);

// What a simulation used, and a tenth more.
[[nodiscard]] std::uint32_t choose_limit(std::uint64_t units_consumed, const fee_policy& policy);

}  // namespace thole::solana
