#pragma once

// Comma-separated values after RFC 4180: cells may be quoted, a quoted one may hold commas, line
// ends and doubled quotes; lines end with LF or CRLF; a byte order mark at the start is dropped.
//
//   auto rows = nft::read_csv(text);      // result<std::vector<csv_row>, csv_mistake>
//   rows->at(1).line, rows->at(1).cells
//
// Empty lines are passed over. Pure; threads: any.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace thole::nft {

struct csv_row {
    std::size_t line = 1;  // where it begins
    std::vector<std::string> cells;
};

struct csv_mistake {
    std::size_t line = 1;
    std::string detail;
};

[[nodiscard]] std::expected<std::vector<csv_row>, csv_mistake> read_csv(std::string_view text);

}  // namespace thole::nft
