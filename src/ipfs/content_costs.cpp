#include "ipfs/content_costs.hpp"

#include <algorithm>

namespace thole::ipfs {
namespace {

place_cost cost_of(const content_place& at, const pin_total& kept) {
    place_cost out{.name = at.name,
                   .kind = at.kind,
                   .contents = kept.contents,
                   .bytes = kept.bytes,
                   .unknown_size = kept.unknown_size,
                   .tried = kept.tried,
                   .price_per_gb_month = at.price};
    if (at.price) out.cost_per_month = at.price->times_parts(kept.bytes, content_costs::gigabyte);
    return out;
}

}  // namespace

task<result<std::vector<place_cost>>> content_costs::look() {
    auto kept = co_await remote_();
    if (!kept) co_return fail(kept.error());
    std::vector<place_cost> out;
    for (const auto& place : places_) {
        pin_total total;
        if (place.own_store) {
            const auto held = own_();
            total.contents = held.contents;
            total.bytes = held.bytes;
        }
        const auto at = std::ranges::find(*kept, place.name, &pin_total::provider);
        if (!place.own_store && at != kept->end()) {
            total = std::move(*at);
            kept->erase(at);
        }
        out.push_back(cost_of(place, total));
    }
    for (const auto& each : *kept) {
        out.push_back(cost_of({.name = each.provider, .kind = {}, .price = {}}, each));
        out.back().kind.reset();
    }
    co_return out;
}

std::vector<money> content_costs::of(std::uint64_t bytes, std::size_t copies) const {
    std::vector<money> sums;
    for (std::size_t i = 0; i < std::min(copies, places_.size()); ++i) {
        const auto& price = places_[i].price;
        if (price) add_to(sums, price->times_parts(bytes, gigabyte));
    }
    return sums;
}

std::vector<money> sum_of(const std::vector<place_cost>& all) {
    std::vector<money> sums;
    for (const auto& each : all) {
        if (each.cost_per_month) add_to(sums, *each.cost_per_month);
    }
    return sums;
}

}  // namespace thole::ipfs
