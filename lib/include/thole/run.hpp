#pragma once

// Retry, endpoint set and breaker around one blocking call.
//
// The problem: the machines of this library decide but do nothing; somebody has to loop. For plain
// blocking code that is this function:
//
//   auto slot = thole::run(
//       [&](const call_context& c) { return get_slot(c.endpoint->url, c.until); },
//       {.time = clock, .sleep = sleeper, .chance = chance, .until = deadline::after(now, 20s),
//        .retry = &presets::solana_rpc.retry, .endpoints = &rpc});
//
// The operation takes a call_context or nothing and returns result<T>. What counts as a failure is
// its decision: an answer that is not good enough is returned as a fault. The last outcome is
// returned; when not even one call could be made, the refusal, or policy.deadline.
//
// With a set each call goes to a picked endpoint, none twice in one pass over the set; a new pass
// begins after a wait. With only a breaker every call asks it. With neither it is plain retry. A
// limiter and a bulkhead are asked before, each time; a full bulkhead with a queue is waited for.
// A pipeline (pipeline.hpp) holds such parts together under one name.
//
// Cancellation: a blocking call cannot be cut short from outside; hand context.until on to it (the
// earlier of `until` and the attempt's timeout). Threads:
// run may be called by many at once, each with its own rng and sleeper; the parts are shared.
// Exceptions of the operation pass through; the breaker then learns nothing from that call.

#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "thole/adaptive_limit.hpp"
#include "thole/bulkhead.hpp"
#include "thole/chaos.hpp"
#include "thole/codes.hpp"
#include "thole/endpoint_set.hpp"
#include "thole/latency_histogram.hpp"
#include "thole/retry.hpp"
#include "thole/sleeper.hpp"

namespace thole {

struct call_context {
    const endpoint_config* endpoint = nullptr;  // null without a set
    deadline until{};
    std::uint32_t attempt = 1;  // attempts spent, this call included
    // Chaos asks for a false result (chaos_settings.result_permille): make one up instead of
    // calling. Who does not look makes the call.
    bool pretend = false;
};

struct run_parts {
    const clock& time;
    sleeper& sleep;
    rng& chance;
    deadline until{};
    const retry_settings* retry = nullptr;  // null = the default settings
    endpoint_set* endpoints = nullptr;
    role wanted = role::read;            // of the endpoint
    circuit_breaker* breaker = nullptr;  // used when there is no set
    retry_budget* budget = nullptr;
    success_history* history = nullptr;
    observer* watch = nullptr;
    rate_limiter* limiter = nullptr;
    bulkhead* cabin = nullptr;
    priority importance = priority::normal;  // in the bulkhead's queue
    duration attempt_timeout{};              // of each call; 0 = only `until`
    chaos* trouble = nullptr;
    latency_histogram* latencies = nullptr;  // learns how long successes take
    adaptive_limit* adaptive = nullptr;      // moves the limit of `cabin`
};

namespace detail {

// What an attempt teaches; `f` is null after a success.
void learn(duration latency, const fault* f, time_point now, latency_histogram* latencies,
           adaptive_limit* adaptive, bulkhead* cabin);

struct run_counts {
    std::uint32_t repeats = 0;  // calls besides the first
    std::uint32_t failed = 0;   // calls made by this driver that ended in a fault
    std::uint32_t refused = 0;
};

// The loop's state, apart from the operation's type.
class run_driver {
  public:
    // `paid`: the first call has been counted by the budget already.
    explicit run_driver(const run_parts& parts, bool paid = false);

    [[nodiscard]] const retry_verdict& verdict() const noexcept { return verdict_; }
    // The time of a sleep_until verdict came.
    void woke() { ask_retry(retry_wake{}); }
    // Sleeps as decided; true when a call is to be made.
    bool next_call();
    // Asks limiter, bulkhead (and waits in its queue), set or breaker; a refusal has been reported
    // to the retry machine already.
    std::optional<fault> admit();
    // The same without waiting: a bulkhead's permit, if one is needed, is handed in.
    std::optional<fault> admit_with(bulkhead_permit cabin);
    // The first call failed, or was refused, before this driver was made.
    void has_failed(const fault& f) {
        // Nothing is left to ask when its deadline passed meanwhile.
        if (verdict_.act != retry_act::finish) ask_retry(retry_failure{f});
    }
    [[nodiscard]] const run_counts& counts() const noexcept { return counts_; }
    [[nodiscard]] const call_context& context() const noexcept { return context_; }
    // What chaos injects into the coming call: sleeps, and returns the fault if there is one.
    std::optional<fault> injected();
    void succeeded();
    void failed(const fault& f);
    // The call was given up: nobody learns anything from it.
    void abandoned();

  private:
    std::optional<fault> admit_to_cabin(time_point now);
    std::optional<fault> admit_from_set(time_point now);
    void ask_retry(const retry_event& event) { verdict_ = retry_.next(event, parts_.time.now()); }

    const run_parts& parts_;
    retry retry_;
    retry_verdict verdict_{};
    call_context context_{};
    time_point started_{};
    std::vector<name> tried_;  // in this pass, the current endpoint not included
    name current_;
    std::optional<endpoint_pick> pick_;
    breaker_permit permit_;
    bulkhead_permit cabin_;
    run_counts counts_;
};

template <class Op>
auto call_operation(Op& op, const call_context& context) {
    if constexpr (std::is_invocable_v<Op&, const call_context&>) {
        return op(context);
    } else {
        return op();
    }
}

template <class Answer, class Op>
Answer drive(Op& op, run_driver& driver, std::optional<Answer> last) {
    while (driver.next_call()) {
        if (auto refused = driver.admit()) {
            // A refusal hides no answer that is already known.
            if (!last) last.emplace(std::unexpected{std::move(*refused)});
            continue;
        }
        if (auto trouble = driver.injected()) {
            last.emplace(std::unexpected{std::move(*trouble)});
        } else {
            last.emplace(call_operation(op, driver.context()));
        }
        if (last->has_value()) {
            driver.succeeded();
        } else {
            driver.failed(last->error());
        }
    }
    if (!last) last.emplace(std::unexpected{fault{codes::policy_deadline}});
    return std::move(*last);
}

template <class Op>
using answer_of = decltype(call_operation(std::declval<std::remove_reference_t<Op>&>(),
                                          std::declval<const call_context&>()));

template <class T>
concept is_result = std::is_same_v<typename T::error_type, fault>;

}  // namespace detail

template <class Op>
[[nodiscard]] auto run(Op&& op, const run_parts& parts) {
    using answer = detail::answer_of<Op>;
    static_assert(detail::is_result<answer>, "the operation returns thole::result<T>");
    detail::run_driver driver{parts};
    return detail::drive<answer>(op, driver, std::nullopt);
}

}  // namespace thole
