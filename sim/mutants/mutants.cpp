#include "sim/mutants/mutants.hpp"

#include <algorithm>
#include <array>

namespace thole::sim {

std::span<const mutant> mutants() {
    static constexpr std::array all{
        mutant{"sends_before_journaling", "the signed bytes leave before they are committed",
               sends_before_journaling},
        mutant{"signs_again_on_timeout", "20 s without an end count as death",
               signs_again_on_timeout},
        mutant{"trusts_null_status", "one node that knows no status counts as death",
               trusts_null_status},
        mutant{"accepts_one_providers_word", "a proof of death needs one provider only",
               accepts_one_providers_word},
        mutant{"forgets_bytes", "after a crash it signs anew instead of settling what it had sent",
               forgets_bytes},
        mutant{"skips_the_fence", "a write is not refused that is based on an older claim",
               skips_the_fence},
        mutant{"assumes_committed", "a commit without an answer counts as done", assumes_committed},
        mutant{"answers_before_journaled", "a submission without an answer counts as accepted",
               answers_before_journaled},
        mutant{"forgets_the_key", "a key is known to the process only that accepted it",
               forgets_the_key},
        mutant{"drops_last_event", "the last of several events of a move is not written",
               drops_last_event},
        mutant{"resumes_from_wrong_step", "after a crash it goes on one step too early",
               resumes_from_wrong_step},
        mutant{"forgets_timers", "what is due later is not woken after a restart", forgets_timers},
        mutant{"keeps_the_lock", "an operation ends without giving its lock back", keeps_the_lock},
        mutant{"loses_lock_on_crash", "recovery forgets who holds which lock", loses_lock_on_crash},
        mutant{"unpins_without_counting", "content is given back that another mint needs",
               unpins_without_counting},
        mutant{"undoes_in_forward_order", "compensation begins with what was done first",
               undoes_in_forward_order},
        mutant{"forgets_to_undo", "compensation leaves the pins", forgets_to_undo},
        mutant{"skips_verification", "VERIFIED without reading anything back", skips_verification},
        mutant{"completes_without_record", "COMPLETED without the last write of the record",
               completes_without_record},
        mutant{"counts_refusals", "an open breaker spends attempts", counts_refusals},
        mutant{"counts_cancels", "a cancelled call counts as a failure", counts_cancels},
        mutant{"retries_in_two_homes", "the transport repeats what failed", retries_in_two_homes},
        mutant{"sends_all_the_time", "rebroadcasts at every poll to every node",
               sends_all_the_time},
        mutant{"leaks_a_permit", "a call under way is never reported", leaks_a_permit},
        mutant{"forgets_the_pace", "operations of one key begin as fast as they come",
               forgets_the_pace},
        mutant{"claims_without_places", "a claim takes more of a kind than may be at work",
               claims_without_places},
        mutant{"takes_a_child_for_ended", "a child that waits counts as completed",
               takes_a_child_for_ended},
        mutant{"leaves_it_at_the_desk", "what is taken back from a supplier stays there",
               leaves_it_at_the_desk},
        mutant{"forgets_ticks", "what was to begin while it was down is not made up for",
               forgets_ticks},
        mutant{"asks_no_journal", "a record counts as left behind while an operation is at it",
               asks_no_journal},
        mutant{"trusts_nodes_behind", "nodes that lag are witnesses that there is no token",
               trusts_nodes_behind},
        mutant{"counts_too_few_copies", "one copy is as many as a mint asks for",
               counts_too_few_copies},
        mutant{"only_looks", "a drift is reported and never put right", only_looks},
        mutant{"never_asks_again", "a reconciliation lets be what a partner once showed",
               never_asks_again},
        mutant{"mends_in_words_only", "a repair on the chain is neither made nor read back",
               mends_in_words_only},
    };
    return all;
}

const mutant* find_mutant(std::string_view name) {
    const auto all = mutants();
    const auto found = std::ranges::find(all, name, &mutant::name);
    return found == all.end() ? nullptr : &*found;
}

}  // namespace thole::sim
