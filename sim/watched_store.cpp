#include "sim/watched_store.hpp"

#include "engine/transitions.hpp"
#include "thole/codes.hpp"

namespace thole::sim {

result<> watched_store::begin() {
    changes_.clear();
    return inner_.begin();
}

result<> watched_store::commit() {
    const bool writes = !changes_.empty();
    const auto unknown = [] {
        return std::unexpected{fault{codes::db_unavailable}.with_effect(fault_effect::unknown)};
    };
    if (writes && happens(troubles_.full)) {
        inner_.rollback();
        return fail(codes::db_disk_full);
    }
    if (writes && happens(troubles_.doubt)) {
        inner_.rollback();
        return unknown();
    }
    if (auto done = inner_.commit(); !done) return done;
    const bool cut = writes && happens(troubles_.cut);
    tell(!cut);
    if (cut) return unknown();
    return {};
}

void watched_store::rollback() {
    changes_.clear();
    inner_.rollback();
}

void watched_store::tell(bool told) {
    for (const auto& each : changes_) {
        tell_({each.op, each.events, each.prepared ? &*each.prepared : nullptr, told,
               each.at.value_or(each.op.now.updated_at)});
    }
    changes_.clear();
}

result<std::int64_t> watched_store::recover(const saga::node_identity& node, store_time now) {
    saga::list_filter running;
    running.state = saga::op_state::running;
    running.limit = 500;
    std::vector<saga::operation> before;
    do {
        const auto page = inner_.list(running);
        if (!page) return fail(page.error());
        for (const auto& each : page->items) before.push_back(each.op);
        running.before = page->next;
    } while (running.before != 0);
    auto done = inner_.recover(node, now);
    if (!done) return done;
    for (auto& op : before) {
        const auto events = inner_.events(op.who.row, op.now.seq, 10);
        const auto after = inner_.load(op.who.id);
        if (!events || !after || !*after) continue;
        op.now = (*after)->op.now;
        if (!events->empty()) changes_.push_back({std::move(op), *events});
    }
    return done;
}

result<saga::submit_answer> watched_store::submit(const saga::new_operation& o) {
    auto answer = inner_.submit(o);
    if (answer && !answer->replayed) changes_.push_back({answer->made.op, answer->made.events});
    return answer;
}

result<saga::move_answer> watched_store::apply(const saga::move& m) {
    auto answer = inner_.apply(m);
    if (!answer) return answer;
    change made{{*m.who, m.after}, m.events, m.prepared, m.committed_at()};
    auto& now = made.op.now;
    if (answer->blocked) {
        saga::block(now, m.who->lock_key, now.updated_at, made.events);
    } else if (answer->paced_until) {
        saga::pace(now, *answer->paced_until, now.updated_at, made.events);
    } else if (now.state == saga::op_state::running && now.lock == saga::lock_state::wanted) {
        now.lock = saga::lock_state::held;
    } else if (answer->child_over) {
        saga::wake(now, now.updated_at, made.events);
    }
    changes_.push_back(std::move(made));
    if (answer->promoted) changes_.push_back({answer->promoted->op, answer->promoted->events});
    if (answer->woken) changes_.push_back({answer->woken->op, answer->woken->events});
    return answer;
}

result<saga::claim_answer> watched_store::claim(const saga::claim_request& request) {
    auto answer = inner_.claim(request);
    if (!answer) return answer;
    for (const auto& each : answer->claimed) changes_.push_back({each.what.op, each.events});
    for (const auto& each : answer->blocked) changes_.push_back({each.op, each.events});
    return answer;
}

}  // namespace thole::sim
