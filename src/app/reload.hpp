#pragma once

// What a configuration that is read again changes while the daemon runs.
//
//   const auto plan = plan_reload(running, read_again);
//   for (const auto& [partner, calls] : plan.pipelines) partners.reconfigure(name{partner}, calls);
//   log(plan.at_restart);
//
// Pipelines take other settings at once: their windows, places and calls in flight keep what they
// have (thole/pipeline.hpp). Everything else is told, and counts from the next start. Pure.

#include "app/partner_parts.hpp"

namespace thole::app {

struct reload_plan {
    std::map<std::string, pipeline_settings> pipelines;  // by partner
    std::vector<std::string> at_restart;                 // keys, "server.listen"
};

// Precondition: both were checked.
[[nodiscard]] reload_plan plan_reload(const config& running, const config& read_again);

}  // namespace thole::app
