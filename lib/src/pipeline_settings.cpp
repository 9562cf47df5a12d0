#include "thole/pipeline_settings.hpp"

#include <algorithm>
#include <array>

namespace thole {

using namespace std::chrono_literals;

namespace {

constexpr std::array<std::string_view, stage_count> stage_names{
    "fallback", "cache",    "deadline", "hedge",   "retry",
    "limiter",  "bulkhead", "breaker",  "timeout", "chaos"};

struct mistake {
    stage outer;
    stage inner;
    std::string_view text;
};

// The mistakes that people make; any other pair has the general sentence.
constexpr std::array mistakes{
    mistake{stage::breaker, stage::retry,
            "breaker stands outside retry: it would count a whole series of attempts as one call"},
    mistake{stage::timeout, stage::retry,
            "timeout stands outside retry: that is a deadline, name it `deadline`"},
    mistake{stage::bulkhead, stage::retry,
            "bulkhead stands outside retry: its places would be held through the back-off"},
    mistake{stage::limiter, stage::retry,
            "limiter stands outside retry: repeats would not be counted by it"},
    mistake{stage::retry, stage::hedge,
            "retry stands outside hedge: each attempt would be copied anew"},
    mistake{stage::retry, stage::deadline,
            "deadline stands inside retry: it would begin anew with each attempt"},
    mistake{stage::retry, stage::fallback,
            "fallback stands inside retry: a covered failure would never be repeated"},
    mistake{stage::breaker, stage::bulkhead,
            "breaker stands outside bulkhead: waiting in the queue would count as a slow call"},
    mistake{stage::timeout, stage::breaker,
            "timeout stands outside breaker: what it cuts off would not be counted as a failure"},
};

// Checks one stage; its fields are told with the stage's name in front.
template <class Settings>
void check(problems& found, std::initializer_list<std::string_view> fields,
           const std::optional<Settings>& settings) {
    if (!settings) return;
    for (auto& p : validate(*settings)) {
        const auto prefix = fields.begin()->substr(0, fields.begin()->find('.') + 1);
        const auto known = std::find_if(fields.begin(), fields.end(), [&](std::string_view f) {
            return f.substr(prefix.size()) == p.field;
        });
        found.push_back({known == fields.end() ? p.field : *known, std::move(p.text)});
    }
}

void check_stages(problems& found, const pipeline_settings& s) {
    check(found,
          {"hedge.most_copies", "hedge.percentile_permille", "hedge.shortest", "hedge.longest"},
          s.hedge);
    check(found,
          {"retry.attempts", "retry.attempts_per_endpoint", "retry.longest_refusal",
           "retry.longest_retry_after", "retry.base", "retry.floor", "retry.cap",
           "retry.jitter_permille", "retry.factor_permille", "retry.list"},
          s.retry);
    check(found, {"budget.percent", "budget.floor_per_second", "budget.window"}, s.budget);
    check(found,
          {"limiter.permits", "limiter.per", "limiter.burst", "limiter.recovery",
           "limiter.longest_block"},
          s.limiter);
    check(found, {"bulkhead.limit", "bulkhead.queue", "bulkhead.queue_timeout"}, s.bulkhead);
    check(found,
          {"adaptive.least", "adaptive.most", "adaptive.round", "adaptive.minimum_calls",
           "adaptive.backoff_permille", "adaptive.tolerance_permille"},
          s.adaptive);
    check(found,
          {"breaker.consecutive_failures", "breaker.failures_in_window",
           "breaker.failure_rate_permille", "breaker.slow_rate_permille", "breaker.minimum_calls",
           "breaker.window", "breaker.window_calls", "breaker.slow_after", "breaker.failed_after",
           "breaker.open_for", "breaker.open_growth_permille", "breaker.open_for_most",
           "breaker.successes_to_close", "breaker.probes_per_period", "breaker.half_open_period",
           "breaker.probe_interval", "breaker.probe_lease", "breaker.ramp"},
          s.breaker);
    check(found,
          {"chaos.latency_permille", "chaos.latency_least", "chaos.latency_most",
           "chaos.fault_permille", "chaos.result_permille", "chaos.fault"},
          s.chaos);
}

void check_order(problems& found, const pipeline_settings& s) {
    const auto& order = s.order;
    for (std::size_t i = 0; i < order.size(); ++i) {
        for (std::size_t j = i + 1; j < order.size(); ++j) {
            if (order[i] == order[j]) {
                found.push_back({"order", std::string{to_string(order[i])} +
                                              " stands twice: the attempts would multiply"});
            } else if (const auto text = order_mistake(order[i], order[j]); !text.empty()) {
                found.push_back({"order", std::string{text}});
            }
        }
        if (order[i] != stage::fallback && order[i] != stage::cache && !s.has(order[i])) {
            found.push_back(
                {"order", std::string{to_string(order[i])} + " is listed but has no settings"});
        }
    }
    if (order.empty()) return;
    for (std::size_t i = 0; i < stage_count; ++i) {
        const auto which = static_cast<stage>(i);
        if (s.has(which) && std::find(order.begin(), order.end(), which) == order.end()) {
            found.push_back(
                {"order", std::string{stage_names[i]} + " has settings but is not listed"});
        }
    }
}

}  // namespace

std::string_view to_string(stage s) noexcept {
    return stage_names[static_cast<std::size_t>(s)];
}

std::optional<stage> stage_named(std::string_view text) noexcept {
    for (std::size_t i = 0; i < stage_count; ++i) {
        if (stage_names[i] == text) return static_cast<stage>(i);
    }
    return std::nullopt;
}

std::string_view order_mistake(stage outer, stage inner) noexcept {
    if (outer < inner) return {};
    for (const auto& m : mistakes) {
        if (m.outer == outer && m.inner == inner) return m.text;
    }
    return "stages go outermost first: fallback, cache, deadline, hedge, retry, limiter, bulkhead, "
           "breaker, timeout, chaos";
}

bool pipeline_settings::has(stage which) const noexcept {
    switch (which) {
        case stage::fallback:
        case stage::cache:
            return false;
        case stage::deadline:
            return total != duration::zero();
        case stage::hedge:
            return hedge.has_value();
        case stage::retry:
            return retry.has_value();
        case stage::limiter:
            return limiter.has_value();
        case stage::bulkhead:
            return bulkhead.has_value();
        case stage::breaker:
            return breaker.has_value();
        case stage::timeout:
            return timeout != duration::zero();
        case stage::chaos:
            return chaos.has_value();
    }
    return false;
}

problems validate(const pipeline_settings& s) {
    problems found;
    check_stages(found, s);
    check_order(found, s);
    const auto refuse = [&found](bool bad, std::string_view field, const char* text) {
        if (bad) found.push_back({field, text});
    };
    refuse(s.total < 0s || s.total > 24h, "total", "must be between 0 and 24 h");
    refuse(s.timeout < 0s, "timeout", "must not be negative");
    refuse(s.total > 0s && s.timeout >= s.total, "timeout",
           "must be shorter than `total`, or it never fires");
    refuse(s.retry && s.retried_elsewhere, "retry",
           "has two homes: something else repeats these calls, and the attempts would multiply");
    refuse(s.effect == call_effect::once && s.hedge, "hedge",
           "must not copy calls that are declared `once`: both copies would take effect");
    refuse(s.effect == call_effect::once && s.retry && s.retry->idempotent, "retry.idempotent",
           "contradicts `once`: a call whose effect is unknown would be made twice");
    refuse((s.retry || s.hedge) && !s.budget, "budget",
           "is missing: retries and hedges without one are a storm when the dependency fails");
    refuse(s.adaptive && !s.bulkhead, "adaptive", "needs a bulkhead, whose limit it moves");
    refuse(
        s.bulkhead && s.bulkhead->queue > 0 && s.total > 0s && s.bulkhead->queue_timeout >= s.total,
        "bulkhead.queue_timeout", "must be shorter than `total`");
    refuse(s.hedge && s.timeout > 0s && s.hedge->longest >= s.timeout, "hedge.longest",
           "must be shorter than `timeout`, or the copy never leaves");
    return found;
}

}  // namespace thole
