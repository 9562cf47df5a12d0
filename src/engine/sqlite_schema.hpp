#pragma once

// The journal's file format (SQLite), version by version. Migrations are never edited, only added.
//
//   op        one row per operation: who it is (fixed) and how far it is (updated in place).
//             Numbers are the enumerators of operation.hpp; `flags` is the bit set of
//             sqlite_rows.hpp; times are microseconds since 1970 UTC of store time; empty texts are
//             NULL.
//   event     append-only. id = op << 20 | seq, so that an operation's story is one run of the
//             table and needs no second index. `payload` is the input (first event) or a step's
//             output; `data`, `fault` are JSON.
//   prepared  bytes fixed before they are sent. id = op << 20 | step << 10 | generation.
//   key_lock  who holds a lock. Waiters are op rows in state blocked: outside the due index, so a
//             claim never walks over them.
//   hold      append-only: who told which kind (empty: everything) to rest or to go on, and why.
//   clock     the latest time that was journaled, so that opening a file need not look for it.
//   plan      the steps of each kind and version, so that the file tells its stories by itself.
//   tag       which operations have a tag, in the order of their numbers: what a list by tag reads.
//             The row says the same (op.tags, divided by spaces).
//   payload   of events whose payload has more than 8 KiB; the event's own column is NULL then.
//   archive   how much of an archive file tells of operations that were removed from here.
//   node      the boot that wrote last; its running rows are readied by the next one.
//
// Indexes: op_due is the only hot one (ready rows); a row that goes from step to step while running
// touches none. The others are small and partial: what they index is rare or asked for by people.

#include <span>

#include "sql/sqlite.hpp"

namespace thole::saga {

[[nodiscard]] std::span<const sql::migration> journal_migrations() noexcept;

}  // namespace thole::saga
