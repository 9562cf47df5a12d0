#pragma once

// SQLite under thin RAII: errors are faults, statements are typed, nothing is hidden.
//
//   auto db = sql::database::open(path, sql::access::read_write);            // WAL,
//   synchronous=FULL sql::migrate(*db, migrations); auto insert = db->prepare("insert into t(name,
//   size) values(?, ?)"); insert->run("a", 12); // result<> auto query = db->prepare("select name,
//   size from t where size > ?"); query->bind(10); for (auto row = query->step(); row && *row; row
//   = query->step()) use(query->text(0));
//
// Ownership and threads: a database and its statements belong to one thread at a time (the
// connection is opened without SQLite's own mutex). Statements die before their database. Use a
// second connection (access::read) for reading beside a writer: WAL lets both go on.
//
// Errors: busy or locked → db.conflict, full disk → db.disk_full, constraint or syntax →
// db.rejected, other I/O errors → db.unavailable. A failed fsync ends the process: the kernel has
// dropped the dirty pages, so nothing that this process believes about its file is known any more.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "thole/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace thole::sql {

enum class access : std::uint8_t { read_write, read };

struct null_t {};
inline constexpr null_t null{};

class idle_statements;

// A compiled statement, reusable: run() or step() to the end, or reset(), makes it new. One that is
// destroyed goes back to its database, whose next prepare() of the same text need not compile it.
class statement {
  public:
    statement() = default;

    // Binds all parameters in order, after a reset.
    template <class... Values>
    void bind(const Values&... values) {
        reset();
        int index = 0;
        (bind_at(++index, values), ...);
    }
    void bind_at(int index, std::int64_t);
    void bind_at(int index, std::uint64_t v) { bind_at(index, static_cast<std::int64_t>(v)); }
    void bind_at(int index, int v) { bind_at(index, std::int64_t{v}); }
    void bind_at(int index, bool v) { bind_at(index, std::int64_t{v}); }
    void bind_at(int index, double);
    void bind_at(int index, null_t);
    // Text and bytes are not copied: they must live until the statement was run or reset.
    void bind_at(int index, std::string_view);
    void bind_at(int index, bytes_view);
    template <class T>
    void bind_at(int index, const std::optional<T>& v) {
        v ? bind_at(index, *v) : bind_at(index, null);
    }
    void bind_at(int index, const char* v) { bind_at(index, std::string_view{v}); }
    void bind_at(int index, const std::string& v) { bind_at(index, std::string_view{v}); }
    void bind_at(int index, const bytes& v) { bind_at(index, bytes_view{v}); }

    // True: a row is there. False: the end; the statement has been reset.
    [[nodiscard]] result<bool> step();
    // Binds, runs to the end and resets.
    template <class... Values>
    [[nodiscard]] result<> run(const Values&... values) {
        bind(values...);
        return finish();
    }
    void reset() noexcept;

    // Columns of the current row, from 0. Views live until the next step or reset.
    [[nodiscard]] std::int64_t integer(int column) const noexcept;
    [[nodiscard]] double real(int column) const noexcept;
    [[nodiscard]] std::string_view text(int column) const noexcept;
    [[nodiscard]] bytes_view blob(int column) const noexcept;
    [[nodiscard]] bool is_null(int column) const noexcept;
    [[nodiscard]] bool is_blob(int column) const noexcept;

  private:
    friend class database;
    struct returner {
        returner() noexcept : home{nullptr} {}
        explicit returner(idle_statements& at) noexcept : home{&at} {}
        idle_statements* home;
        void operator()(sqlite3_stmt* s) const noexcept;
    };
    statement(sqlite3_stmt* s, idle_statements& home) noexcept : handle_{s, returner{home}} {}
    [[nodiscard]] result<> finish();

    std::unique_ptr<sqlite3_stmt, returner> handle_;
};

struct open_options {
    std::chrono::milliseconds busy_timeout{5000};  // how long a lock is waited for
    int checkpoint_pages = 4000;  // the WAL is folded back beyond this (4 KiB each)
    std::int64_t max_pages =
        0;                      // the file may not grow beyond (db.disk_full); 0 = the disk's limit
    const char* vfs = nullptr;  // SQLite's name of the file system; null: the real one
};

class database {
  public:
    // read_write creates the file (mode 0600) and turns WAL and synchronous=FULL on.
    [[nodiscard]] static result<database> open(const std::string& path, access mode,
                                               open_options options = {});

    [[nodiscard]] result<statement> prepare(std::string_view sql);
    // One or more statements without parameters or rows.
    [[nodiscard]] result<> execute(const char* sql);
    [[nodiscard]] std::int64_t last_insert_id() const noexcept;
    [[nodiscard]] std::int64_t changes() const noexcept;  // rows changed by the last statement
    [[nodiscard]] bool in_transaction() const noexcept;
    [[nodiscard]] sqlite3* handle() const noexcept { return handle_.get(); }

  private:
    struct closer {
        void operator()(sqlite3* db) const noexcept;
    };
    struct idle_deleter {
        void operator()(idle_statements* all) const noexcept;
    };
    explicit database(sqlite3* db);

    std::unique_ptr<sqlite3, closer> handle_;
    std::unique_ptr<idle_statements, idle_deleter> idle_;  // go before the connection
};

// Rolls back unless committed. Begins at once as a writer, so that it never has to upgrade a read
// lock (which fails with "busy" without waiting). Inside another one it is a part of that one, kept
// or undone alone.
class transaction {
  public:
    [[nodiscard]] static result<transaction> begin(database& db);
    [[nodiscard]] result<> commit();
    ~transaction();
    transaction(transaction&& other) noexcept
        : db_{std::exchange(other.db_, nullptr)}, nested_{other.nested_} {}
    transaction& operator=(transaction&&) = delete;

  private:
    transaction(database& db, bool nested) noexcept : db_{&db}, nested_{nested} {}
    database* db_;
    bool nested_;
};

// What is done on this thread when an fsync has failed, instead of ending the process: for
// simulations, whose processes are not the operating system's. Null: it ends.
void on_lost_fsync(std::function<void()> end_it);

// The fault of the database's last error; `code` is what the call returned.
[[nodiscard]] fault to_fault(int code, sqlite3* db);

struct migration {
    int version;      // 1, 2 … without gaps
    const char* sql;  // statements that turn version - 1 into version
};

// Brings the file to the newest version, each step in its own transaction (PRAGMA user_version).
// A file of a newer version is refused with db.newer_schema and left untouched.
[[nodiscard]] result<> migrate(database& db, std::span<const migration> list);
// For who only reads: db.newer_schema or db.older_schema unless the file has just that version.
[[nodiscard]] result<> expect_version(database& db, int version);

}  // namespace thole::sql
