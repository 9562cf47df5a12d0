#include "thole/explain.hpp"

#include "thole/pipeline.hpp"

namespace thole {

using namespace std::chrono_literals;

namespace {

std::string number(std::uint64_t n) {
    return std::to_string(n);
}

// One digit after the point, none when it is zero.
std::string scaled(std::int64_t count, std::int64_t unit, const char* name) {
    const auto tenths = (count * 10 + unit / 2) / unit;
    auto text = std::to_string(tenths / 10);
    if (tenths % 10 != 0) text.append(".").append(std::to_string(tenths % 10));
    return text.append(" ").append(name);
}

std::string cause(const breaker_view& v) {
    switch (v.why) {
        case breaker_reason::consecutive:
            return number(v.consecutive_failures) + " failures in a row";
        case breaker_reason::count:
            return "too many failures in its window";
        case breaker_reason::rate:
            return "too large a share of failures (" + number(v.failed) + " of " +
                   number(v.failed + v.succeeded) + " calls)";
        case breaker_reason::slow:
            return "too large a share of slow calls (" + number(v.slow) + " of " +
                   number(v.failed + v.succeeded) + ")";
        case breaker_reason::probe_failed:
            return "a probe failed";
        case breaker_reason::no_probe:
            return "nobody probed it for a whole period";
        default:
            return std::string{to_string(v.why)};
    }
}

std::string_view in_words(retry_reason reason) {
    switch (reason) {
        case retry_reason::first_call:
            return "the first call";
        case retry_reason::backoff:
            return "our own back-off";
        case retry_reason::retry_after:
            return "the server asked for this wait";
        case retry_reason::conflict:
            return "a short random wait after a conflict";
        case retry_reason::refused:
            return "refused here, so nothing was spent";
        case retry_reason::failover:
            return "another endpoint, at once";
        case retry_reason::waited:
            return "the wait is over";
        case retry_reason::succeeded:
            return "it succeeded";
        case retry_reason::not_repeatable:
            return "the same request would fail the same way";
        case retry_reason::effect_unknown:
            return "it may have taken effect, and a repeat may do harm";
        case retry_reason::attempts_spent:
            return "all attempts are spent";
        case retry_reason::budget_spent:
            return "the retry budget is spent: more would only add load";
        case retry_reason::asked_too_long:
            return "the wait that was asked for is longer than this call waits";
        case retry_reason::deadline:
            return "the deadline comes before the next attempt could";
        case retry_reason::cancelled:
            return "the caller gave up";
    }
    return "?";
}

std::string_view in_words(endpoint_block why) {
    switch (why) {
        case endpoint_block::none:
            return "nothing";
        case endpoint_block::breaker:
            return "its circuit breaker is open";
        case endpoint_block::rate_limited:
            return "its rate limit is used up, or the server asked for a pause";
        case endpoint_block::ejected:
            return "it is far worse than its peers";
        case endpoint_block::at_capacity:
            return "it has as many calls in flight as it may have";
        case endpoint_block::drained:
            return "an operator drained it";
    }
    return "?";
}

}  // namespace

std::string in_words(duration d) {
    if (d == duration::max()) return "until an operator acts";
    const auto ns = d.count();
    if (d < 1us) return std::to_string(ns) + " ns";
    if (d < 1ms) return scaled(ns, 1000, "µs");
    if (d < 1s) return scaled(ns, 1'000'000, "ms");
    if (d < 2min) return scaled(ns, 1'000'000'000, "s");
    if (d < 2h) return scaled(ns / 1'000'000'000, 60, "min");
    return scaled(ns / 1'000'000'000, 3600, "h");
}

std::string explain(const breaker_view& v) {
    switch (v.forced) {
        case breaker_override::forced_open:
            return "forced open by an operator: every call is refused until that is lifted";
        case breaker_override::bypass:
            return "bypassed by an operator: every call passes and none is counted";
        case breaker_override::forced_closed:
            return "forced closed by an operator: every call passes; by itself it would be " +
                   std::string{to_string(v.computed)};
        case breaker_override::none:
            break;
    }
    std::string text;
    if (v.computed == breaker_state::open) {
        text = "open after " + cause(v) + "; calls are refused for " + in_words(v.remaining);
    } else if (v.computed == breaker_state::half_open) {
        text =
            "half-open: single probes decide, " + number(v.probe_successes) + " succeeded so far";
    } else {
        text = "closed: " + number(v.failed) + " of " + number(v.failed + v.succeeded) +
               " calls in the window failed";
        if (v.ramping) text += "; just recovered, so only a growing share of the calls passes";
    }
    if (v.shadow) text += " (shadow: it only shows what it would do)";
    return text;
}

std::string explain(const retry_verdict& v, time_point now) {
    const auto reason = std::string{in_words(v.reason)};
    switch (v.act) {
        case retry_act::call:
            return "calls now: " + reason + " (attempt " + number(v.attempt) + ")";
        case retry_act::sleep_until:
            return "tries again in " + in_words(v.at - now) + ": " + reason + " (attempt " +
                   number(v.attempt) + (v.next_endpoint ? ", at another endpoint)" : ")");
        case retry_act::finish:
            return v.reason == retry_reason::succeeded ? reason : "gives up: " + reason;
    }
    return reason;
}

std::string explain(const endpoint_view& v) {
    auto text = std::string{v.config.name.view()};
    if (v.block == endpoint_block::none) {
        text += " takes calls";
        if (v.slow) text += "; it is slow (" + in_words(v.latency) + ")";
        if (v.unreliable) text += "; it fails too often";
        return text;
    }
    text += v.blocked_for == duration::max()
                ? " takes no calls until an operator acts: "
                : " takes no calls for " + in_words(v.blocked_for) + ": ";
    text += in_words(v.block);
    if (v.block == endpoint_block::breaker) text += " (" + explain(v.breaker) + ")";
    return text;
}

std::string explain(const fault& f) {
    auto text = f.kind() == fault_kind::rejected ? std::string{"refused here, nothing was sent: "}
                                                 : std::string{f.code()} + ": ";
    text += f.meaning();
    if (const auto after = f.retry_after())
        text += " Worth asking again in " + in_words(*after) + ".";
    if (f.effect() == fault_effect::unknown) text += " It may have taken effect.";
    return text;
}

std::string pipeline::explain(time_point now) const {
    const auto v = view(now);
    const auto& s = v.settings;
    std::string text = std::string{dependency_.view()} + ", outermost first\n";
    const auto line = [&text](stage which, const std::string& what) {
        text.append("  ").append(to_string(which)).append(": ").append(what).append("\n");
    };
    if (s.total > 0s) line(stage::deadline, "a call ends after " + in_words(s.total));
    if (s.hedge) {
        line(stage::hedge, "up to " + number(s.hedge->most_copies) +
                               " more copies, the first after " +
                               in_words(v.usual.value_or(s.hedge->longest)));
    }
    if (s.retry) {
        line(stage::retry, "up to " + number(s.retry->attempts) + " calls; the budget has " +
                               number(v.repeats_left) + " repeats left");
    }
    if (s.limiter) {
        line(stage::limiter,
             number(s.limiter->permits) + " calls per " + in_words(s.limiter->per) +
                 (v.slowdown > 1 ? ", slowed down " + number(v.slowdown) + " times after a 429"
                                 : std::string{}));
    }
    if (s.bulkhead) {
        line(stage::bulkhead, number(v.in_flight) + " of " + number(v.limit) + " places taken, " +
                                  number(v.waiting) + " of " + number(s.bulkhead->queue) + " wait");
    }
    if (s.breaker) line(stage::breaker, thole::explain(v.breaker));
    if (s.timeout > 0s) line(stage::timeout, "an attempt ends after " + in_words(s.timeout));
    if (s.chaos && s.chaos->enabled) {
        line(stage::chaos,
             "injects faults into " + number(s.chaos->fault_permille) + " of 1000 calls");
    }
    return text;
}

}  // namespace thole
