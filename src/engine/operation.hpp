#pragma once

// An operation as it is journaled: who it is (never changes), how far it is (one row), and what
// happened (append-only events). The row is what the scheduler reads; the events are the truth for
// people and audits, and fold.hpp proves that they tell the same story.

#include <array>
#include <boost/describe.hpp>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "engine/step.hpp"

namespace thole::saga {

// ---- who ----------------------------------------------------------------------------------------

enum class operation_priority : std::uint8_t { high, normal, low };
BOOST_DESCRIBE_ENUM(operation_priority, high, normal, low)

struct identity {
    std::int64_t row = 0;  // the journal's own number
    uuid id;
    std::string tenant;
    std::string kind;
    int version = 1;  // of the definition that it was made by
    std::string key;  // idempotency key: unique with tenant and kind
    sha256_digest request_hash{};
    std::string subject;   // what lists may ask for, e.g. the account; may be empty
    std::string lock_key;  // what its locked step waits for; empty = takes no lock
    store_time created_at;
    std::optional<uuid> parent;     // the operation whose step started it
    std::vector<std::string> tags;  // by which it is found (tags.hpp); in order of the alphabet
};

// ---- how far ------------------------------------------------------------------------------------

enum class op_state : std::uint8_t {
    ready,    // waits for due_at and a free place; nobody works on it
    running,  // owned by a node
    blocked,  // waits for its key lock
    parked,   // waits for a person
    terminal  // ended; see ending
};
BOOST_DESCRIBE_ENUM(op_state, ready, running, blocked, parked, terminal)

enum class op_ending : std::uint8_t { none, completed, rolled_back, failed, closed };
BOOST_DESCRIBE_ENUM(op_ending, none, completed, rolled_back, failed, closed)

// none: takes no lock, or gave it back · later: its locked step is not reached · wanted: to be
// taken with the next commit or claim · held: until it has ended or is sent back unbegun.
enum class lock_state : std::uint8_t { none, later, wanted, held };
BOOST_DESCRIBE_ENUM(lock_state, none, later, wanted, held)

// A step of a group (plan.hpp) that is under way or being undone.
enum class member_stand : std::uint8_t {
    waits,      // not done: to be begun, under way, or between two attempts
    done,       // its output is journaled
    parks,      // has given up: when the others have settled, the operation parks
    turns_back  // … it is undone
};
BOOST_DESCRIBE_ENUM(member_stand, waits, done, parks, turns_back)

struct member_state {
    std::string step{};  // its name
    member_stand stand = member_stand::waits;
    bool started = false;  // was begun at least once
    bool open = false;     // of a probed one: an attempt may be under way, or have had its effect
    bool conflicted = false;  // as in operation_state, like all that follows
    int attempt = 1;
    store_time due{};
    std::string waiting{};
    std::optional<uuid> awaits{};
    std::string fault{};
    friend bool operator==(const member_state&, const member_state&) = default;
};

struct operation_state {
    op_state state = op_state::ready;
    op_ending ending = op_ending::none;
    lock_state lock = lock_state::none;
    bool backward = false;     // compensating
    bool started = false;      // the current step was begun at least once
    bool open = false;         // an attempt of it may be under way, or may have had its effect
    bool past_pivot = false;   // the pivot's first generation is journaled
    bool proved_dead = false;  // … and every journaled generation of it is proved dead
    bool live = false;         // the newest generation of the current step is undecided
    bool uncertain = false;    // … and the witnesses disagree (shown as UNCERTAIN)
    bool cancelling = false;   // cancel was accepted; compensation begins when the step is settled
    bool conflicted = false;   // the one short retry after a conflict is used up
    bool paused = false;       // parked because a person wants it to rest
    bool archived = false;     // ended long ago; its events are in the archive alone
    int version = 1;           // of the definition that it follows; changed by a migration alone
    int step = 0;              // index in the plan; plan.size() when all are done
    std::string step_name;     // … and its name; empty when ended
    int attempt = 1;           // of the current step (or undo); grows only after a fault
    int generation = 0;        // journaled generations of the newest prepared step
    int allowance = 0;         // … and how many it may have
    store_time due_at;
    std::uint64_t owner = 0;  // the node that runs it; 0 = nobody
    std::uint64_t fence = 0;  // grows with every claim; a write with an older one is refused
    std::int64_t seq = 0;     // number of its last event
    std::string progress;     // what was shown last, without overlays
    std::string waiting;      // why it waits or is parked; empty when it does not
    // The child whose end makes it due. Only while `waiting` says so (child_reason).
    std::optional<uuid> awaits;
    operation_priority priority = operation_priority::normal;
    // While its group is under way or undone: the group's steps, in order. Then `step` is the first
    // of them (or the one that is undone), and waiting, awaits and fault are the foremost's.
    std::vector<member_state> members;
    // The step that it is to begin when few operations may be in it at once; else empty. A claim
    // goes past those whose step has no place (kind_quota).
    std::string lane;
    std::string fault;  // the last fault as JSON (stored_fault), cleared by progress
    std::string cause;  // why it was rolled back, failed or closed
    store_time updated_at;
    store_time ended_at;  // of a terminal one
};

struct operation {
    identity who;
    operation_state now;
};

// What an operation "waits" for when it waits for a child.
[[nodiscard]] std::string child_reason(const uuid& child);
// The due time of one that only waits for a child: what the clock never reaches.
inline constexpr store_time never_due = store_time::max();

// ---- how much -----------------------------------------------------------------------------------

// An operation with so many events goes no further by itself: it parks, and a person ends it. What
// is left up to most_events is room for the way back, for the acts of people and for the journal's
// own events (claims, locks, recoveries). A journal refuses what is beyond (engine.row_full).
inline constexpr std::int64_t most_events = (1 << 20) - 1;
inline constexpr std::int64_t most_forward_events = 1'000'000;
inline constexpr std::int64_t most_backward_events = most_events - 1'000;
inline constexpr std::int64_t most_acted_events = most_events - 100;  // retries, cancels
inline constexpr int most_generations = 1'000;  // of one step; a definition allows fewer
inline constexpr int most_steps = 1'000;
inline constexpr int most_members = 16;  // of a group

// ---- what happened ------------------------------------------------------------------------------

// New kinds go to the end: their numbers are stored.
enum class event_type : std::uint8_t {
    submitted,
    step_started,
    step_completed,
    step_failed,
    step_waiting,
    blocked,
    lock_acquired,
    prepared,
    uncertain,
    certain,
    proved_dead,
    progress,
    parked,
    retried,
    cancel_requested,
    compensating,
    undone,
    undo_failed,
    undo_waiting,
    recovered,
    ended,
    resolved,  // a person said what became of the newest generation
    paused,
    resumed,
    child_ended,  // the child that it waits for
    skipped,      // a person gave the step's output; it completes in the same commit
    reopened,     // a person sent it back to `step`: its outputs from there on count no more
    prioritised,
    edited,    // a person gave another input; it begins anew, as reopened at its first step
    migrated,  // a person moved it to another version of its definition, where it stands
    given_up,  // a step of a group: when the others have settled, it parks or turns back
    paced      // it has its lock, and the key's rate lets it begin later
};

// A fault as it is written down: the code of another version may be unknown to this one.
struct stored_fault {
    std::string code;
    std::string kind;
    std::string scope;
    std::string effect;
    std::string dependency;
    std::string endpoint;
    std::string detail;
};
BOOST_DESCRIBE_STRUCT(stored_fault, (), (code, kind, scope, effect, dependency, endpoint, detail))

[[nodiscard]] stored_fault stored(const thole::fault&);
[[nodiscard]] std::string fault_json(const thole::fault&);

// Where an operation stood, as an act of a person found and left it.
struct standing {
    std::string state;  // as shown: "running", "parked", "closed" …
    std::string progress;
    std::string step;
    int attempt = 1;
    int generation = 0;
};
BOOST_DESCRIBE_STRUCT(standing, (), (state, progress, step, attempt, generation))

// The free part of an event; only what is there is written.
struct event_data {
    std::optional<std::string> reason;
    std::optional<store_time> until;
    std::optional<std::string> evidence;
    std::optional<std::string> shown;
    std::optional<std::string> cause;
    std::optional<std::string> ending;
    std::optional<std::string>
        verdict;                // of resolved: "landed", "dead"; of given_up: "park", "undo"
    std::optional<uuid> child;  // that it waits for, or that has ended
    std::optional<operation_priority> priority;
    std::optional<int> version;        // of migrated: that it follows from here on
    std::optional<std::string> patch;  // of edited: what was changed, as a JSON merge patch
    std::optional<standing> before;    // of a person's act
    std::optional<standing> after;
    std::optional<std::vector<call_note>> notes;
    std::optional<int> notes_dropped;
};
BOOST_DESCRIBE_STRUCT(event_data, (),
                      (reason, until, evidence, shown, cause, ending, verdict, child, priority,
                       version, patch, before, after, notes, notes_dropped))

struct event {
    std::int64_t seq = 0;  // 1, 2 … of its operation
    store_time at;
    event_type type = event_type::submitted;
    std::string step;  // name; empty when it is not about one
    int attempt = 0;
    int generation = 0;
    std::int64_t latency_ms = 0;
    std::string fault;  // stored_fault as JSON, or empty
    std::string actor;  // who acted; empty = the engine
    std::string data;   // event_data as JSON, or empty
    // The input (submitted, edited), the step's output (step_completed), renamed steps (migrated),
    // the steps of the group that begins anew (reopened).
    std::string payload;
    // It does not open, and stands here sealed as it was read: for an archive.
    bool payload_sealed = false;
    bool data_sealed = false;
};

[[nodiscard]] std::string_view to_string(event_type) noexcept;  // "step.completed"

// Bytes fixed before they are sent; never changed once journaled.
struct prepared_row {
    int step = 0;
    int generation = 1;
    std::string bytes;    // the prepared value as JSON
    bool sealed = false;  // … which does not open, as in an event
};

}  // namespace thole::saga

template <>
inline constexpr auto thole::json::enum_texts<thole::saga::event_type> = std::array{
    std::pair{thole::saga::event_type::submitted, std::string_view{"operation.submitted"}},
    std::pair{thole::saga::event_type::step_started, std::string_view{"step.started"}},
    std::pair{thole::saga::event_type::step_completed, std::string_view{"step.completed"}},
    std::pair{thole::saga::event_type::step_failed, std::string_view{"step.failed"}},
    std::pair{thole::saga::event_type::step_waiting, std::string_view{"step.deferred"}},
    std::pair{thole::saga::event_type::blocked, std::string_view{"operation.blocked"}},
    std::pair{thole::saga::event_type::lock_acquired, std::string_view{"lock.acquired"}},
    std::pair{thole::saga::event_type::prepared, std::string_view{"generation.journaled"}},
    std::pair{thole::saga::event_type::uncertain, std::string_view{"generation.doubted"}},
    std::pair{thole::saga::event_type::certain, std::string_view{"generation.cleared"}},
    std::pair{thole::saga::event_type::proved_dead, std::string_view{"generation.proved_dead"}},
    std::pair{thole::saga::event_type::progress, std::string_view{"progress.shown"}},
    std::pair{thole::saga::event_type::parked, std::string_view{"operation.parked"}},
    std::pair{thole::saga::event_type::retried, std::string_view{"operation.retried"}},
    std::pair{thole::saga::event_type::cancel_requested,
              std::string_view{"operation.cancel_requested"}},
    std::pair{thole::saga::event_type::compensating, std::string_view{"compensation.started"}},
    std::pair{thole::saga::event_type::undone, std::string_view{"step.undone"}},
    std::pair{thole::saga::event_type::undo_failed, std::string_view{"undo.failed"}},
    std::pair{thole::saga::event_type::undo_waiting, std::string_view{"undo.deferred"}},
    std::pair{thole::saga::event_type::recovered, std::string_view{"operation.recovered"}},
    std::pair{thole::saga::event_type::ended, std::string_view{"operation.ended"}},
    std::pair{thole::saga::event_type::resolved, std::string_view{"generation.resolved"}},
    std::pair{thole::saga::event_type::paused, std::string_view{"operation.paused"}},
    std::pair{thole::saga::event_type::resumed, std::string_view{"operation.resumed"}},
    std::pair{thole::saga::event_type::child_ended, std::string_view{"child.ended"}},
    std::pair{thole::saga::event_type::skipped, std::string_view{"step.skipped"}},
    std::pair{thole::saga::event_type::reopened, std::string_view{"operation.reopened"}},
    std::pair{thole::saga::event_type::prioritised, std::string_view{"operation.prioritised"}},
    std::pair{thole::saga::event_type::edited, std::string_view{"operation.edited"}},
    std::pair{thole::saga::event_type::migrated, std::string_view{"operation.migrated"}},
    std::pair{thole::saga::event_type::given_up, std::string_view{"step.given_up"}},
    std::pair{thole::saga::event_type::paced, std::string_view{"operation.paced"}}};
