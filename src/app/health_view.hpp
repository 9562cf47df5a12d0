#pragma once

// The daemon's parts and dependencies as the health resource shows them. Pure but for what is
// handed in.

#include "api/health.hpp"
#include "engine/engine.hpp"
#include "nft/partners.hpp"
#include "ops/metrics.hpp"
#include "solana/congestion.hpp"
#include "thole/endpoint_set.hpp"

namespace thole::app {

[[nodiscard]] api::dependency_health health_of(const endpoint_set& set, time_point now);
[[nodiscard]] api::dependency_health health_of(const nft::partners& all, time_point now);
[[nodiscard]] api::own_health journal_health(const saga::engine& engine);
// A warning from half of the queue on.
[[nodiscard]] api::own_health queue_health(const saga::engine_figures& figures);
// A warning while the chain has no room for what is sent.
[[nodiscard]] api::own_health congestion_health(const solana::congestion_view& seen);
void tell_congestion(const solana::congestion_view& seen, ops::metrics& to);
[[nodiscard]] api::own_health disk_health(bool has_room, const std::string& folder);

}  // namespace thole::app
