#include "thole/fallback.hpp"

namespace thole {

problems validate(const stale_cache_settings& s) {
    problems found;
    if (s.fresh_for < duration::zero()) found.push_back({"fresh_for", "must not be negative"});
    if (s.usable_for <= s.fresh_for) {
        found.push_back({"usable_for", "must be longer than fresh_for"});
    }
    if (s.most_entries < 1 || s.most_entries > 10'000'000) {
        found.push_back({"most_entries", "must be between 1 and 10000000"});
    }
    return found;
}

}  // namespace thole
