// Keys of sqlite_store, and the pass that brings everything under the newest one.

#include <fmt/format.h>

#include <algorithm>

#include "engine/codes.hpp"
#include "engine/sqlite_store.hpp"

namespace thole::saga {

namespace {

constexpr int tables = 3;  // event, payload, prepared
// What a part of a pass may hold in memory, more or less.
constexpr std::size_t most_bytes = 4 << 20;

struct value_row {
    std::int64_t id = 0;
    std::optional<std::string> text;  // in the clear again; nullopt: stays as it is
    std::optional<std::string> data;
    uuid operation;
};

}  // namespace

result<> check_payload_keys(sql::database& db, const payload_cipher* cipher) {
    auto keys = db.prepare("select id, fingerprint from payload_key order by id");
    if (!keys) return fail(std::move(keys).error());
    for (auto row = keys->step();; row = keys->step()) {
        if (!row) return fail(std::move(row).error());
        if (!*row) return {};
        const std::string id{keys->text(0)};
        const auto here = cipher != nullptr ? cipher->fingerprint(id) : std::nullopt;
        if (!here) {
            return fail(codes::engine_payload_key_missing, fmt::format("key \"{}\"", id));
        }
        if (*here != keys->text(1)) {
            return fail(
                codes::engine_payload_key_bad,
                fmt::format("key \"{}\" is another one than the file was sealed under", id));
        }
    }
}

result<bool> needs_resealing(sql::database& db, const payload_cipher& cipher) {
    // Another key's row is there until nothing is sealed under it any more.
    auto found = db.prepare(
        "select whole and not exists (select 1 from payload_key where id <> ?1) from payload_key "
        "where id = ?1");
    if (!found) return fail(std::move(found).error());
    found->bind(cipher.newest());
    auto row = found->step();
    if (!row) return fail(std::move(row).error());
    return !*row || found->integer(0) == 0;
}

result<> sqlite_store::prepare_reseal() {
    const auto values = [](std::string_view columns, std::string_view table) {
        return fmt::format(
            "select id, {0}, (select uuid from op where op.id = {1}.id >> 20) from {1} where id > "
            "? order by id limit ?",
            columns, table);
    };
    const std::pair<sql::statement*, std::string> list[] = {
        {&sql_.row_uuid, "select uuid from op where id = ?"},
        {&sql_.next_sealed[0], values("payload, data, type", "event")},
        {&sql_.next_sealed[1], values("bytes, null, 0", "payload")},
        {&sql_.next_sealed[2], values("bytes, null, 0", "prepared")},
        {&sql_.reseal[0],
         "update event set payload = coalesce(?, payload), data = coalesce(?, data) where id = ?"},
        {&sql_.reseal[1], "update payload set bytes = coalesce(?, ?) where id = ?"},
        {&sql_.reseal[2], "update prepared set bytes = coalesce(?, ?) where id = ?"},
        {&sql_.insert_key,
         "insert into payload_key(id, fingerprint, whole) values(?, ?, 0) on conflict do nothing"},
        {&sql_.drop_keys, "delete from payload_key where id <> ?"},
        {&sql_.set_whole, "update payload_key set whole = 1 where id = ?"},
        {&sql_.last_row, "select coalesce(max(id), 0) from op"}};
    return compile(list);
}

// Written down before anything is sealed under it.
result<> sqlite_store::take_newest_key() {
    if (cipher_ == nullptr) return {};
    const auto& id = cipher_->newest();
    return sql_.insert_key.run(id, *cipher_->fingerprint(id));
}

result<std::optional<std::string>> sqlite_store::to_reseal(const sql::statement& row, int column,
                                                           const payload_label& label) {
    if (row.is_null(column)) return std::nullopt;
    const bool newest =
        row.is_blob(column) && payload_cipher::key_of(row.blob(column)) == cipher_->newest();
    if (newest) return std::nullopt;
    auto text = rows::read_sealed(row, column, label, cipher_.get());
    if (!text) return fail(std::move(text).error());
    return std::move(*text);
}

// Looks at the next values of one table, and seals anew those that need it.
result<> sqlite_store::reseal_some(reseal_progress& at, int limit) {
    const auto table = static_cast<std::size_t>(at.table);
    const auto place = at.table == 2 ? payload_place::prepared : payload_place::event_payload;
    auto& query = sql_.next_sealed[table];
    std::vector<value_row> found;
    std::size_t bytes = 0;
    int seen = 0;
    query.bind(at.after, limit);
    bool more = false;
    for (auto row = query.step();; row = query.step()) {
        if (!row) return fail(std::move(row).error());
        if (!*row) break;
        ++seen;
        at.after = query.integer(0);
        // What has no operation belongs to nobody: doctor tells of it.
        value_row each{at.after, {}, {}, {}};
        if (query.is_null(4)) continue;
        std::array<std::uint8_t, 16> raw{};
        std::ranges::copy_n(query.blob(4).begin(), raw.size(), raw.begin());
        each.operation = uuid{raw};
        const auto number = each.id & most_events;
        auto text = to_reseal(query, 1, {each.operation, place, number});
        auto data = result<std::optional<std::string>>{};
        if (rows::has_sealed_data(static_cast<event_type>(query.integer(3)))) {
            data = to_reseal(query, 2, {each.operation, payload_place::event_data, number});
        }
        if (!text || !data) {
            query.reset();
            return fail(!text ? std::move(text).error() : std::move(data).error());
        }
        each.text = std::move(*text);
        each.data = std::move(*data);
        bytes += (each.text ? each.text->size() : 0) + (each.data ? each.data->size() : 0);
        if (each.text || each.data) found.push_back(std::move(each));
        if (bytes > most_bytes) {
            more = true;
            query.reset();
            break;
        }
    }
    for (const auto& each : found) {
        const auto number = each.id & most_events;
        const rows::cell text{
            each.text.value_or(""), {each.operation, place, number}, cipher_.get()};
        const rows::cell data{each.data.value_or(""),
                              {each.operation, payload_place::event_data, number},
                              cipher_.get()};
        auto& update = sql_.reseal[table];
        update.reset();
        text.bind(update, 1);
        data.bind(update, 2);
        update.bind_at(3, each.id);
        auto done = update.step();
        if (!done) return fail(std::move(done).error());
    }
    at.looked_at += seen;
    at.sealed += std::ssize(found);
    if (more || seen == limit) return {};
    ++at.table;
    at.after = 0;
    return {};
}

result<reseal_progress> sqlite_store::reseal(const reseal_progress& from, int limit) {
    auto at = from;
    if (cipher_ == nullptr || at.done) {
        at.done = true;
        return at;
    }
    if (auto done = reseal_some(at, limit); !done) return fail(std::move(done).error());
    if (at.table == tables) {
        // All that was written meanwhile is sealed under the newest key already.
        auto done = sql_.drop_keys.run(cipher_->newest());
        if (done) done = sql_.set_whole.run(cipher_->newest());
        if (!done) return fail(std::move(done).error());
        at.done = true;
        at.percent = 100;
        return at;
    }
    auto last = sql_.last_row.step();
    if (!last) return fail(std::move(last).error());
    const auto rows = std::max<std::int64_t>(sql_.last_row.integer(0), 1);
    sql_.last_row.reset();
    at.percent = static_cast<int>((at.table * 100 + (at.after >> 20) * 100 / (rows + 1)) / tables);
    return at;
}

}  // namespace thole::saga
