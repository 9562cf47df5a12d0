#pragma once

// GET /api/v1/cron?ticks=N    {v, items: [{name, at, kind, missed, next: […], last?, last_state?}]}
//     what is begun by the clock ([engine.cron.NAME]), its next N ticks (5; at most 100), and the
//     newest operation that it started
//
// Threads: the core loop's.

#include "api/router.hpp"
#include "engine/cron_runner.hpp"

namespace thole::api {

class cron_resource {
  public:
    explicit cron_resource(saga::cron_runner& runner) : runner_{runner} {}
    void add_to(router&);

  private:
    task<io::server_response> list(call);

    saga::cron_runner& runner_;
};

}  // namespace thole::api
