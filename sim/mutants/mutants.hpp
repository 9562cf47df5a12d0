#pragma once

// Planted bugs: what a simulation must find, or it proves nothing. Each is a decorator at a seam
// (seams.hpp), so that production code knows nothing of it; this library is linked into tests and
// thole-sim only.
//
//   options.with = find_mutant("sends_before_journaling")->plant();
//   simulate(today, seed, options).violations;   // not empty
//
// doc/design/simulation.md has the table mutant → day and seed → checker; a test keeps it true.

#include <span>
#include <string_view>

#include "sim/seams.hpp"

namespace thole::sim {

struct mutant {
    std::string_view name;
    std::string_view what;  // in words, for the table
    seams (*plant)();
};

[[nodiscard]] std::span<const mutant> mutants();
// Null when there is none of that name.
[[nodiscard]] const mutant* find_mutant(std::string_view name);

// By seam.
seams drops_last_event();
seams resumes_from_wrong_step();
seams forgets_bytes();
seams skips_the_fence();
seams assumes_committed();
seams answers_before_journaled();
seams forgets_the_key();
seams keeps_the_lock();
seams loses_lock_on_crash();
seams forgets_timers();

seams sends_before_journaling();
seams signs_again_on_timeout();
seams trusts_null_status();
seams sends_all_the_time();
seams undoes_in_forward_order();
seams forgets_to_undo();
seams skips_verification();
seams completes_without_record();
seams counts_refusals();
seams counts_cancels();

seams retries_in_two_homes();
seams accepts_one_providers_word();
seams unpins_without_counting();
seams leaks_a_permit();

// Of orders.
seams forgets_the_pace();
seams claims_without_places();
seams takes_a_child_for_ended();
seams leaves_it_at_the_desk();
seams forgets_ticks();

// Of the reconciler.
seams asks_no_journal();
seams trusts_nodes_behind();
seams counts_too_few_copies();
seams only_looks();
seams never_asks_again();
seams mends_in_words_only();

}  // namespace thole::sim
