#pragma once

#include <stdexcept>

#include "thole/fault.hpp"

namespace thole::app {

// Why the daemon cannot start, for a person. Thrown at start-up only.
class start_error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
    start_error(const std::string& what, const fault& why)
        : std::runtime_error{what + ": " + why.describe() + "\n  " + std::string{why.meaning()}} {}
};

}  // namespace thole::app
