#pragma once

// The engine: carries durable operations to their end.
//
//   saga::definitions known;  known.add(mint);
//   saga::engine engine{loop, journal, std::move(known), entropy, options};
//   co_await engine.start();                                    // goes on with what was
//   interrupted
//
//   saga::submission s;  s.kind = "mint";  s.key = idempotency_key;  s.input = body;
//   auto accepted = co_await engine.submit(std::move(s));        // journaled when this returns
//   auto ended = co_await engine.wait_end(accepted->view.id, deadline::after(loop.now(), 30s));
//   …
//   co_await engine.stop(10s);                                  // gives running work back
//
// What it promises: an accepted operation is never lost; a completed step never runs again; bytes
// are journaled before they are sent; an operation ends or is parked for a person, with its story
// in its events. What decides is decide.hpp; this only carries it out.
//
// Ownership: loop, journal and entropy outlive the engine; the engine outlives nobody's call.
// Threads: everything on the core loop's thread. Cancellation: a call may be abandoned, what it
// asked for is done all the same. Errors: codes of engine/codes.hpp and the journal's own (db.*).

#include <functional>
#include <map>
#include <memory>

#include "engine/view.hpp"
#include "io/loop.hpp"

namespace thole::saga {

// What one kind of operations may take of the engine. 0 = no limit of its own.
struct kind_limits {
    int concurrency = 0;  // worked on at once, those included that wait between two looks
    int per_minute = 0;   // taken up, again and again, in a minute; a second's worth at once
    // Of those with one lock key: begun with it in a minute, evenly, at all nodes of the journal.
    int key_per_minute = 0;
};

struct engine_options {
    std::string node = "node";           // name in the journal; the same after a restart
    std::uint64_t seed = 1;              // of jitter
    int concurrency = 1024;              // operations worked on at once; >= 1
    std::int64_t max_waiting = 100'000;  // ready and blocked ones; more are refused (queue_full)
    std::map<std::string, kind_limits, std::less<>> kinds{};
    duration full_retry_after = std::chrono::seconds{5};  // told to those refused
    duration settle_retry = std::chrono::seconds{2};      // after a settle() that ran out of time
    duration journal_retry = std::chrono::milliseconds{200};  // first wait after a journal fault …
    duration journal_retry_cap = std::chrono::seconds{5};     // … and the longest
    // A store that other nodes write to as well is looked at so often, for what they made due, hold
    // and have waiting; 0: this node writes alone.
    duration look_every{};
    // Called after each commit, for every event, in order. Must not call the engine.
    std::function<void(const operation&, const event&)> on_event;
    // A journal fault that is being retried (disk full, locked): for alerts.
    std::function<void(const thole::fault&)> on_journal_fault;
};

struct submission {
    std::string tenant = "default";
    std::string kind;
    std::string key;    // idempotency key, 1…128 bytes
    std::string input;  // JSON of the definition's input type
    // What a replay of the key must repeat, where the input says more than the client did. Nothing:
    // the SHA-256 of the input. The tags come on top of either.
    std::optional<sha256_digest> request_hash{};
    operation_priority priority = operation_priority::normal;
    std::string subject;              // for lists, e.g. the account
    std::vector<std::string> tags{};  // likewise; a replay of the key must repeat them (tags.hpp)
    std::optional<store_time> not_before{};
    std::optional<uuid> id{};  // from new_id(); for who must write it down before it is accepted
};

struct submitted {
    operation_view view;
    bool replayed = false;
};

// Since start, but for the gauges.
struct engine_figures {
    std::uint64_t submitted = 0, replayed = 0, refused = 0;
    std::uint64_t completed = 0, rolled_back = 0, failed = 0, closed = 0;
    std::uint64_t parked = 0, recovered = 0;
    std::uint64_t steps_completed = 0, attempts_failed = 0, deferred = 0, generations = 0;
    std::uint64_t journal_faults = 0, fenced = 0;
    std::int64_t ready = 0, running = 0, blocked = 0, parked_now = 0;  // gauges
    std::int64_t max_waiting = 0;
};

// What a person says became of a generation that nobody can settle.
struct resolution {
    bool landed = false;       // else: dead, it can never take effect
    std::string reference{};   // what shows it: a signature, a ticket …; 1…1000 bytes
    std::string output{};      // JSON of the step's output; empty = made from the reference
    bool accept_risk = false;  // must be said with a declaration of death
    // Which one it was said of: refused when another was signed meanwhile. 0 = whatever there is.
    int generation = 0;
};

// The same act on every operation that fits a filter.
enum class bulk_act : std::uint8_t {
    retry,
    cancel,
    close,
    fail,
    pause,
    resume,
    skip,        // the current step, with an output
    reopen,      // back to an earlier step
    prioritise,  // another class
    edit,        // another input, from the beginning
    migrate      // another version of its definition, from where it stands
};
BOOST_DESCRIBE_ENUM(bulk_act, retry, cancel, close, fail, pause, resume, skip, reopen, prioritise,
                    edit, migrate)

// What an act needs besides its reason.
struct act_details {
    std::string output{};  // skip: the step's output as JSON
    std::string step{};    // skip: which is meant, or empty; reopen: the step to go back to
    operation_priority priority = operation_priority::normal;
    std::optional<int> version{};  // migrate: to which; nothing = the newest
    std::string patch{};           // edit: a JSON merge patch (RFC 7396) of the input
};
BOOST_DESCRIBE_STRUCT(act_details, (), (output, step, priority, version, patch))

inline constexpr std::int64_t most_undoable = 10'000;  // operations of one act

struct bulk_request {
    list_filter which;  // its limit and cursor do not count
    bulk_act act = bulk_act::retry;
    std::string actor{};
    std::string reason{};
    act_details more{};
    bool dry_run = true;                   // only counts
    std::optional<std::int64_t> expect{};  // how many must fit, else nothing is done
    // It can be undone for so long: it is an operation then, to be cancelled (act_saga.hpp). For at
    // most 10 000. 0: it is done at once, and stays done.
    duration window{};
};
struct bulk_answer {
    std::int64_t matched = 0;
    std::int64_t done = 0;
    std::map<std::string, std::int64_t> refused;  // by code
    std::optional<operation_view> undoable{};     // of one with a window: the operation
};

struct details_page {
    std::vector<operation_details> items;
    std::int64_t next = 0;  // list_filter::before of the next page; 0 = the last
};

class engine_core;

class engine {
  public:
    engine(io::loop& loop, journal& j, definitions known, entropy& ids, engine_options options);
    ~engine();
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    // Readies what an earlier boot had been running, then works until stop().
    task<result<>> start();
    // Takes no new work, interrupts attempts, gives their operations back, and waits for that at
    // most `grace`. Anything left is found by the next start.
    task<void> stop(duration grace);

    task<result<submitted>> submit(submission s);
    // Something happened for which this operation may be waiting: if it is between two looks at
    // what became of a generation, it looks now. Nothing is journaled, nothing else changes.
    void nudge(const uuid& id);
    // An id for a submission that nobody has used.
    [[nodiscard]] uuid new_id();
    task<result<operation_details>> get(uuid id);
    task<result<details_page>> list(list_filter filter);
    // Events after number `after`. With none yet, waits for one until the deadline (empty then).
    task<result<std::vector<event_view>>> events(uuid id, int after, int limit, deadline until);
    // Answers when it has ended or is parked, or at the deadline with what it is then.
    task<result<operation_details>> wait_end(uuid id, deadline until);

    // 409 operation.past_pivot / operation.ended. Accepted means journaled, not yet rolled back.
    task<result<operation_view>> cancel(uuid id, std::string actor, std::string reason);
    // A parked or waiting operation goes on now.
    task<result<operation_view>> retry(uuid id, std::string actor, std::string reason);
    // A parked operation ends by a person's decision, as "closed" or as "failed".
    task<result<operation_view>> close(uuid id, std::string actor, std::string reason);
    task<result<operation_view>> fail(uuid id, std::string actor, std::string reason);

    // What became of the newest generation, on a person's word: landed goes on (and is verified
    // by the steps that follow), dead parks. Also while it is being worked on.
    task<result<operation_view>> resolve(uuid id, std::string actor, std::string reason,
                                         resolution what);

    // Rests until resumed; also while it is being worked on (then as after a crash: what was under
    // way is asked after, or repeated). Resume keeps the time at which it was to go on.
    task<result<operation_view>> pause(uuid id, std::string actor, std::string reason);
    task<result<operation_view>> resume(uuid id, std::string actor, std::string reason);
    // Any of the acts above, or: skip (a step whose definition allows it, with its output), reopen
    // (back to an earlier step, over steps that may be repeated), prioritise. Refused, with a code
    // that says why, where it would double or lose an effect. The key of an edited operation goes
    // on meaning what the client had sent: a replay of that finds it.
    task<result<operation_view>> act(uuid id, bulk_act what, std::string actor, std::string reason,
                                     act_details more);
    // Counts exactly, then acts on the oldest first, some at a time. operation.count_changed when
    // not as many fit as expected; what one operation refuses is counted and hinders no other.
    task<result<bulk_answer>> act_on_all(bulk_request what);

    // A kind, or everything (empty), rests until it is released: nothing of it is begun, and what
    // is under way stops behind the call that it is in. Submissions are accepted. Survives
    // restarts.
    task<result<>> hold(std::string kind, std::string actor, std::string reason);
    // engine.not_held when it does not rest.
    task<result<>> release(std::string kind, std::string actor, std::string reason);
    // What was said last of each kind; or all that was ever said, newest first.
    task<result<std::vector<hold_record>>> holds(bool all);

    [[nodiscard]] engine_figures figures() const;
    // The newest journal fault while it lasts; empty when the journal works.
    [[nodiscard]] std::optional<thole::fault> journal_trouble() const;
    [[nodiscard]] const definitions& known() const noexcept;

  private:
    std::shared_ptr<engine_core> core_;
};

}  // namespace thole::saga
