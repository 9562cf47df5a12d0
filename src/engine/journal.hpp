#pragma once

// Where operations live: the one place whose word counts after a crash.
//
// A journal takes whole moves: the new state of an operation, the events that tell of it, bytes
// that were prepared, and the lock it takes or gives back are one commit, or nothing. When commit()
// has answered, the move survives a crash at any instant; before that, nothing outside may be
// touched on the strength of it.
//
//   auto done = co_await journal.commit(move);
//   if (done) ...                                             // acknowledged
//   else if (done.error().is(codes::engine_fenced)) ...       // someone else has moved it: drop it
//   else if (done.error().effect() == fault_effect::unknown)  // read it back: load() and compare
//   else ...                                                  // nothing happened: may be repeated
//
// Children: the commit that ends an operation also makes its parent due, if the parent waits for it
// (awaits); and a parent that would wait for a child that has ended (or is not there) is due at
// once. So that no wake-up can be lost, whoever comes first.
//
// Fences: every claim raises the operation's fence, and a move names the fence and the last event
// it is based on; a move based on anything older is refused. A node is known by its boot id, new at
// every start: begin() readies at once what an earlier boot of this node had been running. On a
// store shared by several nodes the node also holds a lease (may_start_effects()).
//
// Threads: everything on the core loop. Lifetime: arguments taken by reference live until the call
// has answered. Cancellation: calls are always finished. All waits are the store's own.

#include <algorithm>
#include <array>
#include <optional>

#include "engine/operation.hpp"
#include "engine/plan.hpp"

namespace thole::saga {

struct kept_plan {
    std::string kind;
    int version = 1;
    std::string text;
};

struct node_identity {
    std::string name;        // stays the same over restarts
    std::uint64_t boot = 1;  // not 0; new at every start
    // By one begin(): a start must not wait for a hundred thousand. 0: its plans are kept, and what
    // others are running is left to them.
    int most_readied = 1000;
    // What its operations follow; kept beside them (plan_text.hpp), and refused when one is not
    // what was kept under its version (engine.definition_changed).
    std::vector<kept_plan> plans{};
};

struct new_operation {
    identity who;           // row is given by the journal
    operation_state first;  // of initial_state()
    std::vector<event> events;
    std::uint64_t claim_for = 0;  // start it at once for this boot, unless its lock is taken
};

// An operation and the events that a move added to it.
struct moved_operation {
    operation op;
    std::vector<event> events;
};

struct submit_answer {
    moved_operation made;   // or found, without events
    bool replayed = false;  // the key was known, with the same payload
    bool claimed = false;
};

// One move of one operation.
struct move {
    const identity* who = nullptr;
    std::uint64_t fence = 0;    // as known before the move
    std::int64_t base_seq = 0;  // number of the last event before the move
    operation_state after;      // lock == wanted and running: take the lock, or be blocked
    std::vector<event> events;
    std::optional<prepared_row> prepared;
    bool releases_lock = false;       // and promotes the next in line
    store_time::duration key_pace{};  // of its kind; 0: none
    // Of this attempt to commit: the key's pace counts from it. `after` is as old as the decision,
    // which a journal that was away may have kept waiting.
    store_time now{};

    [[nodiscard]] store_time committed_at() const { return std::max(now, after.updated_at); }
};

struct move_answer {
    bool blocked = false;     // the lock is taken: the state journaled is block(after), not after
    bool child_over = false;  // … and wake(after): the child that it was to wait for has ended
    // … and pace(after): it has its lock, but the key's pace lets it begin then.
    std::optional<store_time> paced_until;
    std::optional<moved_operation> promoted;
    std::optional<moved_operation> woken;  // the parent, which waited for this one to end
};

// How many of one kind a claim may take; 0 = the kind rests, and none of it is looked at.
struct kind_quota {
    std::string kind;
    int most = 0;
    std::string step{};  // only of those that are to begin this step (operation_state::lane)
};

// Of one kind and one lock key an operation begins at the earliest so long after the one before had
// begun, at whichever node. Who is early takes the lock and waits for his time, the others wait
// for the lock: a claim meets one of them, however many there are.
struct key_pace {
    std::string kind;
    store_time::duration each{};
};

struct claim_request {
    std::uint64_t owner = 0;
    store_time now;
    int limit = 0;
    std::vector<kind_quota> quotas{};  // kinds without one have none
    std::vector<key_pace> paces{};     // … and these too
};

// Among those that are due, each class stands behind the one above it by so much: what has waited
// longer than that is no longer passed by. So nobody starves, however much urgent work there is.
[[nodiscard]] constexpr store_time::duration handicap(operation_priority p) noexcept {
    constexpr std::array by_class{std::chrono::seconds{0}, std::chrono::seconds{10},
                                  std::chrono::seconds{60}};
    return by_class[static_cast<std::size_t>(p)];
}

// A kind of operations, or everything (empty), is told to rest or to go on again.
struct hold_record {
    std::string kind;
    bool held = true;
    std::string actor;
    std::string reason;
    store_time at;
};

struct finished_step {
    std::string name;
    std::string output;
};

struct stored_operation {
    operation op;
    std::string input;
    std::vector<finished_step> outputs;    // in order
    std::optional<prepared_row> prepared;  // the newest generation of the current step
    std::optional<uuid> holder;            // of a blocked one: who has its lock
    // Why what it carries does not open (payload_cipher.hpp). Then input, outputs and bytes are
    // missing; whoever only ends it does not need them.
    std::optional<fault> sealed{};
};

// Input and outputs as one JSON document, for when their events go and the row stays.
[[nodiscard]] std::string kept_document(const stored_operation& op);
// Answers false when the text is no such document.
bool read_kept_document(stored_operation& op, std::string_view text);

// What an event does to the input and the outputs that count.
void keep_payload(stored_operation& op, event_type type, std::string_view step,
                  std::string_view payload);

struct claimed_operation {
    stored_operation what;
    std::vector<event> events;
    bool interrupted = false;  // see begin_claim()
};

struct claim_answer {
    std::vector<claimed_operation> claimed;
    std::vector<moved_operation> blocked;  // due, but their lock is taken, or their key is paced
    // The earliest of those that stay ready, without the kinds whose quota is used up.
    std::optional<store_time> next_due;
};

struct list_filter {
    std::optional<std::string> tenant{};
    std::optional<std::string> kind{};
    std::optional<std::string> key{};
    std::optional<std::string> subject{};
    std::optional<std::string> tag{};  // one of its tags
    std::optional<uuid> parent{};
    std::optional<op_state> state{};
    std::optional<op_ending> ending{};  // of terminal ones
    // Contained in the last fault (code, place, detail), in what it waits for, or in its cause.
    std::optional<std::string> text{};
    std::optional<store_time> created_from{};  // inclusive
    std::optional<store_time> created_to{};    // exclusive
    int limit = 50;                            // 1…500
    std::int64_t before = 0;                   // cursor: rows below this one; 0 = from the newest
    bool with_outputs = false;                 // fill input and outputs too
};

struct operation_page {
    std::vector<stored_operation> items;  // newest first
    std::int64_t next = 0;                // `before` of the next page; 0 = this is the last
};

struct operation_counts {
    std::int64_t ready = 0, running = 0, blocked = 0, parked = 0;
};

struct held_lock {
    std::string key;
    std::int64_t row = 0;
};

class journal {
  public:
    virtual ~journal() = default;

    // Before anything else. Answers how many operations of an earlier boot were readied; when there
    // are as many as asked for at most, it is called again, beside the work, until there are fewer.
    virtual task<result<std::int64_t>> begin(node_identity node) = 0;
    // The time that schedules: never goes backward, survives restarts.
    [[nodiscard]] virtual store_time now() = 0;
    // False when the node's lease may run out soon: start no effect then.
    [[nodiscard]] virtual bool may_start_effects() const noexcept = 0;

    // engine.key_conflict when tenant, kind and key are known with another request hash.
    virtual task<result<submit_answer>> submit(const new_operation& o) = 0;
    virtual task<result<move_answer>> commit(const move& m) = 0;
    // Takes up to `limit` due operations, the longest due first, after their class's handicap.
    virtual task<result<claim_answer>> claim(claim_request request) = 0;

    virtual task<result<std::optional<stored_operation>>> load(uuid id) = 0;
    virtual task<result<std::optional<operation>>> find_key(std::string tenant, std::string kind,
                                                            std::string key) = 0;
    virtual task<result<operation_page>> list(list_filter filter) = 0;
    // Events with a number above `after`, in order.
    virtual task<result<std::vector<event>>> events(std::int64_t row, std::int64_t after,
                                                    int limit) = 0;
    virtual task<result<operation_counts>> counts() = 0;
    virtual task<result<std::vector<held_lock>>> locks() = 0;

    virtual task<result<>> hold(hold_record what) = 0;
    // Newest first: what was said last of each kind, or (all) everything that was ever said, the
    // newest 500.
    virtual task<result<std::vector<hold_record>>> holds(bool all) = 0;
};

}  // namespace thole::saga
