#include "ipfs/sqlite_pin_ledger.hpp"

#include <array>

#include "thole/codes.hpp"

namespace thole::ipfs {
namespace {

constexpr std::array migrations{sql::migration{1, R"sql(
create table pin(
    owner text not null,
    provider text not null,
    content text not null,
    id text not null,
    cid text not null,
    kept integer not null check (kept in (0, 1)),
    primary key(owner, provider, content, id)
) strict, without rowid;
create index pin_of_content on pin(content, provider);
)sql"},
                                sql::migration{2, R"sql(
alter table pin add column session text not null default '';
)sql"},
                                // The index has what totals need, so that they read nothing else.
                                sql::migration{3, R"sql(
alter table pin add column size integer check (size >= 0);
drop index pin_of_content;
create index pin_of_content on pin(content, provider, kept, size);
)sql"}};

template <class... Values>
result<> run(sql::database& db, std::string_view statement, const Values&... values) {
    auto into = db.prepare(statement);
    if (!into) return fail(into.error());
    return into->run(values...);
}

result<> write(sql::database& db, const pin_row& row) {
    return run(db,
               "insert into pin(owner, provider, content, id, cid, kept, size) "
               "values(?, ?, ?, ?, ?, ?, ?) "
               "on conflict do update set cid = excluded.cid, kept = max(kept, excluded.kept), "
               "session = '', size = coalesce(excluded.size, size)",
               row.owner, row.provider, content_name(row.cid), row.id, row.cid, row.kept, row.size);
}

result<> erase(sql::database& db, const pin_row& row, std::string_view id) {
    return run(db, "delete from pin where owner = ? and provider = ? and content = ? and id = ?",
               row.owner, row.provider, content_name(row.cid), id);
}

result<bool> another_keeps(sql::database& db, const pin_row& row) {
    auto query = db.prepare(
        "select 1 from pin where content = ? and provider = ? and kept = 1 and owner <> ? limit 1");
    if (!query) return fail(query.error());
    const auto content = content_name(row.cid);
    query->bind(content, row.provider, row.owner);
    return query->step();
}

result<bool> write_leave(sql::database& db, const pin_row& row) {
    auto change = sql::transaction::begin(db);
    if (!change) return fail(change.error());
    const auto shared = another_keeps(db, row);
    if (!shared) return shared;
    if (!*shared) return true;
    if (auto ok = erase(db, row, row.id); !ok) return fail(ok.error());
    if (auto ok = change->commit(); !ok) return fail(ok.error());
    return false;
}

result<pin_try> read_try(sql::database& db, const pin_row& row) {
    auto query =
        db.prepare("select max(session) from pin where owner = ? and provider = ? and content = ?");
    if (!query) return fail(query.error());
    const auto content = content_name(row.cid);
    query->bind(row.owner, row.provider, content);
    const auto there = query->step();
    if (!there) return fail(there.error());
    if (!*there || query->is_null(0)) return pin_try{};  // no row
    return pin_try{false, std::string{query->text(0)}};
}

result<pin_try> write_intent(sql::database& db, const pin_row& row) {
    auto change = sql::transaction::begin(db);
    if (!change) return fail(change.error());
    auto before = read_try(db, row);
    if (!before || !before->first) return before;
    if (auto ok = write(db, row); !ok) return fail(ok.error());
    if (auto ok = change->commit(); !ok) return fail(ok.error());
    return before;
}

result<> write_kept(sql::database& db, const pin_row& row) {
    auto change = sql::transaction::begin(db);
    if (!change) return fail(change.error());
    if (auto ok = erase(db, row, {}); !ok) return ok;
    if (auto ok = write(db, row); !ok) return ok;
    return change->commit();
}

std::optional<std::uint64_t> size_of(const sql::statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return static_cast<std::uint64_t>(row.integer(column));
}

result<std::vector<pin_row>> read_owner(sql::database& db, const std::string& owner) {
    auto query = db.prepare(
        "select owner, provider, cid, id, kept, size from pin where owner = ? "
        "order by provider, content, id");
    if (!query) return fail(query.error());
    query->bind(owner);
    std::vector<pin_row> out;
    for (;;) {
        const auto there = query->step();
        if (!there) return fail(there.error());
        if (!*there) return out;
        out.push_back({std::string{query->text(0)}, std::string{query->text(1)},
                       std::string{query->text(2)}, std::string{query->text(3)},
                       query->integer(4) != 0, size_of(*query, 5)});
    }
}

// One content of several owners, under several ids, is paid for once.
result<std::vector<pin_total>> read_totals(sql::database& db) {
    auto query = db.prepare(
        "select provider, sum(kept), sum(iif(kept, size, 0)), sum(kept and size is null), "
        "sum(not kept) from (select provider, max(kept) as kept, max(size) as size from pin "
        "group by content, provider) group by provider order by provider");
    if (!query) return fail(query.error());
    const auto number = [&](int column) {
        return static_cast<std::uint64_t>(query->integer(column));
    };
    std::vector<pin_total> out;
    for (;;) {
        const auto there = query->step();
        if (!there) return fail(there.error());
        if (!*there) return out;
        out.push_back({std::string{query->text(0)}, number(1), number(2), number(3), number(4)});
    }
}

result<std::vector<std::string>> all_texts(sql::statement& query) {
    std::vector<std::string> out;
    for (;;) {
        const auto there = query.step();
        if (!there) return fail(there.error());
        if (!*there) return out;
        out.emplace_back(query.text(0));
    }
}

result<std::vector<std::string>> read_owners(sql::database& db, const std::string& after,
                                             int limit) {
    auto query =
        db.prepare("select distinct owner from pin where owner > ? order by owner limit ?");
    if (!query) return fail(query.error());
    query->bind(after, limit);
    return all_texts(*query);
}

result<std::vector<std::string>> read_providers(sql::database& db, const std::string& content) {
    auto query = db.prepare("select distinct provider from pin where content = ?");
    if (!query) return fail(query.error());
    query->bind(content);
    return all_texts(*query);
}

}  // namespace

std::string content_name(std::string_view cid_text) {
    // A v1 has one spelling in these letters.
    if (cid_text.starts_with('b')) return std::string{cid_text};
    const auto id = cid::parse(cid_text);
    return id ? id->as_v1().text() : std::string{cid_text};
}

sqlite_pin_ledger::sqlite_pin_ledger(std::string path, sql::blocking_pool* pool,
                                     sql::open_options options)
    : path_{std::move(path)}, options_{options} {
    if (pool != nullptr) writes_.emplace(*pool, static_cast<sql::connection_owner&>(*this));
}

result<sql::database*> sqlite_pin_ledger::connection() {
    if (!database_) {
        auto opened = sql::database::open(path_, sql::access::read_write, options_);
        if (!opened) return fail(opened.error());
        if (auto ready = sql::migrate(*opened, migrations); !ready) return fail(ready.error());
        database_.emplace(std::move(*opened));
    }
    return &*database_;
}

template <class F>
auto sqlite_pin_ledger::on_connection(F work) -> task<std::invoke_result_t<F&, sql::database&>> {
    using answer = std::invoke_result_t<F&, sql::database&>;
    if (writes_) {
        auto call = [this, &work]() -> answer { return work(*database_); };
        co_return co_await writes_->run(std::move(call));
    }
    const auto db = connection();
    if (!db) co_return fail(db.error());
    auto done = work(**db);
    if (!done && done.error().is(thole::codes::db_unavailable)) lose_connection();
    co_return done;
}

task<result<pin_try>> sqlite_pin_ledger::intend(pin_row row) {
    row.kept = false;
    auto work = [&row](sql::database& db) { return write_intent(db, row); };
    co_return co_await on_connection(std::move(work));
}

task<result<>> sqlite_pin_ledger::keep_session(pin_row row, std::string session) {
    auto work = [&row, &session](sql::database& db) {
        return run(db,
                   "update pin set session = ? where owner = ? and provider = ? and content = ?",
                   session, row.owner, row.provider, content_name(row.cid));
    };
    co_return co_await on_connection(std::move(work));
}

task<result<>> sqlite_pin_ledger::confirm(pin_row row) {
    row.kept = true;
    auto work = [&row](sql::database& db) { return write_kept(db, row); };
    co_return co_await on_connection(std::move(work));
}

task<result<>> sqlite_pin_ledger::forget(pin_row row) {
    auto work = [&row](sql::database& db) { return erase(db, row, row.id); };
    co_return co_await on_connection(std::move(work));
}

task<result<std::vector<pin_row>>> sqlite_pin_ledger::of_owner(std::string owner) {
    auto work = [&owner](sql::database& db) { return read_owner(db, owner); };
    co_return co_await on_connection(std::move(work));
}

task<result<std::vector<std::string>>> sqlite_pin_ledger::owners(std::string after, int limit) {
    auto work = [&after, limit](sql::database& db) { return read_owners(db, after, limit); };
    co_return co_await on_connection(std::move(work));
}

task<result<bool>> sqlite_pin_ledger::leave(pin_row row) {
    auto work = [&row](sql::database& db) { return write_leave(db, row); };
    co_return co_await on_connection(std::move(work));
}

task<result<std::vector<pin_total>>> sqlite_pin_ledger::totals() {
    auto work = [](sql::database& db) { return read_totals(db); };
    co_return co_await on_connection(std::move(work));
}

task<result<std::vector<std::string>>> sqlite_pin_ledger::providers_of(std::string cid) {
    const auto content = content_name(cid);
    auto work = [&content](sql::database& db) { return read_providers(db, content); };
    co_return co_await on_connection(std::move(work));
}

}  // namespace thole::ipfs
