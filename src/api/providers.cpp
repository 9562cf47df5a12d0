#include "api/providers.hpp"

#include "api/reply.hpp"
#include "base/json.hpp"

namespace thole::api {
namespace {

struct provider_list {
    int v = 1;
    std::vector<ipfs::place_cost> items;
    std::vector<money> cost_per_month;
};
BOOST_DESCRIBE_STRUCT(provider_list, (), (v, items, cost_per_month))

}  // namespace

void providers_resource::add_to(router& to) {
    to.add({"GET", "/api/v1/providers", "providers", access::read},
           [this](call c) { return list(std::move(c)); });
}

task<io::server_response> providers_resource::list(call) {
    auto kept = co_await costs_.look();
    if (!kept) co_return refuse(kept.error());
    provider_list out;
    out.cost_per_month = ipfs::sum_of(*kept);
    out.items = *std::move(kept);
    co_return reply(200, json::to_value(out));
}

}  // namespace thole::api
