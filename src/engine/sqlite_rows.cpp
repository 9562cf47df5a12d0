#include "engine/sqlite_rows.hpp"

#include <algorithm>

#include "engine/codes.hpp"
#include "engine/tags.hpp"

namespace thole::saga::rows {

namespace {

// Empty text is stored as NULL: most of these columns are empty most of the time.
class nullable {
  public:
    explicit nullable(std::string_view text) : text_{text} {}
    [[nodiscard]] std::optional<std::string_view> get() const {
        return text_.empty() ? std::nullopt : std::optional{text_};
    }

  private:
    std::string_view text_;
};
std::optional<std::string_view> or_null(std::string_view text) {
    return nullable{text}.get();
}

std::int64_t micros(store_time t) {
    return t.time_since_epoch().count();
}
store_time time_at(std::int64_t us) {
    return store_time{std::chrono::microseconds{us}};
}

std::int64_t flags_of(const operation_state& s) {
    std::int64_t out = 0;
    int bit = 0;
    for (const bool each : {s.backward, s.started, s.open, s.past_pivot, s.proved_dead, s.live,
                            s.uncertain, s.cancelling, s.conflicted, s.paused, s.archived}) {
        out |= std::int64_t{each} << bit++;
    }
    return out;
}
void set_flags(operation_state& s, std::int64_t flags) {
    int bit = 0;
    for (bool* each : {&s.backward, &s.started, &s.open, &s.past_pivot, &s.proved_dead, &s.live,
                       &s.uncertain, &s.cancelling, &s.conflicted, &s.paused, &s.archived}) {
        *each = (flags >> bit++ & 1) != 0;
    }
}

void bind_id(sql::statement& to, int index, const std::optional<uuid>& id) {
    to.bind_at(index, id ? std::optional{bytes_view{id->raw()}} : std::nullopt);
}
std::optional<uuid> read_id(const sql::statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    std::array<std::uint8_t, 16> raw{};
    std::ranges::copy_n(row.blob(column).begin(), raw.size(), raw.begin());
    return uuid{raw};
}

struct member_text {
    std::string step;
    member_stand stand = member_stand::waits;
    bool started = false;
    bool open = false;
    bool conflicted = false;
    int attempt = 1;
    std::int64_t due = 0;
    std::string waiting;
    std::optional<uuid> awaits;
    std::string fault;
};
BOOST_DESCRIBE_STRUCT(member_text, (),
                      (step, stand, started, open, conflicted, attempt, due, waiting, awaits,
                       fault))

std::string text_of(const std::vector<member_state>& members) {
    if (members.empty()) return {};
    std::vector<member_text> out;
    for (const auto& m : members) {
        out.push_back({m.step, m.stand, m.started, m.open, m.conflicted, m.attempt, micros(m.due),
                       m.waiting, m.awaits, m.fault});
    }
    return json::write(out);
}
// What cannot be read is left out: doctor finds that the events tell otherwise.
std::vector<member_state> read_members(std::string_view text) {
    std::vector<member_state> out;
    if (text.empty()) return out;
    auto read = json::read<std::vector<member_text>>(text);
    if (!read) return out;
    for (auto& m : *read) {
        out.push_back({std::move(m.step), m.stand, m.started, m.open, m.conflicted, m.attempt,
                       time_at(m.due), std::move(m.waiting), m.awaits, std::move(m.fault)});
    }
    return out;
}

template <class E>
std::int64_t number(E e) {
    return static_cast<std::int64_t>(e);
}

// Binds the changing columns from `index` on; answers the next free index. `members` is their text,
// which lives until the statement was run.
int bind_state(sql::statement& to, int index, const operation_state& s,
               const std::string& members) {
    to.bind_at(index++, number(s.state));
    to.bind_at(index++, number(s.ending));
    to.bind_at(index++, number(s.lock));
    to.bind_at(index++, flags_of(s));
    to.bind_at(index++, s.step);
    to.bind_at(index++, or_null(s.step_name));
    to.bind_at(index++, s.attempt);
    to.bind_at(index++, s.generation);
    to.bind_at(index++, s.allowance);
    to.bind_at(index++, micros(s.due_at));
    to.bind_at(index++, s.owner);
    to.bind_at(index++, s.fence);
    to.bind_at(index++, s.seq);
    to.bind_at(index++, or_null(s.progress));
    to.bind_at(index++, or_null(s.waiting));
    to.bind_at(index++, or_null(s.fault));
    to.bind_at(index++, or_null(s.cause));
    to.bind_at(index++, micros(s.updated_at));
    to.bind_at(index++, micros(s.ended_at));
    bind_id(to, index++, s.awaits);
    to.bind_at(index++, number(s.priority));
    to.bind_at(index++, s.version);
    to.bind_at(index++, or_null(members));
    to.bind_at(index++, std::string_view{s.lane});
    return index;
}

result<> finish(sql::statement& s) {
    auto row = s.step();
    if (!row) return fail(std::move(row).error());
    if (*row) s.reset();
    return {};
}

}  // namespace

operation read_operation(const sql::statement& row) {
    operation op;
    auto& who = op.who;
    int c = 0;
    who.row = row.integer(c++);
    who.id = read_id(row, c++).value_or(uuid{});
    who.tenant = row.text(c++);
    who.kind = row.text(c++);
    who.version = static_cast<int>(row.integer(c++));
    who.key = row.text(c++);
    std::ranges::copy_n(row.blob(c++).begin(), who.request_hash.size(), who.request_hash.begin());
    who.subject = row.text(c++);
    who.lock_key = row.text(c++);
    op.now.priority = static_cast<operation_priority>(row.integer(c++));
    who.created_at = time_at(row.integer(c++));
    auto& s = op.now;
    s.state = static_cast<op_state>(row.integer(c++));
    s.ending = static_cast<op_ending>(row.integer(c++));
    s.lock = static_cast<lock_state>(row.integer(c++));
    set_flags(s, row.integer(c++));
    s.step = static_cast<int>(row.integer(c++));
    s.step_name = row.text(c++);
    s.attempt = static_cast<int>(row.integer(c++));
    s.generation = static_cast<int>(row.integer(c++));
    s.allowance = static_cast<int>(row.integer(c++));
    s.due_at = time_at(row.integer(c++));
    s.owner = static_cast<std::uint64_t>(row.integer(c++));
    s.fence = static_cast<std::uint64_t>(row.integer(c++));
    s.seq = row.integer(c++);
    s.progress = row.text(c++);
    s.waiting = row.text(c++);
    s.fault = row.text(c++);
    s.cause = row.text(c++);
    s.updated_at = time_at(row.integer(c++));
    s.ended_at = time_at(row.integer(c++));
    s.awaits = read_id(row, c++);
    who.parent = read_id(row, c++);
    s.version = row.is_null(c) ? who.version : static_cast<int>(row.integer(c));
    s.members = read_members(row.text(++c));
    s.lane = row.text(++c);
    who.tags = split_tags(row.text(++c));
    return op;
}

result<std::string> read_sealed(const sql::statement& row, int column, const payload_label& label,
                                const payload_cipher* cipher) {
    if (!row.is_blob(column)) return std::string{row.text(column)};
    return open_payload(cipher, row.blob(column), label);
}

void cell::bind(sql::statement& to, int index) const {
    if (sealed_.empty()) return to.bind_at(index, or_null(text_));
    to.bind_at(index, bytes_view{sealed_});
}

result<bool> read_or_keep(const sql::statement& row, int column, const payload_label& label,
                          const payload_cipher* cipher, std::string& out) {
    auto opened = read_sealed(row, column, label, cipher);
    if (opened) return out = std::move(*opened), false;
    if (!is_about_sealing(opened.error())) return fail(std::move(opened).error());
    out = as_text(row.blob(column));
    return true;
}

result<event> read_event(const sql::statement& row, const uuid& operation,
                         const payload_cipher* cipher) {
    event e;
    e.seq = row.integer(0) & most_events;
    e.at = time_at(row.integer(1));
    e.type = static_cast<event_type>(row.integer(2));
    e.step = row.text(3);
    e.attempt = static_cast<int>(row.integer(4));
    e.generation = static_cast<int>(row.integer(5));
    e.latency_ms = row.integer(6);
    e.fault = row.text(7);
    e.actor = row.text(8);
    const auto data =
        read_or_keep(row, 9, {operation, payload_place::event_data, e.seq}, cipher, e.data);
    const auto payload =
        read_or_keep(row, 10, {operation, payload_place::event_payload, e.seq}, cipher, e.payload);
    for (const auto* each : {&data, &payload}) {
        if (!*each) return fail(each->error());
    }
    e.data_sealed = *data;
    e.payload_sealed = *payload;
    return e;
}

result<> run_insert(sql::statement& insert, const identity& who, const operation_state& s) {
    insert.reset();
    int i = 1;
    insert.bind_at(i++, bytes_view{who.id.raw()});
    insert.bind_at(i++, who.tenant);
    insert.bind_at(i++, who.kind);
    insert.bind_at(i++, who.version);
    insert.bind_at(i++, who.key);
    insert.bind_at(i++, bytes_view{who.request_hash});
    insert.bind_at(i++, or_null(who.subject));
    insert.bind_at(i++, or_null(who.lock_key));
    insert.bind_at(i++, micros(who.created_at));
    const auto members = text_of(s.members);
    i = bind_state(insert, i, s, members);
    bind_id(insert, i++, who.parent);
    const auto tags = joined_tags(who.tags);
    insert.bind_at(i++, or_null(tags));
    return finish(insert);
}

result<> run_update(sql::statement& update, std::int64_t row, std::uint64_t fence, std::int64_t seq,
                    const operation_state& s) {
    update.reset();
    const auto members = text_of(s.members);
    int i = bind_state(update, 1, s, members);
    update.bind_at(i++, row);
    update.bind_at(i++, fence);
    update.bind_at(i++, seq);
    return finish(update);
}

result<> run_insert(sql::statement& insert, std::int64_t row, const event& e, const cell& payload,
                    const cell& data) {
    if (e.seq > most_events) return fail(codes::engine_row_full);
    insert.bind(event_id(row, e.seq), micros(e.at), number(e.type), or_null(e.step), e.attempt,
                e.generation, e.latency_ms, or_null(e.fault), or_null(e.actor));
    data.bind(insert, 10);
    payload.bind(insert, 11);
    return finish(insert);
}

}  // namespace thole::saga::rows
