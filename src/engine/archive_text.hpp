#pragma once

// Archived operations as JSON lines. Each operation is one line with what it was and how it ended,
// then a line for every event, then one for every prepared generation:
//
//   {"operation":{"id":"…","kind":"bench","key":"k1","state":"completed",…}}
//   {"id":"…","event":{"seq":1,"at":"…","event":"operation.submitted",…,"payload":{…}}}
//   {"id":"…","generation":{"step":4,"generation":1,"bytes":{…}}}

// Where the journal seals what operations carry, so does the archive: in the place of a payload,
// of bytes, or of the data of an edit stands {"sealed":"base64"}; opened_line() puts it back.

#include "engine/operation.hpp"
#include "engine/payload_cipher.hpp"

namespace thole::saga {

// Each a whole line, with its end. Without a cipher nothing is sealed.
[[nodiscard]] std::string archived_operation(const operation& op);
[[nodiscard]] std::string archived_event(const uuid& id, const event& e,
                                         const payload_cipher* cipher = nullptr);
[[nodiscard]] std::string archived_generation(const uuid& id, const prepared_row& p,
                                              const payload_cipher* cipher = nullptr);
// A line of an archive with what is sealed in it in the clear. Faults of payload_cipher::open(), or
// engine.unreadable when it is no such line.
[[nodiscard]] result<std::string> opened_line(std::string_view line, const payload_cipher* cipher);

}  // namespace thole::saga
