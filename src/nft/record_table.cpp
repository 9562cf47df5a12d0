#include "nft/record_table.hpp"

#include <fmt/core.h>

#include "base/time_text.hpp"
#include "nft/codes.hpp"

namespace thole::nft {
namespace {

// The states are compared one by one: for `in` with so many SQLite makes a table of its own at
// each write. Files of before have it so and mean the same.
constexpr std::array migrations{sql::migration{1, R"sql(
create table thole_nft(
    operation_id text primary key not null,
    tenant text not null,
    account text not null,
    owner text not null,
    mint text not null unique,
    image_cid text not null,
    metadata_cid text not null,
    uri text not null,
    metadata_json text not null,
    level integer,
    status text not null check (status = 'pending' or status = 'minted' or status = 'completed'
        or status = 'rolled_back'),
    signature text,
    version integer not null check (version > 0),
    created_at text not null,
    updated_at text not null
) strict, without rowid;
create index thole_nft_account on thole_nft(account, created_at);
create index thole_nft_live on thole_nft(status) where status in ('pending', 'minted');
create view user_status(account, minting_in_progress, operation_id) as
    select account,
           max(status in ('pending', 'minted')),
           max(case when status in ('pending', 'minted') then operation_id end)
    from thole_nft group by account;
create table thole_nft_meta(name text primary key not null, value text not null)
    strict, without rowid;
)sql"}};

constexpr std::string_view columns =
    "operation_id, tenant, account, owner, mint, image_cid, metadata_cid, uri, metadata_json, "
    "level, status, signature, version, created_at, updated_at";

constexpr std::string_view insert_row =
    "insert into thole_nft(operation_id, tenant, account, owner, mint, image_cid, metadata_cid, "
    "uri, metadata_json, level, status, signature, version, created_at, updated_at) "
    "values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

// A newer version replaces what was said; when the row was made stays.
constexpr std::string_view on_newer =
    " on conflict(operation_id) do update set tenant = ?2, account = ?3, owner = ?4, mint = ?5, "
    "image_cid = ?6, metadata_cid = ?7, uri = ?8, metadata_json = ?9, level = ?10, status = ?11, "
    "signature = ?12, version = ?13, updated_at = ?15 where excluded.version > thole_nft.version";

std::string_view text_of(record_status status) {
    return json::detail::enum_text(status);
}

result<record> read_row(const sql::statement& row) {
    record out;
    const auto operation = uuid::parse(row.text(0));
    const auto status = json::read<record_status>(boost::json::value(row.text(10)));
    const auto created = parse_store_time(row.text(13));
    const auto updated = parse_store_time(row.text(14));
    if (!operation || !status || !created || !updated) {
        return fail(codes::record_conflict,
                    fmt::format("the row of {} cannot be read", row.text(0)));
    }
    out.operation_id = *operation;
    out.tenant = row.text(1);
    out.account = row.text(2);
    out.owner = row.text(3);
    out.mint = row.text(4);
    out.image_cid = row.text(5);
    out.metadata_cid = row.text(6);
    out.uri = row.text(7);
    out.metadata_json = row.text(8);
    if (!row.is_null(9)) out.level = static_cast<std::uint32_t>(row.integer(9));
    out.status = *status;
    out.signature = row.text(11);
    out.version = row.integer(12);
    out.created_at = *created;
    out.updated_at = *updated;
    return out;
}

record unreadable(const sql::statement& row) {
    record out;
    out.operation_id = uuid::parse(row.text(0)).value_or(uuid{});
    out.is_unreadable = true;
    return out;
}

}  // namespace

result<record_table> record_table::open(const std::string& path, sql::open_options options) {
    auto db = sql::database::open(path, sql::access::read_write, options);
    if (!db) return fail(db.error());
    if (auto ready = sql::migrate(*db, migrations); !ready) return fail(ready.error());
    return record_table{std::move(*db)};
}

result<> record_table::write(const record& row, std::string_view statement) {
    auto into = db_.prepare(statement);
    if (!into) return fail(into.error());
    const auto id = row.operation_id.text();
    const auto created = rfc3339(row.created_at);
    const auto updated = rfc3339(row.updated_at);
    const auto level = row.level ? std::optional{std::int64_t{*row.level}} : std::nullopt;
    const auto signature = row.signature.empty() ? std::nullopt : std::optional{row.signature};
    return into->run(id, row.tenant, row.account, row.owner, row.mint, row.image_cid,
                     row.metadata_cid, row.uri, row.metadata_json, level, text_of(row.status),
                     signature, row.version, created, updated);
}

// The address follows from tenant, kind and key: a row of this mint under another id is this very
// operation, accepted again after the journal was restored from an older backup.
result<> record_table::adopt(const record& wanted) {
    const auto there = find_mint(wanted.mint);
    if (!there) return fail(there.error());
    if (!*there || (*there)->operation_id == wanted.operation_id) return {};
    if ((*there)->tenant != wanted.tenant) {
        return fail(codes::record_conflict,
                    fmt::format("mint {} belongs to another tenant", wanted.mint));
    }
    const auto id = wanted.operation_id.text();
    if ((*there)->status == record_status::rolled_back) {
        auto remove = db_.prepare("delete from thole_nft where mint = ?");
        if (!remove) return fail(remove.error());
        return remove->run(wanted.mint);
    }
    auto pass = db_.prepare("update thole_nft set operation_id = ? where mint = ?");
    if (!pass) return fail(pass.error());
    return pass->run(id, wanted.mint);
}

result<record> record_table::upsert(const record& wanted) {
    auto begun = sql::transaction::begin(db_);
    if (!begun) return fail(begun.error());
    if (auto adopted = adopt(wanted); !adopted) return fail(adopted.error());
    const auto statement = std::string{insert_row} + std::string{on_newer};
    if (auto written = write(wanted, statement); !written) return fail(written.error());
    auto there = find(wanted.operation_id);
    if (!there) return fail(there.error());
    if (!*there) return fail(codes::record_missing, wanted.operation_id.text());
    if ((*there)->version == wanted.version && !same_content(**there, wanted)) {
        return fail(codes::record_conflict,
                    fmt::format("version {} of {}", wanted.version, wanted.operation_id.text()));
    }
    if (auto committed = begun->commit(); !committed) return fail(committed.error());
    return std::move(**there);
}

result<record> record_table::converge(record from_chain) {
    auto begun = sql::transaction::begin(db_);
    if (!begun) return fail(begun.error());
    if (auto adopted = adopt(from_chain); !adopted) return fail(adopted.error());
    auto there = find(from_chain.operation_id);
    if (!there) return fail(there.error());
    auto row = *there ? converged(**there, std::move(from_chain)) : std::move(from_chain);
    if (!*there || row.version > (*there)->version) {
        const auto statement = std::string{insert_row} + std::string{on_newer};
        if (auto written = write(row, statement); !written) return fail(written.error());
    }
    auto now = find(row.operation_id);
    if (!now) return fail(now.error());
    if (!*now) return fail(codes::record_missing, row.operation_id.text());
    if (auto committed = begun->commit(); !committed) return fail(committed.error());
    return std::move(**now);
}

// Only what is pending: an operation of a restored older journal may not know that its token
// exists.
result<bool> record_table::mark_rolled_back(const uuid& operation, store_time now) {
    auto update = db_.prepare(
        "update thole_nft set version = version + 1, updated_at = ?2, status = 'rolled_back' "
        "where operation_id = ?1 and status = 'pending'");
    if (!update) return fail(update.error());
    const auto id = operation.text();
    const auto at = rfc3339(now);
    if (auto done = update->run(id, at); !done) return fail(done.error());
    if (db_.changes() > 0) return true;
    const auto there = find(operation);
    if (!there) return fail(there.error());
    if (!*there) return false;
    if ((*there)->status != record_status::rolled_back) {
        return fail(
            codes::record_already_minted,
            fmt::format("{} is {} as mint {}", id, text_of((*there)->status), (*there)->mint));
    }
    return true;
}

result<std::optional<record>> record_table::one(std::string_view where, std::string_view value) {
    auto query = db_.prepare(fmt::format("select {} from thole_nft where {} = ?", columns, where));
    if (!query) return fail(query.error());
    query->bind(value);
    const auto row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return std::nullopt;
    auto read = read_row(*query);
    if (!read) return fail(read.error());
    return std::move(*read);
}

result<std::optional<record>> record_table::find(const uuid& operation) {
    return one("operation_id", operation.text());
}

result<std::optional<record>> record_table::find_mint(std::string_view mint) {
    return one("mint", mint);
}

result<std::vector<uuid>> record_table::missing(const std::vector<uuid>& of) {
    auto query = db_.prepare("select 1 from thole_nft where operation_id = ?");
    if (!query) return fail(query.error());
    std::vector<uuid> out;
    for (const auto& each : of) {
        const auto id = each.text();
        query->reset();
        query->bind(id);
        const auto row = query->step();
        if (!row) return fail(row.error());
        if (!*row) out.push_back(each);
    }
    return out;
}

result<std::vector<record>> record_table::of_account(std::string_view account, int limit) {
    auto query = db_.prepare(fmt::format(
        "select {} from thole_nft where account = ? order by created_at desc, operation_id desc "
        "limit ?",
        columns));
    if (!query) return fail(query.error());
    query->bind(account, limit);
    return rows_of(*query);
}

result<std::vector<record>> record_table::page(const std::optional<uuid>& after, int limit) {
    auto query = db_.prepare(fmt::format(
        "select {} from thole_nft where operation_id > ? order by operation_id", columns));
    if (!query) return fail(query.error());
    const auto from = after ? after->text() : std::string{};
    query->bind(from);
    std::vector<record> found;
    for (int known = 0; known < limit;) {
        const auto row = query->step();
        if (!row) return fail(row.error());
        if (!*row) break;
        auto read = read_row(*query);
        found.push_back(read ? std::move(*read) : unreadable(*query));
        if (found.back().operation_id != uuid{}) ++known;
    }
    return found;
}

result<std::vector<record>> record_table::rows_of(sql::statement& query) {
    std::vector<record> found;
    for (;;) {
        const auto row = query.step();
        if (!row) return fail(row.error());
        if (!*row) return found;
        auto read = read_row(query);
        if (!read) return fail(read.error());
        found.push_back(std::move(*read));
    }
}

result<std::optional<uuid>> record_table::minting(std::string_view account) {
    auto query = db_.prepare(
        "select operation_id from user_status where account = ? and "
        "minting_in_progress");
    if (!query) return fail(query.error());
    query->bind(account);
    const auto row = query->step();
    if (!row) return fail(row.error());
    return *row ? uuid::parse(query->text(0)) : std::nullopt;
}

result<> record_table::probe() {
    auto begun = sql::transaction::begin(db_);
    if (!begun) return fail(begun.error());
    record row;
    row.mint = "probe";
    return write(row, insert_row);  // and the transaction's end takes it back
}

result<std::uint64_t> record_table::live() {
    auto query =
        db_.prepare("select count(*) from thole_nft where status in ('pending', 'minted')");
    if (!query) return fail(query.error());
    if (const auto row = query->step(); !row) return fail(row.error());
    return static_cast<std::uint64_t>(query->integer(0));
}

result<std::optional<std::string>> record_table::meta(std::string_view name) {
    auto query = db_.prepare("select value from thole_nft_meta where name = ?");
    if (!query) return fail(query.error());
    query->bind(name);
    const auto row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return std::nullopt;
    return std::string{query->text(0)};
}

result<> record_table::set_meta(std::string_view name, std::string_view value) {
    auto into = db_.prepare(
        "insert into thole_nft_meta(name, value) values(?1, ?2) "
        "on conflict(name) do update set value = ?2");
    if (!into) return fail(into.error());
    return into->run(name, value);
}

result<> record_table::limit_pages(std::uint32_t pages) {
    return db_.execute(fmt::format("pragma max_page_count = {}", pages).c_str());
}

}  // namespace thole::nft
