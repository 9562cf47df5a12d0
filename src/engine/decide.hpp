#pragma once

// What happens next to an operation: a pure function.
//
//   decision d = decide(state, plan, input, evidence, now, chance);
//   // 1. journal d.after and d.events in one commit (nothing to journal when !d.changed)
//   // 2. only then carry out d.next
//
// The rules, in the order in which they matter:
//
//   - A step whose output is journaled never runs again.
//   - An attempt counts only when it ends in a fault. `rejected` and `cancelled` are rescheduled
//     without counting; the first `conflict` gets one short random wait; `rate_limited` waits as
//     told; everything else backs off. Spent attempts park (or compensate, if the policy says so).
//   - Before the pivot's first generation is journaled, a permanent fault or a cancel compensates.
//     After it the operation only goes forward, waits or parks, until every generation is proved
//     dead: that reopens compensation.
//   - A generation that is journaled and undecided is always settled before anything is undone.
//   - Compensation goes through the begun steps from the last to the first. It is never given up:
//     when its attempts are spent it parks, and a person's retry, or another cancel, goes on with
//     it.
//   - A terminal operation never changes, and none becomes terminal while a generation is
//     undecided: what may still land must not be forgotten, nor its lock be given to the next.
//     Where evidence will never come, a person resolves the generation first, on his word.
//   - An operation whose history is full (most_forward_events) parks.
//
//   - Steps of a group run side by side, each by its own policy. One that gives up keeps the others
//     from beginning anything; what is under way settles; then the operation parks, or turns back
//     and undoes those that were begun, from the last to the first. A skippable one never turns it
//     back. When all are done, the operation goes on.
//
// Commands (cancel, retry, close, fail, resolve, pause, resume) on a state that does not allow them
// are `refused` with the code for the person who asked; nothing changes then. An accepted one is an
// event with actor, reason, and how the operation stood before and after. Resolve and pause also
// take the operation away from whoever works on it, as a crash would: what was under way is asked
// after or repeated when it goes on, and after a resolve the layers are still verified by what
// follows.
//
// Values in, values out: no clock, no I/O. The generator is used for jitter only.

#include <map>
#include <variant>

#include "engine/operation.hpp"
#include "engine/plan.hpp"
#include "thole/rng.hpp"

namespace thole::saga {

// ---- what can happen ----------------------------------------------------------------------------

// Claimed; `interrupted` as told by the claim.
struct was_claimed {
    bool interrupted = false;
};
// Ends of a call of run(), prepare() or undo().
struct did_complete {
    std::string output;  // of prepare(): the bytes to journal; of undo(): ignored
};
struct did_fail {
    thole::fault cause;
};
struct must_wait {
    duration again;
    std::string reason;
};
// Goes on when the child has ended, or after `at_most`.
struct must_await {
    uuid child;
    duration at_most = duration::max();
};
struct must_park {
    std::string reason;
    std::optional<thole::fault> cause;
};
struct must_compensate {
    std::string reason;
    std::optional<thole::fault> cause;
};
// Ends of settle().
struct has_landed {
    std::string output;
};
struct is_pending {
    duration again;
};
struct is_dead {
    std::string evidence;
    bool resign = true;
    duration again{};
    std::string reason;
};
struct is_uncertain {
    duration again;
    std::string evidence;
};
// probe() says that the interrupted attempt did nothing.
struct did_not_happen_after_all {};
// The step wants to show progress while it runs.
struct shows_progress {
    std::string shown;
};
// The node gives the operation back (shutdown, lost lease).
struct is_released {};
// Of a group: these steps are due, are not under way, and have a place.
struct may_begin {
    std::vector<int> steps;
};

struct cancel_command {
    std::string actor, reason;
};
struct retry_command {
    std::string actor, reason;
};
struct close_command {
    std::string actor, reason;
};
struct fail_command {
    std::string actor, reason;
};

// It rests until it is resumed: nothing of it is begun, not even the settling of what was sent.
struct pause_command {
    std::string actor, reason;
};
struct resume_command {
    std::string actor, reason;
};
// A person says what became of an undecided generation, when the witnesses never will.
struct resolve_command {
    std::string actor, reason;
    bool landed = false;   // else: it is dead and can never take effect
    std::string evidence;  // what shows it: a signature, a receipt's number, words
    std::string output{};  // of landed: the step's output, which the steps after it read
};

// A person gives the output of the current step, which does not run (any more).
struct skip_command {
    std::string actor, reason;
    std::string output;
    int step = -1;  // which of a group; -1 = the current step
};
// Back to an earlier step, or to the beginning of this one. Only over steps that may be repeated:
// idempotent ones, none of which, but the first, would have to be undone before that.
struct reopen_command {
    std::string actor, reason;
    int step = 0;
};
// Another input, which was checked by the kind. Only while every step that was begun may be
// repeated and left nothing that would have to be undone; the operation begins anew.
struct edit_command {
    std::string actor, reason;
    std::string input;
    std::string patch;  // what changes, for the event
};
// Another version of its definition, from where it stands on. See migration.hpp for when.
struct migrate_command {
    std::string actor, reason;
    const plan* to = nullptr;                      // outlives the call
    std::map<std::string, std::string> renamed{};  // steps: old name → new name
};
struct prioritise_command {
    std::string actor, reason;
    operation_priority priority = operation_priority::normal;
};

using input = std::variant<was_claimed, did_complete, did_fail, must_wait, must_await, must_park,
                           must_compensate, has_landed, is_pending, is_dead, is_uncertain,
                           did_not_happen_after_all, shows_progress, is_released, may_begin,
                           cancel_command, retry_command, close_command, fail_command,
                           resolve_command, pause_command, resume_command, skip_command,
                           reopen_command, edit_command, migrate_command, prioritise_command>;

// What is known about the call that ended: goes into the event.
struct evidence {
    std::vector<call_note> notes;
    int notes_dropped = 0;
    std::int64_t latency_ms = 0;
    bool of_probe = false;  // the call was probe(), not run()
    int member = -1;        // the step of the group that the call was of; -1 = the current step
    int others = 0;         // calls of the group that are still under way
};

// ---- what to do ---------------------------------------------------------------------------------

enum class effect_kind : std::uint8_t {
    none,     // let go of the operation
    run,      // of an idempotent or probed step
    probe,    //
    prepare,  // in.generation() = state.generation + 1
    settle,   // send the newest journaled bytes, then ask what became of them; after `delay`
    undo,     //
    keep,     // nothing new: what is under way goes on (progress, or a remembered cancel)
    members,  // of a group: decision::calls begin, beside what is under way
};

struct effect {
    effect_kind kind = effect_kind::none;
    duration delay{};
};

// A call of one step of a group: run or probe.
struct member_call {
    int step = 0;
    effect_kind kind = effect_kind::run;
};

struct decision {
    operation_state after;
    bool changed = false;  // there is something to journal
    std::vector<event> events;
    std::optional<prepared_row> prepared;
    effect next;
    std::vector<member_call> calls;
    const fault_code* refused = nullptr;
};

[[nodiscard]] decision decide(const operation_state& state, const plan& p, const input& in,
                              evidence ev, store_time now, rng& chance);

// The effect that continues a running operation. Precondition: state.state == running.
[[nodiscard]] effect_kind effect_of(const operation_state& state, const plan& p, bool interrupted);

// Whether a cancel would be accepted now.
[[nodiscard]] bool may_compensate(const operation_state& state) noexcept;

// Whether that step was begun, of those that the operation would go back over.
[[nodiscard]] bool was_begun(const operation_state& s, const plan& p, int step);

// The state of a new operation, and its first event.
[[nodiscard]] operation_state initial_state(const plan& p, bool has_lock, store_time now,
                                            store_time due, std::string input_json,
                                            std::vector<event>& events);

}  // namespace thole::saga
