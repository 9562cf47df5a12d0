#pragma once

// A plan as the journal keeps it: what tells the stories of its operations, without the code of the
// steps. So a journal file explains itself (doctor.hpp), to a program that has other definitions
// too; and a definition that was changed without raising its version is noticed at the start.
//
// Policies are not part of it: they may be set anew at every start.

#include <optional>

#include "engine/plan.hpp"

namespace thole::saga {

[[nodiscard]] std::string plan_text(const plan& p);
// nullopt: not such a text.
[[nodiscard]] std::optional<plan> read_plan(std::string_view text);

}  // namespace thole::saga
