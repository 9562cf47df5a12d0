// What people ask of one operation: cancel, retry, close, fail.

#include "engine/codes.hpp"
#include "engine/engine_core.hpp"

namespace thole::saga {

namespace {
// A command and the engine may race for an operation; who loses reads it again.
constexpr int most_rounds = 16;
}  // namespace

task<result<operation_view>> engine_core::command(self_ptr self, uuid id, input what) {
    for (int round = 0; round < most_rounds; ++round) {
        result<operation_view> answer = thole::fail(codes::operation_not_found);
        if (const auto live = self->live_.find(id); live != self->live_.end()) {
            const auto op = live->second;
            answer = co_await command_live(self, op, what);
        } else {
            auto found = co_await self->log.load(id);
            if (!found) co_return thole::fail(std::move(found).error());
            if (!*found) co_return thole::fail(codes::operation_not_found);
            answer = co_await command_stored(self, std::move(**found), what);
        }
        const bool again = !answer && (answer.error().is(codes::engine_fenced) ||
                                       answer.error().effect() == fault_effect::unknown);
        if (!again) co_return answer;
    }
    co_return thole::fail(codes::engine_fenced);
}

task<result<operation_view>> engine_core::command_live(self_ptr self, live_ptr op, input what) {
    co_await op->moves.enter();
    const bool gone = op->lost || op->state().state != op_state::running || op->saga == nullptr;
    if (gone) {
        op->moves.leave();
        co_return thole::fail(codes::engine_fenced);  // it stands in the journal: look there
    }
    auto d = decide(op->state(), op->saga->steps(), what, {}, self->log.now(), self->chance_);
    const auto* refused = d.refused;
    const bool kept = refused == nullptr && co_await commit(self, op, std::move(d));
    op->moves.leave();
    if (refused != nullptr) {
        // Between two looks at what became of a generation: look now.
        const bool hurry = std::holds_alternative<retry_command>(what) && op->sleeping.waiting();
        if (!hurry) co_return thole::fail(*refused);
        op->sleeping.wake(*self->alarms_);
        co_return view_of(op->what.op);
    }
    if (!kept) co_return thole::fail(codes::engine_fenced);
    if (op->state().cancelling && op->in_forward_call) op->interrupt();
    co_return view_of(op->what.op);
}

task<result<operation_view>> engine_core::command_stored(self_ptr self, stored_operation op,
                                                         input what) {
    const auto& who = op.op.who;
    const auto* saga = self->known.find(who.kind, who.version);
    if (saga == nullptr) co_return thole::fail(codes::engine_unknown_definition);
    const auto before = op.op.now;
    if (before.state == op_state::running) {
        // Claimed a moment ago, or an orphan: let the dispatcher see to it first.
        self->orphans_ = true;
        self->wake_dispatcher();
        co_return thole::fail(codes::engine_fenced);
    }
    auto d = decide(before, saga->steps(), what, {}, self->log.now(), self->chance_);
    if (d.refused != nullptr) co_return thole::fail(*d.refused);
    if (!d.changed) co_return view_of(op.op);
    move m;
    m.who = &who;
    m.fence = before.fence;
    m.base_seq = before.seq;
    m.releases_lock = before.lock == lock_state::held && d.after.lock == lock_state::none;
    m.after = std::move(d.after);
    m.events = std::move(d.events);
    ++self->in_flight_;
    auto done = co_await self->log.commit(m);
    --self->in_flight_;
    if (!done) {
        if (!done.error().is(codes::engine_fenced)) self->note_fault(done.error());
        self->recount_ = true;
        co_return thole::fail(std::move(done).error());
    }
    op.op.now = std::move(m.after);
    self->moved(op.op, before.state, m.events);
    if (done->promoted) {
        self->moved(done->promoted->op, op_state::blocked, done->promoted->events);
    }
    co_return view_of(op.op);
}

}  // namespace thole::saga
