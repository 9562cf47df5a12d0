#pragma once

// Journals with many operations in them, written in bulk: states that would take hours to reach.

#include <cstdint>
#include <string>

namespace thole::bench {

enum class crowd : std::uint8_t {
    waiting,  // ready, due in a year
    blocked,  // on one key, which another operation holds
    running,  // by a node that is gone, in the middle of their steps
    due,      // ready, due now
};

// Adds `count` operations of kind "bench" to the journal in `file`.
void fill(const std::string& file, crowd what, int count);

// Microseconds that the claim of one due operation takes, on the median of `rounds`.
[[nodiscard]] double claim_microseconds(const std::string& file, int rounds);

// Milliseconds from opening the journal to the first call of a step.
[[nodiscard]] double first_step_milliseconds(const std::string& file);

}  // namespace thole::bench
