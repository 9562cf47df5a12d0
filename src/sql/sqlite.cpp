#include "sql/sqlite.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <unordered_map>
#include <utility>

#include "sql/codes.hpp"
#include "thole/assert.hpp"
#include "thole/codes.hpp"

namespace thole::sql {

namespace {

// SQLite would count its memory under a lock that all connections share; nobody asks for the count.
// Before main(), as it must be before the first use.
[[maybe_unused]] const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);

// What SQLite reports when fsync failed. Going on would acknowledge what may not be on the disk.
bool is_lost_fsync(int code) noexcept {
    return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

std::function<void()>& lost_fsync_action() {
    static thread_local std::function<void()> action;
    return action;
}

const fault_code& code_of(int extended) noexcept {
    switch (extended & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return codes::db_conflict;
        case SQLITE_FULL:
            return codes::db_disk_full;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return codes::db_corrupt;
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return codes::db_cannot_open;
        case SQLITE_IOERR:
        case SQLITE_NOMEM:
        case SQLITE_PROTOCOL:
        case SQLITE_INTERRUPT:
            return codes::db_unavailable;
        default:
            return codes::db_rejected;
    }
}

result<> configure(database& db, access mode, const open_options& options) {
    sqlite3_busy_timeout(db.handle(), static_cast<int>(options.busy_timeout.count()));
    if (mode == access::read) return db.execute("pragma query_only=on");
    const auto pages = "pragma wal_autocheckpoint=" + std::to_string(options.checkpoint_pages);
    const auto most = "pragma max_page_count=" +
                      std::to_string(options.max_pages > 0 ? options.max_pages : 4294967294);
    for (const char* pragma :
         {"pragma journal_mode=wal", "pragma synchronous=full", pages.c_str(), most.c_str(),
          "pragma journal_size_limit=67108864", "pragma temp_store=memory"}) {
        if (auto done = db.execute(pragma); !done) return done;
    }
    return {};
}

}  // namespace

void on_lost_fsync(std::function<void()> end_it) {
    lost_fsync_action() = std::move(end_it);
}

fault to_fault(int code, sqlite3* db) {
    const int extended = db != nullptr ? sqlite3_extended_errcode(db) : code;
    // The extended code belongs to the last call; trust it only when it is about this error.
    const int exact = (extended & 0xFF) == (code & 0xFF) ? extended : code;
    if (is_lost_fsync(exact)) {
        const auto& end_it = lost_fsync_action();
        THOLE_ASSERT(end_it != nullptr, "fsync succeeds; after a failed one nothing is known");
        end_it();
    }
    fault f{code_of(exact)};
    return std::move(f).with_detail(db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

// ---- statement ----------------------------------------------------------------------------------

// Compiled statements that nobody uses now, by their text.
class idle_statements {
  public:
    idle_statements() = default;
    idle_statements(const idle_statements&) = delete;
    idle_statements& operator=(const idle_statements&) = delete;
    ~idle_statements() {
        for (const auto& [text, statement] : idle_) sqlite3_finalize(statement);
    }
    // Null: there is none.
    [[nodiscard]] sqlite3_stmt* take(std::string_view text) noexcept {
        const auto found = idle_.find(text);
        if (found == idle_.end()) return nullptr;
        auto* statement = found->second;
        idle_.erase(found);
        return statement;
    }
    // The text belongs to the statement, and lives as long.
    void keep(sqlite3_stmt* statement) {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
        const bool kept =
            idle_.size() < most && idle_.emplace(sqlite3_sql(statement), statement).second;
        if (!kept) sqlite3_finalize(statement);
    }

  private:
    static constexpr std::size_t most = 128;
    std::unordered_map<std::string_view, sqlite3_stmt*> idle_;
};

void statement::returner::operator()(sqlite3_stmt* s) const noexcept {
    home->keep(s);
}

namespace {
void expect_bound(int code) {
    THOLE_ASSERT(code == SQLITE_OK, "the parameter exists and is bound");
}
}  // namespace

void statement::bind_at(int index, std::int64_t v) {
    expect_bound(sqlite3_bind_int64(handle_.get(), index, v));
}
void statement::bind_at(int index, double v) {
    expect_bound(sqlite3_bind_double(handle_.get(), index, v));
}
void statement::bind_at(int index, null_t) {
    expect_bound(sqlite3_bind_null(handle_.get(), index));
}
// A null pointer would bind NULL: empty text stays text.
void statement::bind_at(int index, std::string_view v) {
    const char* data = v.data() != nullptr ? v.data() : "";
    expect_bound(
        sqlite3_bind_text64(handle_.get(), index, data, v.size(), SQLITE_STATIC, SQLITE_UTF8));
}
void statement::bind_at(int index, bytes_view v) {
    if (v.empty()) return expect_bound(sqlite3_bind_zeroblob(handle_.get(), index, 0));
    expect_bound(sqlite3_bind_blob64(handle_.get(), index, v.data(), v.size(), SQLITE_STATIC));
}

result<bool> statement::step() {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return reset(), false;
    auto f = to_fault(code, sqlite3_db_handle(handle_.get()));
    reset();
    return fail(std::move(f));
}

result<> statement::finish() {
    for (;;) {
        auto row = step();
        if (!row) return fail(std::move(row).error());
        if (!*row) return {};
    }
}

void statement::reset() noexcept {
    sqlite3_reset(handle_.get());
}

std::int64_t statement::integer(int column) const noexcept {
    return sqlite3_column_int64(handle_.get(), column);
}
double statement::real(int column) const noexcept {
    return sqlite3_column_double(handle_.get(), column);
}
std::string_view statement::text(int column) const noexcept {
    const auto* data = sqlite3_column_text(handle_.get(), column);
    if (data == nullptr) return {};
    const auto size = sqlite3_column_bytes(handle_.get(), column);
    return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)};
}
bytes_view statement::blob(int column) const noexcept {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_.get(), column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}
bool statement::is_null(int column) const noexcept {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}
bool statement::is_blob(int column) const noexcept {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_BLOB;
}

// ---- database -----------------------------------------------------------------------------------

void database::closer::operator()(sqlite3* db) const noexcept {
    sqlite3_close_v2(db);
}
void database::idle_deleter::operator()(idle_statements* all) const noexcept {
    delete all;
}

database::database(sqlite3* db) : handle_{db}, idle_{new idle_statements} {}

result<database> database::open(const std::string& path, access mode, open_options options) {
    const int flags =
        SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
        (mode == access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    sqlite3* handle = nullptr;
    const auto before = ::umask(0077);
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, options.vfs);
    ::umask(before);
    database db{handle};
    if (code != SQLITE_OK)
        return fail(to_fault(code, handle).with_detail(path + ": " + sqlite3_errstr(code)));
    if (auto done = configure(db, mode, options); !done) return fail(std::move(done).error());
    return db;
}

result<statement> database::prepare(std::string_view sql) {
    if (auto* known = idle_->take(sql)) return statement{known, *idle_};
    sqlite3_stmt* handle = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
    if (code != SQLITE_OK) return fail(to_fault(code, handle_.get()));
    return statement{handle, *idle_};
}

result<> database::execute(const char* sql) {
    const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return fail(to_fault(code, handle_.get()));
    return {};
}

std::int64_t database::last_insert_id() const noexcept {
    return sqlite3_last_insert_rowid(handle_.get());
}
std::int64_t database::changes() const noexcept {
    return sqlite3_changes64(handle_.get());
}
bool database::in_transaction() const noexcept {
    return sqlite3_get_autocommit(handle_.get()) == 0;
}

// ---- transaction, migration ---------------------------------------------------------------------

result<transaction> transaction::begin(database& db) {
    const bool nested = db.in_transaction();
    auto begin = db.prepare(nested ? "savepoint part" : "begin immediate");
    if (!begin) return fail(std::move(begin).error());
    if (auto begun = begin->run(); !begun) return fail(std::move(begun).error());
    return transaction{db, nested};
}

result<> transaction::commit() {
    auto commit = db_->prepare(nested_ ? "release part" : "commit");
    if (!commit) return fail(std::move(commit).error());
    auto done = commit->run();
    if (done) db_ = nullptr;
    return done;
}

transaction::~transaction() {
    // A failed statement may have ended the transaction already; then there is nothing to undo.
    if (db_ == nullptr || !db_->in_transaction()) return;
    static_cast<void>(db_->execute(nested_ ? "rollback to part; release part" : "rollback"));
}

namespace {

result<int> schema_version(database& db) {
    auto query = db.prepare("pragma user_version");
    if (!query) return fail(std::move(query).error());
    auto row = query->step();
    if (!row) return fail(std::move(row).error());
    return static_cast<int>(query->integer(0));
}

fault wrong_version(const fault_code& code, int found, int known) {
    return fault{code}.with_detail("the file has schema version " + std::to_string(found) +
                                   ", this program knows " + std::to_string(known));
}

}  // namespace

result<> expect_version(database& db, int version) {
    auto found = schema_version(db);
    if (!found) return fail(std::move(found).error());
    if (*found == version) return {};
    const auto& code = *found > version ? codes::db_newer_schema : codes::db_older_schema;
    return fail(wrong_version(code, *found, version));
}

result<> migrate(database& db, std::span<const migration> list) {
    auto version = schema_version(db);
    if (!version) return fail(std::move(version).error());
    if (*version > static_cast<int>(list.size())) {
        return fail(wrong_version(codes::db_newer_schema, *version, static_cast<int>(list.size())));
    }
    for (const auto& step : list.subspan(static_cast<std::size_t>(*version))) {
        THOLE_ASSERT(step.version == ++*version, "migrations are numbered without gaps");
        auto work = transaction::begin(db);
        if (!work) return fail(std::move(work).error());
        const auto stamp = "pragma user_version=" + std::to_string(step.version);
        if (auto done = db.execute(step.sql); !done) return done;
        if (auto done = db.execute(stamp.c_str()); !done) return done;
        if (auto done = work->commit(); !done) return done;
    }
    return {};
}

}  // namespace thole::sql
