#include "thole/adaptive_limit.hpp"

#include <algorithm>
#include <utility>

#include "thole/assert.hpp"

namespace thole {

using namespace std::chrono_literals;

namespace {

std::uint32_t square_root(std::uint32_t n) noexcept {
    std::uint32_t root = 0;
    while ((root + 1) * (root + 1) <= n) ++root;
    return root;
}

}  // namespace

problems validate(const adaptive_settings& s) {
    problems found;
    const auto refuse = [&found](bool bad, std::string_view field, const char* text) {
        if (bad) found.push_back({field, text});
    };
    refuse(s.least < 1, "least", "must be at least 1");
    refuse(s.most < s.least || s.most > 1'000'000, "most",
           "must not be below `least`, and at most 1000000");
    refuse(s.round < 1ms || s.round > 1min, "round", "must be between 1 ms and 1 min");
    refuse(s.minimum_calls < 1, "minimum_calls", "must be at least 1");
    refuse(s.backoff_permille < 1 || s.backoff_permille > 999, "backoff_permille",
           "must be between 1 and 999");
    refuse(s.tolerance_permille < 1000, "tolerance_permille", "must be at least 1000");
    return found;
}

adaptive_limit::adaptive_limit(const adaptive_settings& settings, std::uint32_t initial)
    : settings_{settings}, limit_{std::clamp(initial, settings.least, settings.most)} {
    THOLE_ASSERT(validate(settings).empty(), "valid adaptive settings");
}

void adaptive_limit::reconfigure(const adaptive_settings& settings) {
    THOLE_ASSERT(validate(settings).empty(), "valid adaptive settings");
    const std::scoped_lock lock{mutex_};
    settings_ = settings;
    limit_ = std::clamp(limit_, settings.least, settings.most);
}

std::uint32_t adaptive_limit::limit() const {
    const std::scoped_lock lock{mutex_};
    return limit_;
}

duration adaptive_limit::unloaded() const {
    const std::scoped_lock lock{mutex_};
    return unloaded_;
}

std::optional<std::uint32_t> adaptive_limit::record(duration latency, bool overloaded,
                                                    std::uint32_t in_flight, time_point now) {
    const std::unique_lock lock{mutex_, std::try_to_lock};
    if (!lock) return std::nullopt;
    if (round_ends_ == time_point{}) round_ends_ = saturating_add(now, settings_.round);
    overloaded_ = overloaded_ || overloaded;
    most_in_flight_ = std::max(most_in_flight_, in_flight);
    if (!overloaded) {
        sum_ = saturating_add(sum_, std::max(latency, duration{0}));
        ++calls_;
    }
    if (now < round_ends_) return std::nullopt;
    if (!overloaded_ && calls_ < settings_.minimum_calls) return std::nullopt;

    const auto average = calls_ == 0 ? duration{0} : sum_ / calls_;
    if (average > 0ns) {
        const auto crept = saturating_add(saturating_permille(unloaded_, 1010), 1ns);
        unloaded_ = unloaded_ == 0ns ? average : std::min(crept, average);
    }
    const auto before = std::exchange(limit_, next_limit(average));
    round_ends_ = saturating_add(now, settings_.round);
    sum_ = {};
    calls_ = 0;
    most_in_flight_ = 0;
    overloaded_ = false;
    return limit_ == before ? std::nullopt : std::optional{limit_};
}

std::uint32_t adaptive_limit::next_limit(duration average) const noexcept {
    const auto bounded = [this](std::uint64_t limit) {
        return static_cast<std::uint32_t>(
            std::clamp<std::uint64_t>(limit, settings_.least, settings_.most));
    };
    if (overloaded_) {
        return bounded(std::uint64_t{limit_} * settings_.backoff_permille / 1000);
    }
    // A limit that nobody comes near says nothing about what lies beyond it.
    const bool used = most_in_flight_ * std::uint64_t{2} >= limit_;
    if (settings_.shape == adaptive_shape::aimd) return bounded(limit_ + (used ? 1U : 0U));
    const auto borne = saturating_permille(unloaded_, settings_.tolerance_permille);
    const auto gradient =
        average <= borne
            ? 1000
            : std::max<std::uint64_t>(
                  static_cast<std::uint64_t>(saturating_multiply(borne, 1000) / average), 500);
    const auto kept = std::uint64_t{limit_} * gradient / 1000;
    return bounded(kept + (used ? square_root(limit_) : 0));
}

}  // namespace thole
