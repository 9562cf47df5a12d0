#pragma once

// Times and durations as people and documents write them.
//
//   rfc3339(store_time{})              "1970-01-01T00:00:00.000000Z": UTC, always six digits
//   parse_duration("1m30s")            90 s
//   duration_text(250ms)               "250ms"
//
// Values only; no clock is read. Threads: any.

#include <optional>
#include <string>
#include <string_view>

#include "thole/time.hpp"

namespace thole {

// Times outside the years 0000 to 9999 are written as the nearest one inside.
[[nodiscard]] std::string rfc3339(wall_time);
[[nodiscard]] std::string rfc3339(store_time);

// RFC 3339 with "T" and "Z" or a numeric offset in capitals, 0 to 6 fraction digits, no leap
// second.
[[nodiscard]] std::optional<wall_time> parse_wall_time(std::string_view);
[[nodiscard]] std::optional<store_time> parse_store_time(std::string_view);

// Whole numbers with units d h m s ms us ns, each at most once, largest first: "30s", "1m30s".
// No sign, no fraction, no space; a bare number is refused because its unit would be a guess.
[[nodiscard]] std::optional<duration> parse_duration(std::string_view);
// The shortest such text; reading it gives the same duration. Precondition: d >= 0.
[[nodiscard]] std::string duration_text(duration d);

}  // namespace thole
