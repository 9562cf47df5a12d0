// What sqlite_store removes, and what it must know for that.

#include <fmt/format.h>

#include "engine/codes.hpp"
#include "engine/sqlite_store.hpp"

namespace thole::saga {

result<> sqlite_store::prepare_upkeep() {
    const std::pair<sql::statement*, std::string> list[] = {
        {&sql_.kept, "select bytes from payload where id = ?"},
        {&sql_.insert_payload, "insert into payload(id, bytes) values(?, ?)"},
        // The last row stays, so that no number is given twice.
        {&sql_.removable,
         fmt::format("select {} from op as o where kind = ?1 and state = 4 and (flags & 1024) = 0 "
                     "and ended_at < ?2 and id < (select max(id) from op) and "
                     "(parent is null or not exists(select 1 from op p where p.uuid = o.parent and "
                     "p.state <> 4)) and "
                     "(?4 or not exists(select 1 from op c where c.parent = o.uuid)) "
                     "order by ended_at limit ?3",
                     rows::operation_columns)},
        {&sql_.archived, "select size from archive where file = ?"},
        {&sql_.set_archived,
         "insert into archive(file, size) values(?, ?) on conflict(file) do update set size = "
         "excluded.size"},
        {&sql_.all_prepared, "select id, bytes from prepared where id between ? and ? order by id"},
        {&sql_.drop_events, "delete from event where id between ? and ?"},
        {&sql_.drop_payloads, "delete from payload where id between ? and ?"},
        {&sql_.drop_prepared, "delete from prepared where id between ? and ?"},
        {&sql_.drop_op, "delete from op where id = ? and state = 4"},
        {&sql_.drop_tag, "delete from tag where tag = ? and op = ?"},
        {&sql_.strip_op, fmt::format("update op set flags = flags | {} where id = ? and state = 4",
                                     rows::archived_flag)}};
    return compile(list);
}

result<removable_page> sqlite_store::removable(const removable_query& query) {
    removable_page page;
    sql_.removable.bind(query.kind, query.before.time_since_epoch().count(), query.limit,
                        query.keep_rows);
    for (auto row = sql_.removable.step();; row = sql_.removable.step()) {
        if (!row) return fail(std::move(row).error());
        if (!*row) break;
        page.items.push_back(rows::read_operation(sql_.removable));
    }
    sql_.archived.bind(query.file);
    auto known = sql_.archived.step();
    if (!known) return fail(std::move(known).error());
    if (*known) page.archived = sql_.archived.integer(0);
    sql_.archived.reset();
    return page;
}

// Of one that keeps its row, input and outputs stay as one document.
result<> sqlite_store::remove_one(operation op, bool keep_row) {
    const auto row = op.who.row;
    std::string kept;
    if (keep_row) {
        stored_operation whole;
        whole.op = std::move(op);
        // What does not open is not kept: it is in the archive, sealed as it is.
        auto done = fill(whole);
        if (!done && !is_about_sealing(done.error())) return done;
        if (done) kept = kept_document(whole);
        op = std::move(whole.op);
    }
    auto done = (keep_row ? sql_.strip_op : sql_.drop_op).run(row);
    const auto first = rows::event_id(row, 0);
    const auto last = rows::event_id(row, most_events);
    for (auto* drop : {&sql_.drop_events, &sql_.drop_payloads, &sql_.drop_prepared}) {
        if (done) done = drop->run(first, last);
    }
    for (const auto& tag : op.who.tags) {
        if (done && !keep_row) done = sql_.drop_tag.run(tag, row);
    }
    if (!done || kept.empty()) return done;
    const rows::cell sealed{kept, {op.who.id, payload_place::event_payload, 0}, cipher_.get()};
    sql_.insert_payload.bind(rows::kept_id(row));
    sealed.bind(sql_.insert_payload, 2);
    auto written = sql_.insert_payload.step();
    return written ? result<>{} : fail(std::move(written).error());
}

// A refusal leaves no trace: others may stand in the same transaction.
result<> sqlite_store::remove(const removal& what) {
    std::vector<operation> all;
    for (const auto row : what.rows) {
        sql_.by_row.bind(row);
        auto found = one(sql_.by_row);
        if (!found) return fail(std::move(found).error());
        if (!*found || (*found)->now.state != op_state::terminal) return fail(codes::engine_fenced);
        all.push_back(std::move(**found));
    }
    for (auto& op : all) {
        if (auto done = remove_one(std::move(op), what.keep_rows); !done) return done;
    }
    return sql_.set_archived.run(what.file, what.archived);
}

result<std::vector<prepared_row>> sqlite_store::prepared(std::int64_t row) {
    std::vector<prepared_row> out;
    auto of = id_of(row);
    if (!of) return fail(std::move(of).error());
    sql_.all_prepared.bind(rows::prepared_id(row, 0, 0),
                           rows::prepared_id(row, rows::generation_mask, rows::generation_mask));
    for (auto more = sql_.all_prepared.step();; more = sql_.all_prepared.step()) {
        if (!more) return fail(std::move(more).error());
        if (!*more) return out;
        const auto id = sql_.all_prepared.integer(0);
        const payload_label label{*of, payload_place::prepared, id & most_events};
        auto& made = out.emplace_back();
        const auto sealed =
            rows::read_or_keep(sql_.all_prepared, 1, label, cipher_.get(), made.bytes);
        if (!sealed) {
            sql_.all_prepared.reset();
            return fail(sealed.error());
        }
        made.step = static_cast<int>(id >> 10 & rows::generation_mask);
        made.generation = static_cast<int>(id & rows::generation_mask);
        made.sealed = *sealed;
    }
}

}  // namespace thole::saga
