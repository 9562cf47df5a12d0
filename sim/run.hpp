#pragma once

// One simulated day under one seed: lives of one process after another, or of several daemons side
// by side, in one thread and virtual time, until every fault is over, everything has ended, and the
// court has looked.
//
//   const auto told = simulate(today, 42);
//   told.violations; told.hash;                  // same seed, same hash
//   std::cout << replay_line(today, 42);
//
// After the last fault everything must end or park within a bound; then an operator does what one
// does with parked operations (look again, cancel, close), until none is left.

#include "sim/auditor.hpp"
#include "sim/node.hpp"

namespace thole::sim {

struct run_options {
    storage where = storage::memory;
    seams with{};
    // Instead of the forecast; numbers name the faults.
    std::optional<std::vector<fault_event>> faults{};
    std::set<int> without{};  // numbers of faults that are left out
    trace::sink read_by{};    // every line of the trace
};

struct report {
    std::uint64_t seed = 0;
    std::uint64_t hash = 0;
    std::vector<violation> violations;
    std::vector<life_span> lives;
    std::vector<fault_event> faults;  // of the day, those left out excepted
    std::size_t begun = 0;            // of them
    std::size_t operations = 0;       // accepted
    std::size_t completed = 0, rolled_back = 0, failed = 0, closed = 0;
    std::size_t generations = 0;
    duration lasted{};
    figures counted;
    probe_log probes;

    [[nodiscard]] std::size_t crashes() const noexcept;
};

[[nodiscard]] report simulate(const day& today, std::uint64_t seed,
                              const run_options& options = {});

// "thole-sim replay --day storm --seed 42 --without 3,7"
[[nodiscard]] std::string replay_line(const std::string& day, std::uint64_t seed,
                                      const std::set<int>& without, std::string_view mutant = {});

}  // namespace thole::sim
