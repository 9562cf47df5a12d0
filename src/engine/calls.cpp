// The engine's public calls: submission and reading.

#include <algorithm>

#include "engine/codes.hpp"
#include "engine/engine_core.hpp"
#include "engine/step_call.hpp"
#include "engine/tags.hpp"

namespace thole::saga {

namespace {

constexpr std::size_t longest_key = 128;

}  // namespace

std::string text_of(const json::problems& problems) {
    std::string out;
    for (const auto& p : problems) {
        if (!out.empty()) out += "; ";
        out.append(p.pointer.empty() ? "/" : p.pointer).append(": ").append(p.detail);
    }
    return out;
}

uuid engine_core::new_id() {
    return uuid::v7(log.now(), ids_);
}

result<new_operation> engine_core::make(const submission& s) {
    const auto* saga = known.newest(s.kind);
    if (saga == nullptr) return fail(codes::engine_unknown_kind, s.kind);
    if (s.key.empty() || s.key.size() > longest_key) {
        return fail(codes::engine_bad_input, "the key must have 1 to 128 bytes");
    }
    auto input = saga->normalise(s.input);
    if (!input) return fail(codes::engine_bad_input, text_of(input.error()));
    if (const auto wrong = judge_tags(s.tags); !wrong.empty()) {
        return fail(codes::engine_bad_input, text_of(wrong));
    }
    const auto now = log.now();
    new_operation o;
    o.who.id = s.id ? *s.id : new_id();
    o.who.tenant = s.tenant;
    o.who.kind = s.kind;
    o.who.version = saga->version();
    o.who.key = s.key;
    o.who.request_hash =
        with_tags(s.request_hash ? *s.request_hash : sha256(as_bytes(*input)), s.tags);
    o.who.subject = s.subject;
    o.who.tags = s.tags;
    std::ranges::sort(o.who.tags);
    o.who.created_at = now;
    if (auto lock = saga->lock_key(*input); !lock.empty()) o.who.lock_key = s.tenant + "/" + lock;
    const auto due = std::max(now, s.not_before.value_or(now));
    o.first = initial_state(saga->steps(), !o.who.lock_key.empty(), now, due, std::move(*input),
                            o.events);
    o.first.priority = s.priority;
    const bool paced = o.first.lock == lock_state::wanted &&
                       places_.pace_of_key(s.kind) != store_time::duration::zero();
    const bool at_once = started_ && !stopping_ && !backlog_ && due <= now && has_place() &&
                         o.first.lane.empty() && !paced;  // a claim gives what these need
    if (at_once) o.claim_for = node_.boot;
    return o;
}

task<result<submitted>> engine_core::submit(self_ptr self, submission s) {
    if (self->stopping_) co_return fail(codes::engine_stopping);
    auto made = self->make(s);
    if (!made) co_return fail(std::move(made).error());
    const auto& f = self->figures;
    if (f.ready + f.blocked + self->submitting_ >= self->options.max_waiting) {
        // A replay is answered however full the queue is.
        auto known = co_await self->log.find_key(s.tenant, s.kind, s.key);
        if (!known) co_return fail(std::move(known).error());
        if (!*known) {
            ++self->figures.refused;
            fault full{codes::engine_queue_full};
            co_return fail(full.with_retry_after(self->options.full_retry_after));
        }
    }
    co_return co_await accept(self, std::move(*made));
}

task<result<submitted>> engine_core::accept(self_ptr self, new_operation made) {
    ++self->submitting_;
    const bool place =
        made.claim_for != 0 && self->places_.enter(made.who.kind, made.who.created_at);
    if (!place) made.claim_for = 0;
    if (place) ++self->busy_;
    ++self->in_flight_;
    auto answer = co_await self->log.submit(made);
    --self->in_flight_;
    if (place) --self->busy_;
    if (place && !(answer && answer->claimed) && self->places_.leave_unused(made.who.kind)) {
        self->backlog_ = true;
    }
    --self->submitting_;
    if (self->stopping_) self->stopper_.wake(*self->alarms_);
    if (!answer) {
        ++self->figures.refused;
        const auto& f = answer.error();
        if (f.effect() == fault_effect::unknown) self->orphans_ = true;
        if (!f.is(codes::engine_key_conflict)) self->note_fault(f);
        if (self->orphans_ || place) self->wake_dispatcher();
        co_return fail(std::move(answer).error());
    }
    submitted out{view_of(answer->made.op), answer->replayed};
    self->trouble.reset();
    if (answer->replayed) {
        ++self->figures.replayed;
        if (place) self->wake_dispatcher();
        co_return out;
    }
    ++self->figures.submitted;
    self->moved(answer->made.op, std::nullopt, answer->made.events);
    if (place && !answer->claimed) self->wake_dispatcher();  // its place is free again
    if (answer->claimed) {
        stored_operation what;
        what.op = std::move(answer->made.op);
        what.input = made.events.front().payload;
        if (auto op = self->adopt(std::move(what))) self->spawn(drive(self, std::move(op), false));
    }
    co_return out;
}

// ---- children -----------------------------------------------------------------------------------

namespace {

constexpr std::size_t longest_child_name = 64;

child_operation as_child(operation_details&& from) {
    child_operation out{from.view.id, from.view.state, {}, from.view.cause.value_or(""), {}};
    if (from.view.ended_at) out.ending = from.view.state;
    for (auto& each : from.outputs) {
        out.outputs.emplace_back(std::move(each.name), std::move(each.output));
    }
    return out;
}

}  // namespace

task<result<child_operation>> engine_core::child(self_ptr self, live_ptr parent, calls_ptr calls,
                                                 child_request request) {
    if (self->stopping_) co_return fail(codes::engine_stopping);
    const auto& who = parent->who();
    if (request.name.empty() || request.name.size() > longest_child_name) {
        co_return fail(codes::engine_bad_input, "the name of a child must have 1 to 64 bytes");
    }
    submission s;
    s.tenant = who.tenant;
    s.kind = std::move(request.kind);
    s.key = who.id.text() + "/" + request.name;
    auto known = co_await self->log.find_key(s.tenant, s.kind, s.key);
    if (!known) co_return fail(std::move(known).error());
    if (!*known) {
        s.input = std::move(request.input);
        s.priority = parent->state().priority;
        s.subject = who.subject;
        s.not_before = request.not_before;
        auto made = self->make(s);
        if (!made) co_return fail(std::move(made).error());
        made->who.parent = who.id;
        const bool own = parent->state().lock != lock_state::none;
        if (own && made->who.lock_key == who.lock_key) co_return fail(codes::engine_child_lock);
        const auto done = co_await accept(self, std::move(*made));
        if (!done) co_return fail(done.error());
        call_note n{"child " + s.kind, {}, 0, {}, done->view.id.text()};
        if (!done->replayed) call_context{self, parent, calls, false}.note(std::move(n));
        known = co_await self->log.find_key(s.tenant, s.kind, s.key);
        if (!known) co_return fail(std::move(known).error());
    }
    // Somebody else's that happens to have the key is no child of ours.
    if (!*known || (*known)->who.parent != who.id) co_return fail(codes::engine_key_conflict);
    auto found = co_await get(self, (*known)->who.id);
    if (!found) co_return fail(std::move(found).error());
    if (found->sealed) co_return fail(std::move(*found->sealed));
    co_return as_child(std::move(*found));
}

void engine_core::tell_of_members(const live_operation& op, operation_view& view) const {
    if (!view.members) return;
    auto& members = *view.members;
    for (auto& m : members) {
        if (is_in_line(op, m.step)) {
            m.waiting = waiting_view{std::string{codes::engine_step_full.text}, {}, {}, {}};
        }
    }
    const int first = op.what.op.now.step;
    for (const auto& each : op.beside) {
        // A person may have moved it on, away from who still works on it.
        if (each->member < first || each->member >= first + std::ssize(members)) continue;
        auto& m = members[static_cast<std::size_t>(each->member - first)];
        m.state = "running";
        m.waiting.reset();
    }
}

task<result<operation_details>> engine_core::get(self_ptr self, uuid id) {
    if (const auto live = self->live_.find(id); live != self->live_.end()) {
        auto out = details_of(live->second->what);
        self->tell_of_members(*live->second, out.view);
        co_return out;
    }
    auto found = co_await self->log.load(id);
    if (!found) co_return fail(std::move(found).error());
    if (!*found) co_return fail(codes::operation_not_found);
    auto out = details_of(**found);
    self->tell_of_waiting(out.view, (*found)->op.now);
    co_return out;
}

task<result<details_page>> engine_core::list(self_ptr self, list_filter filter) {
    filter.limit = std::clamp(filter.limit, 1, 500);
    auto page = co_await self->log.list(std::move(filter));
    if (!page) co_return fail(std::move(page).error());
    details_page out;
    out.next = page->next;
    for (const auto& each : page->items) {
        self->tell_of_waiting(out.items.emplace_back(details_of(each)).view, each.op.now);
    }
    co_return out;
}

task<result<std::int64_t>> engine_core::row_of(self_ptr self, uuid id) {
    if (const auto live = self->live_.find(id); live != self->live_.end()) {
        co_return live->second->who().row;
    }
    auto found = co_await self->log.load(id);
    if (!found) co_return fail(std::move(found).error());
    if (!*found) co_return fail(codes::operation_not_found);
    co_return (*found)->op.who.row;
}

task<result<std::vector<event_view>>> engine_core::events(self_ptr self, uuid id, int after,
                                                          int limit, deadline until) {
    const auto row = co_await row_of(self, id);
    if (!row) co_return fail(row.error());
    const auto watch = std::make_shared<watcher>(*row);
    const registered seen{self->watchers_, *row, watch};
    for (;;) {
        watch->sleeping.clear_early();
        auto found = co_await self->log.events(*row, after, std::clamp(limit, 1, 1000));
        if (!found) co_return fail(std::move(found).error());
        if (!found->empty() || until.expired(self->loop.now()) || self->stopping_) {
            std::vector<event_view> out;
            for (const auto& e : *found) out.push_back(view_of(e));
            co_return out;
        }
        co_await watch->sleeping.until(self->alarms_, until.at());
    }
}

task<result<operation_details>> engine_core::wait_end(self_ptr self, uuid id, deadline until) {
    const auto row = co_await row_of(self, id);
    if (!row) co_return fail(row.error());
    const auto watch = std::make_shared<watcher>(*row, true);
    const registered seen{self->watchers_, *row, watch};
    for (;;) {
        watch->sleeping.clear_early();
        watch->seen.reset();
        auto found = co_await get(self, id);
        if (!found) co_return fail(std::move(found).error());
        const bool over = found->view.ended_at.has_value() || found->view.state == "parked";
        if (over || until.expired(self->loop.now()) || self->stopping_) co_return found;
        co_await watch->sleeping.until(self->alarms_, until.at());
        if (watch->seen) co_return std::move(*watch->seen);
    }
}

}  // namespace thole::saga
