#pragma once

// The customer's own table of what was minted: `thole_nft`, and the view `user_status`.
//
// The problem: a record is written in several steps of a saga whose process may die between the
// database's commit and the journal's. So every write says which version of the record it is, and
// writing the same version again changes nothing:
//
//   pending.version = 1;
//   auto now_there = co_await records.upsert(pending);      // again and again: the same row
//   landed.version = 2;
//   now_there = co_await records.upsert(landed);            // moves forward, never back
//
// A rolled-back mint keeps its row (status rolled_back). Errors: thole::codes::db_* for the
// database (locked → db.conflict, full → db.disk_full), codes::record_* for its content. Threads
// and cancellation: see the implementation.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/json.hpp"
#include "io/task.hpp"
#include "thole/time.hpp"

namespace thole::nft {

enum class record_status : std::uint8_t {
    pending,      // content is up, nothing is signed
    minted,       // finalized on the chain, not yet verified in every layer
    completed,    // read back everywhere
    rolled_back,  // nothing landed and nothing will
};
BOOST_DESCRIBE_ENUM(record_status, pending, minted, completed, rolled_back)

struct record {
    uuid operation_id;
    std::string tenant;
    std::string account;
    std::string owner;
    std::string mint;
    std::string image_cid;
    std::string metadata_cid;
    std::string uri;
    std::string metadata_json;
    std::optional<std::uint32_t> level;
    record_status status = record_status::pending;
    std::string signature;  // empty until minted
    std::int64_t version = 1;
    store_time created_at{};
    store_time updated_at{};
    // Only in a page(): of the row nothing but the operation is known, and not that where the id
    // is none (all zero).
    bool is_unreadable = false;
};
BOOST_DESCRIBE_STRUCT(record, (),
                      (operation_id, tenant, account, owner, mint, image_cid, metadata_cid, uri,
                       metadata_json, level, status, signature, version, created_at, updated_at))

// Same statement about the same mint; when it was written does not count.
[[nodiscard]] bool same_content(const record& a, const record& b);

// What converge() leaves of a row: the chain's word on what the chain knows, in a version after
// both; `there` itself when nothing has to change.
[[nodiscard]] record converged(const record& there, record from_chain);

class records {
  public:
    virtual ~records() = default;

    // Writes `wanted` unless the row has this version or a newer one, and answers the row as it
    // then is. Same version, other content: codes::record_conflict. A row of the same mint under
    // another operation id is the same mint accepted again after a restore (see mint_identity.hpp):
    // it passes to `wanted.operation_id`, and a rolled-back one starts anew.
    [[nodiscard]] virtual task<result<record>> upsert(record wanted) = 0;
    // The token exists: whatever the row says – none, an older version out of a restored backup, a
    // newer one that says something else – it comes to say `from_chain`, and the answer is the row
    // as it then is. A row that says so already keeps its version, and is not set back from
    // completed; a signature that only the row knows stays in it.
    [[nodiscard]] virtual task<result<record>> converge(record from_chain) = 0;
    // Answers false when there is no such row; then nothing has to be undone. Only a pending row
    // is changed: minted or completed is codes::record_already_minted.
    [[nodiscard]] virtual task<result<bool>> mark_rolled_back(uuid operation, store_time now) = 0;

    [[nodiscard]] virtual task<result<std::optional<record>>> find(uuid operation) = 0;
    [[nodiscard]] virtual task<result<std::optional<record>>> find_mint(std::string mint) = 0;
    // Newest first, at most `limit`.
    [[nodiscard]] virtual task<result<std::vector<record>>> of_account(std::string account,
                                                                       int limit) = 0;
    // The first `limit` rows after that operation, in the order of operation ids; nothing: from the
    // first on. Rows that somebody edited so that they cannot be read stop nothing: they are there
    // with is_unreadable, and count only where their operation is known, so that the next page goes
    // on after the last known one.
    [[nodiscard]] virtual task<result<std::vector<record>>> page(std::optional<uuid> after,
                                                                 int limit) = 0;
    // Those of these operations that have no row, in their order.
    [[nodiscard]] virtual task<result<std::vector<uuid>>> missing(std::vector<uuid> of) = 0;
    // The operation that `user_status` shows as minting for this account.
    [[nodiscard]] virtual task<result<std::optional<uuid>>> minting(std::string account) = 0;

    // A row is written and rolled back: disk, locks and permissions are as a mint will need them.
    [[nodiscard]] virtual task<result<>> probe() = 0;

    // Rows that are pending or minted.
    [[nodiscard]] virtual task<result<std::uint64_t>> live() = 0;
    // Small facts kept beside the records (the cluster secret's fingerprint).
    [[nodiscard]] virtual task<result<std::optional<std::string>>> meta(std::string name) = 0;
    [[nodiscard]] virtual task<result<>> set_meta(std::string name, std::string value) = 0;
};

}  // namespace thole::nft
