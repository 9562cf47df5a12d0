#pragma once

// The records' SQL, on one SQLite connection: the blocking half of sqlite_records.
//
// Documented schema (the customer may read it at any time; only Thole writes):
//
//   thole_nft    one row per mint; times are RFC 3339 in UTC, level and signature may be null
//   user_status  one row per account: minting_in_progress (0 or 1) and the operation that is at it
//
// Threads: one at a time. Errors: thole::codes::db_*, codes::record_*.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nft/records.hpp"
#include "sql/sqlite.hpp"

namespace thole::nft {

class record_table {
  public:
    // Opens the file and brings its schema up to date.
    [[nodiscard]] static result<record_table> open(const std::string& path,
                                                   sql::open_options options);

    [[nodiscard]] result<record> upsert(const record& wanted);
    [[nodiscard]] result<record> converge(record from_chain);
    [[nodiscard]] result<bool> mark_rolled_back(const uuid& operation, store_time now);
    [[nodiscard]] result<std::optional<record>> find(const uuid& operation);
    [[nodiscard]] result<std::optional<record>> find_mint(std::string_view mint);
    [[nodiscard]] result<std::vector<record>> of_account(std::string_view account, int limit);
    [[nodiscard]] result<std::vector<record>> page(const std::optional<uuid>& after, int limit);
    [[nodiscard]] result<std::vector<uuid>> missing(const std::vector<uuid>& of);
    [[nodiscard]] result<std::optional<uuid>> minting(std::string_view account);
    [[nodiscard]] result<> probe();
    [[nodiscard]] result<std::uint64_t> live();
    [[nodiscard]] result<std::optional<std::string>> meta(std::string_view name);
    [[nodiscard]] result<> set_meta(std::string_view name, std::string_view value);
    // The file never grows beyond this (4 KiB each); more is db.disk_full.
    [[nodiscard]] result<> limit_pages(std::uint32_t pages);
    [[nodiscard]] sql::database& database() noexcept { return db_; }

  private:
    explicit record_table(sql::database db) : db_{std::move(db)} {}
    result<std::optional<record>> one(std::string_view where, std::string_view value);
    static result<std::vector<record>> rows_of(sql::statement& query);
    result<> write(const record& row, std::string_view statement);
    result<> adopt(const record& wanted);

    sql::database db_;
};

}  // namespace thole::nft
