#pragma once

// How policies speak upward without knowing who listens.
//
// The problem: a breaker that logs depends on a logger, one that counts depends on a metrics
// library, and a user of neither pays for both. Here a policy holds one pointer. Null (the
// default) costs one predictable branch on the rare paths and nothing on the success path.
//
//   struct printer final : thole::observer {
//       void breaker_changed(const thole::breaker_change& c) noexcept override { ... }
//   };
//   printer watch;
//   thole::circuit_breaker breaker{settings, rpc, primary, &watch};
//
// Ownership: the observer outlives every policy that points to it. Threads: functions are called
// on the thread that caused the event, concurrently and outside all locks; events of one breaker
// may therefore arrive out of order, and carry its generation to sort by. Implementations return
// quickly, do not throw and do not call the policy that speaks.

#include "thole/time.hpp"

namespace thole {

class fault;
struct breaker_change;   // circuit_breaker.hpp
struct retry_decision;   // retry.hpp
struct endpoint_change;  // endpoint_set.hpp
struct limiter_penalty;  // rate_limiter.hpp

class observer {
  public:
    virtual ~observer() = default;

    // A breaker moved between closed, open and half-open, or an operator overrode it.
    virtual void breaker_changed(const breaker_change&) noexcept {}
    // A call failed and it was decided what to do next.
    virtual void retry_decided(const retry_decision&) noexcept {}
    // A policy refused a call before anything left.
    virtual void call_rejected(const fault&, time_point) noexcept {}
    // An endpoint was ejected, restored, added, removed, drained or reprioritised.
    virtual void endpoint_changed(const endpoint_change&) noexcept {}
    // A server answered "too many requests" and the limiter slowed down.
    virtual void limiter_penalised(const limiter_penalty&) noexcept {}
};

}  // namespace thole
