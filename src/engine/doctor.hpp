#pragma once

// Looks through a journal file for what cannot be.
//
//   auto done = saga::examine(path, {.found = print, .progress = show});
//   if (done && done->findings == 0) ...      // every row is what its events tell
//
// Every operation's events are retold (fold.hpp) and compared with its row; beside that: pages and
// indexes (SQLite's own check), locks and their holders, undecided generations and their bytes,
// parents and children, tags, what belongs to no operation, the clock. Steps are read from the file
// itself (plan_text.hpp), so neither configuration nor the program that wrote it is needed.
//
// Reads only, in bounded memory and short transactions: beside a running daemon too, or on a copy.
// Blocking; any thread. Errors: those of opening and reading a database; db.older_schema.

#include <functional>

#include "base/json.hpp"
#include "thole/result.hpp"

#include "engine/payload_cipher.hpp"

namespace thole::saga {

enum class finding_kind : std::uint8_t {
    file_damaged,            // a page or an index
    row_unreadable,          // a column holds what cannot be
    row_differs,             // … from what the events tell
    row_contradicts_itself,  //
    story_broken,            // an event is missing, unreadable, or does not follow
    plan_missing,            // the steps of a kind and version are not in the file
    payload_unreadable,      // it does not open with its key
    generation_lost,         // its event is there, its bytes are not
    lock_stray,              // held by nobody, or by one who does not know
    lock_lost,               // its holder is not written down
    lock_free,               // and yet somebody waits for it
    parent_missing,          //
    child_missed,            // it waits for a child that has ended or is not there
    tag_differs,             // what finds the operations of a tag is not what their rows say
    orphaned,                // events or bytes of no operation
    clock_behind             // an operation was moved after the latest time
};

struct finding {
    finding_kind kind = finding_kind::file_damaged;
    std::string where;  // an operation's id, a lock's key, or empty
    std::string detail;
};
BOOST_DESCRIBE_STRUCT(finding, (), (kind, where, detail))

struct examination {
    std::int64_t operations = 0;
    std::int64_t events = 0;
    std::int64_t findings = 0;
};

struct examine_options {
    std::function<void(const finding&)> found{};
    // Now and then: how far it is, of all rows, and how many operations that were.
    std::function<void(int percent, std::int64_t operations)> progress{};
    // Opens what is sealed. A file that holds what these keys do not open is refused, by the key's
    // id.
    payload_cipher::ptr cipher{};
};

[[nodiscard]] result<examination> examine(const std::string& path, examine_options options);

}  // namespace thole::saga

template <>
inline constexpr auto thole::json::enum_texts<thole::saga::finding_kind> = std::array{
    std::pair{thole::saga::finding_kind::file_damaged, std::string_view{"file.damaged"}},
    std::pair{thole::saga::finding_kind::row_unreadable, std::string_view{"row.unreadable"}},
    std::pair{thole::saga::finding_kind::row_differs, std::string_view{"row.differs"}},
    std::pair{thole::saga::finding_kind::row_contradicts_itself,
              std::string_view{"row.contradicts_itself"}},
    std::pair{thole::saga::finding_kind::story_broken, std::string_view{"story.broken"}},
    std::pair{thole::saga::finding_kind::plan_missing, std::string_view{"plan.missing"}},
    std::pair{thole::saga::finding_kind::payload_unreadable,
              std::string_view{"payload.unreadable"}},
    std::pair{thole::saga::finding_kind::generation_lost, std::string_view{"generation.lost"}},
    std::pair{thole::saga::finding_kind::lock_stray, std::string_view{"lock.stray"}},
    std::pair{thole::saga::finding_kind::lock_lost, std::string_view{"lock.lost"}},
    std::pair{thole::saga::finding_kind::lock_free, std::string_view{"lock.free"}},
    std::pair{thole::saga::finding_kind::parent_missing, std::string_view{"parent.missing"}},
    std::pair{thole::saga::finding_kind::child_missed, std::string_view{"child.missed"}},
    std::pair{thole::saga::finding_kind::tag_differs, std::string_view{"tag.differs"}},
    std::pair{thole::saga::finding_kind::orphaned, std::string_view{"orphaned"}},
    std::pair{thole::saga::finding_kind::clock_behind, std::string_view{"clock.behind"}}};
