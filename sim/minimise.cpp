#include "sim/minimise.hpp"

#include <algorithm>

namespace thole::sim {

// Delta debugging: halves, then quarters … then single faults.
std::optional<minimised> minimise(const day& today, std::uint64_t seed, const run_options& options,
                                  int most) {
    minimised least{options.without, simulate(today, seed, options)};
    if (least.told.violations.empty()) return std::nullopt;
    const auto checker = least.told.violations.front().checker;
    const auto still_fails = [&](const report& told) {
        return std::ranges::find(told.violations, checker, &violation::checker) !=
               told.violations.end();
    };
    int runs = 1;
    auto size = (least.told.faults.size() + 1) / 2;
    while (size > 0 && runs < most) {
        bool shrunk = false;
        for (std::size_t from = 0; from < least.told.faults.size() && runs < most;) {
            auto tried = options;
            tried.without = least.without;
            const auto to = std::min(from + size, least.told.faults.size());
            for (auto i = from; i < to; ++i) tried.without.insert(least.told.faults[i].number);
            auto told = simulate(today, seed, tried);
            ++runs;
            if (still_fails(told)) {
                least = {std::move(tried.without), std::move(told)};
                shrunk = true;
            } else {
                from = to;
            }
        }
        if (size == 1 && !shrunk) break;
        size = size > 1 ? size / 2 : 1;
    }
    return least;
}

}  // namespace thole::sim
