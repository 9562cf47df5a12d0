#pragma once

// The effective configuration for people and for programs, without anything secret: references are
// shown as such, URLs without user information, query and keys in their path.

#include <boost/json/value.hpp>
#include <string>

#include "app/config_load.hpp"

namespace thole::app {

// TOML; behind each value that somebody set stands where.
[[nodiscard]] std::string show_config(const loaded_config&);

[[nodiscard]] boost::json::value config_json(const config&);

}  // namespace thole::app
