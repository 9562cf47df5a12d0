#pragma once

// Drops the holds of operations that have ended, and those that a crash left without an operation.
//
//   hold_keeper keeper{content.holds};           // before new work is accepted
//   options.on_event = [&](const auto& op, const auto& e) { keeper.happened(engine_scope, op, e);
//   }; … engine.start() … co_await keeper.sweep(engine);               // at start, and now and
//   then
//
// A sweep only judges holds that were there at the sweep before (the first: at construction), so
// one whose operation is just being journaled is never touched. Threads: core loop. Lifetime: the
// holds outlive it.

#include <set>

#include "engine/engine.hpp"
#include "io/scope.hpp"
#include "ipfs/content_holds.hpp"

namespace thole::app {

class hold_keeper {
  public:
    explicit hold_keeper(ipfs::content_holds& holds);
    void happened(io::scope& background, const saga::operation& op, const saga::event& e);
    // Answers how many were dropped.
    [[nodiscard]] task<std::size_t> sweep(saga::engine& engine);

  private:
    [[nodiscard]] task<> drop(uuid operation);

    ipfs::content_holds& holds_;
    std::set<uuid> seen_;
};

}  // namespace thole::app
