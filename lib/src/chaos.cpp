#include "thole/chaos.hpp"

#include "thole/assert.hpp"

namespace thole {

problems validate(const chaos_settings& s) {
    problems found;
    const auto refuse = [&found](bool bad, std::string_view field, const char* text) {
        if (bad) found.push_back({field, text});
    };
    refuse(s.latency_permille > 1000, "latency_permille", "must be at most 1000");
    refuse(s.latency_least < duration::zero(), "latency_least", "must not be negative");
    refuse(s.latency_most < s.latency_least, "latency_most",
           "must not be shorter than latency_least");
    refuse(s.fault_permille > 1000, "fault_permille", "must be at most 1000");
    refuse(s.result_permille + s.fault_permille > 1000, "result_permille",
           "must be at most 1000, together with fault_permille");
    refuse(s.fault == nullptr, "fault", "must name a fault code");
    return found;
}

chaos::chaos(const chaos_settings& settings) {
    reconfigure(settings);
}

void chaos::reconfigure(const chaos_settings& settings) {
    THOLE_ASSERT(validate(settings).empty(), "valid chaos settings");
    const std::scoped_lock lock{mutex_};
    settings_ = settings;
    chance_ = rng{settings.seed};
    enabled_.store(settings.enabled, std::memory_order_relaxed);
}

// Three draws a call, used or not: a change of one share leaves the other sequences as they are.
chaos_injection chaos::next() {
    if (!enabled_.load(std::memory_order_relaxed)) return {};
    const std::scoped_lock lock{mutex_};
    const auto slow = chance_.below(1000);
    const auto latency =
        duration{chance_.between(settings_.latency_least.count(), settings_.latency_most.count())};
    const auto fate = chance_.below(1000);
    chaos_injection injected;
    if (slow < settings_.latency_permille) injected.delay = latency;
    if (fate < settings_.fault_permille) {
        injected.act = chaos_act::fail;
        injected.code = settings_.fault;
    } else if (fate < settings_.fault_permille + std::uint64_t{settings_.result_permille}) {
        injected.act = chaos_act::answer;
    }
    return injected;
}

}  // namespace thole
