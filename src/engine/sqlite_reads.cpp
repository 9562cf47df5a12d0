// What sqlite_store reads: on the writer's connection within a claim, else on a read connection.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/codes.hpp"
#include "engine/sqlite_store.hpp"

namespace thole::saga {

result<std::optional<operation>> sqlite_store::one(sql::statement& query) {
    auto row = query.step();
    if (!row) return fail(std::move(row).error());
    if (!*row) return std::nullopt;
    auto op = rows::read_operation(query);
    query.reset();
    return op;
}

namespace {
// A statement that is left in its midst keeps its snapshot.
std::unexpected<fault> leave(sql::statement& query, fault why) {
    query.reset();
    return fail(std::move(why));
}
}  // namespace

result<uuid> sqlite_store::id_of(std::int64_t row) {
    sql_.row_uuid.bind(row);
    auto found = sql_.row_uuid.step();
    if (!found) return fail(std::move(found).error());
    std::array<std::uint8_t, 16> raw{};
    if (*found) {
        std::ranges::copy_n(sql_.row_uuid.blob(0).begin(), raw.size(), raw.begin());
        sql_.row_uuid.reset();
    }
    return uuid{raw};
}

// Those that were archived by an earlier version kept nothing.
result<> sqlite_store::fill_archived(stored_operation& op) {
    sql_.kept.bind(rows::kept_id(op.op.who.row));
    auto found = sql_.kept.step();
    if (!found) return fail(std::move(found).error());
    if (!*found) return {};
    const payload_label label{op.op.who.id, payload_place::event_payload, 0};
    auto text = rows::read_sealed(sql_.kept, 0, label, cipher_.get());
    sql_.kept.reset();
    if (!text) return fail(std::move(text).error());
    if (!read_kept_document(op, *text)) return fail(codes::engine_unreadable);
    return {};
}

// Input, outputs and the newest generation of the current step.
result<> sqlite_store::fill(stored_operation& op) {
    if (op.op.now.archived) return fill_archived(op);
    const auto row = op.op.who.row;
    sql_.payloads.bind(rows::event_id(row, 0), rows::event_id(row, most_events));
    for (auto more = sql_.payloads.step();; more = sql_.payloads.step()) {
        if (!more) return fail(std::move(more).error());
        if (!*more) break;
        const payload_label label{op.op.who.id, payload_place::event_payload,
                                  sql_.payloads.integer(0) & most_events};
        auto payload = rows::read_sealed(sql_.payloads, 3, label, cipher_.get());
        if (!payload) return leave(sql_.payloads, std::move(payload).error());
        keep_payload(op, static_cast<event_type>(sql_.payloads.integer(1)), sql_.payloads.text(2),
                     *payload);
    }
    const int step = op.op.now.step;
    sql_.prepared.bind(rows::prepared_id(row, step, 0),
                       rows::prepared_id(row, step, rows::generation_mask));
    auto found = sql_.prepared.step();
    if (!found) return fail(std::move(found).error());
    if (*found) {
        const auto generation = static_cast<int>(sql_.prepared.integer(0) & rows::generation_mask);
        const payload_label label{op.op.who.id, payload_place::prepared,
                                  sql_.prepared.integer(0) & most_events};
        auto bytes = rows::read_sealed(sql_.prepared, 1, label, cipher_.get());
        if (!bytes) return leave(sql_.prepared, std::move(bytes).error());
        op.prepared = prepared_row{step, generation, std::move(*bytes)};
        sql_.prepared.reset();
    }
    return {};
}

result<> sqlite_store::fill_holder(stored_operation& op) {
    if (op.op.now.state != op_state::blocked) return {};
    sql_.holder_id.bind(op.op.who.lock_key);
    auto held = sql_.holder_id.step();
    if (!held) return fail(std::move(held).error());
    if (*held) {
        std::array<std::uint8_t, 16> raw{};
        std::ranges::copy_n(sql_.holder_id.blob(0).begin(), raw.size(), raw.begin());
        op.holder = uuid{raw};
        sql_.holder_id.reset();
    }
    return {};
}

// As far as it opens: a person can see it, and end it, all the same.
result<> sqlite_store::show(stored_operation& op) {
    if (auto done = fill_holder(op); !done) return done;
    auto done = fill(op);
    if (done || !is_about_sealing(done.error())) return done;
    op.input.clear();
    op.outputs.clear();
    op.prepared.reset();
    op.sealed = std::move(done).error();
    return {};
}

result<std::optional<stored_operation>> sqlite_store::load(const uuid& id) {
    sql_.by_id.bind(bytes_view{id.raw()});
    auto found = one(sql_.by_id);
    if (!found) return fail(std::move(found).error());
    if (!*found) return std::nullopt;
    stored_operation out;
    out.op = std::move(**found);
    if (auto done = show(out); !done) return fail(std::move(done).error());
    return out;
}

result<std::optional<operation>> sqlite_store::find_key(std::string_view tenant,
                                                        std::string_view kind,
                                                        std::string_view key) {
    sql_.by_key.bind(tenant, kind, key);
    return one(sql_.by_key);
}

namespace {

using text_filters = std::array<std::pair<std::string_view, const std::optional<std::string>*>, 5>;

text_filters texts_of(const list_filter& f) {
    return {{{"tenant", &f.tenant},
             {"kind", &f.kind},
             {"key", &f.key},
             {"subject", &f.subject},
             {"tag", &f.tag}}};
}

}  // namespace

std::string rows::list_query(const list_filter& f) {
    // The state goes in as a number in the text, so that its partial index can serve.
    // Of one tag, its own table is gone through instead, in the same order.
    const std::string_view from = f.tag ? "tag cross join op on op.id = tag.op" : "op";
    const std::string_view number = f.tag ? "tag.op" : "id";
    std::string text = fmt::format("select {} from {} where 1", operation_columns, from);
    if (f.state) text += fmt::format(" and state = {}", static_cast<int>(*f.state));
    if (f.ending) text += fmt::format(" and ending = {}", static_cast<int>(*f.ending));
    if (f.before != 0) text += fmt::format(" and {} < {}", number, f.before);
    const auto micros = [](store_time t) { return t.time_since_epoch().count(); };
    if (f.created_from) text += fmt::format(" and created_at >= {}", micros(*f.created_from));
    if (f.created_to) text += fmt::format(" and created_at < {}", micros(*f.created_to));
    if (f.parent) text += fmt::format(" and parent = x'{:02x}'", fmt::join(f.parent->raw(), ""));
    // Looked for from the newest on; together with a state the partial index bounds the search.
    if (f.text) {
        text += " and (instr(fault, ?1) > 0 or instr(waiting, ?1) > 0 or instr(cause, ?1) > 0)";
    }
    for (const auto& [column, value] : texts_of(f)) {
        // Without a key the index of keys would only gather everything of a tenant and sort it.
        const bool broad = !f.key && (column == "tenant" || column == "kind");
        if (*value) text += fmt::format(" and {}{} = ?", broad ? "+" : "", column);
    }
    text += fmt::format(" order by {} desc limit {}", number, f.limit + 1);
    return text;
}

result<operation_page> sqlite_store::list(const list_filter& f) {
    auto query = db_.prepare(rows::list_query(f));
    if (!query) return fail(std::move(query).error());
    int index = 0;
    if (f.text) query->bind_at(++index, *f.text);
    for (const auto& [column, value] : texts_of(f)) {
        if (*value) query->bind_at(++index, **value);
    }
    operation_page page;
    for (auto row = query->step();; row = query->step()) {
        if (!row) return fail(std::move(row).error());
        if (!*row) break;
        if (std::ssize(page.items) == f.limit) {
            page.next = page.items.back().op.who.row;
            break;
        }
        page.items.emplace_back().op = rows::read_operation(*query);
    }
    if (!f.with_outputs) return page;
    for (auto& item : page.items) {
        if (auto done = show(item); !done) return fail(std::move(done).error());
    }
    return page;
}

result<std::vector<event>> sqlite_store::events(std::int64_t row, std::int64_t after, int limit) {
    std::vector<event> out;
    auto id = id_of(row);
    if (!id) return fail(std::move(id).error());
    const auto from = std::min(after, most_events);
    sql_.events.bind(rows::event_id(row, from), rows::event_id(row, most_events), limit);
    for (auto more = sql_.events.step();; more = sql_.events.step()) {
        if (!more) return fail(std::move(more).error());
        if (!*more) return out;
        auto e = rows::read_event(sql_.events, *id, cipher_.get());
        if (!e) return leave(sql_.events, std::move(e).error());
        out.push_back(std::move(*e));
    }
}

result<operation_counts> sqlite_store::counts() {
    auto row = sql_.count.step();
    if (!row) return fail(std::move(row).error());
    operation_counts out{sql_.count.integer(0), sql_.count.integer(1), sql_.count.integer(2),
                         sql_.count.integer(3)};
    sql_.count.reset();
    return out;
}

result<std::vector<held_lock>> sqlite_store::locks() {
    std::vector<held_lock> out;
    for (auto row = sql_.all_locks.step();; row = sql_.all_locks.step()) {
        if (!row) return fail(std::move(row).error());
        if (!*row) return out;
        out.push_back({std::string{sql_.all_locks.text(0)}, sql_.all_locks.integer(1)});
    }
}

result<store_time> sqlite_store::latest() {
    auto row = sql_.latest.step();
    if (!row) return fail(std::move(row).error());
    const store_time out{std::chrono::microseconds{sql_.latest.integer(0)}};
    sql_.latest.reset();
    return out;
}

}  // namespace thole::saga
