#include "thole/registry.hpp"

namespace thole {

pipeline& registry::make(name dependency, const pipeline_settings& settings, time_point now,
                         observer* watch, endpoint_set* endpoints) {
    const std::scoped_lock lock{mutex_};
    auto& place = pipelines_[dependency];
    if (place == nullptr) {
        place = std::make_unique<pipeline>(dependency, settings, watch, endpoints);
    } else {
        place->reconfigure(settings, now);
    }
    return *place;
}

pipeline* registry::find(name dependency) const {
    const std::scoped_lock lock{mutex_};
    const auto found = pipelines_.find(dependency);
    return found == pipelines_.end() ? nullptr : found->second.get();
}

bool registry::reconfigure(name dependency, const pipeline_settings& settings, time_point now) {
    auto* const found = find(dependency);
    if (found == nullptr) return false;
    found->reconfigure(settings, now);
    return true;
}

std::vector<pipeline*> registry::all() const {
    const std::scoped_lock lock{mutex_};
    std::vector<pipeline*> list;
    for (const auto& [key, value] : pipelines_) list.push_back(value.get());
    return list;
}

}  // namespace thole
