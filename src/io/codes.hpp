#pragma once

// Fault codes of src/io beside those of the library (thole/codes.hpp).

#include <array>

#include "thole/fault.hpp"

namespace thole::codes {

inline constexpr fault_code http_invalid_request{
    "http.invalid_request", fault_kind::permanent, fault_scope::request,
    "The request cannot be written as HTTP: check URL (http or https, no user name), method and "
    "headers."};
inline constexpr fault_code net_resolver_full{
    "net.resolver_full", fault_kind::rejected, fault_scope::dependency,
    "Too many names wait for the name servers already; it is tried again."};

inline constexpr fault_code net_unwell{
    "net.unwell", fault_kind::transient, fault_scope::endpoint,
    "A monitor asked the endpoint how it is, and the answer was none or a wrong one."};

inline constexpr std::array io_codes{&http_invalid_request, &net_resolver_full, &net_unwell};

}  // namespace thole::codes
