#include "engine/doctor.hpp"

#include <fmt/format.h>

#include <map>

#include "engine/fold.hpp"
#include "engine/plan_text.hpp"
#include "engine/reseal.hpp"
#include "engine/sqlite_rows.hpp"
#include "engine/sqlite_schema.hpp"

namespace thole::saga {

namespace {

// What one transaction reads at most, more or less: a snapshot that lives long keeps the daemon
// from folding its write-ahead log back.
constexpr int most_rows = 200;
constexpr std::int64_t most_events_read = 20'000;

// What the row alone cannot say. Not what the events tell: that is difference()'s.
std::string contradiction_of(const operation_state& s) {
    if ((s.state == op_state::terminal) != (s.ending != op_ending::none)) {
        return "what has ended has an ending, and nothing else";
    }
    if ((s.state == op_state::running) != (s.owner != 0)) {
        return "what runs has an owner, and nothing else";
    }
    if (s.state == op_state::running && s.lock == lock_state::wanted) {
        return "it runs without the lock that it wants";
    }
    if (s.archived && s.state != op_state::terminal) return "only what has ended is archived";
    if (!s.members.empty() && s.state == op_state::terminal) {
        return "only what is under way has steps side by side";
    }
    // Running too: its time had come before the child's end.
    const bool active = s.state == op_state::ready || s.state == op_state::running;
    if (s.awaits && !active) return "only what is under way waits for a child";
    return {};
}

class examiner {
  public:
    examiner(sql::database db, examine_options options)
        : db_{std::move(db)}, options_{std::move(options)} {}
    result<examination> run();

  private:
    struct read_row {
        operation op;
        bool readable = false;
    };
    result<> prepare();
    result<> check_pages();
    result<> check_locks();
    result<> check_payloads();
    result<> check_tags();
    result<> check_tags_of(const operation& op);
    result<> check_some(std::int64_t& after, bool& more);
    result<std::vector<read_row>> rows_after(std::int64_t after);
    result<> check_one(const operation& op);
    result<> check_story(const operation& op, const plan& steps);
    result<> check_generation(const operation& op, int step, const event& e);
    result<> check_lock_of(const operation& op);
    result<> check_family(const operation& op);
    // Whatever is numbered between two operations belongs to none.
    result<> check_between(std::int64_t after, std::int64_t before);
    result<const plan*> plan_of(const std::string& kind, int version);
    // The first column of the only row; nullopt when there is none.
    template <class... Values>
    result<std::optional<std::int64_t>> number(sql::statement& query, const Values&... values);
    void find(finding_kind kind, std::string where, std::string detail) {
        ++out_.findings;
        if (options_.found) options_.found({kind, std::move(where), std::move(detail)});
    }

    sql::database db_;
    examine_options options_;
    examination out_;
    std::map<std::pair<std::string, int>, std::optional<plan>> plans_;
    std::int64_t latest_ = 0;  // of this transaction
    std::int64_t last_row_ = 0;
    sql::statement begin_, end_, ops_, events_, plan_, prepared_, lock_, locks_, state_, orphan_,
        lost_bytes_, lost_payload_, tags_, tag_, clock_, last_;
};

result<> examiner::prepare() {
    const std::pair<sql::statement*, std::string> list[] = {
        {&begin_, "begin"},
        {&end_, "commit"},
        {&ops_, fmt::format("select {}, length(uuid) = 16 and length(request_hash) = 32 and "
                            "coalesce(length(parent), 16) = 16 and "
                            "coalesce(length(awaits), 16) = 16 and state between 0 and 4 and "
                            "ending between 0 and 4 and lock between 0 and 3 and prio between 0 "
                            "and 2 from op where id > ? order by id limit ?",
                            rows::operation_columns)},
        {&events_, fmt::format("select {} from event where id between ? and ? order by id",
                               rows::event_columns)},
        {&plan_, "select text from plan where kind = ? and version = ?"},
        {&prepared_, "select id, bytes from prepared where id = ?"},
        {&lock_, "select op from key_lock where key = ?"},
        {&locks_,
         "select key, op, (select count(*) from op where id = k.op and lock_key = k.key "
         "and lock = 3 and state <> 4) from key_lock k order by key"},
        {&state_, "select state from op where uuid = ?"},
        {&orphan_, "select id >> 20 from event where id >= ? and id < ? order by id limit 1"},
        {&lost_bytes_,
         "select id >> 20 from prepared where id >= ? and id < ? order by id limit 1"},
        {&lost_payload_,
         "select id >> 20 from payload p where not exists(select 1 from event e where e.id = p.id "
         "and e.payload is null) and not exists(select 1 from op where op.id = p.id >> 20 and "
         "(flags & 1024) <> 0 and p.id = op.id << 20)"},
        {&tags_,
         "select t.tag, t.op, instr(' ' || coalesce(op.tags, '') || ' ', ' ' || t.tag || ' ') "
         "from tag t left join op on op.id = t.op where (t.tag, t.op) > (?, ?) "
         "order by t.tag, t.op limit ?"},
        {&tag_, "select 1 from tag where tag = ? and op = ?"},
        {&clock_, "select at from clock"},
        {&last_, "select coalesce(max(id), 0) from op"}};
    for (const auto& [slot, text] : list) {
        auto made = db_.prepare(text);
        if (!made) return fail(std::move(made).error());
        *slot = std::move(*made);
    }
    return {};
}

template <class... Values>
result<std::optional<std::int64_t>> examiner::number(sql::statement& query,
                                                     const Values&... values) {
    query.bind(values...);
    auto row = query.step();
    if (!row) return fail(std::move(row).error());
    if (!*row) return std::nullopt;
    const auto found = query.integer(0);
    query.reset();
    return found;
}

result<> examiner::check_pages() {
    auto query = db_.prepare("pragma integrity_check(20)");
    if (!query) return fail(std::move(query).error());
    for (auto row = query->step();; row = query->step()) {
        if (!row) return fail(std::move(row).error());
        if (!*row) return {};
        if (query->text(0) != "ok") {
            find(finding_kind::file_damaged, {}, std::string{query->text(0)});
        }
    }
}

result<> examiner::check_locks() {
    locks_.reset();
    for (auto row = locks_.step();; row = locks_.step()) {
        if (!row) return fail(std::move(row).error());
        if (!*row) return {};
        if (locks_.integer(2) == 1) continue;
        find(finding_kind::lock_stray, std::string{locks_.text(0)},
             fmt::format("its holder, row {}, does not hold it", locks_.integer(1)));
    }
}

// They are few: only the long ones stand apart.
result<> examiner::check_payloads() {
    lost_payload_.reset();
    for (auto row = lost_payload_.step();; row = lost_payload_.step()) {
        if (!row) return fail(std::move(row).error());
        if (!*row) return {};
        find(finding_kind::orphaned, fmt::format("row {}", lost_payload_.integer(0)),
             "a payload without its event");
    }
}

// Whatever is found by a tag has it.
result<> examiner::check_tags() {
    std::string tag;
    std::int64_t op = 0;
    for (bool more = true; more;) {
        if (auto begun = begin_.run(); !begun) return begun;
        std::int64_t seen = 0;
        tags_.bind(tag, op, most_events_read);
        for (auto row = tags_.step();; row = tags_.step()) {
            if (!row) return fail(std::move(row).error());
            if (!*row) break;
            ++seen;
            tag = tags_.text(0);
            op = tags_.integer(1);
            if (tags_.integer(2) != 0) continue;
            find(finding_kind::tag_differs, fmt::format("row {}", op),
                 fmt::format("it is found by \"{}\", which is no tag of it", tag));
        }
        if (auto ended = end_.run(); !ended) return ended;
        more = seen == most_events_read;
    }
    return {};
}

result<> examiner::check_tags_of(const operation& op) {
    for (const auto& tag : op.who.tags) {
        auto there = number(tag_, tag, op.who.row);
        if (!there) return fail(std::move(there).error());
        if (*there) continue;
        find(finding_kind::tag_differs, op.who.id.text(),
             fmt::format("it is not found by its tag \"{}\"", tag));
    }
    return {};
}

result<std::vector<examiner::read_row>> examiner::rows_after(std::int64_t after) {
    std::vector<read_row> out;
    ops_.bind(after, most_rows);
    for (auto row = ops_.step();; row = ops_.step()) {
        if (!row) return fail(std::move(row).error());
        if (!*row) return out;
        auto& read = out.emplace_back();
        read.readable = ops_.integer(rows::operation_width) == 1;
        if (read.readable) read.op = rows::read_operation(ops_);
        read.op.who.row = ops_.integer(0);
    }
}

result<> examiner::check_some(std::int64_t& after, bool& more) {
    auto found = rows_after(after);
    if (!found) return fail(std::move(found).error());
    more = !found->empty();
    if (!more) return check_between(after, INT64_MAX >> 20);
    const auto enough = out_.events + most_events_read;
    for (const auto& [op, readable] : *found) {
        if (out_.events >= enough) return {};
        if (auto done = check_between(after, op.who.row); !done) return done;
        after = op.who.row;
        ++out_.operations;
        if (!readable) {
            find(finding_kind::row_unreadable, fmt::format("row {}", op.who.row),
                 "a column holds what cannot be");
        } else if (auto done = check_one(op); !done) {
            return done;
        }
    }
    return {};
}

result<> examiner::check_between(std::int64_t after, std::int64_t before) {
    const auto from = (after + 1) << 20;
    const auto to = before << 20;
    for (auto* query : {&orphan_, &lost_bytes_}) {
        if (from == to) break;
        auto row = number(*query, from, to);
        if (!row) return fail(std::move(row).error());
        if (!*row) continue;
        find(finding_kind::orphaned, fmt::format("row {}", **row),
             query == &orphan_ ? "events without their operation"
                               : "prepared bytes without their operation");
    }
    return {};
}

result<const plan*> examiner::plan_of(const std::string& kind, int version) {
    const std::pair key{kind, version};
    if (const auto known = plans_.find(key); known != plans_.end()) {
        return known->second ? &*known->second : nullptr;
    }
    plan_.bind(kind, version);
    auto row = plan_.step();
    if (!row) return fail(std::move(row).error());
    auto& made = plans_[key];
    if (*row) made = read_plan(plan_.text(0));
    plan_.reset();
    if (made) return &*made;
    find(finding_kind::plan_missing, {},
         fmt::format("kind \"{}\" version {}: its operations are not compared with their events; a "
                     "start of the program that defines it writes its steps down",
                     kind, version));
    return nullptr;
}

result<> examiner::check_one(const operation& op) {
    const auto id = op.who.id.text();
    if (auto wrong = contradiction_of(op.now); !wrong.empty()) {
        find(finding_kind::row_contradicts_itself, id, std::move(wrong));
    }
    if (op.now.updated_at.time_since_epoch().count() > latest_) {
        find(finding_kind::clock_behind, id, "the latest time that was kept is earlier");
    }
    if (auto done = check_lock_of(op); !done) return done;
    if (auto done = check_family(op); !done) return done;
    if (auto done = check_tags_of(op); !done) return done;
    // Its story is in the archive, and nothing of it here.
    if (op.now.archived) return check_between(op.who.row - 1, op.who.row + 1);
    auto steps = plan_of(op.who.kind, op.who.version);
    if (!steps) return fail(std::move(steps).error());
    return *steps == nullptr ? result<>{} : check_story(op, **steps);
}

result<> examiner::check_story(const operation& op, const plan& steps) {
    const auto row = op.who.row;
    auto other = [this, &op](int version) {
        const auto found = plan_of(op.who.kind, version);
        return found ? *found : nullptr;
    };
    story told{steps, !op.who.lock_key.empty(), std::move(other)};
    events_.bind(rows::event_id(row, 0), rows::event_id(row, most_events));
    for (auto more = events_.step();; more = events_.step()) {
        if (!more) return fail(std::move(more).error());
        if (!*more) break;
        ++out_.events;
        const auto read = rows::read_event(events_, op.who.id, options_.cipher.get());
        if (!read) return fail(read.error());
        const auto& e = *read;
        if (e.payload_sealed || e.data_sealed) {
            const auto place =
                e.payload_sealed ? payload_place::event_payload : payload_place::event_data;
            const auto why = rows::read_sealed(events_, e.payload_sealed ? 10 : 9,
                                               {op.who.id, place, e.seq}, options_.cipher.get());
            find(finding_kind::payload_unreadable, op.who.id.text(),
                 fmt::format("event {}: {}", e.seq, why.error().detail()));
            events_.reset();
            return {};
        }
        if (!told.tell(e)) break;
        const bool has_payload =
            e.type == event_type::submitted || e.type == event_type::step_completed;
        if (has_payload && e.payload.empty()) {
            find(finding_kind::story_broken, op.who.id.text(),
                 fmt::format("the payload of event {} is lost", e.seq));
        }
        if (e.type != event_type::prepared) continue;
        if (auto done = check_generation(op, told.step(), e); !done) return done;
    }
    events_.reset();
    if (!told.flaw().empty()) {
        find(finding_kind::story_broken, op.who.id.text(), told.flaw());
        return {};
    }
    auto state = told.finish();
    state.allowance = op.now.allowance;  // a setting of the day on which the step began
    if (auto differs = difference(state, op.now); !differs.empty()) {
        find(finding_kind::row_differs, op.who.id.text(), std::move(differs));
    }
    return {};
}

result<> examiner::check_generation(const operation& op, int step, const event& e) {
    const auto id = rows::prepared_id(op.who.row, step, e.generation);
    prepared_.bind(id);
    auto there = prepared_.step();
    if (!there) return fail(std::move(there).error());
    const auto what = fmt::format("generation {} of step \"{}\"", e.generation, e.step);
    if (!*there) {
        find(finding_kind::generation_lost, op.who.id.text(), what);
        return {};
    }
    const payload_label label{op.who.id, payload_place::prepared, id & most_events};
    if (auto read = rows::read_sealed(prepared_, 1, label, options_.cipher.get()); !read) {
        find(finding_kind::payload_unreadable, op.who.id.text(),
             fmt::format("{}: {}", what, read.error().detail()));
    }
    prepared_.reset();
    return {};
}

result<> examiner::check_lock_of(const operation& op) {
    const bool holds = op.now.lock == lock_state::held;
    const bool waits = op.now.state == op_state::blocked;
    if (!holds && !waits) return {};
    auto holder = number(lock_, op.who.lock_key);
    if (!holder) return fail(std::move(holder).error());
    if (waits && !*holder) {
        find(finding_kind::lock_free, op.who.id.text(),
             fmt::format("nobody holds \"{}\", so nobody will hand it on", op.who.lock_key));
    } else if (holds && *holder != op.who.row) {
        find(finding_kind::lock_lost, op.who.id.text(),
             fmt::format("\"{}\" is not written down as its own", op.who.lock_key));
    }
    return {};
}

result<> examiner::check_family(const operation& op) {
    if (const auto& parent = op.who.parent) {
        auto state = number(state_, bytes_view{parent->raw()});
        if (!state) return fail(std::move(state).error());
        if (!*state) find(finding_kind::parent_missing, op.who.id.text(), parent->text());
    }
    if (const auto& child = op.now.awaits) {
        auto state = number(state_, bytes_view{child->raw()});
        if (!state) return fail(std::move(state).error());
        if (!*state || **state == static_cast<int>(op_state::terminal)) {
            find(finding_kind::child_missed, op.who.id.text(), child->text());
        }
    }
    return {};
}

result<examination> examiner::run() {
    auto done = prepare();
    if (done) done = check_pages();
    if (done) done = check_tags();
    if (!done) return fail(std::move(done).error());
    std::int64_t after = 0;
    bool more = true;
    for (bool first = true; more; first = false) {
        if (auto begun = begin_.run(); !begun) return fail(std::move(begun).error());
        auto clock = number(clock_);
        auto last = number(last_);
        if (!clock) return fail(std::move(clock).error());
        if (!last) return fail(std::move(last).error());
        latest_ = clock->value_or(0);
        last_row_ = last->value_or(0);
        done = first ? check_locks() : result<>{};
        if (done && first) done = check_payloads();
        if (done) done = check_some(after, more);
        if (done) done = end_.run();
        if (!done) return fail(std::move(done).error());
        const auto percent = last_row_ == 0 ? 100 : after * 100 / last_row_;
        if (options_.progress) options_.progress(static_cast<int>(percent), out_.operations);
    }
    return out_;
}

}  // namespace

result<examination> examine(const std::string& path, examine_options options) {
    auto db = sql::database::open(path, sql::access::read);
    if (!db) return fail(std::move(db).error());
    auto same = sql::expect_version(*db, static_cast<int>(journal_migrations().size()));
    if (!same) return fail(std::move(same).error());
    if (auto keys = check_payload_keys(*db, options.cipher.get()); !keys) {
        return fail(std::move(keys).error());
    }
    return examiner{std::move(*db), std::move(options)}.run();
}

}  // namespace thole::saga
