#pragma once

// GET /livez /readyz /startupz     for supervisors: 200 or 503, one word
// GET /health                      for people and monitors: every part and every endpoint
// GET /metrics                     OpenMetrics, or Prometheus text for scrapers that ask for less
// GET /problems/{code}             what a problem's `type` means
//
// livez says only that the loop turns. readyz says that work can be accepted: what a provider does
// is no reason, work waits for it. /health answers 500 when an own part fails (journal, disk),
// 503 when no endpoint of a dependency may be used, else 200 with status "pass" or "warn".
// Threads: add_front() routes any; the others the core loop's.

#include <functional>
#include <string>
#include <vector>

#include "api/router.hpp"

namespace thole::api {

struct endpoint_health {
    std::string name;
    std::string provider;
    std::string breaker;  // "closed", "open", "half_open", "forced_open" …
    bool usable = true;
    std::string blocked_by;        // why it takes no call now; "" when it does
    std::int64_t latency_ms = 0;   // 0 = nothing known
    std::int64_t open_for_ms = 0;  // until probes may start
};

struct dependency_health {
    std::string name;
    std::vector<endpoint_health> endpoints;
};

struct own_health {
    std::string name;    // "journal", "disk", "engine"
    std::string status;  // "pass", "warn", "fail"
    std::string detail;
};

struct health_sources {
    std::function<bool()> started;
    std::function<bool()> stopping;
    std::function<std::vector<own_health>()> parts;
    std::function<std::vector<dependency_health>()> dependencies;
};

class health_resource {
  public:
    health_resource(health_sources from, ops::metrics& count)
        : from_{std::move(from)}, count_{count} {}
    // What must answer whatever the core does: livez and problems.
    void add_front(router&);
    void add_core(router&);

  private:
    task<io::server_response> livez(call);
    task<io::server_response> readyz(call);
    task<io::server_response> startupz(call);
    task<io::server_response> health(call);
    task<io::server_response> metrics(call);
    task<io::server_response> problem(call);

    health_sources from_;
    ops::metrics& count_;
};

}  // namespace thole::api
