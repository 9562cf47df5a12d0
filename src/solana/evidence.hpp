#pragma once

// What statuses and judgements mean for a submission, and the evidence as JSON for its timeline.
//
// Pure; threads: any.

#include <span>

#include "solana/submission.hpp"

namespace thole::solana {

[[nodiscard]] settled settled_by(const signature_status& status);
// A finalized status is decided when `required` providers tell the very same, be it success or
// error; until then it is uncertain.
[[nodiscard]] settled settled_by(std::span<const told_status> told, int required);
// A sighting outweighs the verdict; a finalized one as above. Else without evidence.
[[nodiscard]] settled settled_by(const death_judgement& verdict,
                                 std::span<const death_witness> witnesses, int required);

// {"verdict":…,"reason":…,"last_valid_block_height":…,"witnesses":[…]}; an endpoint that did not
// answer is in it with its fault. `endpoints` and `answers` are of one length.
[[nodiscard]] std::string evidence_of(const death_judgement& verdict, const mortal& life,
                                      std::span<const name> endpoints,
                                      std::span<const result<death_witness>> answers);

[[nodiscard]] std::string evidence_of_waiting(std::optional<std::uint64_t> finalized_height,
                                              std::uint64_t last_valid_block_height);

}  // namespace thole::solana
