#pragma once

// What a journal does beside carrying operations: it lets go of those that ended long ago.
//
//   auto page = co_await journal.removable({.kind = "bench", .before = t, .file =
//   "2026-01.jsonl"}); … write every operation of the page to that file, beyond page->archived
//   bytes, and fsync … co_await journal.remove({.rows = …, .file = "2026-01.jsonl", .archived =
//   new_size});
//
// The size up to which an archive file tells of removed operations is committed together with their
// removal. So whatever stands beyond it was written by somebody who died before he could remove:
// it is cut off, and no operation is lost or archived twice, whenever the process dies.
//
// An operation is removable when it has ended, its parent has ended or is gone, and none of its
// children is there any more: a parent that repeats its step must find the child that it had, and
// no child may name a parent that is not there. Of one whose row stays the children may stay, too.
// See retention.hpp for who does all this.

#include "engine/journal.hpp"

namespace thole::saga {

struct removable_query {
    std::string kind;
    store_time before;  // ended earlier than this
    int limit = 100;
    std::string file;  // the archive that is being written
    // Their rows will stay, and what their children name with them: these need not be gone.
    bool keep_rows = false;
};

struct removable_page {
    std::vector<operation> items;          // the earliest ended first
    std::optional<std::int64_t> archived;  // bytes of the file that tell of what was removed
};

struct removal {
    std::vector<std::int64_t> rows;
    // The rows stay, without their histories: their idempotency keys never expire.
    bool keep_rows = false;
    std::string file;
    std::int64_t archived = 0;
};

class upkeep {
  public:
    virtual ~upkeep() = default;

    [[nodiscard]] virtual store_time now() = 0;
    virtual task<result<removable_page>> removable(removable_query query) = 0;
    // All of them in one commit. engine.fenced when one is not there, or has not ended.
    virtual task<result<>> remove(removal what) = 0;
    virtual task<result<std::vector<event>>> events(std::int64_t row, std::int64_t after,
                                                    int limit) = 0;
    virtual task<result<std::vector<prepared_row>>> prepared(std::int64_t row) = 0;
};

}  // namespace thole::saga
