#pragma once

// The smallest reason for a failure: faults are left out as long as the same checker still objects.
//
//   if (auto least = minimise(today, seed)) std::cout << replay_line(…, least->without);

#include "sim/run.hpp"

namespace thole::sim {

struct minimised {
    std::set<int> without;  // numbers of faults that are not needed
    report told;            // what is left shows
};

// Nothing when the seed shows no violation. At most `most` runs.
[[nodiscard]] std::optional<minimised> minimise(const day& today, std::uint64_t seed,
                                                const run_options& options = {}, int most = 200);

}  // namespace thole::sim
