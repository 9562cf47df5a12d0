#pragma once

// A pass over a journal's file that seals under the newest key whatever is not: what stands in the
// clear, and what is sealed under an older key. Beside the work, a part in each commit:
//
//   reseal_progress at;
//   while (!at.done) at = *co_await journal.reseal(at, 500);
//
// When a pass from the beginning has come to its end, nothing is left under the other keys: the
// file forgets them, and they may leave the configuration. (The archive keeps what it has.)
// Whoever dies on the way begins anew; what is done already only costs a look.

#include <cstdint>

#include "engine/payload_cipher.hpp"
#include "sql/sqlite.hpp"

namespace thole::saga {

struct reseal_progress {
    int table = 0;               // of those that hold payloads
    std::int64_t after = 0;      // the last row that was looked at
    std::int64_t looked_at = 0;  // values, in all
    std::int64_t sealed = 0;     // … of which so many anew
    int percent = 0;
    bool done = false;
};

// Whether every key that something in the file is sealed under is here: engine.payload_key_missing,
// engine.payload_key_bad (another one under the same id), with the id.
[[nodiscard]] result<> check_payload_keys(sql::database& db, const payload_cipher* cipher);
// Whether something is sealed under another key than the newest, or may stand in the clear.
[[nodiscard]] result<bool> needs_resealing(sql::database& db, const payload_cipher& cipher);

}  // namespace thole::saga
