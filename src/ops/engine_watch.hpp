#pragma once

// What the engine did, as counters and log events.
//
//   ops::engine_watch watch{log, metrics};
//   options.on_event = [&](const auto& op, const auto& e) { watch.happened(op, e); };
//   options.on_journal_fault = [&](const fault& f) { watch.journal_failed(f); };
//
// Ownership: outlives the engine. Threads: the core loop's.

#include "engine/operation.hpp"
#include "ops/log.hpp"
#include "ops/metrics.hpp"

namespace thole::ops {

class engine_watch {
  public:
    engine_watch(log& to, metrics& count) : log_{to}, count_{count} {}

    void happened(const saga::operation&, const saga::event&);
    void journal_failed(const fault&);
    // So many wait, of so many that may: said once when half of the room is taken, and once when
    // less than two fifths are.
    void queue_has(std::int64_t waiting, std::int64_t most);

  private:
    void count_step(const saga::operation&, const saga::event&);
    void count_failovers(const saga::event&);

    log& log_;
    metrics& count_;
    bool half_full_ = false;
};

// How often a call of these notes went on to another endpoint after a fault.
[[nodiscard]] int failovers_in(const std::vector<saga::call_note>& notes);

}  // namespace thole::ops
