#include "thole/breaker_settings.hpp"

namespace thole {

using namespace std::chrono_literals;

problems validate(const breaker_settings& s) {
    problems found;
    const auto refuse = [&found](bool bad, std::string_view field, const char* text) {
        if (bad) found.push_back({field, text});
    };
    refuse(s.consecutive_failures == 0 && s.failures_in_window == 0 &&
               s.failure_rate_permille == 0 && s.slow_rate_permille == 0,
           "consecutive_failures", "at least one rule must be set");
    refuse(s.failures_in_window > most_counted_failures, "failures_in_window",
           "must be at most 32");
    refuse(s.failure_rate_permille > 1000, "failure_rate_permille", "must be at most 1000");
    refuse(s.slow_rate_permille > 1000, "slow_rate_permille", "must be at most 1000");
    refuse(s.minimum_calls < 1 || s.minimum_calls > 100'000, "minimum_calls",
           "must be between 1 and 100000");
    refuse(s.window < 1s || s.window > 24h, "window", "must be between 1 s and 24 h");
    refuse(s.window_calls > most_window_calls, "window_calls", "must be at most 256");
    refuse(s.window_calls > 0 && s.window_calls < s.minimum_calls, "window_calls",
           "must not be less than minimum_calls: the rates would never count");
    refuse(s.slow_after <= 0s, "slow_after", "must be longer than zero");
    refuse(s.failed_after < 0s, "failed_after", "must not be negative");
    refuse(s.open_for < 100ms || s.open_for > 1h, "open_for", "must be between 100 ms and 1 h");
    refuse(s.open_growth_permille < 1000, "open_growth_permille", "must be at least 1000");
    refuse(s.open_for_most < s.open_for, "open_for_most", "must not be shorter than open_for");
    refuse(s.successes_to_close == 0, "successes_to_close", "must be at least 1");
    refuse(s.probes_per_period == 0, "probes_per_period", "must be at least 1");
    refuse(s.successes_to_close > s.probes_per_period, "successes_to_close",
           "must not be more than probes_per_period: it could never close");
    refuse(s.half_open_period <= 0s || s.half_open_period > 24h, "half_open_period",
           "must be longer than zero and at most 24 h");
    refuse(s.probe_interval < 0s || s.probe_interval >= s.half_open_period, "probe_interval",
           "must be shorter than half_open_period: it would reopen before its next probe");
    refuse(s.probe_lease <= 0s || s.probe_lease > s.half_open_period, "probe_lease",
           "must be longer than zero and not longer than half_open_period");
    refuse(s.ramp < 0s || s.ramp > 1h, "ramp", "must be between 0 and 1 h");
    return found;
}

std::string_view to_string(breaker_state state) noexcept {
    switch (state) {
        case breaker_state::closed:
            return "closed";
        case breaker_state::open:
            return "open";
        case breaker_state::half_open:
            return "half_open";
    }
    return "?";
}

std::string_view to_string(breaker_override forced) noexcept {
    switch (forced) {
        case breaker_override::none:
            return "none";
        case breaker_override::forced_open:
            return "forced_open";
        case breaker_override::forced_closed:
            return "forced_closed";
        case breaker_override::bypass:
            return "bypass";
    }
    return "?";
}

std::string_view to_string(breaker_reason why) noexcept {
    switch (why) {
        case breaker_reason::none:
            return "none";
        case breaker_reason::consecutive:
            return "consecutive";
        case breaker_reason::count:
            return "count";
        case breaker_reason::rate:
            return "rate";
        case breaker_reason::slow:
            return "slow";
        case breaker_reason::open_elapsed:
            return "open_elapsed";
        case breaker_reason::hint:
            return "hint";
        case breaker_reason::probe_failed:
            return "probe_failed";
        case breaker_reason::no_probe:
            return "no_probe";
        case breaker_reason::probes_passed:
            return "probes_passed";
        case breaker_reason::reset:
            return "reset";
        case breaker_reason::forced:
            return "forced";
    }
    return "?";
}

}  // namespace thole
