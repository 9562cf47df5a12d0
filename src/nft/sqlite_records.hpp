#pragma once

// Records in SQLite (DATABASE_URL=sqlite:///ABSOLUTE/PATH).
//
//   auto path = nft::sqlite_path("sqlite:///var/lib/thole/records.sqlite");
//   sql::blocking_pool pool{loop};                          // one thread
//   nft::sqlite_records records{*path, &pool};
//
// The file is opened at the first call, not at construction: a database that is away when the
// daemon starts makes operations wait, not the daemon fail. After an I/O error it is opened anew.
//
// Ownership: the pool outlives the records and has exactly one thread, which is what keeps the
// connection to one call at a time; calls that come together share a commit. Without a pool every
// call runs at once on the caller's thread: that is for simulations and command-line tools.
// Threads: the loop's. Cancellation: a call that was accepted is finished.

#include <memory>
#include <string>

#include "nft/record_table.hpp"
#include "nft/records.hpp"
#include "sql/shared_commit.hpp"

namespace thole::nft {

// The absolute path in such a URL; codes::record_url.
[[nodiscard]] result<std::string> sqlite_path(std::string_view url);

class sqlite_records final : public records, private sql::connection_owner {
  public:
    sqlite_records(std::string path, sql::blocking_pool* pool, sql::open_options options = {});

    task<result<record>> upsert(record wanted) override;
    task<result<record>> converge(record from_chain) override;
    task<result<bool>> mark_rolled_back(uuid operation, store_time now) override;
    task<result<std::optional<record>>> find(uuid operation) override;
    task<result<std::vector<uuid>>> missing(std::vector<uuid> of) override;
    task<result<std::optional<record>>> find_mint(std::string mint) override;
    task<result<std::vector<record>>> of_account(std::string account, int limit) override;
    task<result<std::vector<record>>> page(std::optional<uuid> after, int limit) override;
    task<result<std::optional<uuid>>> minting(std::string account) override;
    task<result<>> probe() override;
    task<result<std::uint64_t>> live() override;
    task<result<std::optional<std::string>>> meta(std::string name) override;
    task<result<>> set_meta(std::string name, std::string value) override;

  private:
    result<sql::database*> connection() override;
    void lose_connection() override { table_.reset(); }
    template <class F>
    auto on_connection(F work) -> task<std::invoke_result_t<F&, record_table&>>;

    const std::string path_;
    std::optional<sql::shared_commit> writes_;  // nothing: at once
    const sql::open_options options_;
    std::optional<record_table> table_;  // on the pool's thread only
};

}  // namespace thole::nft
