#include "thole/endpoint.hpp"

#include "thole/endpoint_set.hpp"

namespace thole {

using namespace std::chrono_literals;

problems validate(const endpoint_config& c) {
    auto found = validate(c.limit);
    const auto refuse = [&found](bool bad, std::string_view field, const char* text) {
        if (bad) found.push_back({field, text});
    };
    refuse(c.name.empty(), "name", "must not be empty");
    refuse(c.url.empty(), "url", "must not be empty");
    refuse(c.weight < 1 || c.weight > 10'000, "weight", "must be between 1 and 10000");
    refuse(c.roles.empty(), "roles", "must name at least one of read, send, history");
    return found;
}

problems validate(const endpoint_set_settings& s) {
    auto found = validate(s.breaker);
    const auto least_bad = validate(s.least_bad);
    found.insert(found.end(), least_bad.begin(), least_bad.end());
    const auto refuse = [&found](bool bad, std::string_view field, const char* text) {
        if (bad) found.push_back({field, text});
    };
    refuse(s.outlier.minimum_calls == 0, "outlier.minimum_calls", "must be at least 1");
    refuse(s.outlier.margin_permille > 1000, "outlier.margin_permille", "must be at most 1000");
    refuse(s.outlier.most_ejected_permille > 1000, "outlier.most_ejected_permille",
           "must be at most 1000");
    refuse(s.outlier.eject_for <= 0s, "outlier.eject_for", "must be longer than zero");
    return found;
}

std::string_view to_string(endpoint_block why) noexcept {
    switch (why) {
        case endpoint_block::none:
            return "none";
        case endpoint_block::breaker:
            return "breaker";
        case endpoint_block::rate_limited:
            return "rate_limited";
        case endpoint_block::ejected:
            return "ejected";
        case endpoint_block::at_capacity:
            return "at_capacity";
        case endpoint_block::drained:
            return "drained";
    }
    return "?";
}

std::string_view to_string(endpoint_event what) noexcept {
    switch (what) {
        case endpoint_event::added:
            return "added";
        case endpoint_event::removed:
            return "removed";
        case endpoint_event::drained:
            return "drained";
        case endpoint_event::resumed:
            return "resumed";
        case endpoint_event::reprioritised:
            return "reprioritised";
        case endpoint_event::ejected:
            return "ejected";
        case endpoint_event::restored:
            return "restored";
    }
    return "?";
}

}  // namespace thole
