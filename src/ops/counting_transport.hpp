#pragma once

// An HTTP transport that counts what passes through it, by dependency, endpoint and outcome.
//
//   ops::counting_transport http{curl, metrics, loop};
//
// The outcome is "ok" for 2xx and 3xx, "http_429" for other statuses, or the fault's code. Nothing
// else changes: one attempt, the same answer. Ownership: the parts outlive it. Threads: the loop's.

#include "io/http.hpp"
#include "ops/metrics.hpp"
#include "thole/clock.hpp"

namespace thole::ops {

class counting_transport final : public io::http_transport {
  public:
    counting_transport(io::http_transport& next, metrics& count, const clock& time)
        : next_{next}, count_{count}, time_{time} {}
    [[nodiscard]] task<result<io::http_response>> send(io::http_request request) override;

  private:
    io::http_transport& next_;
    metrics& count_;
    const clock& time_;
};

}  // namespace thole::ops
