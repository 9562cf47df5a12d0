#pragma once

// Brings the journal under its newest key, beside the work.

#include "engine/sqlite_journal.hpp"
#include "ops/log.hpp"
#include "ops/metrics.hpp"

namespace thole::app {

struct resealing {
    io::loop& loop;
    saga::sqlite_journal& journal;
    const saga::payload_cipher& cipher;
    ops::log& log;
    ops::metrics& metrics;
};

// Where a pass is due: a little at a time, to its end, with its progress in log and metrics. Ends
// when it is done, cancelled, or meets what does not open. What it is given outlives it.
[[nodiscard]] task<> reseal_payloads(resealing with);

}  // namespace thole::app
