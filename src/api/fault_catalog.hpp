#pragma once

// Every fault code of the program by its text: what `thole explain fault CODE` and
// GET /problems/{code} answer. Threads: any.

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "thole/fault.hpp"

namespace thole::api {

// Sorted by text.
[[nodiscard]] const std::vector<const fault_code*>& all_faults();
[[nodiscard]] const fault_code* find_fault(std::string_view code);

// How the program responds to a kind of failure, in two sentences.
[[nodiscard]] std::string_view response_to(fault_kind kind) noexcept;

// {code, kind, scope, meaning, response}
[[nodiscard]] boost::json::value explain(const fault_code& code);

}  // namespace thole::api
