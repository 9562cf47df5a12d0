#pragma once

// The inside of the engine. Coroutines hold it by shared_ptr, so that it outlives each of them.
//
//   engine.cpp       the public calls
//   engine_core.cpp  start, stop, claiming, accounting
//   drive.cpp        one operation: effect → decision → commit → effect …
//   drive_group.cpp  … where steps run side by side
//   commands.cpp     what people ask of one operation
//   bulk.cpp         … and of many
//   step_call.cpp    one call of a step: deadline, interruption, exceptions

#include <functional>
#include <map>
#include <set>

#include "engine/engine.hpp"
#include "engine/kind_places.hpp"
#include "engine/live_operation.hpp"

namespace thole::saga {

// Visible to moved() as long as it lives.
template <class Map, class Watcher>
class registered {
  public:
    registered(Map& map, std::int64_t row, std::shared_ptr<Watcher> w)
        : map_{map}, place_{map.emplace(row, std::move(w))} {}
    ~registered() { map_.erase(place_); }
    registered(const registered&) = delete;
    registered& operator=(const registered&) = delete;

  private:
    Map& map_;
    typename Map::iterator place_;
};

class engine_core : public std::enable_shared_from_this<engine_core> {
  public:
    using self_ptr = std::shared_ptr<engine_core>;
    using live_ptr = std::shared_ptr<live_operation>;

    engine_core(io::loop& loop, journal& j, definitions known, entropy& ids, engine_options o);
    // Lets go of everything that waits; nothing is written. (What a crash does.)
    void abandon();

    static task<result<>> start(self_ptr self);
    static task<void> stop(self_ptr self, duration grace);
    static task<result<submitted>> submit(self_ptr self, submission s);
    [[nodiscard]] uuid new_id();
    static task<result<operation_details>> get(self_ptr self, uuid id);
    static task<result<details_page>> list(self_ptr self, list_filter filter);
    static task<result<std::vector<event_view>>> events(self_ptr self, uuid id, int after,
                                                        int limit, deadline until);
    static task<result<operation_details>> wait_end(self_ptr self, uuid id, deadline until);
    // What a person asks, made for the operation as it stands when its turn has come.
    using act = std::function<result<input>(const live_ptr&)>;
    static task<result<operation_view>> command(self_ptr self, uuid id, act what);
    void nudge(const uuid& id);
    static task<result<operation_view>> resolve(self_ptr self, uuid id, std::string actor,
                                                std::string reason, resolution what);
    static task<result<child_operation>> child(self_ptr self, live_ptr parent, calls_ptr calls,
                                               child_request request);
    static task<result<bulk_answer>> act_on_all(self_ptr self, bulk_request what);
    // In that order, some at a time, until the engine stops; `matched` were asked. `then` is told
    // of each.
    using told_of_each = std::function<void(const uuid&, const result<operation_view>&)>;
    static task<bulk_answer> act_on_each(self_ptr self, std::vector<uuid> on, act what,
                                         told_of_each then);

    static task<result<>> set_hold(self_ptr self, hold_record what);

    // Commits a decision about a live operation. False: it is lost to this node. Precondition: the
    // caller is inside op->moves.
    static task<bool> commit(self_ptr self, live_ptr op, decision&& d);
    static task<result<>> show_progress(self_ptr self, live_ptr op, int member, std::string shown);

    io::loop& loop;
    journal& log;
    const definitions known;
    const engine_options options;
    engine_figures figures;
    std::optional<fault> trouble;  // of the journal; none since its last good answer

  private:
    struct watcher {
        std::int64_t row;
        bool of_end =
            false;  // hears only that it has ended or is parked, and gets it as it is then
        std::optional<operation_details> seen{};
        nap sleeping{};
    };
    static bool is_over(const operation_state& s) noexcept {
        return s.state == op_state::terminal || s.state == op_state::parked;
    }
    void tell(watcher& w, const operation& op);

    static task<void> rest_held(self_ptr self, bool asks, time_point next_look);
    static task<void> dispatch(self_ptr self);
    static void begin_claimed(const self_ptr& self, claim_answer&& answer);
    static task<void> ready_more(self_ptr self);
    static task<void> drive(self_ptr self, live_ptr op, bool interrupted);
    static task<input> perform(self_ptr self, live_ptr op, effect what, bool first);
    static task<input> perform_call(self_ptr self, live_ptr op, calls_ptr calls, int step,
                                    effect_kind what);
    // Has a place in the step that it is to begin, where one is needed.
    bool take_place(const live_ptr& op, const std::string& step);
    void leave_place(const std::string& kind, const std::string& step);
    // Who is at work on a group and finds no place in a further step of it stands in line. When one
    // is free he is woken, and stands there no more: he may have no use for it by then, so whoever
    // has looked offers what is left to the next.
    struct lines_left;
    void stand_in_line(const live_ptr& op, const std::string& step, bool first);
    void leave_lines(const live_ptr& op);
    void offer_places(bool no_claim);
    [[nodiscard]] bool is_in_line(const live_operation& op, const std::string& step) const;
    struct group_run;
    using group_ptr = std::shared_ptr<group_run>;
    // What follows.
    struct onward {
        effect next;
        std::vector<member_call> calls;
    };
    static task<onward> drive_group(self_ptr self, live_ptr op, onward begun);
    static task<void> drive_member(self_ptr self, live_ptr op, group_ptr group, member_call what);
    std::vector<int> due_members(const live_ptr& op, const group_run& group,
                                 std::optional<store_time>& next);
    static task<input> settle(self_ptr self, live_ptr op, duration delay, bool send);
    static task<input> send_as_input(task<result<>> work);
    static task<input> begin_call(calls_ptr calls, task<input> work);
    static task<input> call(self_ptr self, calls_ptr calls, task<input> work, duration timeout);
    static task<result<move_answer>> commit_again(self_ptr self, live_ptr op, move& m,
                                                  thole::fault first);
    // What became of a commit whose answer was lost; nullopt: nothing, it may be repeated.
    static task<std::optional<result<move_answer>>> read_back(self_ptr self, const move& m);
    static task<result<operation_view>> command_live(self_ptr self, live_ptr op, const act& what);
    static task<result<operation_view>> command_stored(self_ptr self, live_ptr op, const act& what);
    struct fitting {
        uuid id;
        operation_priority priority;
        bool paused;
    };
    static task<result<std::vector<fitting>>> all_that_fit(self_ptr self, list_filter which);
    static task<> act_on_one(self_ptr self, uuid id, const act& what, bulk_answer& out,
                             const told_of_each& then);
    static task<result<operation_view>> act_undoably(self_ptr self, bulk_request what,
                                                     std::vector<fitting> on);
    static task<result<move_answer>> commit_command(self_ptr self, const move& m);
    static task<bool> pause(self_ptr self, duration d);
    static task<void> park_unknown(self_ptr self, live_ptr op);
    static task<result<std::int64_t>> row_of(self_ptr self, uuid id);
    static task<void> release_orphans(self_ptr self);
    static task<void> recount(self_ptr self);
    static task<void> look_at_others(self_ptr self);
    void set_held(const std::string& kind, bool held);

    result<new_operation> make(const submission& s);
    static task<result<submitted>> accept(self_ptr self, new_operation made);
    live_ptr adopt(stored_operation what);
    void let_go(const live_ptr& op);
    void spawn(task<void> work);
    decision decide_for(live_operation& op, step_calls& calls, const input& in, evidence ev);

    // Bookkeeping of a move that is journaled: gauges, observers, waiters, wake-ups.
    void moved(const operation& op, std::optional<op_state> before,
               const std::vector<event>& events);
    // Those that the same commit has moved.
    void moved_others(const move_answer& answer);
    void count(const operation& op, const std::vector<event>& events);
    std::int64_t& gauge(op_state s);
    void set_gauges(const operation_counts& counts);
    void note_due(store_time due);
    void wake_dispatcher();
    // Neither a shutdown, nor a lost lease, nor a person keeps it from going on.
    [[nodiscard]] bool may_go_on(const live_operation& op) const {
        return !stopping_ && log.may_start_effects() && !places_.held(op.who().kind);
    }
    // Why one that is ready is not taken up: its time, or what it may not have yet.
    void tell_of_waiting(operation_view& view, const operation_state& s);
    void tell_of_members(const live_operation& op, operation_view& view) const;
    void note_fault(const fault& f);
    // The dispatcher's, before it asks the journal again.
    task<bool> pause_after_fault();
    [[nodiscard]] bool has_place() const { return busy_ < options.concurrency; }

    entropy& ids_;
    rng chance_;
    std::shared_ptr<alarms> alarms_;
    node_identity node_;
    std::map<uuid, live_ptr> live_;
    std::multimap<std::int64_t, std::shared_ptr<watcher>> watchers_;
    std::optional<store_time> next_due_;  // the earliest ready operation that is known
    time_point looked_at_{};              // at what other nodes did
    time_point ask_again_{};              // in trouble: when a claim looks whether it is over
    nap dispatcher_;
    nap stopper_;
    kind_places places_;
    // By kind and step, in the order of their coming.
    std::map<std::pair<std::string, std::string>, std::deque<live_ptr>> lines_;
    int busy_ = 0;                  // places taken …
    int claiming_ = 0;              // … of them by a claim under way
    int submitting_ = 0;            // submissions under way: they count as waiting
    int tasks_ = 0;                 // coroutines that stop() waits for
    bool backlog_ = false;          // the last claim left due operations behind
    int in_flight_ = 0;             // writes on their way to the journal
    std::uint64_t moves_seen_ = 0;  // that were counted
    std::uint64_t holds_said_ = 0;  // at this node
    bool recount_ = false;          // the gauges may be wrong
    bool orphans_ = false;          // operations may be marked as ours that nobody drives
    bool recovering_ = false;       // operations of an earlier boot are still to be readied
    bool started_ = false;
    bool stopping_ = false;
};

// An act of a person; what it needs is checked by the operation's definition.
// `known` outlives the act.
[[nodiscard]] engine_core::act act_for(const definitions& known, bulk_act what, std::string actor,
                                       std::string reason, act_details more);

// Every problem with its place.
[[nodiscard]] std::string text_of(const json::problems& problems);

// An act that does not depend on how the operation stands.
[[nodiscard]] engine_core::act as_given(input what);

}  // namespace thole::saga
