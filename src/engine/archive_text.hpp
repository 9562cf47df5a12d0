#pragma once

// Archived operations as JSON lines. Each operation is one line with what it was and how it ended,
// then a line for every event, then one for every prepared generation:
//
//   {"operation":{"id":"…","kind":"bench","key":"k1","state":"completed",…}}
//   {"id":"…","event":{"seq":1,"at":"…","event":"operation.submitted",…,"payload":{…}}}
//   {"id":"…","generation":{"step":4,"generation":1,"bytes":{…}}}

#include "engine/operation.hpp"

namespace thole::saga {

// Each a whole line, with its end.
[[nodiscard]] std::string archived_operation(const operation& op);
[[nodiscard]] std::string archived_event(const uuid& id, const event& e);
[[nodiscard]] std::string archived_generation(const uuid& id, const prepared_row& p);

}  // namespace thole::saga
