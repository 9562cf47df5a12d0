#pragma once

// Pipelines by name: what a configuration lists and operators ask about.
//
//   registry all;
//   auto& prices = all.make(name{"prices"}, settings, &watch);      // once, at start
//   ...
//   if (auto* p = all.find(name{"prices"})) p->breaker().force(...);
//   all.reconfigure(name{"prices"}, changed, clock.now());           // a reload
//
// No singleton: whoever builds the program owns one and hands it down. A pipeline lives as long as
// its registry, so that references stay good; one that a new configuration no longer names is left
// as it is. Threads: any; one lock, not for use per call: keep the reference.

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "thole/pipeline.hpp"

namespace thole {

class registry {
  public:
    // The pipeline of that name; when it exists it is reconfigured and keeps what it holds.
    // Precondition: validate(settings) is empty.
    pipeline& make(name dependency, const pipeline_settings& settings, time_point now = {},
                   observer* watch = nullptr, endpoint_set* endpoints = nullptr);

    // Null when there is none.
    [[nodiscard]] pipeline* find(name dependency) const;

    // False when there is none. Precondition: validate(settings) is empty.
    bool reconfigure(name dependency, const pipeline_settings& settings, time_point now);

    // By name.
    [[nodiscard]] std::vector<pipeline*> all() const;

  private:
    mutable std::mutex mutex_;
    std::map<name, std::unique_ptr<pipeline>> pipelines_;
};

}  // namespace thole
