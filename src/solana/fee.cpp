#include "solana/fee.hpp"

#include <algorithm>
#include <vector>

namespace thole::solana {

std::uint64_t choose_price(std::span<const prioritization_fee> recent, const fee_policy& policy,
                           int generation) {
    const unsigned raised = generation <= 1 ? 0U : generation == 2 ? 90U : 95U;
    const auto percentile = std::min(100U, std::max(policy.percentile, raised));
    std::vector<std::uint64_t> fees;
    fees.reserve(recent.size());
    for (const auto& f : recent) fees.push_back(f.fee);
    std::uint64_t price = policy.floor;
    if (!fees.empty()) {
        const auto at = (fees.size() - 1) * percentile / 100;
        std::ranges::nth_element(fees, fees.begin() + static_cast<std::ptrdiff_t>(at));
        price = std::max(policy.floor, fees[at]);
    }
    const auto doublings = std::clamp(generation - 1, 0, 16);
    if (price > policy.cap >> doublings) return policy.cap;
    return std::min(policy.cap, price << doublings);
}

std::uint32_t choose_limit(std::uint64_t units_consumed, const fee_policy& policy) {
    const auto used = std::min<std::uint64_t>(units_consumed, policy.max_compute);
    const auto wanted = used + (used + 9) / 10;
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(wanted, 1'000, policy.max_compute));
}

}  // namespace thole::solana
