#pragma once

// A saga of six steps that do nothing: what the engine itself costs, in a running daemon.
//
//   known.add(saga::make_bench_saga());                 // kind "bench"; off unless configured
//
// Threads, ownership: as every definition.

#include "engine/definition.hpp"

namespace thole::saga {

struct bench_request {
    std::string note;  // kept with the operation; may be empty
};
BOOST_DESCRIBE_STRUCT(bench_request, (), (note))

inline constexpr std::string_view bench_kind = "bench";
[[nodiscard]] definition make_bench_saga();

}  // namespace thole::saga

namespace thole::json {
template <>
inline constexpr auto optional_members<saga::bench_request> = all_members;
}  // namespace thole::json
