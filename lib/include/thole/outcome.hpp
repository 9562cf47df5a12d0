#pragma once

// What a finished call says about the endpoint that served it.
//
// The problem: "the call failed" and "the endpoint is unhealthy" are different facts. A caller who
// gives up, a refusal by our own limiter, a 404 or a deadlock are failures of a call, yet no reason
// to stop using the endpoint. Breakers, limiters and endpoint statistics therefore see three
// values:
//
//   success   it served the call (the latency says how well)
//   failure   it did not, and that is its own fault
//   ignored   the call says nothing about it
//
//   permit->record(outcome_of(answer, latency), now);
//
// Values; any thread.

#include <cstdint>

#include "thole/result.hpp"

namespace thole {

enum class call_verdict : std::uint8_t { success, failure, ignored };

struct outcome {
    call_verdict verdict = call_verdict::ignored;
    duration latency{};

    [[nodiscard]] static constexpr outcome success(duration latency = {}) noexcept {
        return {call_verdict::success, latency};
    }
    [[nodiscard]] static constexpr outcome failure(duration latency = {}) noexcept {
        return {call_verdict::failure, latency};
    }
    [[nodiscard]] static constexpr outcome ignored() noexcept { return {}; }
};

// A fault condemns the endpoint when its scope is wider than the request and its kind is transient,
// outage or permanent. Rate limits are the limiter's business, conflicts the transaction's,
// rejections our own, cancellations the caller's.
[[nodiscard]] constexpr bool condemns(fault_kind kind, fault_scope scope) noexcept {
    if (scope == fault_scope::request) return false;
    return kind == fault_kind::transient || kind == fault_kind::outage ||
           kind == fault_kind::permanent;
}

[[nodiscard]] inline outcome outcome_of(const fault& f, duration latency) noexcept {
    return condemns(f.kind(), f.scope()) ? outcome::failure(latency) : outcome::ignored();
}

template <class T>
[[nodiscard]] outcome outcome_of(const result<T>& r, duration latency) noexcept {
    return r ? outcome::success(latency) : outcome_of(r.error(), latency);
}

}  // namespace thole
