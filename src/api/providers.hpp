#pragma once

// GET /api/v1/providers
//
// What each provider of content keeps, and what that costs a month by the configured prices:
// {v, items: [{name, kind?, contents, bytes, unknown_size, tried, price_per_gb_month?,
// cost_per_month?}], cost_per_month: ["0.15 USD"]}. Threads: the core loop's.

#include "api/router.hpp"
#include "ipfs/content_costs.hpp"

namespace thole::api {

class providers_resource {
  public:
    explicit providers_resource(ipfs::content_costs& costs) : costs_{costs} {}
    void add_to(router&);

  private:
    task<io::server_response> list(call);

    ipfs::content_costs& costs_;
};

}  // namespace thole::api
