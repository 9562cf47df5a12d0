#pragma once

// The pin ledger in a SQLite file.
//
//   sql::blocking_pool pool{loop};                       // one thread
//   ipfs::sqlite_pin_ledger ledger{data + "/pins.sqlite", &pool};
//
// The file is opened at the first call, and anew after an I/O error. Ownership: the pool outlives
// the ledger and has exactly one thread; calls that come together share a commit. Without a pool
// every call runs at once on the caller's thread: that is for simulations. Cancellation: a call
// that was accepted is finished.

#include <optional>

#include "ipfs/pin_ledger.hpp"
#include "sql/shared_commit.hpp"

namespace thole::ipfs {

class sqlite_pin_ledger final : public pin_ledger, private sql::connection_owner {
  public:
    sqlite_pin_ledger(std::string path, sql::blocking_pool* pool, sql::open_options options = {});

    [[nodiscard]] task<result<pin_try>> intend(pin_row row) override;
    [[nodiscard]] task<result<>> keep_session(pin_row row, std::string session) override;
    [[nodiscard]] task<result<>> confirm(pin_row row) override;
    [[nodiscard]] task<result<>> forget(pin_row row) override;
    [[nodiscard]] task<result<std::vector<std::string>>> owners(std::string after,
                                                                int limit) override;
    [[nodiscard]] task<result<std::vector<pin_row>>> of_owner(std::string owner) override;
    [[nodiscard]] task<result<bool>> leave(pin_row row) override;
    // By provider, those that are configured no more too. Reads every row: for people.
    [[nodiscard]] task<result<std::vector<pin_total>>> totals();
    // Where anybody has rows of the content.
    [[nodiscard]] task<result<std::vector<std::string>>> providers_of(std::string cid);

  private:
    template <class F>
    auto on_connection(F work) -> task<std::invoke_result_t<F&, sql::database&>>;
    [[nodiscard]] result<sql::database*> connection() override;
    void lose_connection() override { database_.reset(); }

    const std::string path_;
    std::optional<sql::shared_commit> writes_;  // nothing: at once
    const sql::open_options options_;
    std::optional<sql::database> database_;  // on the pool's thread only
};

}  // namespace thole::ipfs
