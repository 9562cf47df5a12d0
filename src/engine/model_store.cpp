#include "engine/model_store.hpp"

#include <algorithm>
#include <limits>

#include "engine/codes.hpp"
#include "engine/transitions.hpp"

namespace thole::saga {

namespace {

// What a claim may still take. A quota of a kind counts for all of its steps.
class quotas_left {
  public:
    explicit quotas_left(const std::vector<kind_quota>& quotas) {
        for (const auto& each : quotas) left_.emplace_back(&each, each.most);
    }
    [[nodiscard]] bool used_up(const claim_class& of) const {
        return std::ranges::any_of(
            left_, [&of](const auto& each) { return each.second == 0 && counts(*each.first, of); });
    }
    void take(const claim_class& of) {
        for (auto& [quota, left] : left_) left -= counts(*quota, of) ? 1 : 0;
    }

  private:
    static bool counts(const kind_quota& q, const claim_class& of) {
        const auto& [kind, lane, priority] = of;
        return q.kind == kind && (q.step.empty() || q.step == lane);
    }
    std::vector<std::pair<const kind_quota*, int>> left_;
};

// The rows of one class that are due. What was told may leave its place meanwhile.
struct due_rows {
    const claim_class* of;
    due_order::const_iterator next;
    due_order::const_iterator end;

    // The place among all that are due, after the class's handicap.
    [[nodiscard]] due_order::value_type place() const {
        return {next->first + handicap(std::get<operation_priority>(*of)), next->second};
    }
};

}  // namespace

result<> model_store::begin() {
    old_rows_.clear();
    old_locks_.clear();
    old_paced_ = paced_;
    old_archives_ = archives_;
    old_holds_ = holds_.size();
    return {};
}
result<> model_store::commit() {
    old_rows_.clear();
    return {};
}
void model_store::rollback() {
    for (auto& [row, old] : old_rows_) {
        const auto found = rows_.find(row);
        const bool placed = unplaced_.insert(row).second;
        if (placed && found != rows_.end()) leave_places(found->second);
        if (!old.was) {
            if (found != rows_.end()) forget(identity{found->second.op.who});
            continue;
        }
        auto& e = rows_[row];
        if (old.whole) {
            e = std::move(*old.whole);
            ids_[e.op.who.id] = row;
            keys_[key_text(e.op.who.tenant, e.op.who.kind, e.op.who.key)] = row;
            continue;
        }
        e.op = std::move(old.op);
        e.events.resize(old.events);
        e.prepared.resize(old.prepared);
    }
    old_rows_.clear();
    for (const auto& [key, row] : old_locks_) {
        if (row) {
            locks_[key] = *row;
        } else {
            locks_.erase(key);
        }
    }
    paced_ = old_paced_;
    archives_ = old_archives_;
    holds_.resize(old_holds_);
}

// ---- places -------------------------------------------------------------------------------------

std::string model_store::key_text(std::string_view tenant, std::string_view kind,
                                  std::string_view key) {
    std::string out;
    for (const auto part : {tenant, kind, key}) out.append(part).push_back('\0');
    return out;
}

model_store::entry& model_store::touch(std::int64_t row) {
    const auto found = rows_.find(row);
    const bool was = found != rows_.end();
    if (!old_rows_.contains(row)) {
        old_row old;
        old.was = was;
        if (was) {
            const auto& e = found->second;
            old.op = e.op;
            old.events = e.events.size();
            old.prepared = e.prepared.size();
        }
        old_rows_.emplace(row, std::move(old));
    }
    if (unplaced_.insert(row).second && was) leave_places(found->second);
    return was ? found->second : rows_[row];
}

void model_store::leave_places(const entry& e) {
    const auto& [who, s] = e.op;
    --in_state_.at(static_cast<std::size_t>(s.state));
    if (s.state == op_state::ready) ready_like(e.op).erase({s.due_at, who.row});
    if (s.state == op_state::blocked) blocked_.erase({who.lock_key, who.row});
}

due_order& model_store::ready_like(const operation& op) {
    const std::tuple<std::string_view, std::string_view, operation_priority> like{
        op.who.kind, op.now.lane, op.now.priority};
    const auto known = ready_.find(like);
    return known == ready_.end() ? ready_[claim_class{like}] : known->second;
}

void model_store::place_all() {
    for (const auto row : unplaced_) {
        const auto found = rows_.find(row);
        if (found == rows_.end()) continue;
        const auto& [who, s] = found->second.op;
        ++in_state_.at(static_cast<std::size_t>(s.state));
        if (s.state == op_state::ready) ready_like(found->second.op).emplace(s.due_at, row);
        if (s.state == op_state::blocked) blocked_.emplace(who.lock_key, row);
    }
    unplaced_.clear();
}

void model_store::forget(const identity& who) {
    // Another row may have come to the same key meanwhile.
    const auto of_row = [&who](const auto& each) { return each.second == who.row; };
    const auto id = ids_.find(who.id);
    if (id != ids_.end() && of_row(*id)) ids_.erase(id);
    const auto key = keys_.find(key_text(who.tenant, who.kind, who.key));
    if (key != keys_.end() && of_row(*key)) keys_.erase(key);
    rows_.erase(who.row);
}

// ---- locks and parents --------------------------------------------------------------------------

void model_store::remember_lock(const std::string& key) {
    if (old_locks_.contains(key)) return;
    const auto held = locks_.find(key);
    old_locks_.emplace(key, held == locks_.end() ? std::nullopt : std::optional{held->second});
}

bool model_store::take_lock(const entry& e) {
    remember_lock(e.op.who.lock_key);
    const auto [place, fresh] = locks_.emplace(e.op.who.lock_key, e.op.who.row);
    return fresh || place->second == e.op.who.row;
}

std::optional<store_time> model_store::paced_until(const identity& who, store_time::duration pace,
                                                   store_time now) const {
    const auto next = paced_.find({who.kind, who.lock_key});
    const bool early =
        pace != store_time::duration::zero() && next != paced_.end() && next->second > now;
    return early ? std::optional{next->second} : std::nullopt;
}

void model_store::begin_paced(const identity& who, store_time::duration pace, store_time now) {
    if (pace == store_time::duration::zero()) return;
    std::erase_if(paced_, [now](const auto& each) { return each.second <= now; });
    paced_[{who.kind, who.lock_key}] = now + pace;
}

// To the one that was accepted first among those that wait.
std::optional<moved_operation> model_store::hand_lock_on(const std::string& key, store_time now) {
    remember_lock(key);
    locks_.erase(key);
    place_all();
    const auto first = blocked_.lower_bound({key, 0});
    if (first == blocked_.end() || first->first != key) return std::nullopt;
    const auto row = first->second;
    auto& e = touch(row);
    locks_.emplace(key, row);
    std::vector<event> events;
    promote(e.op.now, now, events);
    e.events.insert(e.events.end(), events.begin(), events.end());
    return moved_operation{e.op, std::move(events)};
}

std::optional<moved_operation> model_store::wake_parent(const uuid& parent, const uuid& child,
                                                        store_time now) {
    auto* e = find(parent);
    if (e == nullptr || e->op.now.state != op_state::ready || e->op.now.awaits != child) {
        return std::nullopt;
    }
    touch(e->op.who.row);
    std::vector<event> events;
    wake(e->op.now, now, events);
    e->events.insert(e->events.end(), events.begin(), events.end());
    return moved_operation{e->op, std::move(events)};
}

model_store::entry* model_store::find(const uuid& id) {
    const auto known = ids_.find(id);
    return known == ids_.end() ? nullptr : &rows_.at(known->second);
}

// ---- moves --------------------------------------------------------------------------------------

result<std::int64_t> model_store::recover(const node_identity& node, store_time now) {
    for (const auto& each : node.plans) {
        const auto known = plans_.find({each.kind, each.version});
        if (known != plans_.end() && known->second != each.text) {
            return fail(codes::engine_definition_changed,
                        "\"" + each.kind + "\" version " + std::to_string(each.version));
        }
    }
    for (const auto& each : node.plans) plans_[{each.kind, each.version}] = each.text;
    std::int64_t found = 0;
    for (auto& [row, e] : rows_) {
        if (e.op.now.state != op_state::running || e.op.now.owner == node.boot) continue;
        if (found == node.most_readied) break;
        touch(row);
        saga::recover(e.op.now, now, e.events);
        ++found;
    }
    return found;
}

result<submit_answer> model_store::submit(const new_operation& o) {
    submit_answer answer;
    if (auto known = *find_key(o.who.tenant, o.who.kind, o.who.key)) {
        if (known->who.request_hash != o.who.request_hash) return fail(codes::engine_key_conflict);
        answer.made.op = std::move(*known);
        answer.replayed = true;
        return answer;
    }
    const auto row = rows_.empty() ? 1 : rows_.rbegin()->first + 1;
    auto& e = touch(row);
    e.op = {o.who, o.first};
    e.op.who.row = row;
    e.events = o.events;
    ids_[o.who.id] = row;
    keys_[key_text(o.who.tenant, o.who.kind, o.who.key)] = row;
    if (o.claim_for != 0) {
        auto& s = e.op.now;
        if (s.lock == lock_state::wanted && take_lock(e)) s.lock = lock_state::held;
        if (s.lock == lock_state::wanted) {
            block(s, e.op.who.lock_key, s.updated_at, e.events);
        } else {
            static_cast<void>(begin_claim(s, o.claim_for, s.updated_at, e.events));
            answer.claimed = true;
        }
    }
    answer.made = {e.op, e.events};
    return answer;
}

result<move_answer> model_store::apply(const move& m) {
    const auto found = rows_.find(m.who->row);
    if (found == rows_.end()) return fail(codes::engine_fenced);
    auto& e = found->second;
    if (e.op.now.fence != m.fence || e.op.now.seq != m.base_seq) return fail(codes::engine_fenced);
    if (m.after.seq > most_events || (m.prepared && m.prepared->generation > most_generations)) {
        return fail(codes::engine_row_full);
    }
    touch(m.who->row);
    move_answer answer;
    e.op.now = m.after;
    e.events.insert(e.events.end(), m.events.begin(), m.events.end());
    auto& s = e.op.now;
    if (s.state == op_state::running && s.lock == lock_state::wanted) {
        if (take_lock(e)) {
            s.lock = lock_state::held;
            answer.paced_until = paced_until(e.op.who, m.key_pace, m.committed_at());
            if (answer.paced_until) {
                pace(s, *answer.paced_until, s.updated_at, e.events);
            } else {
                begin_paced(e.op.who, m.key_pace, m.committed_at());
            }
        } else {
            answer.blocked = true;
            block(s, e.op.who.lock_key, s.updated_at, e.events);
        }
    }
    if (s.state == op_state::ready && s.awaits) {
        const auto* child = find(*s.awaits);
        answer.child_over = child == nullptr || child->op.now.state == op_state::terminal;
        if (answer.child_over) wake(s, s.updated_at, e.events);
    }
    if (m.prepared) e.prepared.push_back(*m.prepared);
    if (s.state == op_state::terminal && m.who->parent) {
        answer.woken = wake_parent(*m.who->parent, m.who->id, s.updated_at);
    }
    if (m.releases_lock) answer.promoted = hand_lock_on(e.op.who.lock_key, s.updated_at);
    return answer;
}

result<claim_answer> model_store::claim(const claim_request& request) {
    claim_answer answer;
    quotas_left quotas{request.quotas};
    place_all();
    std::vector<due_rows> due;
    for (const auto& [of, rows] : ready_) {
        const auto end = rows.upper_bound({request.now, std::numeric_limits<std::int64_t>::max()});
        if (rows.begin() != end) due.push_back({&of, rows.begin(), end});
    }
    while (std::ssize(answer.claimed) < request.limit) {
        std::erase_if(due, [&quotas](const due_rows& each) {
            return each.next == each.end || quotas.used_up(*each.of);
        });
        const auto first = std::ranges::min_element(due, {}, &due_rows::place);
        if (first == due.end()) break;
        auto* e = &rows_.at((first->next++)->second);
        touch(e->op.who.row);
        auto& s = e->op.now;
        std::vector<event> events;
        const auto pace_of_kind = std::ranges::find(request.paces, e->op.who.kind, &key_pace::kind);
        const bool paced = pace_of_kind != request.paces.end() && begins_with_key(s);
        if (s.lock == lock_state::wanted && take_lock(*e)) s.lock = lock_state::held;
        std::optional<store_time> until;
        if (paced) until = paced_until(e->op.who, pace_of_kind->each, request.now);
        if (s.lock == lock_state::wanted) {
            block(s, e->op.who.lock_key, request.now, events);
        } else if (until) {
            pace(s, *until, request.now, events);
        }
        if (!events.empty()) {
            e->events.insert(e->events.end(), events.begin(), events.end());
            answer.blocked.push_back({e->op, std::move(events)});
            continue;
        }
        if (paced) begin_paced(e->op.who, pace_of_kind->each, request.now);
        const bool interrupted = begin_claim(s, request.owner, request.now, events);
        e->events.insert(e->events.end(), events.begin(), events.end());
        answer.claimed.push_back({stored(*e), std::move(events), interrupted});
        quotas.take(*first->of);
    }
    place_all();
    for (const auto& [of, rows] : ready_) {
        if (rows.empty() || quotas.used_up(of)) continue;
        const auto next = rows.begin()->first;
        answer.next_due = std::min(answer.next_due.value_or(next), next);
    }
    return answer;
}

result<> model_store::hold(const hold_record& what) {
    holds_.push_back(what);
    return {};
}

// ---- removing -----------------------------------------------------------------------------------

bool model_store::may_go(const entry& e, bool row_stays) const {
    return std::ranges::none_of(rows_, [&](const auto& other) {
        const auto& [row, o] = other;
        const bool live_parent =
            e.op.who.parent == o.op.who.id && o.op.now.state != op_state::terminal;
        return live_parent || (!row_stays && o.op.who.parent == e.op.who.id);
    });
}

result<removable_page> model_store::removable(const removable_query& query) {
    removable_page page;
    for (const auto& [row, e] : rows_) {
        const auto& s = e.op.now;
        const bool old = s.state == op_state::terminal && s.ended_at < query.before;
        // The last row stays, so that no number is given twice.
        const bool last = row == rows_.rbegin()->first;
        if (e.op.who.kind != query.kind || !old || s.archived || last) continue;
        if (!may_go(e, query.keep_rows)) continue;
        page.items.push_back(e.op);
    }
    std::ranges::sort(page.items, {},
                      [](const operation& o) { return std::pair{o.now.ended_at, o.who.row}; });
    if (std::ssize(page.items) > query.limit)
        page.items.resize(static_cast<std::size_t>(query.limit));
    const auto known = archives_.find(query.file);
    if (known != archives_.end()) page.archived = known->second;
    return page;
}

result<> model_store::remove(const removal& what) {
    for (const auto row : what.rows) {
        const auto found = rows_.find(row);
        if (found == rows_.end() || found->second.op.now.state != op_state::terminal) {
            return fail(codes::engine_fenced);
        }
        auto& e = touch(row);
        auto& old = old_rows_.at(row);
        if (old.was && !old.whole) {
            old.whole = e;
            old.whole->op = old.op;
            old.whole->events.resize(old.events);
            old.whole->prepared.resize(old.prepared);
        }
        if (what.keep_rows) {
            e.kept = kept_document(stored(e));
            e.op.now.archived = true;
            e.events.clear();
            e.prepared.clear();
        } else {
            forget(identity{e.op.who});
        }
    }
    archives_[what.file] = what.archived;
    return {};
}

result<std::vector<prepared_row>> model_store::prepared(std::int64_t row) {
    const auto found = rows_.find(row);
    return found == rows_.end() ? std::vector<prepared_row>{} : found->second.prepared;
}

// ---- reading ------------------------------------------------------------------------------------

stored_operation model_store::stored(const entry& e) const {
    stored_operation out;
    out.op = e.op;
    if (e.op.now.archived) read_kept_document(out, e.kept);
    for (const auto& each : e.events) keep_payload(out, each.type, each.step, each.payload);
    for (const auto& p : e.prepared) {
        if (p.step == e.op.now.step) out.prepared = p;
    }
    if (e.op.now.state == op_state::blocked) {
        const auto held = locks_.find(e.op.who.lock_key);
        if (held != locks_.end()) out.holder = rows_.at(held->second).op.who.id;
    }
    return out;
}

result<std::optional<stored_operation>> model_store::load(const uuid& id) {
    const auto* e = find(id);
    return e == nullptr ? std::nullopt : std::optional{stored(*e)};
}

result<std::optional<operation>> model_store::find_key(std::string_view tenant,
                                                       std::string_view kind,
                                                       std::string_view key) {
    const auto known = keys_.find(key_text(tenant, kind, key));
    if (known == keys_.end()) return std::nullopt;
    return rows_.at(known->second).op;
}

result<operation_page> model_store::list(const list_filter& f) {
    operation_page page;
    const auto fits = [](const auto& wanted, const auto& value) {
        return !wanted || *wanted == value;
    };
    for (auto it = rows_.rbegin(); it != rows_.rend(); ++it) {
        const auto& [who, s] = it->second.op;
        if (f.before != 0 && who.row >= f.before) continue;
        if (!fits(f.tenant, who.tenant) || !fits(f.kind, who.kind) || !fits(f.key, who.key) ||
            !fits(f.subject, who.subject) || (f.parent && who.parent != f.parent) ||
            (f.tag && std::ranges::find(who.tags, *f.tag) == who.tags.end()) ||
            !fits(f.state, s.state) || !fits(f.ending, s.ending)) {
            continue;
        }
        const auto contains = [&f](const std::string& in) {
            return in.find(*f.text) != std::string::npos;
        };
        if (f.text && !contains(s.fault) && !contains(s.waiting) && !contains(s.cause)) continue;
        if (f.created_from && who.created_at < *f.created_from) continue;
        if (f.created_to && who.created_at >= *f.created_to) continue;
        if (std::ssize(page.items) == f.limit) {
            page.next = page.items.back().op.who.row;
            break;
        }
        auto& item = page.items.emplace_back();
        if (f.with_outputs) {
            item = stored(it->second);
        } else {
            item.op = it->second.op;
        }
    }
    return page;
}

result<std::vector<event>> model_store::events(std::int64_t row, std::int64_t after, int limit) {
    std::vector<event> out;
    const auto found = rows_.find(row);
    if (found == rows_.end()) return out;
    for (const auto& e : found->second.events) {
        if (e.seq > after && std::ssize(out) < limit) out.push_back(e);
    }
    return out;
}

result<operation_counts> model_store::counts() {
    place_all();
    const auto in = [this](op_state s) { return in_state_.at(static_cast<std::size_t>(s)); };
    operation_counts out;
    out.ready = in(op_state::ready);
    out.running = in(op_state::running);
    out.blocked = in(op_state::blocked);
    out.parked = in(op_state::parked);
    return out;
}

result<std::vector<held_lock>> model_store::locks() {
    std::vector<held_lock> out;
    for (const auto& [key, row] : locks_) out.push_back({key, row});
    return out;
}

result<store_time> model_store::latest() {
    store_time out;
    for (const auto& [row, e] : rows_) out = std::max(out, e.op.now.updated_at);
    return out;
}

result<std::vector<hold_record>> model_store::holds(bool all) {
    std::vector<hold_record> out;
    for (auto it = holds_.rbegin(); it != holds_.rend() && std::ssize(out) < most_holds; ++it) {
        const auto known = std::ranges::find(out, it->kind, &hold_record::kind);
        if (all || known == out.end()) out.push_back(*it);
    }
    return out;
}

}  // namespace thole::saga
