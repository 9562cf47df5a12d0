#pragma once

// Operations and events as rows: the one place that knows the order of the columns.

#include <algorithm>

#include "engine/journal.hpp"
#include "engine/payload_cipher.hpp"
#include "sql/sqlite.hpp"

namespace thole::saga::rows {

// "id, uuid, tenant, …": what read_operation() expects from column 0.
inline constexpr std::string_view operation_columns =
    "id, uuid, tenant, kind, version, key, request_hash, subject, lock_key, prio, created_at, "
    "state, ending, lock, flags, step, step_name, attempt, generation, allowance, due_at, owner, "
    "fence, seq, progress, waiting, fault, cause, updated_at, ended_at, awaits, parent, "
    "now_version, members, lane, tags";

inline constexpr int operation_width =  // how many that are
    static_cast<int>(std::ranges::count(operation_columns, ',')) + 1;

// A page of operations, newest first, with a ? for each text of the filter. Without a sort: the
// newest of a tenant or kind are found by going back through all, or through a state's own index.
[[nodiscard]] std::string list_query(const list_filter& f);

inline constexpr std::string_view insert_operation =
    "insert into op(uuid, tenant, kind, version, key, request_hash, subject, lock_key, "
    "created_at, state, ending, lock, flags, step, step_name, attempt, generation, allowance, "
    "due_at, owner, fence, seq, progress, waiting, fault, cause, updated_at, ended_at, "
    "awaits, prio, now_version, members, lane, parent, tags) "
    "values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
    "on conflict(tenant, kind, key) do nothing";
// Changes nothing when the row has moved since it was read.
inline constexpr std::string_view update_state =
    "update op set state=?, ending=?, lock=?, flags=?, step=?, step_name=?, attempt=?, "
    "generation=?, allowance=?, due_at=?, owner=?, fence=?, seq=?, progress=?, waiting=?, fault=?, "
    "cause=?, updated_at=?, ended_at=?, awaits=?, prio=?, now_version=?, members=?, lane=? where "
    "id=? and fence=? and seq=?";

inline constexpr std::string_view event_columns =
    "id, at, type, step, attempt, generation, latency_ms, fault, actor, data, "
    "coalesce(payload, (select bytes from payload p where p.id = event.id))";
// Longer ones stand in a table of their own: what walks over events does not walk over them.
inline constexpr std::size_t most_payload_in_event = 8 << 10;
inline constexpr std::string_view insert_event =
    "insert into event(id, at, type, step, attempt, generation, latency_ms, fault, actor, data, "
    "payload) values(?,?,?,?,?,?,?,?,?,?,?)";

// An operation's events lie between the ids of 0 and most_events.
[[nodiscard]] constexpr std::int64_t event_id(std::int64_t row, std::int64_t seq) noexcept {
    return row << 20 | seq;
}
// Where the kept document of an archived operation stands: no event has this number.
[[nodiscard]] constexpr std::int64_t kept_id(std::int64_t row) noexcept {
    return event_id(row, 0);
}
// The bit of `flags` that says so; see sqlite_rows.cpp.
inline constexpr int archived_flag = 1 << 10;
inline constexpr int generation_mask = (1 << 10) - 1;
static_assert(most_generations <= generation_mask && most_steps <= generation_mask &&
              most_events == (1 << 20) - 1);
[[nodiscard]] constexpr std::int64_t prepared_id(std::int64_t row, int step,
                                                 int generation) noexcept {
    return row << 20 | std::int64_t{step} << 10 | generation;
}

[[nodiscard]] operation read_operation(const sql::statement& row);
// A column that may be sealed: text is as it is, bytes are opened.
[[nodiscard]] result<std::string> read_sealed(const sql::statement& row, int column,
                                              const payload_label& label,
                                              const payload_cipher* cipher);
// What does not open is left as it is, and marked.
[[nodiscard]] result<event> read_event(const sql::statement& row, const uuid& operation,
                                       const payload_cipher* cipher);
// The same for one column: true, it is sealed still.
[[nodiscard]] result<bool> read_or_keep(const sql::statement& row, int column,
                                        const payload_label& label, const payload_cipher* cipher,
                                        std::string& out);

// What goes into a column: text, or what it was sealed to.
class cell {
  public:
    cell(std::string_view text, const payload_label& label, const payload_cipher* cipher)
        : text_{text} {
        if (cipher != nullptr && !text.empty()) sealed_ = cipher->seal(text, label);
    }
    void bind(sql::statement& to, int index) const;

  private:
    std::string_view text_;
    bytes sealed_;
};
// Which data of events may hold what operations carry.
[[nodiscard]] constexpr bool has_sealed_data(event_type type) noexcept {
    return type == event_type::edited;
}

[[nodiscard]] result<> run_insert(sql::statement& insert, const identity& who,
                                  const operation_state& s);
[[nodiscard]] result<> run_update(sql::statement& update, std::int64_t row, std::uint64_t fence,
                                  std::int64_t seq, const operation_state& s);
// `payload` is the event's own, or of an empty text when it stands apart.
[[nodiscard]] result<> run_insert(sql::statement& insert, std::int64_t row, const event& e,
                                  const cell& payload, const cell& data);

}  // namespace thole::saga::rows
