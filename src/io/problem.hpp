#pragma once

// RFC 9457: an error that a program can act on and a person can read.
//
//   co_return problem(404, "operation.not_found", "no operation has this id");
//   co_return problem(422, "request.invalid", "the request breaks 2 rules", read.error());
//
// Body:
// {"type":"/problems/<code>","title":…,"status":…,"detail":…,"errors":[{pointer,code,detail}]}.

#include "base/json.hpp"
#include "io/server_message.hpp"

namespace thole::io {

[[nodiscard]] server_response problem(int status, std::string_view code, std::string_view detail,
                                      const json::problems& errors = {},
                                      std::string_view instance = {});

}  // namespace thole::io
