#pragma once

// Answers of the HTTP interface.
//
//   return reply(200, boost::json::value{...});
//   return refuse(404, codes::operation_not_found);
//   return refuse(fault);                 // the status that the fault's code stands for

#include <boost/json/value.hpp>
#include <string>

#include "base/json.hpp"
#include "io/problem.hpp"
#include "thole/fault.hpp"

namespace thole::api {

[[nodiscard]] io::server_response reply(int status, const boost::json::value& body);

// The code's meaning as detail, unless another is given.
[[nodiscard]] io::server_response refuse(int status, const fault_code& code,
                                         std::string detail = {},
                                         const json::problems& errors = {});
// Status by code: 404, 409, 422, 503 with Retry-After, 507; 502 for what a dependency did, 500 for
// what is our own. The detail is the code's meaning, and what this program found wrong with a given
// input or output; what another party said is not repeated.
[[nodiscard]] io::server_response refuse(const fault& f);

// 400 when the text is not what is expected, else 422.
[[nodiscard]] io::server_response refuse_body(const json::problems& errors);

}  // namespace thole::api
