// What people ask of one operation: cancel, retry, close, fail, resolve.

#include "engine/codes.hpp"
#include "engine/engine_core.hpp"
#include "engine/step_call.hpp"
#include "engine/transitions.hpp"

namespace thole::saga {

namespace {

// A command and the engine may race for an operation; who loses reads it again, a little later.
constexpr int most_rounds = 16;
constexpr duration first_pause = std::chrono::milliseconds{2};
constexpr duration longest_pause = std::chrono::milliseconds{250};

bool needs_steps(const input& what) {
    const bool plain = std::holds_alternative<close_command>(what) ||
                       std::holds_alternative<fail_command>(what) ||
                       std::holds_alternative<pause_command>(what) ||
                       std::holds_alternative<resume_command>(what) ||
                       std::holds_alternative<retry_command>(what) ||
                       std::holds_alternative<prioritise_command>(what);
    return !plain;
}

}  // namespace

// False: the engine is stopping.
task<bool> engine_core::pause(self_ptr self, duration d) {
    const auto watch = std::make_shared<watcher>(0);  // no operation has this row; stop() wakes it
    const registered seen{self->watchers_, 0, watch};
    co_await watch->sleeping.until(self->alarms_, saturating_add(self->loop.now(), d));
    co_return !self->stopping_;
}

task<result<operation_view>> engine_core::command(self_ptr self, uuid id, act what) {
    auto wait = first_pause;
    for (int round = 0; round < most_rounds; ++round) {
        result<operation_view> answer = thole::fail(codes::operation_not_found);
        if (const auto live = self->live_.find(id); live != self->live_.end()) {
            const auto op = live->second;
            answer = co_await command_live(self, op, what);
        } else {
            auto found = co_await self->log.load(id);
            if (!found) co_return thole::fail(std::move(found).error());
            if (!*found) co_return thole::fail(codes::operation_not_found);
            auto op = std::make_shared<live_operation>();
            op->what = std::move(**found);
            op->saga = self->known.find(op->who().kind, op->state().version);
            answer = co_await command_stored(self, std::move(op), what);
        }
        const bool again = !answer && (answer.error().is(codes::engine_fenced) ||
                                       answer.error().effect() == fault_effect::unknown);
        if (!again) co_return answer;
        if (!co_await pause(self, wait)) co_return thole::fail(codes::engine_stopping);
        wait = std::min(saturating_multiply(wait, 2), longest_pause);
    }
    co_return thole::fail(codes::engine_fenced);
}

void engine_core::nudge(const uuid& id) {
    const auto live = live_.find(id);
    if (live == live_.end() || !live->second->sleeping.waiting()) return;
    live->second->sleeping.wake(*alarms_);
}

task<result<operation_view>> engine_core::command_live(self_ptr self, live_ptr op,
                                                       const act& what) {
    co_await op->moves.enter();
    const bool gone = op->lost || op->state().state != op_state::running || op->saga == nullptr;
    if (gone) {
        op->moves.leave();
        co_return thole::fail(codes::engine_fenced);  // it stands in the journal: look there
    }
    const auto in = what(op);
    if (!in) {
        op->moves.leave();
        co_return thole::fail(in.error());
    }
    auto d = decide(op->state(), op->saga->steps(), *in, {}, self->log.now(), self->chance_);
    const auto* refused = d.refused;
    const bool kept = refused == nullptr && co_await commit(self, op, std::move(d));
    const auto view = view_of(op->what.op);
    if (kept && op->state().state != op_state::running) {
        // Taken from its driver: what he is doing comes to nothing, and he leaves.
        op->lost = true;
        op->interrupt();
        op->sleeping.wake(*self->alarms_);
    }
    op->moves.leave();
    if (refused != nullptr) {
        // Between two looks at what became of a generation: look now.
        const bool hurry = std::holds_alternative<retry_command>(*in) && op->sleeping.waiting();
        if (!hurry) co_return thole::fail(*refused);
        op->sleeping.wake(*self->alarms_);
        co_return view;
    }
    if (!kept) co_return thole::fail(codes::engine_fenced);
    if (op->state().cancelling) op->interrupt_forward();
    co_return view;
}

task<result<operation_view>> engine_core::command_stored(self_ptr self, live_ptr op,
                                                         const act& what) {
    // Of a version that this program does not know a person can say at least that it rests or ends.
    static const plan unknown{};
    const auto& steps = op->saga != nullptr ? op->saga->steps() : unknown;
    const auto before = op->state();
    if (before.state == op_state::running) {
        // Claimed a moment ago, or an orphan: let the dispatcher see to it first.
        self->orphans_ = true;
        self->wake_dispatcher();
        co_return thole::fail(codes::engine_fenced);
    }
    const auto in = what(op);
    if (!in) co_return thole::fail(in.error());
    if (op->saga == nullptr && needs_steps(*in)) {
        co_return thole::fail(codes::engine_unknown_definition);
    }
    auto d = decide(before, steps, *in, {}, self->log.now(), self->chance_);
    if (d.refused != nullptr) co_return thole::fail(*d.refused);
    if (!d.changed) co_return view_of(op->what.op);
    move m;
    m.who = &op->who();
    m.fence = before.fence;
    m.base_seq = before.seq;
    m.releases_lock = before.lock == lock_state::held && d.after.lock != lock_state::held;
    m.after = std::move(d.after);
    m.events = std::move(d.events);
    auto done = co_await commit_command(self, m);
    if (!done) co_return thole::fail(std::move(done).error());
    // The child had ended while a person was asked: nothing else would begin it.
    if (done->child_over) wake(m.after, m.after.updated_at, m.events);
    op->state() = std::move(m.after);
    self->moved(op->what.op, before.state, m.events);
    self->moved_others(*done);
    co_return view_of(op->what.op);
}

// A lost answer is read back at once: the person is told what really happened.
task<result<move_answer>> engine_core::commit_command(self_ptr self, const move& m) {
    ++self->in_flight_;
    auto done = co_await self->log.commit(m);
    --self->in_flight_;
    if (done) co_return done;
    self->recount_ = true;
    if (!done.error().is(codes::engine_fenced)) self->note_fault(done.error());
    if (done.error().effect() != fault_effect::unknown) co_return done;
    auto known = co_await read_back(self, m);
    if (known) co_return std::move(*known);
    co_return done;
}

// ---- holds --------------------------------------------------------------------------------------

task<result<>> engine_core::set_hold(self_ptr self, hold_record what) {
    if (!what.kind.empty() && self->known.newest(what.kind) == nullptr) {
        co_return thole::fail(codes::engine_unknown_kind, what.kind);
    }
    const auto said = self->holds_said_;
    auto known = co_await self->log.holds(false);
    if (!known) co_return thole::fail(std::move(known).error());
    const auto last = std::ranges::find(*known, what.kind, &hold_record::kind);
    const bool rests = last != known->end() && last->held;
    // An earlier word whose answer was lost counts from now on, if no newer one was said meanwhile.
    if (self->holds_said_ == said) self->set_held(what.kind, rests);
    if (!what.held && !rests) co_return thole::fail(codes::engine_not_held);
    if (what.held && rests) co_return result<>{};
    what.at = self->log.now();
    auto done = co_await self->log.hold(what);
    if (!done) co_return thole::fail(std::move(done).error());
    ++self->holds_said_;
    self->set_held(what.kind, what.held);
    co_return result<>{};
}

void engine_core::tell_of_waiting(operation_view& view, const operation_state& s) {
    if (s.state != op_state::ready) return;
    const auto because = [&view](const fault_code& why, std::optional<store_time> until = {}) {
        view.waiting = waiting_view{std::string{why.text}, until, {}, {}};
    };
    const auto now = log.now();
    if (places_.held(view.kind)) return because(codes::engine_held);
    if (s.due_at > now) {
        if (s.waiting.empty() && s.due_at != never_due) because(codes::engine_not_due, s.due_at);
        return;
    }
    if (const auto free_at = places_.rate_until(view.kind, now)) {
        return because(codes::engine_rate_limited, *free_at);
    }
    const bool full = busy_ - claiming_ >= options.concurrency;
    if (full || places_.is_full(view.kind)) because(codes::engine_no_place);
}

// ---- resolving ----------------------------------------------------------------------------------

task<result<operation_view>> engine_core::resolve(self_ptr self, uuid id, std::string actor,
                                                  std::string reason, resolution what) {
    if (!what.landed && !what.accept_risk) {
        co_return thole::fail(codes::operation_risk_not_accepted);
    }
    auto make = [self, actor = std::move(actor), reason = std::move(reason),
                 what = std::move(what)](const live_ptr& op) -> result<input> {
        if (op->saga == nullptr) return thole::fail(codes::engine_unknown_definition);
        const bool meant = what.generation == 0 || what.generation == op->state().generation;
        if (!meant) return thole::fail(codes::operation_generation_changed);
        resolve_command out{actor, reason, what.landed, what.reference};
        if (!what.landed || !op->state().live) return out;
        auto& step = op->saga->at(op->state().step);
        // A reference is read beside what the operation carries; a whole output stands for itself.
        const auto& sealed = op->what.sealed;
        if (what.output.empty() && sealed) return thole::fail(*sealed);
        call_context context{self, op, op->own, false};
        auto given = what.output.empty() ? step.landed_as(context, what.reference)
                                         : step.read_output(what.output);
        if (!given) return thole::fail(codes::operation_bad_output, std::move(given).error());
        out.output = std::move(*given);
        return out;
    };
    co_return co_await command(self, id, std::move(make));
}

}  // namespace thole::saga
