#pragma once

// What a step of a saga is, as its author sees it.
//
// The problem: "call the provider, then write the result down" loses or doubles the call when the
// process dies in between. So a step says which of three shapes its effect has, and the engine
// journals around it accordingly. It never runs a step again whose output is journaled.
//
//   idempotent  run() may be repeated with the same effect (content-addressed upload, upsert by id)
//
//     struct upload_content {
//         static constexpr std::string_view name = "upload_content";
//         using output = content_refs;                              // described for JSON
//         saga::task<saga::outcome<output>> run(saga::step_context& in);
//         saga::task<saga::outcome<saga::nothing>> undo(saga::step_context& in);   // optional
//     };
//
//   prepared    the effect is fixed as bytes, journaled, and only then sent; the same bytes may be
//               sent again for ever; what happened is settled by evidence, never by a timeout
//
//     struct submit_transaction {
//         static constexpr std::string_view name = "submit";
//         using prepared = signed_transaction;                      // described for JSON
//         using output = landed_mint;
//         task<outcome<prepared>> prepare(step_context& in);        // in.generation() says which
//         task<result<>> send(step_context& in, const journaled<prepared>& p);
//         task<settlement<output>> settle(step_context& in, const journaled<prepared>& p);
//     };
//
//     Only the engine can make a journaled<P>, and only after the commit was acknowledged: sending
//     what was not journaled does not compile.
//
//     Where no evidence ever comes, a person may say that it landed. A step whose output can be
//     made from a reference alone (a signature, a receipt's number) says how; else the person gives
//     the whole output. Words for a reference that cannot be one:
//
//         std::expected<output, std::string> landed_as(step_context& in, std::string_view
//         reference);
//
//   probed      run() is not repeatable, but probe() can ask the outside what became of it
//
//     task<outcome<output>> run(step_context& in);
//     task<probed<output>> probe(step_context& in);                 // happened, did not, cannot
//     tell
//
// undo() is called, in reverse order, for every step that was *started*, also for the one that
// failed half-way: find_output<Step>() tells whether it had finished. It is durable and retried.
//
// Threads: a step runs on the core loop. Lifetime: the context lives until the coroutine ends.
// Cancellation: the attempt's deadline (in.until()) cancels it; its effect is then unknown.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/id.hpp"
#include "base/json.hpp"
#include "io/task.hpp"
#include "thole/assert.hpp"
#include "thole/deadline.hpp"

namespace thole::saga {

using thole::task;

struct nothing {};
BOOST_DESCRIBE_STRUCT(nothing, (), ())

// ---- what a step answers ------------------------------------------------------------------------

template <class T>
struct done {
    T output;
};
// The attempt failed; the step's policy decides about the next one by the fault's kind. `rejected`
// and `cancelled` reschedule without spending an attempt.
struct retry {
    fault cause;
};
// Nothing failed, but it cannot go on yet (balance, quota, a node that lags): ask again after
// `again`. Spends no attempt; the operation shows "waiting: reason".
struct wait {
    duration again;
    std::string reason;
};
// A person must look (NEEDS_ATTENTION). Locks stay held.
struct park {
    std::string reason;
    std::optional<fault> cause;
};
// Undo everything so far. After the pivot this is only allowed when the engine holds the proof
// that nothing landed; otherwise it parks.
struct compensate {
    std::string reason;
    std::optional<fault> cause;
};

// Nothing failed, but a child (see child_request) must end first: ask again when it has, at once,
// or after `at_most`. However long that takes, it costs nothing but the row; spends no attempt.
struct await_end {
    uuid child;
    duration at_most = duration::max();
};

template <class T>
using outcome = std::variant<done<T>, retry, wait, park, compensate, await_end>;

// ---- what settle() answers ----------------------------------------------------------------------

template <class T>
struct landed {
    T output;
};
// Not decided yet; send() and settle() are called again after `again`.
struct pending {
    duration again;
};
// Proof that these bytes can never take effect. `resign`: a new generation may be prepared (after
// `again`, when a cause such as a low balance must be cured first); else the operation parks.
struct dead {
    std::string evidence;  // JSON or words; goes into the events
    bool resign = true;
    duration again{};
    std::string reason;
};
// The witnesses disagree or cannot be asked. Shown as UNCERTAIN; polled on, never re-signed.
struct uncertain {
    duration again;
    std::string evidence;
};

template <class T>
using settlement = std::variant<landed<T>, pending, dead, uncertain>;

// ---- what probe() answers -----------------------------------------------------------------------

struct did_not_happen {};
template <class T>
using probed = std::variant<done<T>, did_not_happen, retry, park>;

// ---- prepared bytes that are safely journaled ---------------------------------------------------

class journaled_key;  // only the executor defines it

template <class P>
class journaled {
  public:
    // The value outlives this.
    journaled(const P& value, int generation, const journaled_key&)
        : value_{&value}, generation_{generation} {}
    [[nodiscard]] const P& operator*() const noexcept { return *value_; }
    [[nodiscard]] const P* operator->() const noexcept { return value_; }
    [[nodiscard]] int generation() const noexcept { return generation_; }

  private:
    const P* value_;
    int generation_;
};

// ---- what a step may know -----------------------------------------------------------------------

// What the texts of one operation came to when they were read: each once, however often a step
// asks. Values live as long as this.
class texts_read {
  public:
    // Null: make() found nothing in it; it is asked again then. `make` takes the text and answers
    // something like std::optional<T>.
    template <class T, class Make>
    const T* find(std::string_view text, Make&& make) {
        for (const auto& each : known_) {
            if (each.type == &type_of<T> && each.text == text) {
                return static_cast<const T*>(each.value.get());
            }
        }
        auto read = std::forward<Make>(make)(text);
        if (!read) return nullptr;
        auto value = std::make_shared<const T>(std::move(*read));
        known_.push_back({&type_of<T>, std::string{text}, value});
        return value.get();
    }
    template <class T>
    const T* find(std::string_view text) {
        return find<T>(text, [](std::string_view json) { return json::read<T>(json); });
    }

  private:
    template <class T>
    static constexpr char type_of = 0;  // its address tells types apart
    struct entry {
        const char* type;
        std::string text;
        std::shared_ptr<const void> value;
    };
    std::vector<entry> known_;
};

// Evidence of one call made by a step: journaled with the step's next record.
struct call_note {
    std::string what;      // "sendTransaction"
    std::string endpoint;  // "backup-1"
    std::int64_t latency_ms = 0;
    std::string fault;  // code, or empty for success
    std::string detail;
};
BOOST_DESCRIBE_STRUCT(call_note, (), (what, endpoint, latency_ms, fault, detail))

// A child: an operation of its own, of any kind, that a step starts. Started once, however often
// the step is repeated: its key is made of the parent's id and `name`.
//
//     child_request request;
//     request.kind = "verify_later";
//     request.input = json::write(what);
//     request.not_before = in.store_now() + 5min;
//     auto child = co_await in.child(std::move(request));
//     if (!child) co_return retry{child.error()};
//     if (!child->ending) co_return await_end{child->id};    // leave this line out to go on at
//     once co_return done{verdict_of(child->find_output<verify_later>())};
//
// A child has its parent's tenant, subject and priority; the bound of the queue is not for it,
// since it belongs to accepted work. It takes locks like every operation, but not its parent's
// (engine.child_lock). What becomes of it when the parent is undone is for the step's undo() to
// say: look at it with the same request, cancel_child(), await_end.
struct child_request {
    std::string kind;
    std::string input;   // JSON; what a repetition says is not compared with it
    std::string name{};  // tells children of one operation apart; ≤ 64 bytes; empty = the step's
    std::optional<store_time> not_before{};
};

struct child_operation {
    uuid id;
    std::string state;                  // as shown: "ready", "parked", "completed" …
    std::optional<std::string> ending;  // "completed", "rolled_back" …; none while it has not ended
    std::string cause;                  // of the ending
    std::vector<std::pair<std::string, std::string>> outputs;  // of its finished steps, as JSON

    template <class Step>
    [[nodiscard]] std::optional<typename Step::output> find_output() const {
        for (const auto& [step, output] : outputs) {
            if (step != Step::name) continue;
            auto read = json::read<typename Step::output>(output);
            if (read) return std::move(*read);
        }
        return std::nullopt;
    }
};

class step_context {
  public:
    virtual ~step_context() = default;

    [[nodiscard]] virtual const uuid& id() const noexcept = 0;
    [[nodiscard]] virtual std::string_view tenant() const noexcept = 0;
    [[nodiscard]] virtual std::string_view kind() const noexcept = 0;
    [[nodiscard]] virtual std::string_view key() const noexcept = 0;
    [[nodiscard]] virtual int attempt() const noexcept = 0;     // 1, 2 … of this step
    [[nodiscard]] virtual int attempts() const noexcept = 0;    // so many at most, by its policy
    [[nodiscard]] virtual int generation() const noexcept = 0;  // 1, 2 … of a prepared step
    [[nodiscard]] virtual store_time created_at() const noexcept = 0;
    [[nodiscard]] virtual store_time store_now() const noexcept = 0;
    [[nodiscard]] virtual deadline until() const noexcept = 0;  // of this attempt

    // The immutable input, and the output of a finished step, as journaled JSON.
    [[nodiscard]] virtual std::string_view input_json() const noexcept = 0;
    [[nodiscard]] virtual std::optional<std::string_view> output_json(
        std::string_view step) const noexcept = 0;
    [[nodiscard]] virtual texts_read& texts() const noexcept = 0;

    // Adds evidence to the operation's timeline; bounded (64 per record, the rest is counted).
    virtual void note(call_note) = 0;
    // Shows progress at once, e.g. "BLOCKCHAIN_CONFIRMED"; journaled, repeated calls are free.
    [[nodiscard]] virtual task<result<>> progress(std::string_view shown) = 0;
    // Starts the child, or looks at the one that was started. Journaled when it answers.
    [[nodiscard]] virtual task<result<child_operation>> child(child_request request) = 0;
    // As a person's cancel, in the name of this operation: operation.past_pivot, operation.ended.
    [[nodiscard]] virtual task<result<>> cancel_child(uuid child, std::string reason) = 0;

    // Read once; valid as long as this.
    template <class Input>
    [[nodiscard]] const Input& input() const {
        const auto* read = texts().find<Input>(input_json());
        THOLE_ASSERT(read != nullptr, "a journaled input reads back");
        return *read;
    }
    template <class Step>
    [[nodiscard]] std::optional<typename Step::output> find_output() const {
        const auto* found = look_for<Step>();
        return found == nullptr ? std::nullopt : std::optional{*found};
    }
    // Precondition: Step is an earlier step of this saga. Valid as long as this.
    template <class Step>
    [[nodiscard]] const typename Step::output& output() const {
        const auto* found = look_for<Step>();
        THOLE_ASSERT(found != nullptr, "an earlier step has an output");
        return *found;
    }

  private:
    template <class Step>
    [[nodiscard]] const typename Step::output* look_for() const {
        const auto text = output_json(Step::name);
        if (!text) return nullptr;
        const auto* read = texts().find<typename Step::output>(*text);
        THOLE_ASSERT(read != nullptr, "a journaled output reads back");
        return read;
    }
};

}  // namespace thole::saga
