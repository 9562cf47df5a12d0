#pragma once

// Whether an operation may go on by another version of its definition, and how it stands then.
//
// It stays where it is. What it has done must be the beginning of the new version too: the same
// steps in the same order, but for their names; so nothing of it is done twice, left out, or undone
// otherwise than it was meant. What is still to come is free.
//
//   old:  check · upload · record │ submit · tell        (it stands at submit, not begun)
//   new:  check · store  · record │ review · submit · tell        with upload → store
//
// Values only.

#include <map>

#include "engine/operation.hpp"
#include "engine/plan.hpp"

namespace thole::saga {

using step_names = std::map<std::string, std::string>;  // old name → new name; others stay

// In words, which step differs and in what; empty when it may. Precondition: it has not ended.
[[nodiscard]] std::string why_not_migrate(const operation_state& s, const plan& from,
                                          const plan& to, const step_names& renamed);

// Precondition: it may.
void migrate(operation_state& s, const plan& to);

}  // namespace thole::saga
