#pragma once

// Takes operations that ended long enough ago out of the journal, and into an archive.
//
//   saga::file_archive shelf{folder, pool};
//   saga::retention keeper{journal, shelf, {{"bench", {.keep_for = 24h}}}};
//   auto done = co_await keeper.sweep();        // now and then
//
// An operation is written out whole (archive_text.hpp), the file is synced, and only then is it
// removed, a bounded number at a time so that no commit keeps the others waiting. Kinds without a
// rule stay for ever. A kind whose keys never expire keeps its rows: what such an operation was and
// how it ended is always known, only its history moves.
//
// Ownership: journal and archive outlive it. Threads: the loop's; one sweep at a time. Cancellation
// and crashes: at any point; the next sweep goes on (upkeep.hpp).

#include <map>

#include "engine/payload_cipher.hpp"
#include "engine/upkeep.hpp"

namespace thole::saga {

// Where archived operations are written. Appends of one file come one after another.
class archive {
  public:
    virtual ~archive() = default;
    // Bytes in the file; 0 when there is none.
    virtual task<result<std::int64_t>> size(std::string file) = 0;
    // Cuts off what is beyond `from`, appends, syncs, and answers the new size. A file that is
    // shorter (somebody took it away) is appended to as it is.
    virtual task<result<std::int64_t>> append(std::string file, std::int64_t from,
                                              std::string lines) = 0;
};

struct retention_rule {
    duration keep_for{};     // after the end; > 0
    bool keep_rows = false;  // see removal
};

struct retention_report {
    std::int64_t removed = 0;
    std::string file;  // where they are
};

class retention {
  public:
    static constexpr int most_at_once = 100;                      // operations in a commit …
    static constexpr std::int64_t most_events_at_once = 5'000;    // … unless one alone has more
    static constexpr std::size_t most_bytes_in_memory = 1 << 20;  // of lines, more or less

    using rules = std::map<std::string, retention_rule, std::less<>>;
    // With a cipher what operations carry is sealed in the archive, too.
    retention(upkeep& journal, archive& shelf, rules by_kind, payload_cipher::ptr cipher = {})
        : journal_{journal},
          shelf_{shelf},
          rules_{std::move(by_kind)},
          cipher_{std::move(cipher)} {}

    // Until nothing is left that may go. A fault leaves everything sound; the next sweep goes on.
    task<result<retention_report>> sweep();

  private:
    task<result<bool>> remove_some(const std::string& kind, retention_rule rule,
                                   retention_report& report);
    task<result<std::int64_t>> write_out(operation op, std::string file, std::int64_t from,
                                         std::string& lines);
    task<result<std::int64_t>> known_size(std::string file, std::optional<std::int64_t> archived);

    upkeep& journal_;
    archive& shelf_;
    rules rules_;
    payload_cipher::ptr cipher_;
};

}  // namespace thole::saga
