#include "app/effective_policy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace thole::app {
namespace {

using namespace std::chrono_literals;

std::string percent(std::uint16_t permille) {
    return fmt::format("{} %", permille / 10.0);
}

std::vector<std::string> rules_of(const breaker_settings& b) {
    std::vector<std::string> out;
    const auto window = time_span{b.window}.text();
    if (b.consecutive_failures > 0) {
        out.push_back(fmt::format("{} failures in a row", b.consecutive_failures));
    }
    if (b.failures_in_window > 0) {
        out.push_back(fmt::format("{} failures in {}", b.failures_in_window, window));
    }
    const auto rate = [&](std::uint16_t share, std::string_view what) {
        if (share == 0) return;
        out.push_back(b.window_calls > 0
                          ? fmt::format("{} of the last {} calls, of at least {}, {}",
                                        percent(share), b.window_calls, b.minimum_calls, what)
                          : fmt::format("{} of at least {} calls in {} {}", percent(share),
                                        b.minimum_calls, window, what));
    };
    rate(b.failure_rate_permille, "failed");
    rate(b.slow_rate_permille, "slow");
    return out;
}

// The plain waits: jitter is told apart from them.
std::vector<time_span> waits_of(const saga::step_policy& how) {
    const auto plain = how.delays.with_jitter(0);
    rng nobody{1};
    std::vector<time_span> out;
    duration last{};
    for (int n = 1; n < how.attempts; ++n) {
        last = plain.delay(static_cast<std::uint32_t>(n), nobody, last);
        out.push_back(time_span{last});
    }
    return out;
}

effective_policy policy_of(std::string dependency, const policy_overrides& o) {
    const auto breaker = breaker_of(o);
    effective_policy out;
    out.dependency = std::move(dependency);
    out.preset = o.base->name;
    out.timeout = o.timeout;
    out.opens = rules_of(breaker);
    out.open = time_span{breaker.open_for};
    out.successes = breaker.successes_to_close;
    return out;
}

effective_policy with_steps(effective_policy out, const saga::step_policy& how) {
    out.retries = waits_of(how);
    out.jitter = how.delays.jitter_permille / 1000.0;
    return out;
}

}  // namespace

std::vector<effective_policy> effective_policies(const dependencies_config& d) {
    const auto solana = overrides_of(d.solana, presets::solana_rpc, d);
    const auto ipfs = overrides_of(d.ipfs, presets::ipfs, d);
    const auto gateway = overrides_of(d.gateway, presets::default_preset, d);
    std::vector<effective_policy> out;
    out.push_back(with_steps(policy_of("solana", solana), step_policy_of(solana)));
    out.push_back(with_steps(policy_of("ipfs", ipfs), step_policy_of(ipfs)));
    // Content is fetched within the steps of ipfs: it has no retries of its own.
    out.push_back(policy_of("gateway", gateway));
    return out;
}

std::string text_of(const effective_policy& p) {
    std::vector<std::string> waits;
    for (const auto& each : p.retries) waits.push_back(each.text());
    auto text = fmt::format("{:<8} {:<10} ", p.dependency, p.preset);
    if (!waits.empty()) {
        text +=
            fmt::format("retries after {} (+-{:g} %); ", fmt::join(waits, ", "), p.jitter * 100);
    }
    if (p.timeout) text += fmt::format("calls end after {}; ", p.timeout->text());
    text += fmt::format("opens for {} after {}; {} successes close it", p.open.text(),
                        fmt::join(p.opens, " or "), p.successes);
    return text;
}

}  // namespace thole::app
