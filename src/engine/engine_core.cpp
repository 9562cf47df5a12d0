#include "engine/engine_core.hpp"

#include <boost/asio/co_spawn.hpp>

#include "engine/codes.hpp"
#include "engine/plan_text.hpp"
#include "thole/codes.hpp"

namespace thole::saga {

namespace {

std::uint64_t new_boot(entropy& source) {
    std::array<std::uint8_t, 8> raw{};
    source.fill(raw);
    std::uint64_t boot = 0;
    for (const auto byte : raw) boot = boot << 8 | byte;
    return (boot >> 1) | 1;  // positive in SQL, and never 0
}

std::vector<kept_plan> kept_plans(const definitions& known) {
    std::vector<kept_plan> out;
    for (const auto* each : known.all()) {
        out.push_back({each->kind(), each->version(), plan_text(each->steps())});
    }
    return out;
}

constexpr int most_per_claim = 256;
// How soon a node without a lease looks whether it has one again.
constexpr duration lease_poll = std::chrono::seconds{1};
// Due times may lie farther ahead than a duration counts.
constexpr store_time::duration longest_sleep = std::chrono::hours{24};

}  // namespace

engine_core::engine_core(io::loop& l, journal& j, definitions k, entropy& ids, engine_options o)
    : loop{l},
      log{j},
      known{std::move(k)},
      options{std::move(o)},
      ids_{ids},
      chance_{options.seed},
      alarms_{std::make_shared<alarms>(l)},
      places_{options.kinds} {
    THOLE_ASSERT(options.concurrency > 0, "an engine works on at least one operation");
    for (const auto* each : known.all()) {
        for (const auto& step : each->steps().steps) {
            if (step.at_most > 0) places_.limit_step(each->kind(), step.name, step.at_most);
        }
    }
}

void engine_core::abandon() {
    stopping_ = true;
    alarms_->stop();
    dispatcher_.forget();
    stopper_.forget();
    for (auto& [id, op] : live_) {
        op->sleeping.forget();
        op->regrouping.forget();
        op->committing.forget();
        op->moves.forget();
    }
    lines_.clear();
    for (auto& [row, w] : watchers_) w->sleeping.forget();
}

void engine_core::spawn(task<void> work) {
    ++tasks_;
    auto ended = [self = shared_from_this()](std::exception_ptr error) {
        THOLE_ASSERT(error == nullptr, "the engine's own coroutines do not throw");
        --self->tasks_;
        if (self->stopping_) self->stopper_.wake(*self->alarms_);
    };
    boost::asio::co_spawn(loop.executor(), std::move(work), std::move(ended));
}

// ---- start and stop -----------------------------------------------------------------------------

task<result<>> engine_core::start(self_ptr self) {
    THOLE_ASSERT(!self->started_, "an engine is started once");
    self->node_ = {
        .name = self->options.node, .boot = new_boot(self->ids_), .plans = kept_plans(self->known)};
    auto begun = co_await self->log.begin(self->node_);
    if (!begun) co_return fail(std::move(begun).error());
    self->node_.plans.clear();  // kept
    auto counts = co_await self->log.counts();
    if (!counts) co_return fail(std::move(counts).error());
    auto holds = co_await self->log.holds(false);
    if (!holds) co_return fail(std::move(holds).error());
    for (const auto& each : *holds) self->places_.set_hold(each.kind, each.held);
    self->figures.recovered = static_cast<std::uint64_t>(*begun);
    self->recovering_ = *begun == self->node_.most_readied;
    self->set_gauges(*counts);
    self->started_ = true;
    self->backlog_ = true;  // look at once
    self->spawn(dispatch(self));
    co_return result<>{};
}

task<void> engine_core::stop(self_ptr self, duration grace) {
    self->stopping_ = true;
    self->wake_dispatcher();
    for (auto& [id, op] : self->live_) {
        op->interrupt();
        op->sleeping.wake(*self->alarms_);
        op->committing.wake(*self->alarms_);
    }
    for (auto& [row, w] : self->watchers_) w->sleeping.wake(*self->alarms_);
    const auto end = saturating_add(self->loop.now(), grace);
    while ((self->tasks_ > 0 || self->submitting_ > 0) && self->loop.now() < end) {
        co_await self->stopper_.until(self->alarms_, end);
    }
    self->alarms_->stop();
}

// ---- claiming -----------------------------------------------------------------------------------

task<bool> engine_core::pause_after_fault() {
    return dispatcher_.until(alarms_, saturating_add(loop.now(), options.journal_retry));
}

// What is left of an earlier boot, a part at a time beside the work.
task<void> engine_core::ready_more(self_ptr self) {
    const auto readied = co_await self->log.begin(self->node_);
    if (!readied) {
        self->note_fault(readied.error());
        self->recount_ = true;
        co_await self->pause_after_fault();
        co_return;
    }
    self->recovering_ = *readied == self->node_.most_readied;
    self->figures.recovered += static_cast<std::uint64_t>(*readied);
    self->figures.running -= *readied;
    self->figures.ready += *readied;
    ++self->moves_seen_;
    if (*readied > 0) self->backlog_ = true;
}

// Whoever releases it wakes the dispatcher. Whether the journal is well again is asked meanwhile by
// a claim of nothing.
task<void> engine_core::rest_held(self_ptr self, bool asks, time_point next_look) {
    auto& s = *self;
    s.backlog_ = true;
    if (!asks || s.loop.now() < s.ask_again_) {
        const auto until = asks ? std::min(next_look, s.ask_again_) : next_look;
        if (!s.recovering_) co_await s.dispatcher_.until(s.alarms_, until);
        co_return;
    }
    claim_request nothing{s.node_.boot, s.log.now(), 0, {}};
    const auto answer = co_await s.log.claim(nothing);
    if (answer) {
        s.trouble.reset();
    } else {
        s.note_fault(answer.error());
        co_await s.pause_after_fault();
    }
}

task<void> engine_core::dispatch(self_ptr self) {
    auto& s = *self;
    // What start() has readied is begun before the rest is looked for.
    for (bool first = true; !s.stopping_; first = false) {
        if (s.recovering_ && !first) co_await ready_more(self);
        if (s.orphans_ && s.submitting_ == 0) co_await release_orphans(self);
        if (s.recount_ && s.in_flight_ == 0) co_await recount(self);
        if (!s.log.may_start_effects()) {
            co_await s.dispatcher_.until(s.alarms_, saturating_add(s.loop.now(), lease_poll));
            continue;
        }
        const auto next_look = s.options.look_every > duration::zero()
                                   ? saturating_add(s.looked_at_, s.options.look_every)
                                   : time_point::max();
        if (s.loop.now() >= next_look) {
            co_await look_at_others(self);
            continue;
        }
        const auto now = s.log.now();
        // Who works repeats what was refused; when nobody does, a claim asks.
        const bool asks = s.trouble && s.busy_ == 0;
        const bool due = s.backlog_ || (asks && s.loop.now() >= s.ask_again_) ||
                         (s.next_due_ && *s.next_due_ <= now);
        if (s.places_.all_held()) {
            co_await rest_held(self, asks, next_look);
            continue;
        }
        if (!due || !s.has_place()) {
            s.offer_places(true);
            if (s.recovering_) continue;
            auto until = next_look;
            if (s.next_due_ && s.has_place()) {
                const auto wait = std::min(*s.next_due_ - now, longest_sleep);
                until = std::min(until, saturating_add(s.loop.now(), wait));
            }
            if (asks) until = std::min(until, s.ask_again_);
            co_await s.dispatcher_.until(s.alarms_, until);
            continue;
        }
        claim_request request{s.node_.boot, now, 0, {}};
        request.limit = std::min(s.options.concurrency - s.busy_, most_per_claim);
        request.quotas = s.places_.quotas(now, request.limit);
        request.paces = s.places_.key_paces();
        s.busy_ += request.limit;  // nobody else takes these places meanwhile
        s.claiming_ = request.limit;
        s.backlog_ = false;
        s.next_due_.reset();  // what becomes ready meanwhile says so
        auto answer = co_await s.log.claim(request);
        s.busy_ -= std::exchange(s.claiming_, 0);
        if (!answer) {
            s.places_.claimed();
            s.note_fault(answer.error());
            s.orphans_ = s.orphans_ || answer.error().effect() == fault_effect::unknown;
            s.backlog_ = true;
            co_await s.pause_after_fault();
            continue;
        }
        // One that found nothing wrote nothing.
        if (asks || !answer->claimed.empty()) s.trouble.reset();
        // A release while this was under way has asked for another look already.
        s.backlog_ = s.backlog_ || std::ssize(answer->claimed) == request.limit;
        begin_claimed(self, std::move(*answer));
        s.places_.claimed();
        s.offer_places(false);
        if (const auto token = s.places_.next_token(now)) s.note_due(*token);
    }
}

void engine_core::begin_claimed(const self_ptr& self, claim_answer&& answer) {
    auto& s = *self;
    if (answer.next_due) s.note_due(*answer.next_due);
    for (auto& b : answer.blocked) s.moved(b.op, op_state::ready, b.events);
    for (auto& c : answer.claimed) {
        const auto& kind = c.what.op.who.kind;
        const auto& lane = c.what.op.now.lane;
        s.places_.enter_claimed(kind);
        if (!lane.empty()) s.places_.enter_step_claimed(kind, lane);
        s.moved(c.what.op, op_state::ready, c.events);
        auto op = s.adopt(std::move(c.what));
        if (op == nullptr) continue;
        op->place = op->state().lane;
        s.spawn(drive(self, std::move(op), c.interrupted));
    }
}

// Other nodes accept, end and hand over operations too, and hold kinds. The gauges are right to
// within what is on its way just now.
task<void> engine_core::look_at_others(self_ptr self) {
    auto& s = *self;
    s.looked_at_ = s.loop.now();
    s.backlog_ = true;
    if (const auto counts = co_await s.log.counts()) s.set_gauges(*counts);
    const auto before = s.holds_said_;
    const auto holds = co_await s.log.holds(false);
    if (!holds || s.holds_said_ != before) co_return;  // the next look knows more
    for (const auto& each : *holds) s.set_held(each.kind, each.held);
}

// Whoever waits between two looks at a generation stops, or goes on; so does a group.
void engine_core::set_held(const std::string& kind, bool held) {
    if (!places_.set_hold(kind, held)) return;
    for (auto& [id, op] : live_) {
        for (auto* each : {&op->sleeping, &op->regrouping}) {
            if (each->waiting()) each->wake(*alarms_);
        }
    }
    backlog_ = true;
    wake_dispatcher();
}

// After a claim or submission whose answer was lost, or a move that was refused: operations may
// stand there as running on this node although nobody drives them. They are given back.
task<void> engine_core::release_orphans(self_ptr self) {
    self->orphans_ = false;
    self->recount_ = true;  // what was not answered was not counted …
    self->backlog_ = true;  // … and may be due without anybody here having heard of it
    bool failed = false;
    list_filter running;
    running.state = op_state::running;
    running.limit = 500;
    do {
        auto page = co_await self->log.list(running);
        if (!page) {
            self->note_fault(page.error());
            failed = true;
            break;
        }
        for (const auto& each : page->items) {
            if (each.op.now.owner != self->node_.boot) continue;
            // The page may be older than the last word of who was driving it.
            const auto found = co_await self->log.load(each.op.who.id);
            failed = failed || !found;
            if (!found || !*found) continue;
            const auto& [who, now] = (*found)->op;
            if (now.state != op_state::running || now.owner != self->node_.boot) continue;
            if (const auto live = self->live_.find(who.id); live != self->live_.end()) {
                if (live->second->lost) live->second->claimed_again = true;
                continue;
            }
            auto d = decide(now, plan{}, is_released{}, {}, self->log.now(), self->chance_);
            move m;
            m.who = &who;
            m.fence = now.fence;
            m.base_seq = now.seq;
            m.after = std::move(d.after);
            const auto done = co_await self->log.commit(m);
            if (done) {
                const operation op{who, m.after};
                self->moved(op, op_state::running, {});
            } else if (!done.error().is(codes::engine_fenced)) {
                failed = true;
            }
        }
        running.before = page->next;
    } while (running.before != 0);
    if (!failed) co_return;
    self->orphans_ = true;
    co_await self->pause_after_fault();
}

// Sets the gauges by what the journal says, in a moment in which nothing is on its way there.
task<void> engine_core::recount(self_ptr self) {
    const auto before = self->moves_seen_;
    auto counts = co_await self->log.counts();
    if (!counts || self->in_flight_ != 0 || self->moves_seen_ != before) co_return;
    self->set_gauges(*counts);
    self->recount_ = false;
}

void engine_core::set_gauges(const operation_counts& counts) {
    figures.ready = counts.ready;
    figures.running = counts.running;
    figures.blocked = counts.blocked;
    figures.parked_now = counts.parked;
}

engine_core::live_ptr engine_core::adopt(stored_operation what) {
    if (const auto live = live_.find(what.op.who.id); live != live_.end()) {
        live->second->claimed_again = true;
        leave_place(what.op.who.kind, what.op.now.lane);
        if (places_.leave(what.op.who.kind)) backlog_ = true;
        return nullptr;
    }
    auto op = std::make_shared<live_operation>();
    op->what = std::move(what);
    op->saga = known.find(op->who().kind, op->state().version);
    live_.emplace(op->who().id, op);
    ++busy_;
    return op;
}

void engine_core::let_go(const live_ptr& op) {
    live_.erase(op->who().id);
    orphans_ = orphans_ || op->claimed_again;
    --busy_;
    leave_place(op->who().kind, std::exchange(op->place, {}));
    if (places_.leave(op->who().kind)) backlog_ = true;
    if (backlog_ || next_due_ || orphans_ || recount_ || trouble) wake_dispatcher();
}

bool engine_core::take_place(const live_ptr& op, const std::string& step) {
    if (op->place == step) return true;
    leave_place(op->who().kind, std::exchange(op->place, {}));
    if (step.empty()) return true;
    if (!places_.enter_step(op->who().kind, step)) return false;
    op->place = step;
    return true;
}

void engine_core::leave_place(const std::string& kind, const std::string& step) {
    if (step.empty() || !places_.leave_step(kind, step)) return;
    backlog_ = true;
    wake_dispatcher();
}

// Whose turn it was, and who found that a claim under way was quicker, stays the first.
void engine_core::stand_in_line(const live_ptr& op, const std::string& step, bool first) {
    auto& line = lines_[{op->who().kind, step}];
    line.insert(first ? line.begin() : line.end(), op);
}

void engine_core::leave_lines(const live_ptr& op) {
    for (auto& [where, line] : lines_) std::erase(line, op);
}

void engine_core::offer_places(bool no_claim) {
    for (auto& [where, line] : lines_) {
        if (line.empty() || !places_.offers_step(where.first, where.second, no_claim)) continue;
        line.front()->offered = where.second;
        line.front()->regrouping.wake(*alarms_);
        line.pop_front();
    }
}

bool engine_core::is_in_line(const live_operation& op, const std::string& step) const {
    const auto line = lines_.find({op.who().kind, step});
    return line != lines_.end() &&
           std::ranges::any_of(line->second, [&op](const auto& each) { return each.get() == &op; });
}

// ---- bookkeeping --------------------------------------------------------------------------------

void engine_core::wake_dispatcher() {
    dispatcher_.wake(*alarms_);
}

void engine_core::note_due(store_time due) {
    if (due == never_due || (next_due_ && *next_due_ <= due)) return;
    next_due_ = due;
    wake_dispatcher();
}

void engine_core::note_fault(const fault& f) {
    if (f.is(codes::policy_bulkhead_full)) return;  // there is much to do: nothing is broken
    ++figures.journal_faults;
    if (options.on_journal_fault) options.on_journal_fault(f);
    // Where nothing else is to be done the dispatcher asks whether all is well again.
    if (!trouble) ask_again_ = saturating_add(loop.now(), options.journal_retry);
    const bool first = !std::exchange(trouble, f);
    if (first && dispatcher_.waiting()) wake_dispatcher();
}

std::int64_t& engine_core::gauge(op_state state) {
    static thread_local std::int64_t nobody_asks = 0;
    switch (state) {
        case op_state::ready:
            return figures.ready;
        case op_state::running:
            return figures.running;
        case op_state::blocked:
            return figures.blocked;
        case op_state::parked:
            return figures.parked_now;
        case op_state::terminal:
            break;
    }
    return nobody_asks;
}

void engine_core::count(const operation& op, const std::vector<event>& events) {
    for (const auto& e : events) {
        switch (e.type) {
            case event_type::step_completed:
                ++figures.steps_completed;
                break;
            case event_type::step_failed:
            case event_type::undo_failed:
                ++figures.attempts_failed;
                break;
            case event_type::step_waiting:
            case event_type::undo_waiting:
                ++figures.deferred;
                break;
            case event_type::prepared:
                ++figures.generations;
                break;
            case event_type::parked:
                ++figures.parked;
                break;
            case event_type::ended:
                switch (op.now.ending) {
                    case op_ending::completed:
                        ++figures.completed;
                        break;
                    case op_ending::rolled_back:
                        ++figures.rolled_back;
                        break;
                    case op_ending::failed:
                        ++figures.failed;
                        break;
                    case op_ending::closed:
                        ++figures.closed;
                        break;
                    case op_ending::none:
                        break;
                }
                break;
            default:
                break;
        }
    }
}

void engine_core::tell(watcher& w, const operation& op) {
    if (w.of_end) {
        if (!is_over(op.now)) return;
        // Its outputs are at hand as long as its driver has not left: the journal need not be
        // asked.
        const auto live = live_.find(op.who.id);
        if (live != live_.end()) w.seen = details_of(live->second->what);
    }
    w.sleeping.wake(*alarms_);
}

void engine_core::moved_others(const move_answer& answer) {
    if (const auto& p = answer.promoted) moved(p->op, op_state::blocked, p->events);
    if (const auto& w = answer.woken) moved(w->op, op_state::ready, w->events);
}

void engine_core::moved(const operation& op, std::optional<op_state> before,
                        const std::vector<event>& events) {
    ++moves_seen_;
    if (before) --gauge(*before);
    ++gauge(op.now.state);
    trouble.reset();
    count(op, events);
    if (options.on_event) {
        for (const auto& e : events) options.on_event(op, e);
    }
    const auto [first, last] = watchers_.equal_range(op.who.row);
    for (auto it = first; it != last; ++it) tell(*it->second, op);
    if (op.now.state == op_state::ready) note_due(op.now.due_at);
}

}  // namespace thole::saga
