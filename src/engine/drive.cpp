// One operation from claim to end: effect → decision → commit → the next effect. Nothing outside
// is touched on the strength of a decision before its commit was acknowledged.

#include "engine/codes.hpp"
#include "engine/engine_core.hpp"
#include "engine/step_call.hpp"
#include "engine/transitions.hpp"

namespace thole::saga {

// Only this file can make one, and makes it only where the bytes came back from the journal or
// their commit was acknowledged.
class journaled_key {};

namespace {

task<input> at_once(input in) {
    co_return in;
}

}  // namespace

decision engine_core::decide_for(live_operation& op, step_calls& calls, const input& in,
                                 evidence ev) {
    auto notes = calls.notes;
    ev.notes = std::move(calls.notes);
    ev.notes_dropped = std::exchange(calls.notes_dropped, 0);
    ev.latency_ms = std::chrono::duration_cast<std::chrono::milliseconds>(calls.latency).count();
    ev.member = calls.member;
    calls.notes.clear();
    const int dropped = ev.notes_dropped;
    auto d = decide(op.state(), op.saga->steps(), in, std::move(ev), log.now(), chance_);
    if (d.events.empty()) {
        // Nothing was written that could carry the evidence: it stays for the next event.
        calls.notes = std::move(notes);
        calls.notes_dropped = dropped;
    } else {
        calls.latency = {};
    }
    return d;
}

task<void> engine_core::drive(self_ptr self, live_ptr op, bool interrupted) {
    if (op->saga == nullptr) {
        co_await park_unknown(self, op);
        co_return self->let_go(op);
    }
    input in = was_claimed{interrupted};
    onward on;
    for (bool first = true;; first = false) {
        if (!op->moves.try_enter()) co_await op->moves.enter();
        if (op->lost) {  // a person took it away meanwhile
            op->moves.leave();
            break;
        }
        evidence ev;
        ev.of_probe = on.next.kind == effect_kind::probe;
        auto d = self->decide_for(*op, *op->own, in, std::move(ev));
        on = {d.next, std::move(d.calls)};
        const bool kept = co_await commit(self, op, std::move(d));
        op->moves.leave();
        if (!kept) break;
        while (on.next.kind == effect_kind::members) {
            on = co_await drive_group(self, op, std::move(on));
        }
        if (op->state().state != op_state::running || on.next.kind == effect_kind::none) break;
        in = co_await perform(self, op, on.next, first);
    }
    self->let_go(op);
}

// No coroutine of its own: each costs a frame, at every step.
task<input> engine_core::perform(self_ptr self, live_ptr op, effect what, bool first) {
    if (!self->may_go_on(*op)) return at_once(is_released{});
    const auto& s = op->state();
    const bool forward = !s.backward && what.kind != effect_kind::settle;
    // Cancelled between the commit and here: let decide() turn back.
    if (forward && s.cancelling && may_compensate(s)) return at_once(was_claimed{});
    // Without a place in its step it waits in the journal, where it is in nobody's way.
    if (!self->take_place(op, s.lane)) return at_once(is_released{});
    if (what.kind == effect_kind::settle) return settle(self, op, what.delay, !first);
    return perform_call(self, op, op->own, s.step, what.kind);
}

task<input> engine_core::perform_call(self_ptr self, live_ptr op, calls_ptr calls, int index,
                                      effect_kind what) {
    auto& step = op->saga->at(index);
    const auto timeout = op->saga->steps().at(index).policy.timeout;
    call_context context{self, op, calls, what == effect_kind::prepare};
    task<input> work;
    switch (what) {
        case effect_kind::run:
            work = step.run(context);
            break;
        case effect_kind::probe:
            work = step.probe(context);
            break;
        case effect_kind::prepare:
            work = step.prepare(context);
            break;
        case effect_kind::undo:
            work = step.undo(context);
            break;
        default:
            THOLE_ASSERT(false, "only calls are performed");
    }
    calls->forward = what != effect_kind::undo;
    auto in = co_await call(self, calls, std::move(work), timeout);
    calls->forward = false;
    // A shutdown is no failure of the step: the operation goes back as it is.
    if (const auto* failed = std::get_if<did_fail>(&in); failed != nullptr) {
        const bool cut = calls->interrupted && failed->cause.kind() == fault_kind::cancelled;
        if (cut && self->stopping_) co_return is_released{};
    }
    co_return in;
}

task<input> engine_core::send_as_input(task<result<>> work) {
    auto sent = co_await std::move(work);
    if (!sent) co_return did_fail{std::move(sent).error()};
    co_return did_complete{};
}

// Sends the journaled bytes (again) and asks what became of them. No answer to a send decides
// anything; an answer that did not come is asked for again.
task<input> engine_core::settle(self_ptr self, live_ptr op, duration delay, bool send) {
    if (delay > duration::zero()) {
        // Whoever only waits leaves his place to others, and takes one more when he wakes: reading
        // the status of what was sent must not wait behind new work.
        --self->busy_;
        self->wake_dispatcher();
        co_await op->sleeping.until(self->alarms_, saturating_add(self->loop.now(), delay));
        ++self->busy_;
        if (op->lost || !self->may_go_on(*op)) co_return is_released{};
    }
    const auto& prepared = op->what.prepared;
    THOLE_ASSERT(prepared && prepared->generation == op->state().generation,
                 "an undecided generation is journaled with its bytes");
    auto& step = op->saga->at(op->state().step);
    const auto timeout = op->saga->steps().at(op->state().step).policy.timeout;
    const journaled_key key;
    const std::string bytes = prepared->bytes;
    const int generation = prepared->generation;
    call_context context{self, op, op->own, false};
    if (send) {
        co_await call(self, op->own, send_as_input(step.send(context, bytes, generation, key)),
                      timeout);
        if (op->lost || self->stopping_) co_return is_released{};
    }
    auto in = co_await call(self, op->own, step.settle(context, bytes, generation, key), timeout);
    if (!std::holds_alternative<did_fail>(in)) co_return in;
    if (self->stopping_) co_return is_released{};
    co_return is_pending{self->options.settle_retry};
}

// ---- commits ------------------------------------------------------------------------------------

task<bool> engine_core::commit(self_ptr self, live_ptr op, decision&& d) {
    if (op->lost) co_return false;
    if (!d.changed) co_return true;
    const auto before = op->state().state;
    move m;
    m.who = &op->who();
    m.fence = op->state().fence;
    m.base_seq = op->state().seq;
    m.releases_lock = op->state().lock == lock_state::held && d.after.lock != lock_state::held;
    m.after = std::move(d.after);
    m.events = std::move(d.events);
    m.prepared = std::move(d.prepared);
    m.key_pace = self->places_.pace_of_key(op->who().kind);
    m.now = self->log.now();
    ++self->in_flight_;
    auto done = co_await self->log.commit(m);
    --self->in_flight_;
    if (!done) done = co_await commit_again(self, op, m, std::move(done).error());
    if (!done) {
        op->lost = true;
        self->orphans_ = true;
        if (done.error().is(codes::engine_fenced)) ++self->figures.fenced;
        co_return false;
    }
    if (done->blocked) {
        block(m.after, op->who().lock_key, m.after.updated_at, m.events);
    } else if (done->paced_until) {
        pace(m.after, *done->paced_until, m.after.updated_at, m.events);
    } else if (m.after.state == op_state::running && m.after.lock == lock_state::wanted) {
        m.after.lock = lock_state::held;
    } else if (done->child_over) {
        wake(m.after, m.after.updated_at, m.events);
    }
    op->state() = std::move(m.after);
    if (m.prepared) op->what.prepared = std::move(m.prepared);
    for (const auto& e : m.events) keep_payload(op->what, e.type, e.step, e.payload);
    self->moved(op->what.op, before, m.events);
    self->moved_others(*done);
    co_return true;
}

// Repeats until the journal has said yes, or that the operation is not ours any more. Running work
// outlasts a full disk; only a shutdown gives up, and then the next start repeats the attempt.
task<result<move_answer>> engine_core::commit_again(self_ptr self, live_ptr op, move& m,
                                                    thole::fault first) {
    result<move_answer> done = thole::fail(std::move(first));
    for (auto wait = self->options.journal_retry; !done;
         wait = std::min(saturating_multiply(wait, 2), self->options.journal_retry_cap)) {
        const auto& f = done.error();
        if (f.is(codes::engine_fenced)) break;
        self->note_fault(f);
        if (f.effect() == fault_effect::unknown) {
            auto known = co_await read_back(self, m);
            if (known) co_return std::move(*known);
        }
        if (self->stopping_) break;
        co_await op->committing.until(self->alarms_, saturating_add(self->loop.now(), wait));
        m.now = self->log.now();
        ++self->in_flight_;
        done = co_await self->log.commit(m);
        --self->in_flight_;
    }
    co_return done;
}

task<std::optional<result<move_answer>>> engine_core::read_back(self_ptr self, const move& m) {
    auto found = co_await self->log.load(m.who->id);
    if (!found) co_return std::nullopt;  // asked again after the next attempt to commit
    if (!*found) co_return result<move_answer>{thole::fail(codes::engine_fenced)};
    const auto& now = (*found)->op.now;
    if (now.fence != m.fence) co_return result<move_answer>{thole::fail(codes::engine_fenced)};
    if (now.seq == m.base_seq) co_return std::nullopt;
    move_answer answer;
    answer.blocked = now.state == op_state::blocked && m.after.state == op_state::running;
    answer.child_over = m.after.state == op_state::ready && m.after.awaits && !now.awaits &&
                        now.state == op_state::ready;
    const bool takes_lock =
        m.after.state == op_state::running && m.after.lock == lock_state::wanted;
    if (takes_lock && now.state == op_state::ready) answer.paced_until = now.due_at;
    const bool one_more = answer.blocked || answer.child_over || answer.paced_until;
    if (now.seq != m.after.seq + (one_more ? 1 : 0)) {
        co_return result<move_answer>{thole::fail(codes::engine_fenced)};
    }
    // Somebody may have been promoted or woken: the answer that would have told is lost, so look.
    self->recount_ = true;
    if (m.releases_lock || m.who->parent) self->note_due(self->log.now());
    co_return result<move_answer>{answer};
}

task<result<>> engine_core::show_progress(self_ptr self, live_ptr op, int member,
                                          std::string shown) {
    co_await op->moves.enter();
    if (op->lost) {
        op->moves.leave();
        co_return thole::fail(codes::engine_fenced);
    }
    evidence ev;
    ev.member = member;
    auto d = decide(op->state(), op->saga->steps(), shows_progress{std::move(shown)}, std::move(ev),
                    self->log.now(), self->chance_);
    const bool kept = co_await commit(self, op, std::move(d));
    op->moves.leave();
    if (!kept) co_return thole::fail(codes::engine_fenced);
    co_return result<>{};
}

// A program of another version made it: its steps are unknown here, so a person is asked.
task<void> engine_core::park_unknown(self_ptr self, live_ptr op) {
    co_await op->moves.enter();
    decision d;
    d.after = op->state();
    d.changed = true;
    park_for(d.after, thole::fault{codes::engine_unknown_definition}, self->log.now(), d.events);
    co_await commit(self, op, std::move(d));
    op->moves.leave();
}

}  // namespace thole::saga
