#include "engine/journal.hpp"

#include <algorithm>

namespace thole::saga {

stored_fault stored(const thole::fault& f) {
    return {std::string{f.code()},
            std::string{thole::to_string(f.kind())},
            std::string{thole::to_string(f.scope())},
            std::string{thole::to_string(f.effect())},
            std::string{f.dependency().view()},
            std::string{f.endpoint().view()},
            std::string{f.detail()}};
}

std::string fault_json(const thole::fault& f) {
    return json::write(stored(f));
}

std::string child_reason(const uuid& child) {
    return "child " + child.text();
}

void keep_output(std::vector<finished_step>& outputs, event_type type, std::string_view step,
                 std::string_view payload) {
    if (type == event_type::step_completed) {
        outputs.push_back({std::string{step}, std::string{payload}});
    } else if (type == event_type::reopened) {
        outputs.erase(std::ranges::find(outputs, step, &finished_step::name), outputs.end());
    }
}

std::string_view to_string(event_type type) noexcept {
    return json::detail::enum_text(type);
}

}  // namespace thole::saga
