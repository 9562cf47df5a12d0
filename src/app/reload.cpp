#include "app/reload.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "app/config_layer.hpp"

namespace thole::app {
namespace {

// Where two values differ: the deepest objects' members, lists as a whole.
void differing(const boost::json::value* a, const boost::json::value* b, const std::string& pointer,
               std::vector<std::string>& out) {
    if (a != nullptr && b != nullptr && a->is_object() && b->is_object()) {
        for (const auto& [key, value] : a->get_object()) {
            differing(&value, b->get_object().if_contains(key), pointer + "/" + std::string{key},
                      out);
        }
        for (const auto& [key, value] : b->get_object()) {
            if (a->get_object().contains(key)) continue;
            differing(nullptr, &value, pointer + "/" + std::string{key}, out);
        }
    } else if (a == nullptr || b == nullptr || *a != *b) {
        out.push_back(pointer);
    }
}

}  // namespace

reload_plan plan_reload(const config& running, const config& read_again) {
    reload_plan out;
    auto without_pipelines = running;
    for (auto& [id, partner] : without_pipelines.dependency.partner) {
        const auto found = read_again.dependency.partner.find(id);
        if (found == read_again.dependency.partner.end()) continue;
        if (found->second.pipeline != partner.pipeline) {
            out.pipelines.emplace(id, partner_pipeline(found->second).value());
        }
        partner.pipeline = found->second.pipeline;
    }
    const auto before = json::to_value(without_pipelines);
    const auto after = json::to_value(read_again);
    std::vector<std::string> pointers;
    differing(&before, &after, "", pointers);
    for (const auto& each : pointers) out.at_restart.push_back(key_of(each));
    return out;
}

}  // namespace thole::app
