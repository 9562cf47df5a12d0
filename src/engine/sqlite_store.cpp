#include "engine/sqlite_store.hpp"

#include <fmt/format.h>

#include <array>

#include "engine/codes.hpp"
#include "engine/sqlite_schema.hpp"
#include "engine/transitions.hpp"

namespace thole::saga {

namespace {
result<> finish(sql::statement& s) {
    auto row = s.step();
    return row ? result<>{} : fail(std::move(row).error());
}
}  // namespace

result<std::unique_ptr<sqlite_store>> sqlite_store::open(const std::string& path, sql::access mode,
                                                         sql::open_options options,
                                                         payload_cipher::ptr cipher) {
    auto db = sql::database::open(path, mode, options);
    if (!db) return fail(std::move(db).error());
    if (mode == sql::access::read_write) {
        if (auto done = sql::migrate(*db, journal_migrations()); !done) {
            return fail(std::move(done).error());
        }
    }
    if (auto same = check_payload_keys(*db, cipher.get()); !same) {
        return fail(std::move(same).error());
    }
    std::unique_ptr<sqlite_store> made{new sqlite_store{std::move(*db), std::move(cipher)}};
    auto done = made->prepare();
    if (done && mode == sql::access::read_write) done = made->take_newest_key();
    if (!done) return fail(std::move(done).error());
    return made;
}

result<> sqlite_store::prepare() {
    const std::string op = fmt::format("select {} from op ", rows::operation_columns);
    const std::pair<sql::statement*, std::string> list[] = {
        {&sql_.begin, "begin immediate"},
        {&sql_.commit, "commit"},
        {&sql_.rollback, "rollback"},
        {&sql_.insert_op, std::string{rows::insert_operation}},
        {&sql_.update_op, std::string{rows::update_state}},
        {&sql_.insert_event, std::string{rows::insert_event}},
        {&sql_.insert_tag, "insert into tag(tag, op) values(?, ?)"},
        {&sql_.insert_prepared, "insert into prepared(id, bytes) values(?, ?)"},
        {&sql_.by_row, op + "where id = ?"},
        {&sql_.by_id, op + "where uuid = ?"},
        {&sql_.by_key, op + "where tenant = ? and kind = ? and key = ?"},
        {&sql_.due,
         "select id, due_at from op where state = 0 and kind = ? and lane = ? and prio = ? and "
         "due_at <= ? order by due_at, id limit ?"},
        // Not (kind, lane) > (?, ?): SQLite would look at every row of the kind.
        {&sql_.next_lane,
         "select kind, lane from op where state = 0 and kind = ? and lane > ? order by lane limit "
         "1"},
        {&sql_.next_kind,
         "select kind, lane from op where state = 0 and kind > ? order by kind, lane limit 1"},
        {&sql_.next_due,
         "select min(due_at) from op where state = 0 and kind = ? and lane = ? and prio = ?"},
        {&sql_.running, "select id from op where state = 1 and owner <> ? order by id limit ?"},
        {&sql_.next_blocked, op + "where state = 2 and lock_key = ? order by id limit 1"},
        {&sql_.lock_holder, "select op from key_lock where key = ?"},
        {&sql_.holder_id, "select uuid from op where id = (select op from key_lock where key = ?)"},
        {&sql_.lock_insert, "insert into key_lock(key, op) values(?, ?) on conflict do nothing"},
        {&sql_.lock_update, "update key_lock set op = ? where key = ?"},
        {&sql_.lock_delete, "delete from key_lock where key = ?"},
        {&sql_.all_locks, "select key, op from key_lock order by key"},
        {&sql_.payloads,
         fmt::format(
             "select id, type, step, coalesce(payload, (select bytes from payload p where p.id "
             "= event.id)) from event where id between ? and ? and "
             "type in ({}, {}, {}, {}, {}) order by id",
             static_cast<int>(event_type::submitted), static_cast<int>(event_type::step_completed),
             static_cast<int>(event_type::reopened), static_cast<int>(event_type::edited),
             static_cast<int>(event_type::migrated))},
        {&sql_.prepared,
         "select id, bytes from prepared where id between ? and ? order by id desc limit 1"},
        {&sql_.events, fmt::format("select {} from event where id > ? and id <= ? order by id "
                                   "limit ?",
                                   rows::event_columns)},
        {&sql_.count,
         "select (select count(*) from op where state = 0), (select count(*) from op where "
         "state = 1), (select count(*) from op where state = 2), "
         "(select count(*) from op where state = 3)"},
        {&sql_.latest, "select at from clock"},
        {&sql_.insert_hold,
         "insert into hold(kind, held, actor, reason, at) values(?, ?, ?, ?, ?)"},
        {&sql_.last_holds,
         "select kind, held, actor, reason, at from hold where id in "
         "(select max(id) from hold group by kind) order by id desc limit ?"},
        {&sql_.all_holds,
         "select kind, held, actor, reason, at from hold order by id desc limit ?"},
        {&sql_.insert_plan,
         "insert into plan(kind, version, text) values(?, ?, ?) on conflict do nothing"},
        {&sql_.plan, "select text from plan where kind = ? and version = ?"},
        {&sql_.set_clock, "update clock set at = ? where at < ?1"},
        {&sql_.node,
         "insert into node(name, boot, started_at) values(?, ?, ?) on conflict(name) do update "
         "set boot = excluded.boot, started_at = excluded.started_at"}};
    auto done = compile(list);
    if (done) done = prepare_paces();
    if (done) done = prepare_upkeep();
    return done ? prepare_reseal() : done;
}

result<> sqlite_store::prepare_paces() {
    const std::pair<sql::statement*, std::string> list[] = {
        {&sql_.next_paced, "select next_at from key_pace where kind = ? and key = ?"},
        {&sql_.set_paced, "insert or replace into key_pace(kind, key, next_at) values(?, ?, ?)"},
        {&sql_.drop_paced,
         "delete from key_pace where (kind, key) in (select kind, key from key_pace where next_at "
         "<= ? order by next_at limit 2)"},
    };
    return compile(list);
}

result<> sqlite_store::compile(std::span<const std::pair<sql::statement*, std::string>> list) {
    for (const auto& [slot, text] : list) {
        auto made = db_.prepare(text);
        if (!made) return fail(std::move(made).error());
        *slot = std::move(*made);
    }
    return {};
}

// ---- transactions -------------------------------------------------------------------------------

result<> sqlite_store::begin() {
    return sql_.begin.run();
}

result<> sqlite_store::commit() {
    auto done = result<>{};
    if (latest_ > clock_) done = sql_.set_clock.run(latest_);
    if (done) done = sql_.commit.run();
    if (done) clock_ = latest_;
    if (done) return done;
    // Still inside: it surely did not happen. Else SQLite has ended the transaction by itself, and
    // whether the last frame reached the disk is not known.
    auto f = std::move(done).error();
    if (db_.in_transaction()) {
        rollback();
    } else if (f.kind() != fault_kind::conflict) {
        f = thole::fault{codes::engine_commit_unknown}
                .with_effect(fault_effect::unknown)
                .with_detail(std::string{f.detail()});
    }
    return fail(std::move(f));
}

void sqlite_store::rollback() {
    // A statement that failed for lack of space may have rolled back already.
    if (db_.in_transaction()) static_cast<void>(sql_.rollback.run());
}

// ---- writing ------------------------------------------------------------------------------------

result<> sqlite_store::write_events(const identity& who, std::span<const event> events) {
    for (const auto& e : events) {
        const bool apart = e.payload.size() > rows::most_payload_in_event;
        const rows::cell payload{
            e.payload, {who.id, payload_place::event_payload, e.seq}, cipher_.get()};
        const rows::cell data{e.data,
                              {who.id, payload_place::event_data, e.seq},
                              rows::has_sealed_data(e.type) ? cipher_.get() : nullptr};
        const rows::cell elsewhere{{}, {}, nullptr};
        auto done =
            rows::run_insert(sql_.insert_event, who.row, e, apart ? elsewhere : payload, data);
        if (done && apart) {
            sql_.insert_payload.bind(rows::event_id(who.row, e.seq));
            payload.bind(sql_.insert_payload, 2);
            done = finish(sql_.insert_payload);
        }
        if (!done) return done;
    }
    return {};
}

result<> sqlite_store::write_move(const identity& who, std::uint64_t fence, std::int64_t seq,
                                  const operation_state& after, std::span<const event> events) {
    latest_ = std::max(latest_, after.updated_at.time_since_epoch().count());
    auto done = rows::run_update(sql_.update_op, who.row, fence, seq, after);
    if (!done) return done;
    if (db_.changes() == 0) return fail(codes::engine_fenced);
    return write_events(who, events);
}

result<bool> sqlite_store::may_take_lock(const identity& who) {
    sql_.lock_holder.bind(who.lock_key);
    auto found = sql_.lock_holder.step();
    if (!found) return fail(std::move(found).error());
    if (!*found) return true;
    const bool own = sql_.lock_holder.integer(0) == who.row;
    sql_.lock_holder.reset();
    return own;
}

result<> sqlite_store::take_lock(const identity& who) {
    return sql_.lock_insert.run(who.lock_key, who.row);
}

result<std::optional<store_time>> sqlite_store::paced_until(const identity& who,
                                                            store_time::duration pace,
                                                            store_time now) {
    if (pace == store_time::duration::zero()) return std::nullopt;
    sql_.next_paced.bind(who.kind, who.lock_key);
    auto found = sql_.next_paced.step();
    if (!found) return fail(std::move(found).error());
    if (!*found) return std::nullopt;
    const store_time next{std::chrono::microseconds{sql_.next_paced.integer(0)}};
    sql_.next_paced.reset();
    return next > now ? std::optional{next} : std::nullopt;
}

// What is over goes, two for each that comes: the table holds the keys of the last minute.
result<> sqlite_store::begin_paced(const identity& who, store_time::duration pace, store_time now) {
    if (pace == store_time::duration::zero()) return {};
    auto done = sql_.drop_paced.run(now.time_since_epoch().count());
    if (!done) return done;
    return sql_.set_paced.run(who.kind, who.lock_key, (now + pace).time_since_epoch().count());
}

result<std::optional<moved_operation>> sqlite_store::hand_lock_on(const std::string& key,
                                                                  store_time now) {
    sql_.next_blocked.bind(key);
    auto next = one(sql_.next_blocked);
    if (!next) return fail(std::move(next).error());
    if (!*next) {
        if (auto done = sql_.lock_delete.run(key); !done) return fail(std::move(done).error());
        return std::nullopt;
    }
    moved_operation out{std::move(**next), {}};
    const auto before = out.op.now;
    promote(out.op.now, now, out.events);
    const auto& who = out.op.who;
    auto done = write_move(who, before.fence, before.seq, out.op.now, out.events);
    if (done) done = sql_.lock_update.run(who.row, key);
    if (!done) return fail(std::move(done).error());
    return out;
}

// One that is not there cannot be waited for either.
result<bool> sqlite_store::is_over(const uuid& child) {
    sql_.by_id.bind(bytes_view{child.raw()});
    auto found = one(sql_.by_id);
    if (!found) return fail(std::move(found).error());
    return !*found || (*found)->now.state == op_state::terminal;
}

result<std::optional<moved_operation>> sqlite_store::wake_parent(const identity& child,
                                                                 store_time now) {
    sql_.by_id.bind(bytes_view{child.parent->raw()});
    auto found = one(sql_.by_id);
    if (!found) return fail(std::move(found).error());
    if (!*found || (*found)->now.state != op_state::ready || (*found)->now.awaits != child.id) {
        return std::nullopt;
    }
    moved_operation out{std::move(**found), {}};
    const auto before = out.op.now;
    wake(out.op.now, now, out.events);
    auto done = write_move(out.op.who, before.fence, before.seq, out.op.now, out.events);
    if (!done) return fail(std::move(done).error());
    return out;
}

result<submit_answer> sqlite_store::submit(const new_operation& o) {
    submit_answer answer;
    auto& made = answer.made;
    made.op = {o.who, o.first};
    made.events = o.events;
    auto& s = made.op.now;
    bool takes = false;
    if (o.claim_for != 0) {
        if (s.lock == lock_state::wanted) {
            auto free = may_take_lock(o.who);
            if (!free) return fail(std::move(free).error());
            takes = *free;
            if (takes) s.lock = lock_state::held;
        }
        if (s.lock == lock_state::wanted) {
            block(s, o.who.lock_key, s.updated_at, made.events);
        } else {
            static_cast<void>(begin_claim(s, o.claim_for, s.updated_at, made.events));
            answer.claimed = true;
        }
    }
    if (auto done = rows::run_insert(sql_.insert_op, o.who, s); !done) {
        return fail(std::move(done).error());
    }
    if (db_.changes() == 0) {
        auto known = find_key(o.who.tenant, o.who.kind, o.who.key);
        if (!known) return fail(std::move(known).error());
        if ((*known)->who.request_hash != o.who.request_hash) {
            return fail(codes::engine_key_conflict);
        }
        return submit_answer{{std::move(**known), {}}, true, false};
    }
    latest_ = std::max(latest_, s.updated_at.time_since_epoch().count());
    made.op.who.row = db_.last_insert_id();
    auto done = takes ? take_lock(made.op.who) : result<>{};
    if (done) done = write_events(made.op.who, made.events);
    for (const auto& tag : o.who.tags) {
        if (done) done = sql_.insert_tag.run(tag, made.op.who.row);
    }
    if (!done) return fail(std::move(done).error());
    return answer;
}

result<move_answer> sqlite_store::apply(const move& m) {
    move_answer answer;
    result<> done;
    if (m.after.state == op_state::running && m.after.lock == lock_state::wanted) {
        auto free = may_take_lock(*m.who);
        if (!free) return fail(std::move(free).error());
        auto until = paced_until(*m.who, m.key_pace, m.committed_at());
        if (!until) return fail(std::move(until).error());
        auto after = m.after;
        auto events = m.events;
        if (!*free) {
            answer.blocked = true;
            block(after, m.who->lock_key, after.updated_at, events);
        } else if (*until) {
            answer.paced_until = *until;
            pace(after, **until, after.updated_at, events);
        } else {
            after.lock = lock_state::held;
        }
        done = write_move(*m.who, m.fence, m.base_seq, after, events);
        if (done && *free) done = take_lock(*m.who);
        if (done && *free && !*until) done = begin_paced(*m.who, m.key_pace, m.committed_at());
    } else if (m.after.state == op_state::ready && m.after.awaits) {
        auto over = is_over(*m.after.awaits);
        if (!over) return fail(std::move(over).error());
        auto after = m.after;
        auto events = m.events;
        answer.child_over = *over;
        if (*over) wake(after, after.updated_at, events);
        done = write_move(*m.who, m.fence, m.base_seq, after, events);
    } else {
        done = write_move(*m.who, m.fence, m.base_seq, m.after, m.events);
    }
    if (done && m.prepared) {
        const auto& p = *m.prepared;
        if (p.generation > most_generations) return fail(codes::engine_row_full);
        const auto id = rows::prepared_id(m.who->row, p.step, p.generation);
        const rows::cell sealed{
            p.bytes, {m.who->id, payload_place::prepared, id & most_events}, cipher_.get()};
        sql_.insert_prepared.bind(id);
        sealed.bind(sql_.insert_prepared, 2);
        done = finish(sql_.insert_prepared);
    }
    if (!done) return fail(std::move(done).error());
    if (m.after.state == op_state::terminal && m.who->parent) {
        auto parent = wake_parent(*m.who, m.after.updated_at);
        if (!parent) return fail(std::move(parent).error());
        answer.woken = std::move(*parent);
    }
    if (m.releases_lock) {
        auto next = hand_lock_on(m.who->lock_key, m.after.updated_at);
        if (!next) return fail(std::move(next).error());
        answer.promoted = std::move(*next);
    }
    return answer;
}

result<> sqlite_store::keep_plan(const kept_plan& p) {
    if (auto done = sql_.insert_plan.run(p.kind, p.version, p.text); !done) return done;
    if (db_.changes() > 0) return {};
    sql_.plan.bind(p.kind, p.version);
    auto row = sql_.plan.step();
    if (!row) return fail(std::move(row).error());
    const bool same = *row && sql_.plan.text(0) == p.text;
    sql_.plan.reset();
    if (!same) {
        return fail(codes::engine_definition_changed,
                    fmt::format("\"{}\" version {}", p.kind, p.version));
    }
    return {};
}

result<std::int64_t> sqlite_store::recover(const node_identity& node, store_time now) {
    for (const auto& each : node.plans) {
        if (auto done = keep_plan(each); !done) return fail(std::move(done).error());
    }
    const auto boot = static_cast<std::int64_t>(node.boot);
    if (auto done = sql_.node.run(node.name, boot, now.time_since_epoch().count()); !done) {
        return fail(std::move(done).error());
    }
    std::vector<std::int64_t> found;
    sql_.running.bind(boot, node.most_readied);
    for (auto row = sql_.running.step();; row = sql_.running.step()) {
        if (!row) return fail(std::move(row).error());
        if (!*row) break;
        found.push_back(sql_.running.integer(0));
    }
    for (const auto row : found) {
        sql_.by_row.bind(row);
        auto op = one(sql_.by_row);
        if (!op) return fail(std::move(op).error());
        const auto before = (*op)->now;
        std::vector<event> events;
        saga::recover((*op)->now, now, events);
        auto done = write_move((*op)->who, before.fence, before.seq, (*op)->now, events);
        if (!done) return fail(std::move(done).error());
    }
    return std::ssize(found);
}

// ---- claiming -----------------------------------------------------------------------------------

// Nobody could work on it, and it must not keep the others from being claimed.
result<> sqlite_store::park_unreadable(operation op, const fault& why, store_time now,
                                       claim_answer& answer) {
    const auto before = op.now;
    std::vector<event> events;
    park_for(op.now, why, now, events);
    auto done = write_move(op.who, before.fence, before.seq, op.now, events);
    if (done) answer.blocked.push_back({std::move(op), std::move(events)});
    return done;
}

result<> sqlite_store::claim_one(const claim_request& request, std::int64_t row,
                                 claim_answer& answer) {
    sql_.by_row.bind(row);
    auto found = one(sql_.by_row);
    if (!found) return fail(std::move(found).error());
    claimed_operation taken;
    auto& op = taken.what.op;
    op = std::move(**found);
    const auto before = op.now;
    auto& events = taken.events;
    if (op.now.lock == lock_state::wanted) {
        auto free = may_take_lock(op.who);
        if (!free) return fail(std::move(free).error());
        if (!*free) {
            block(op.now, op.who.lock_key, request.now, events);
            auto done = write_move(op.who, before.fence, before.seq, op.now, events);
            if (done) answer.blocked.push_back({std::move(op), std::move(events)});
            return done;
        }
    }
    const auto pace_of_kind = std::ranges::find(request.paces, op.who.kind, &key_pace::kind);
    const bool paced = pace_of_kind != request.paces.end() && begins_with_key(op.now);
    if (paced) {
        auto until = paced_until(op.who, pace_of_kind->each, request.now);
        if (!until) return fail(std::move(until).error());
        if (*until) {
            const bool takes = op.now.lock == lock_state::wanted;
            pace(op.now, **until, request.now, events);
            auto done = write_move(op.who, before.fence, before.seq, op.now, events);
            if (done && takes) done = take_lock(op.who);
            if (done) answer.blocked.push_back({std::move(op), std::move(events)});
            return done;
        }
    }
    if (auto done = fill(taken.what); !done) {
        const auto& f = done.error();
        return is_about_sealing(f) ? park_unreadable(std::move(op), f, request.now, answer) : done;
    }
    if (op.now.lock == lock_state::wanted) {
        op.now.lock = lock_state::held;
        if (auto done = take_lock(op.who); !done) return done;
    }
    taken.interrupted = begin_claim(op.now, request.owner, request.now, events);
    auto done = write_move(op.who, before.fence, before.seq, op.now, events);
    if (done && paced) done = begin_paced(op.who, pace_of_kind->each, request.now);
    if (done) answer.claimed.push_back(std::move(taken));
    return done;
}

namespace {
constexpr std::array classes{operation_priority::high, operation_priority::normal,
                             operation_priority::low};
}

// The next kind and step that ready operations wait for; false after the last.
result<bool> sqlite_store::next_waiting(std::string& kind, std::string& lane) {
    sql_.next_lane.bind(kind, lane);
    sql_.next_kind.bind(kind);
    for (auto* query : {&sql_.next_lane, &sql_.next_kind}) {
        auto row = query->step();
        if (!row) return fail(std::move(row).error());
        if (!*row) continue;
        std::string next{query->text(0)};
        lane = query->text(1);
        kind = std::move(next);
        query->reset();
        return true;
    }
    return false;
}

// One look into the index for each kind, and each limited step, that ready operations wait for.
result<> sqlite_store::find_lanes(const claim_request& request, lanes_at_claim& out) {
    const auto quota_of = [&](const std::string& kind, const std::string& lane) {
        const auto found = std::ranges::find_if(
            request.quotas, [&](const kind_quota& q) { return q.kind == kind && q.step == lane; });
        const bool limited = found != request.quotas.end();
        return quota{limited ? found->most : request.limit, limited};
    };
    std::string kind;
    std::string lane;
    for (;;) {  // no kind has an empty name: before the first there is nothing
        const auto found = next_waiting(kind, lane);
        if (!found) return fail(found.error());
        if (!*found) return {};
        const auto [of_kind, fresh] = out.kinds.try_emplace(kind);
        if (fresh) of_kind->second = quota_of(kind, {});
        const auto own = lane.empty() ? quota{request.limit, false} : quota_of(kind, lane);
        out.lanes.push_back({kind, lane, own, &of_kind->second});
    }
}

result<std::vector<sqlite_store::due_row>> sqlite_store::due_of(
    const claim_request& request, std::span<const lane_at_claim> lanes, int room, bool& more) {
    std::vector<due_row> out;
    for (std::size_t k = 0; k < lanes.size(); ++k) {
        const int most = std::min(room, lanes[k].left());
        if (most <= 0) continue;
        for (const auto priority : classes) {
            int found = 0;
            sql_.due.bind(lanes[k].kind, lanes[k].lane, static_cast<int>(priority),
                          request.now.time_since_epoch().count(), most);
            for (auto row = sql_.due.step();; row = sql_.due.step()) {
                if (!row) return fail(std::move(row).error());
                if (!*row) break;
                out.push_back(
                    {sql_.due.integer(1) + handicap(priority).count(), sql_.due.integer(0), k});
                ++found;
            }
            more = more || found == most;
        }
    }
    std::ranges::sort(out);
    return out;
}

result<> sqlite_store::find_next_due(std::span<const lane_at_claim> lanes, claim_answer& answer) {
    for (const auto& each : lanes) {
        if (each.used_up()) continue;
        for (const auto priority : classes) {
            sql_.next_due.bind(each.kind, each.lane, static_cast<int>(priority));
            auto row = sql_.next_due.step();
            if (!row) return fail(std::move(row).error());
            if (*row && !sql_.next_due.is_null(0)) {
                const store_time due{std::chrono::microseconds{sql_.next_due.integer(0)}};
                if (!answer.next_due || due < *answer.next_due) answer.next_due = due;
            }
            sql_.next_due.reset();
        }
    }
    return {};
}

result<claim_answer> sqlite_store::claim(const claim_request& request) {
    claim_answer answer;
    lanes_at_claim waiting;
    if (auto done = find_lanes(request, waiting); !done) return fail(std::move(done).error());
    const auto room = [&] { return request.limit - static_cast<int>(answer.claimed.size()); };
    for (bool more = true; more && room() > 0;) {
        more = false;
        auto due = due_of(request, waiting.lanes, room(), more);
        if (!due) return fail(std::move(due).error());
        const auto blocked = answer.blocked.size();
        for (const auto& each : *due) {
            auto& lane = waiting.lanes[each.lane];
            if (room() == 0) break;
            if (lane.left() == 0) continue;
            const auto before = answer.claimed.size();
            if (auto done = claim_one(request, each.id, answer); !done) {
                return fail(std::move(done).error());
            }
            if (answer.claimed.size() > before) lane.take();
        }
        // Those that were blocked instead left room: look again.
        more = more && answer.blocked.size() > blocked;
    }
    auto done = find_next_due(waiting.lanes, answer);
    if (!done) return fail(std::move(done).error());
    return answer;
}

// ---- holds --------------------------------------------------------------------------------------

result<> sqlite_store::hold(const hold_record& what) {
    latest_ = std::max(latest_, what.at.time_since_epoch().count());
    return sql_.insert_hold.run(what.kind, what.held, what.actor, what.reason,
                                what.at.time_since_epoch().count());
}

result<std::vector<hold_record>> sqlite_store::holds(bool all) {
    auto& query = all ? sql_.all_holds : sql_.last_holds;
    query.bind(most_holds);
    std::vector<hold_record> out;
    for (auto row = query.step();; row = query.step()) {
        if (!row) return fail(std::move(row).error());
        if (!*row) return out;
        out.push_back({std::string{query.text(0)}, query.integer(1) != 0,
                       std::string{query.text(2)}, std::string{query.text(3)},
                       store_time{std::chrono::microseconds{query.integer(4)}}});
    }
}

}  // namespace thole::saga
