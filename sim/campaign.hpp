#pragma once

// Many seeds on all cores: the first one of every day, then the next; each in a world of its own.
// What a seed shows does not depend on which days there are beside.
//
//   campaign_options how;  how.minutes = 5;
//   const auto told = campaign(days, how);
//   told.json();   // {"seeds":…,"operations":…,"violations":…,"never_reached":[…],…}
//
// Each failing seed is told at once by the line that replays it; so is one that ends the process
// (a broken invariant aborts). SIGINT ends a campaign early: the seeds under way are finished.

#include <functional>

#include "sim/run.hpp"

namespace thole::sim {

struct campaign_options {
    std::uint64_t first_seed = 1;
    std::uint64_t seeds = 100;     // of each day; 0: no bound
    int minutes = 0;               // 0: no bound
    std::uint64_t operations = 0;  // at least so many, then it ends; 0: no bound
    unsigned jobs = 0;             // 0: one a core
    run_options each{};
    std::string mutant{};  // its name, for replay lines
    std::function<void(const std::string&)> tell{};
    std::function<void(const struct campaign_report&)> progress{};  // after each seed
};

struct campaign_report {
    std::uint64_t seeds = 0, operations = 0, faults = 0, crashes = 0, violations = 0;
    std::uint64_t requests = 0;
    double seconds = 0;       // of processors: what else runs beside does not count
    double wall_seconds = 0;  // since the start
    duration simulated{};
    probe_log probes;

    [[nodiscard]] double ops_per_s_per_core() const noexcept {
        return seconds > 0 ? static_cast<double>(operations) / seconds : 0;
    }
    [[nodiscard]] std::string json() const;
    [[nodiscard]] std::string text() const;  // with the probes that were not reached
};

[[nodiscard]] campaign_report campaign(const std::vector<day>& days, const campaign_options& how);

// By name (a file of the folder) or path; none: every day of the folder, by name.
[[nodiscard]] std::expected<std::vector<day>, std::string> load_days(
    const std::string& folder, const std::vector<std::string>& wanted);

}  // namespace thole::sim
