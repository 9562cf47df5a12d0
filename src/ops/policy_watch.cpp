#include "ops/policy_watch.hpp"

#include <fmt/format.h>

#include <array>

#include "base/time_text.hpp"
#include "thole/circuit_breaker.hpp"
#include "thole/endpoint.hpp"
#include "thole/endpoint_set.hpp"
#include "thole/rate_limiter.hpp"
#include "thole/retry.hpp"

namespace thole::ops {
namespace {

std::string text(std::string_view from) {
    return std::string{from};
}

std::string_view event_of(breaker_state state) {
    switch (state) {
        case breaker_state::closed:
            return "circuit_breaker_closed";
        case breaker_state::open:
            return "circuit_breaker_opened";
        case breaker_state::half_open:
            return "circuit_breaker_half_open";
    }
    return "";
}

constexpr std::array breaker_states{breaker_state::closed, breaker_state::open,
                                    breaker_state::half_open};

}  // namespace

void policy_watch::breaker_changed(const breaker_change& c) noexcept {
    const auto dependency = c.dependency.view();
    const auto endpoint = c.endpoint.view();
    count_.counter_of(metric::policy_breaker_moves, {dependency, endpoint, to_string(c.to)}).add();
    for (const auto each : breaker_states) {
        count_.gauge_of(metric::policy_breaker_state, {dependency, endpoint, to_string(each)})
            .set(each == c.to ? 1 : 0);
    }
    log::fields fields{{"dependency", text(dependency)},
                       {"endpoint", text(endpoint)},
                       {"reason", text(to_string(c.why))}};
    if (c.forced != breaker_override::none) fields.push_back({"forced", text(to_string(c.forced))});
    if (c.to == breaker_state::open) fields.push_back({"open_for", duration_text(c.open_for)});
    log_.write(c.to == breaker_state::open ? log_severity::warning : log_severity::info,
               event_of(c.to), fields);
}

void policy_watch::retry_decided(const retry_decision& d) noexcept {
    const auto dependency = d.after.dependency().view();
    const bool exhausted = d.verdict.reason == retry_reason::attempts_spent ||
                           d.verdict.reason == retry_reason::budget_spent;
    if (d.verdict.act != retry_act::finish) {
        count_.counter_of(metric::policy_retries, {dependency}).add();
    }
    log_.write(exhausted ? log_severity::warning : log_severity::debug,
               exhausted ? "retry_exhausted" : "retry_decided",
               {{"dependency", text(dependency)},
                {"endpoint", text(d.after.endpoint().view())},
                {"code", text(d.after.code())},
                {"act", text(to_string(d.verdict.act))},
                {"reason", text(to_string(d.verdict.reason))},
                {"attempt", fmt::format("{}", d.verdict.attempt)}});
}

void policy_watch::call_rejected(const fault& f, time_point) noexcept {
    count_.counter_of(metric::policy_rejections, {f.dependency().view(), f.code()}).add();
}

void policy_watch::endpoint_changed(const endpoint_change& c) noexcept {
    const auto bad = c.what == endpoint_event::ejected;
    log::fields fields{{"dependency", text(c.dependency.view())},
                       {"endpoint", text(c.endpoint.view())}};
    if (bad) fields.push_back({"lasts", duration_text(c.lasts)});
    log_.write(bad ? log_severity::warning : log_severity::info,
               fmt::format("endpoint_{}", to_string(c.what)), fields);
}

void policy_watch::limiter_penalised(const limiter_penalty& p) noexcept {
    log_.write(log_severity::info, "limiter_penalised",
               {{"dependency", text(p.dependency.view())},
                {"endpoint", text(p.endpoint.view())},
                {"slowdown", fmt::format("{}", p.slowdown)},
                {"blocked_for", duration_text(p.blocked_for)}});
}

}  // namespace thole::ops
