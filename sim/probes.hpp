#pragma once

// Rare paths that the fixed seeds must reach: a simulation that never sees a second generation
// proves nothing about it. Fed by the court from events and answers; production code knows nothing
// of it.
//
//   probes.hit(probe::generation_2);
//   for (const auto each : all.missing()) …      // the test fails for each

#include <array>
#include <boost/describe.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "nft/drift.hpp"

namespace thole::sim {

// At most 52: what one list of BOOST_DESCRIBE_ENUM takes.
enum class probe : std::uint8_t {
    generation_2,
    generation_3,
    proved_dead,
    uncertain,
    certain_again,
    recovered,            // an operation was running when its process died
    recovered_undecided,  // … with bytes on their way
    blocked,              // behind another mint of its account
    lock_passed_on,
    attempt_failed,
    deferred_by_breaker,
    waited_for_balance,
    rate_limited,
    conflict_retried,
    parked,
    retried_by_person,
    closed_by_person,
    failed_by_person,
    paused_by_person,
    held,  // all of its kind
    moved_up_by_person,
    resolved_landed,  // by a person, as the chain has it
    resolved_dead,
    cancel_accepted,
    cancel_refused,
    compensated,
    undo_failed,
    rolled_back,
    journal_fault,
    commit_read_back,  // its answer was lost
    key_replayed,
    key_conflict,
    queue_full,
    cid_mismatch,
    bytes_corrupt,
    clock_went_back,
    clock_went_forward,
    history_lost,   // a node knew nothing any more of a transaction that is on the chain
    fork_vanished,  // what a node had shown of one, when it came back to the majority
    content_lost,   // that a node had pinned
    disk_was_full,
    sync_failed,
    unsynced_lost,  // with the power
    died_before_commit,
    died_unacknowledged,
    died_acknowledged,
    died_unsent,
    died_unanswered,
    stopped_in_order,
    stood_still,  // a process for longer than its lease
    taken_over,   // what a daemon without a lease had been running
    kept_out,     // … and its late write was refused
};
BOOST_DESCRIBE_ENUM(probe, generation_2, generation_3, proved_dead, uncertain, certain_again,
                    recovered, recovered_undecided, blocked, lock_passed_on, attempt_failed,
                    deferred_by_breaker, waited_for_balance, rate_limited, conflict_retried, parked,
                    retried_by_person, closed_by_person, failed_by_person, paused_by_person, held,
                    moved_up_by_person, resolved_landed, resolved_dead, cancel_accepted,
                    cancel_refused, compensated, undo_failed, rolled_back, journal_fault,
                    commit_read_back, key_replayed, key_conflict, queue_full, cid_mismatch,
                    bytes_corrupt, clock_went_back, clock_went_forward, history_lost, fork_vanished,
                    content_lost, disk_was_full, sync_failed, unsynced_lost, died_before_commit,
                    died_unacknowledged, died_acknowledged, died_unsent, died_unanswered,
                    stopped_in_order, stood_still, taken_over, kept_out)

// Of orders (orders.hpp), and what else found no room above.
enum class order_probe : std::uint8_t {
    skipped_by_person,
    reopened_by_person,
    edited_by_person,
    migrated_by_person,
    acted_on_many,  // when the window had passed, or at once
    act_undone,     // within it
    child_awaited,
    child_undone,
    gave_up_beside_others,
    recovered_side_by_side,  // several steps were under way when its process died
    filed_at_once,           // as many as there are places
    paced_by_key,
    begun_by_the_clock,
    made_up_for,  // a tick that had passed while nobody looked
    filled,       // the wallet, from the treasury
};
BOOST_DESCRIBE_ENUM(order_probe, skipped_by_person, reopened_by_person, edited_by_person,
                    migrated_by_person, acted_on_many, act_undone, child_awaited, child_undone,
                    gave_up_beside_others, recovered_side_by_side, filed_at_once, paced_by_key,
                    begun_by_the_clock, made_up_for, filled)

inline constexpr std::size_t mint_probes = static_cast<std::size_t>(probe::kept_out) + 1;
inline constexpr std::size_t order_probes = static_cast<std::size_t>(order_probe::filled) + 1;
// Classes of drift that were put right, or told where a person is to decide.
inline constexpr std::size_t drift_probes =
    static_cast<std::size_t>(nft::drift::partner_mismatch) + 1;
inline constexpr std::size_t probe_count = mint_probes + order_probes + drift_probes;

class probe_log {
  public:
    void hit(probe which) noexcept { ++counts_[static_cast<std::size_t>(which)]; }
    void hit(order_probe which) noexcept {
        ++counts_[mint_probes + static_cast<std::size_t>(which)];
    }
    void hit(nft::drift which) noexcept {
        ++counts_[mint_probes + order_probes + static_cast<std::size_t>(which)];
    }
    void add(const probe_log& other) noexcept {
        for (std::size_t i = 0; i < probe_count; ++i) counts_[i] += other.counts_[i];
    }
    // Their names.
    [[nodiscard]] std::vector<std::string_view> missing() const {
        std::vector<std::string_view> out;
        for (std::size_t i = 0; i < probe_count; ++i) {
            if (counts_[i] != 0) continue;
            if (i < mint_probes) {
                out.push_back(json::detail::enum_text(static_cast<probe>(i)));
            } else if (i < mint_probes + order_probes) {
                out.push_back(json::detail::enum_text(static_cast<order_probe>(i - mint_probes)));
            } else {
                const auto what = static_cast<nft::drift>(i - mint_probes - order_probes);
                out.push_back(json::detail::enum_text(what));
            }
        }
        return out;
    }

  private:
    std::array<std::uint64_t, probe_count> counts_{};
};

}  // namespace thole::sim
