#pragma once

// Fault codes of the engine (engine.*) and of acts on one operation (operation.*).

#include <array>

#include "thole/fault.hpp"

namespace thole::codes {

inline constexpr fault_code engine_key_conflict{
    "engine.key_conflict", fault_kind::permanent, fault_scope::request,
    "The idempotency key was already used for another payload. Use a new key, or send the first "
    "payload again to get its operation."};
inline constexpr fault_code engine_queue_full{
    "engine.queue_full", fault_kind::rejected, fault_scope::dependency,
    "Too many operations are waiting. Nothing was accepted; try again after the time given."};
inline constexpr fault_code engine_stopping{
    "engine.stopping", fault_kind::rejected, fault_scope::dependency,
    "This node is shutting down and takes no new operations."};
inline constexpr fault_code engine_commit_unknown{
    "engine.commit_unknown", fault_kind::transient, fault_scope::dependency,
    "The journal's answer to a commit was lost; it is read back before anything else is done."};
inline constexpr fault_code engine_fenced{
    "engine.fenced", fault_kind::conflict, fault_scope::request,
    "The operation has moved on since it was read (another claim, node or person). Read it again."};
inline constexpr fault_code engine_lease_lost{
    "engine.lease_lost", fault_kind::cancelled, fault_scope::request,
    "This node's lease on its operations has run out; no further effect is started here."};
inline constexpr fault_code engine_unknown_kind{"engine.unknown_kind", fault_kind::permanent,
                                                fault_scope::request,
                                                "No operation of that kind is defined here."};
inline constexpr fault_code engine_bad_input{
    "engine.bad_input", fault_kind::permanent, fault_scope::request,
    "The operation's input does not have the form that its kind demands."};
inline constexpr fault_code engine_unknown_definition{
    "engine.unknown_definition", fault_kind::permanent, fault_scope::request,
    "The operation was made by a version of its definition that this program does not know. Start "
    "the version that does."};
inline constexpr fault_code engine_definition_changed{
    "engine.definition_changed", fault_kind::permanent, fault_scope::request,
    "A kind's steps are not those that the journal knows under the same version, so the stories of "
    "its operations would read differently. Start the program that wrote them; a program with "
    "other steps must give them another version."};
inline constexpr fault_code engine_unreadable{
    "engine.unreadable", fault_kind::permanent, fault_scope::request,
    "A stored document of the operation cannot be read by this version of the program."};
inline constexpr fault_code engine_step_threw{
    "engine.step_threw", fault_kind::permanent, fault_scope::request,
    "A step ended with an exception, which is a bug in the step. The operation is parked."};
inline constexpr fault_code operation_not_found{"operation.not_found", fault_kind::permanent,
                                                fault_scope::request,
                                                "There is no operation with that id."};
inline constexpr fault_code operation_past_pivot{
    "operation.past_pivot", fault_kind::permanent, fault_scope::request,
    "The operation has passed its point of no return: it can only go forward, wait or park."};
inline constexpr fault_code operation_not_waiting{
    "operation.not_waiting", fault_kind::permanent, fault_scope::request,
    "The operation is neither parked nor waiting for a time, so there is nothing to hurry."};
inline constexpr fault_code operation_not_parked{
    "operation.not_parked", fault_kind::permanent, fault_scope::request,
    "Only a parked operation (NEEDS_ATTENTION) can be closed or declared failed by a person."};
inline constexpr fault_code operation_ended{
    "operation.ended", fault_kind::permanent, fault_scope::request,
    "The operation has ended; nothing about it changes any more."};
inline constexpr fault_code operation_attempts_spent{
    "operation.attempts_spent", fault_kind::permanent, fault_scope::request,
    "All attempts of a step failed. See the last fault; retry when its cause is gone."};
inline constexpr fault_code operation_generations_spent{
    "operation.generations_spent", fault_kind::permanent, fault_scope::request,
    "Every allowed generation is proved dead: nothing landed. Retry for one more, or cancel."};

inline constexpr fault_code operation_undecided{
    "operation.undecided", fault_kind::permanent, fault_scope::request,
    "A generation is journaled and its fate is not decided: it may still take effect, so the "
    "operation cannot be ended. Retry lets it be settled; when evidence will never come, resolve "
    "the generation first (landed, or dead), then close or fail the operation."};
inline constexpr fault_code operation_nothing_undecided{
    "operation.nothing_undecided", fault_kind::permanent, fault_scope::request,
    "There is no undecided generation that could be resolved."};
inline constexpr fault_code operation_generation_changed{
    "operation.generation_changed", fault_kind::conflict, fault_scope::request,
    "The operation has signed another generation since; what was said is not about that one. Look "
    "at it again."};
inline constexpr fault_code operation_act_done{
    "operation.act_done", fault_kind::permanent, fault_scope::request,
    "The act has taken effect on some or all of its operations, and that cannot be undone: its "
    "events say on how many. Close it when you have seen to them."};
inline constexpr fault_code operation_too_many_to_undo{
    "operation.too_many_to_undo", fault_kind::permanent, fault_scope::request,
    "An act that can be undone is for at most 10 000 operations. Narrow the filter, or act without "
    "an undo window."};
inline constexpr fault_code operation_declared_dead{
    "operation.declared_dead", fault_kind::permanent, fault_scope::request,
    "A person declared the newest generation dead; nothing proves it. Retry signs one more, cancel "
    "undoes what came before it, close ends the operation. Each is as safe as that person's word."};
inline constexpr fault_code operation_risk_not_accepted{
    "operation.risk_not_accepted", fault_kind::permanent, fault_scope::request,
    "Declaring a generation dead without proof may double or lose its effect if it lands after "
    "all. Say accept_risk: true with it, or wait for the proof."};
inline constexpr fault_code operation_bad_output{
    "operation.bad_output", fault_kind::permanent, fault_scope::request,
    "The given output (or reference) does not have the form of the step's output."};
inline constexpr fault_code operation_history_full{
    "operation.history_full", fault_kind::permanent, fault_scope::request,
    "The operation has written as many events as one may (a million): something goes round and "
    "round. It cannot be retried; cancel, resolve, close or fail it."};
inline constexpr fault_code operation_generations_bound{
    "operation.generations_bound", fault_kind::permanent, fault_scope::request,
    "A step may be signed anew 1000 times at most, and this one was. Cancel, close or fail it."};
inline constexpr fault_code operation_paused{
    "operation.paused", fault_kind::permanent, fault_scope::request,
    "A person paused the operation: nothing of it is begun until it is resumed."};
inline constexpr fault_code operation_not_paused{
    "operation.not_paused", fault_kind::permanent, fault_scope::request,
    "The operation is not paused, so there is nothing to resume. Retry hurries one that waits."};
inline constexpr fault_code operation_parked_already{
    "operation.parked_already", fault_kind::permanent, fault_scope::request,
    "The operation is parked for another reason and does not run; there is nothing to pause."};
inline constexpr fault_code operation_count_changed{
    "operation.count_changed", fault_kind::conflict, fault_scope::request,
    "Not as many operations fit the filter as were expected. Count again (dry run), then act."};
inline constexpr fault_code operation_not_skippable{
    "operation.not_skippable", fault_kind::permanent, fault_scope::request,
    "The step may not be skipped: its definition does not allow it, or it is being undone."};
inline constexpr fault_code operation_step_unknown{
    "operation.step_unknown", fault_kind::permanent, fault_scope::request,
    "The operation has no step of that name. Its events name those it has been through."};
inline constexpr fault_code operation_step_not_begun{
    "operation.step_not_begun", fault_kind::permanent, fault_scope::request,
    "The operation has not come to that step yet; it can only be sent back."};
inline constexpr fault_code operation_not_repeatable{
    "operation.not_repeatable", fault_kind::permanent, fault_scope::request,
    "A step from there on may not be repeated: it was signed, can only be done once, would have to "
    "be undone first, or is being undone. Retry goes on at the step where the operation stands."};
inline constexpr fault_code operation_not_editable{
    "operation.not_editable", fault_kind::permanent, fault_scope::request,
    "The input cannot be changed: the kind does not allow it, or a step was begun that was signed, "
    "can only be done once, or would have to be undone. Cancel the operation and submit a new "
    "one."};
inline constexpr fault_code operation_not_migratable{
    "operation.not_migratable", fault_kind::permanent, fault_scope::request,
    "The operation cannot go on by that version of its definition: it follows it already, is being "
    "undone, or what it has begun is not how that version begins."};
inline constexpr fault_code engine_held{"engine.held", fault_kind::rejected,
                                        fault_scope::dependency,
                                        "A person told this kind of operations, or everything, to "
                                        "rest: nothing of it is begun until it "
                                        "is released. See \"thole operation holds\"."};
inline constexpr fault_code engine_payload_key_missing{
    "engine.payload_key_missing", fault_kind::permanent, fault_scope::dependency,
    "What operations carry is sealed under a key that is not configured. Add it again "
    "([[engine.payload_key]], before the last one); nothing is lost."};
inline constexpr fault_code engine_payload_key_bad{
    "engine.payload_key_bad", fault_kind::permanent, fault_scope::dependency,
    "A key for payloads cannot be used: it is no key, or not the one that was used under its id."};
inline constexpr fault_code engine_payload_unreadable{
    "engine.payload_unreadable", fault_kind::permanent, fault_scope::dependency,
    "What an operation carries does not open with its key: it was damaged, changed, or moved here "
    "from elsewhere. Restore it from a backup."};
inline constexpr fault_code engine_step_full{
    "engine.step_full", fault_kind::rejected, fault_scope::dependency,
    "As many operations as may be in the step at once are in it: this one goes on when a place is "
    "free."};
inline constexpr fault_code engine_not_due{"engine.not_due", fault_kind::rejected,
                                           fault_scope::dependency,
                                           "The operation was asked to begin, or to go on, at a "
                                           "later time."};
inline constexpr fault_code engine_rate_limited{
    "engine.rate_limited", fault_kind::rejected, fault_scope::dependency,
    "As many operations of the kind as its rate allows were taken up; this one has its turn when "
    "the next may be."};
inline constexpr fault_code engine_key_rate_limited{
    "engine.key_rate_limited", fault_kind::rejected, fault_scope::dependency,
    "As many operations of its key as the kind's rate for one key allows were begun; it has the "
    "key's lock, and its turn when the next may be."};
inline constexpr fault_code engine_no_place{
    "engine.no_place", fault_kind::rejected, fault_scope::dependency,
    "As many operations, of the kind or in all, as may be worked on at once are; this one has its "
    "turn when a place is free."};
inline constexpr fault_code engine_not_held{"engine.not_held", fault_kind::permanent,
                                            fault_scope::request,
                                            "It does not rest, so there is nothing to release."};
inline constexpr fault_code engine_child_lock{
    "engine.child_lock", fault_kind::permanent, fault_scope::request,
    "A child may not need the lock that its parent keeps until it has ended: one would wait for "
    "the other for ever."};
inline constexpr fault_code engine_archive_failed{
    "engine.archive_failed", fault_kind::transient, fault_scope::dependency,
    "The archive of ended operations cannot be written, so nothing is removed from the journal. "
    "Look at the folder \"archive\" in the data folder and at the disk."};
inline constexpr fault_code engine_row_full{
    "engine.row_full", fault_kind::permanent, fault_scope::request,
    "An event or a generation is beyond what the journal numbers. Nothing was written."};

inline constexpr std::array engine_codes{&engine_key_conflict,
                                         &engine_queue_full,
                                         &engine_stopping,
                                         &engine_commit_unknown,
                                         &engine_fenced,
                                         &engine_lease_lost,
                                         &engine_unknown_kind,
                                         &engine_bad_input,
                                         &engine_unknown_definition,
                                         &engine_definition_changed,
                                         &engine_unreadable,
                                         &engine_step_threw,
                                         &operation_not_found,
                                         &operation_past_pivot,
                                         &operation_not_waiting,
                                         &operation_not_parked,
                                         &operation_ended,
                                         &operation_attempts_spent,
                                         &operation_generations_spent,
                                         &operation_undecided,
                                         &operation_nothing_undecided,
                                         &operation_generation_changed,
                                         &operation_act_done,
                                         &operation_too_many_to_undo,
                                         &operation_declared_dead,
                                         &operation_risk_not_accepted,
                                         &operation_bad_output,
                                         &operation_history_full,
                                         &operation_generations_bound,
                                         &operation_paused,
                                         &operation_not_paused,
                                         &operation_parked_already,
                                         &operation_count_changed,
                                         &operation_not_skippable,
                                         &operation_step_unknown,
                                         &operation_step_not_begun,
                                         &operation_not_repeatable,
                                         &operation_not_editable,
                                         &operation_not_migratable,
                                         &engine_held,
                                         &engine_step_full,
                                         &engine_not_due,
                                         &engine_rate_limited,
                                         &engine_key_rate_limited,
                                         &engine_no_place,
                                         &engine_payload_key_missing,
                                         &engine_payload_key_bad,
                                         &engine_payload_unreadable,
                                         &engine_not_held,
                                         &engine_child_lock,
                                         &engine_archive_failed,
                                         &engine_row_full};

}  // namespace thole::codes
