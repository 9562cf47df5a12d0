#pragma once

// Why was it refused, repeated or left out, and until when? In words, for people.
//
//   explain(breaker.view(now))     "open after 5 failures in a row; calls are refused for 12.3 s"
//   explain(decision.verdict, now) "tries again in 2 s: our own back-off (attempt 2)"
//   explain(endpoint)              "backup-1 takes no calls for 30 s: far worse than its peers"
//   explain(refusal)               "refused here, nothing was sent: the circuit breaker ..."
//
// Text for people, not for programs: decide on the values, never on the words.

#include <string>

#include "thole/circuit_breaker.hpp"
#include "thole/endpoint.hpp"
#include "thole/fault.hpp"
#include "thole/retry.hpp"

namespace thole {

[[nodiscard]] std::string explain(const breaker_view& view);
[[nodiscard]] std::string explain(const retry_verdict& verdict, time_point now);
[[nodiscard]] std::string explain(const endpoint_view& view);
[[nodiscard]] std::string explain(const fault& f);

// "12.3 s", "250 ms", "4 min", "until an operator acts".
[[nodiscard]] std::string in_words(duration d);

}  // namespace thole
