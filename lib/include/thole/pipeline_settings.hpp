#pragma once

// Which policies stand around a call, and in what order.
//
// The problem: most outages caused by resilience libraries are policies in the wrong order: a
// breaker outside retry that counts three attempts as one call, a bulkhead outside it whose places
// sleep through the back-off, a timeout outside it that is a deadline nobody knows of. There is one
// order that works, so there is one order here, outermost first:
//
//   fallback  cache  deadline  hedge  retry  limiter  bulkhead  breaker  timeout  chaos
//
// and every other is an error that says what would go wrong. From code it does not compile:
//
//   const auto settings = compose(total_time{5s}, presets::solana_rpc.retry,
//                                     presets::solana_rpc.breaker, attempt_time{2s});
//
// From a configuration the same struct is filled, and validate() says it:
//
//   pipeline_settings s;  s.retry = ...;  s.breaker = ...;  s.order = {stage::breaker,
//   stage::retry}; validate(s)   // order: "breaker stands outside retry: it would count a series
//   as one call"
//
// fallback and cache hold values of the caller's type, so they are functions and templates of their
// own (fallback.hpp) around run(); they have a place in `order` only to be checked.
//
// Values only; nothing here parses text.

#include <optional>
#include <string_view>
#include <vector>

#include "thole/adaptive_limit.hpp"
#include "thole/breaker_settings.hpp"
#include "thole/bulkhead.hpp"
#include "thole/call_effect.hpp"
#include "thole/chaos.hpp"
#include "thole/hedge.hpp"
#include "thole/rate_limiter.hpp"
#include "thole/retry.hpp"
#include "thole/retry_budget.hpp"

namespace thole {

// In their one order, outermost first.
enum class stage : std::uint8_t {
    fallback,
    cache,
    deadline,
    hedge,
    retry,
    limiter,
    bulkhead,
    breaker,
    timeout,
    chaos,
};
inline constexpr std::size_t stage_count = 10;

[[nodiscard]] std::string_view to_string(stage) noexcept;
[[nodiscard]] std::optional<stage> stage_named(std::string_view text) noexcept;

struct pipeline_settings {
    call_effect effect = call_effect::read;  // of the calls that go through it
    // True: something else repeats (a durable step, the caller), so there is no retry here.
    bool retried_elsewhere = false;
    duration total{};    // deadline of the whole call; 0 = only the caller's; at most 24 h
    duration timeout{};  // of each attempt; 0 = none; less than `total`
    std::optional<hedge_settings> hedge{};
    std::optional<retry_settings> retry{};
    std::optional<retry_budget_settings> budget{};  // of retries and hedges together
    std::optional<rate_limit> limiter{};
    std::optional<bulkhead_settings> bulkhead{};
    std::optional<adaptive_settings> adaptive{};  // moves the bulkhead's limit
    std::optional<breaker_settings> breaker{};
    std::optional<chaos_settings> chaos{};
    // As the configuration lists the stages, outermost first; empty = the one order.
    std::vector<stage> order{};

    friend bool operator==(const pipeline_settings&, const pipeline_settings&) = default;

    [[nodiscard]] bool has(stage) const noexcept;
};

// Every mistake, of each stage (its field is "breaker.window"), of the order and of the whole.
[[nodiscard]] problems validate(const pipeline_settings&);

// What goes wrong when `outer` stands outside `inner`; empty when that is the one order.
[[nodiscard]] std::string_view order_mistake(stage outer, stage inner) noexcept;

}  // namespace thole
