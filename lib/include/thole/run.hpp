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
// begins after a wait. With only a breaker every call asks it. With neither it is plain retry.
//
// Cancellation: a blocking call cannot be cut short from outside; hand `until` on to it. Threads:
// run may be called by many at once, each with its own rng and sleeper; the parts are shared.
// Exceptions of the operation pass through; the breaker then learns nothing from that call.

#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "thole/codes.hpp"
#include "thole/endpoint_set.hpp"
#include "thole/retry.hpp"
#include "thole/sleeper.hpp"

namespace thole {

struct call_context {
    const endpoint_config* endpoint = nullptr;  // null without a set
    deadline until{};
    std::uint32_t attempt = 1;  // attempts spent, this call included
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
};

namespace detail {

// The loop's state, apart from the operation's type.
class run_driver {
  public:
    explicit run_driver(const run_parts& parts);

    // Sleeps as decided; true when a call is to be made.
    bool next_call();
    // Asks set or breaker; a refusal has been reported to the retry machine already.
    std::optional<fault> admit();
    [[nodiscard]] const call_context& context() const noexcept { return context_; }
    void succeeded();
    void failed(const fault& f);

  private:
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
};

template <class Op>
auto call_operation(Op& op, const call_context& context) {
    if constexpr (std::is_invocable_v<Op&, const call_context&>) {
        return op(context);
    } else {
        return op();
    }
}

}  // namespace detail

template <class Op>
[[nodiscard]] auto run(Op&& op, const run_parts& parts) {
    using answer = decltype(detail::call_operation(op, std::declval<const call_context&>()));
    static_assert(std::is_same_v<typename answer::error_type, fault>,
                  "the operation returns thole::result<T>");
    detail::run_driver driver{parts};
    std::optional<answer> last;
    while (driver.next_call()) {
        if (auto refused = driver.admit()) {
            // A refusal hides no answer that is already known.
            if (!last) last.emplace(std::unexpected{std::move(*refused)});
            continue;
        }
        last.emplace(detail::call_operation(op, driver.context()));
        if (last->has_value()) {
            driver.succeeded();
        } else {
            driver.failed(last->error());
        }
    }
    if (!last) last.emplace(std::unexpected{fault{codes::policy_deadline}});
    return std::move(*last);
}

}  // namespace thole
