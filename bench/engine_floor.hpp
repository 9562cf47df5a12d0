#pragma once

// The floor: what the disk and SQLite give when there is no engine.
//
// The same rows by the same statements (sqlite_store), a writer thread woken as the journal's is,
// and one post to the loop per commit. But in lockstep: all operations take their step at once and
// wait for one commit; nothing is decided, driven or waited for singly. Each operation's commits
// depend on each other, as the engine's do: created, then six completed steps.

#include "bench/engine_load.hpp"

namespace thole::bench {

[[nodiscard]] figures run_floor(const std::string& file, int clients, int operations);

}  // namespace thole::bench
