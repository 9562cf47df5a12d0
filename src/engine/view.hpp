#pragma once

// An operation and its events as they are shown: the engine-level members of the API's documents.

#include "engine/definition.hpp"
#include "engine/journal.hpp"

namespace thole::saga {

struct waiting_view {
    std::string reason;               // "operation.attempts_spent", "lock …", a step's own words
    std::optional<store_time> until;  // absent: for a person, or for a lock
    std::optional<uuid> holder;       // of the lock that it waits for
    std::optional<uuid> child;        // that must end first
};
BOOST_DESCRIBE_STRUCT(waiting_view, (), (reason, until, holder, child))

// A step of a group.
struct member_view {
    std::string step;
    std::string state;  // waiting, running, done, gave_up
    int attempt = 1;
    std::optional<waiting_view> waiting;
    std::optional<stored_fault> fault;
};
BOOST_DESCRIBE_STRUCT(member_view, (), (step, state, attempt, waiting, fault))

struct operation_view {
    int v = 1;
    uuid id;
    std::string kind;
    std::string key;
    std::string state;  // ready, running, blocked, parked, completed, rolled_back, failed, closed
    std::string progress;  // INITIATED … COMPLETED; overlays UNCERTAIN, NEEDS_ATTENTION, PAUSED
    std::string step;      // empty when it has ended
    operation_priority priority = operation_priority::normal;
    int attempt = 1;
    int generation = 0;
    std::optional<std::vector<member_view>> members;  // while steps run side by side
    std::optional<waiting_view> waiting;
    std::optional<stored_fault> fault;             // the last one; cleared when a step succeeds
    std::optional<std::string> cause;              // why it was rolled back, failed or closed
    std::optional<uuid> parent;                    // the operation whose step started it
    std::optional<std::vector<std::string>> tags;  // by which it is found
    store_time created_at;
    store_time updated_at;
    std::optional<store_time> ended_at;
};
BOOST_DESCRIBE_STRUCT(operation_view, (),
                      (v, id, kind, key, state, progress, step, priority, attempt, generation,
                       members, waiting, fault, cause, parent, tags, created_at, updated_at,
                       ended_at))

[[nodiscard]] std::string progress_of(const operation_state& s);
[[nodiscard]] std::string state_of(const operation_state& s);
[[nodiscard]] operation_view view_of(const operation& op);

// A view together with what a kind may add to it: input, outputs of finished steps, and the bytes
// of the newest generation.
struct operation_details {
    operation_view view;
    std::string tenant;
    std::string subject;
    int version = 1;
    std::string input;  // JSON
    std::vector<finished_step> outputs;
    std::optional<prepared_row> prepared;
    std::optional<thole::fault> sealed{};  // why these are missing; see stored_operation

    template <class Input>
    [[nodiscard]] std::optional<Input> find_input() const {
        auto found = json::read<Input>(input);
        return found ? std::optional<Input>{std::move(*found)} : std::nullopt;
    }
    template <class Step>
    [[nodiscard]] std::optional<typename Step::output> find_output() const {
        for (const auto& each : outputs) {
            if (each.name != Step::name) continue;
            auto found = json::read<typename Step::output>(each.output);
            if (found) return std::move(*found);
        }
        return std::nullopt;
    }
};
[[nodiscard]] operation_details details_of(const stored_operation& from);

struct event_view {
    int seq = 0;
    store_time at;
    std::string event;  // "step.completed"
    std::optional<std::string> step;
    std::optional<int> attempt;
    std::optional<int> generation;
    std::optional<std::string> endpoint;
    std::optional<int> latency_ms;
    std::optional<stored_fault> fault;
    std::optional<std::string> actor;
    std::optional<boost::json::value> data;
};
BOOST_DESCRIBE_STRUCT(event_view, (),
                      (seq, at, event, step, attempt, generation, endpoint, latency_ms, fault,
                       actor, data))

[[nodiscard]] event_view view_of(const event& e);

}  // namespace thole::saga
