#pragma once

// A second saga beside the mint, for what a mint has not: steps side by side, a step with few
// places, one that a person may skip, a child, another version to move to, and limits of a kind and
// of a key. Its effects are real ones: at a supplier (desk.hpp) and pins in the daemon's own store.
//
//   look → quote → reserve (lock) → file (two at once) · pin · invite (skippable) · pack (a child)
//        → charge (pivot) → ship                                    version 1
//   look → offer → … → ship → thank                                 version 2
//
//   known.add(make_order_saga(parts, 1));  known.add(make_parcel_saga(parts));

#include "engine/definition.hpp"
#include "engine/engine.hpp"
#include "io/http.hpp"
#include "sim/contents.hpp"
#include "sim/court.hpp"

namespace thole::sim {

inline constexpr std::string_view order_kind = "order";
inline constexpr std::string_view parcel_kind = "parcel";
inline constexpr int places_to_file = 2;
inline constexpr saga::kind_limits order_limits{
    .concurrency = 5, .per_minute = 60, .key_per_minute = 6};

struct order {
    std::string account;
    std::string text;
};
BOOST_DESCRIBE_STRUCT(order, (), (account, text))

struct order_parts {
    io::http_transport& http;
    contents& own;
    court& judges;
};

[[nodiscard]] saga::definition make_order_saga(const order_parts& parts, int version);
[[nodiscard]] saga::definition make_parcel_saga(const order_parts& parts);

}  // namespace thole::sim
