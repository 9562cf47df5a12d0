#pragma once

// What policies say, as log events and counters.
//
//   ops::policy_watch watch{log, metrics};
//   endpoint_set rpc{name{"solana"}, settings, endpoints, &watch};
//
// Events: circuit_breaker_opened, circuit_breaker_half_open, circuit_breaker_closed, retry_decided,
// retry_exhausted, call_rejected (counted only: it is the quiet part of an open breaker),
// endpoint_added … endpoint_ejected, limiter_penalised.
//
// Ownership: outlives the policies. Threads: any.

#include "ops/log.hpp"
#include "ops/metrics.hpp"
#include "thole/observer.hpp"

namespace thole::ops {

class policy_watch final : public observer {
  public:
    policy_watch(log& to, metrics& count) : log_{to}, count_{count} {}

    void breaker_changed(const breaker_change&) noexcept override;
    void retry_decided(const retry_decision&) noexcept override;
    void call_rejected(const fault&, time_point) noexcept override;
    void endpoint_changed(const endpoint_change&) noexcept override;
    void limiter_penalised(const limiter_penalty&) noexcept override;

  private:
    log& log_;
    metrics& count_;
};

}  // namespace thole::ops
