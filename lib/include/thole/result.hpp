#pragma once

// result<T>: a value, or the fault that stood in its place.
//
//   thole::result<int> half(int n) {
//       if (n % 2 != 0) return thole::fail(codes::http_bad_request, "n must be even");
//       return n / 2;
//   }

#include <expected>
#include <string>
#include <utility>

#include "thole/fault.hpp"

namespace thole {

template <class T = void>
using result = std::expected<T, fault>;

[[nodiscard]] inline std::unexpected<fault> fail(fault f) {
    return std::unexpected<fault>{std::move(f)};
}
[[nodiscard]] inline std::unexpected<fault> fail(const fault_code& code, std::string detail = {}) {
    return std::unexpected<fault>{fault{code}.with_detail(std::move(detail))};
}

}  // namespace thole
