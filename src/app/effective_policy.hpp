#pragma once

// What presets and overrides come to: how each dependency is treated in the end.
//
//   for (const auto& each : effective_policies(config.dependency)) print(text_of(each));
//
// For people who ask "how often, how long, and when does it stop asking?" without reading presets.
// Pure. Precondition: the configuration was checked.

#include <string>
#include <vector>

#include "app/policies.hpp"

namespace thole::app {

struct effective_policy {
    std::string dependency;
    std::string preset;
    std::optional<time_span> timeout;  // of one call; not set = the client's own, by method
    std::vector<time_span> retries;    // waits before the retries of a step; empty = none
    double jitter = 0;                 // ± this share of each wait
    std::vector<std::string> opens;    // rules, any of which opens an endpoint's breaker
    time_span open;                    // how long it stays open at first
    std::uint32_t successes = 0;       // of probes, that close it
};
BOOST_DESCRIBE_STRUCT(effective_policy, (),
                      (dependency, preset, timeout, retries, jitter, opens, open, successes))

[[nodiscard]] std::vector<effective_policy> effective_policies(const dependencies_config&);

// One line without its end.
[[nodiscard]] std::string text_of(const effective_policy&);

}  // namespace thole::app
