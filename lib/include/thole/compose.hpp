#pragma once

// A pipeline's settings from code, with the order checked by the compiler.
//
//   const auto settings = compose(total_time{5s}, retry_settings{}, breaker_settings{},
//                                 attempt_time{2s});
//
// Stages are given outermost first. A stage out of order, twice, or a hedge around calls declared
// `once` does not compile, and the message says why. What depends on values (a timeout longer than
// the deadline) is checked by validate() when the pipeline is made. See pipeline_settings.hpp.

#include "thole/pipeline_settings.hpp"

namespace thole {

struct total_time {
    duration value;
};
struct attempt_time {
    duration value;
};
// What the calls do, where it is not a read; stands first.
template <call_effect E>
struct calls_that_are {};

namespace detail {

template <class Stage>
struct stage_of;  // undefined: not a stage of a pipeline

template <stage S>
struct stage_is {
    static constexpr stage value = S;
};
template <>
struct stage_of<total_time> : stage_is<stage::deadline> {
    static void put(pipeline_settings& s, const total_time& t) { s.total = t.value; }
};
template <>
struct stage_of<hedge_settings> : stage_is<stage::hedge> {
    static void put(pipeline_settings& s, const hedge_settings& h) {
        s.hedge = h;
        if (!s.budget) s.budget.emplace();
    }
};
template <>
struct stage_of<retry_settings> : stage_is<stage::retry> {
    static void put(pipeline_settings& s, const retry_settings& r) {
        s.retry = r;
        if (!s.budget) s.budget.emplace();
    }
};
template <>
struct stage_of<rate_limit> : stage_is<stage::limiter> {
    static void put(pipeline_settings& s, const rate_limit& l) { s.limiter = l; }
};
template <>
struct stage_of<bulkhead_settings> : stage_is<stage::bulkhead> {
    static void put(pipeline_settings& s, const bulkhead_settings& b) { s.bulkhead = b; }
};
template <>
struct stage_of<breaker_settings> : stage_is<stage::breaker> {
    static void put(pipeline_settings& s, const breaker_settings& b) { s.breaker = b; }
};
template <>
struct stage_of<attempt_time> : stage_is<stage::timeout> {
    static void put(pipeline_settings& s, const attempt_time& t) { s.timeout = t.value; }
};
template <>
struct stage_of<chaos_settings> : stage_is<stage::chaos> {
    static void put(pipeline_settings& s, const chaos_settings& c) { s.chaos = c; }
};

template <class Outer, class Inner, class... Rest>
consteval void check_order() {
    constexpr auto outer = stage_of<Outer>::value;
    constexpr auto inner = stage_of<Inner>::value;
    static_assert(outer != inner,
                  "a stage stands twice: two homes of retry multiply the attempts, "
                  "two breakers count the same calls");
    static_assert(!(outer == stage::breaker && inner == stage::retry),
                  "breaker outside retry: it would count a whole series of attempts as one call");
    static_assert(!(outer == stage::timeout && inner == stage::retry),
                  "timeout outside retry: that is a deadline, write total_time");
    static_assert(!(outer == stage::bulkhead && inner == stage::retry),
                  "bulkhead outside retry: its places would be held through the back-off");
    static_assert(!(outer == stage::limiter && inner == stage::retry),
                  "limiter outside retry: repeats would not be counted by it");
    static_assert(outer < inner,
                  "stages are given outermost first: total_time, hedge, retry, "
                  "limiter, bulkhead, breaker, attempt_time, chaos");
    if constexpr (sizeof...(Rest) > 0) check_order<Inner, Rest...>();
}

template <class... Stages>
[[nodiscard]] pipeline_settings composed(call_effect effect, const Stages&... stages) {
    if constexpr (sizeof...(Stages) > 1) check_order<Stages...>();
    static_assert(sizeof...(Stages) > 0, "a pipeline has at least one stage");
    pipeline_settings s;
    s.effect = effect;
    (stage_of<Stages>::put(s, stages), ...);
    return s;
}

}  // namespace detail

template <class... Stages>
[[nodiscard]] pipeline_settings compose(const Stages&... stages) {
    return detail::composed(call_effect::read, stages...);
}

template <call_effect E, class... Stages>
[[nodiscard]] pipeline_settings compose(calls_that_are<E>, const Stages&... stages) {
    static_assert(
        E != call_effect::once || !(std::is_same_v<Stages, hedge_settings> || ...),
        "a call that is declared `once` must not be hedged: both copies would take effect");
    return detail::composed(E, stages...);
}

}  // namespace thole
