#pragma once

// What the second look or a reconciliation found, told to log and metrics; what a person must
// decide is a warning. Threads: the core loop's.

#include "nft/drift.hpp"
#include "ops/log.hpp"
#include "ops/metrics.hpp"

namespace thole::app {

void tell_drift(const nft::finding& each, ops::log& log, ops::metrics& metrics);

}  // namespace thole::app
