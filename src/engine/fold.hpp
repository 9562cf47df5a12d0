#pragma once

// The story retold: the state that an operation's events alone lead to.
//
// The scheduler works on the row, people and audits read the events. Both are written in one
// commit, so they must agree; tests and `doctor` check it:
//
//   auto told = fold(events, plan, has_lock);
//   EXPECT_EQ(difference(told, row), "");
//
// Written independently of decide(): it shares no code with it, so that a slip in one shows.
// Not told by events, and not compared: who runs it (ready and running are one), due times,
// fences, and whether an attempt is open.

#include <span>

#include "engine/operation.hpp"
#include "engine/plan.hpp"

namespace thole::saga {

[[nodiscard]] operation_state fold(std::span<const event> events, const plan& p, bool has_lock);

// Empty when the two agree; else every field that differs, with both values.
[[nodiscard]] std::string difference(const operation_state& told, const operation_state& row);

}  // namespace thole::saga
