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

namespace {

// Texts, not values: what was hashed stays as it was.
struct kept_output {
    std::string name;
    std::string output;
};
BOOST_DESCRIBE_STRUCT(kept_output, (), (name, output))
struct kept_text {
    std::string input;
    std::vector<kept_output> outputs;
};
BOOST_DESCRIBE_STRUCT(kept_text, (), (input, outputs))

void rename(std::vector<finished_step>& outputs, std::string_view payload) {
    const auto names = json::parse(payload);
    THOLE_ASSERT(names && names->is_object(), "journaled names read back");
    for (auto& each : outputs) {
        if (const auto* name = names->as_object().if_contains(each.name)) {
            each.name = name->as_string();
        }
    }
}

// From it on outputs count no more: of the step that begins anew, or of any of its group, whose
// names are in the payload.
std::vector<finished_step>::iterator first_again(std::vector<finished_step>& outputs,
                                                 std::string_view step, std::string_view payload) {
    std::vector<std::string> names{std::string{step}};
    if (!payload.empty()) {
        auto group = json::read<std::vector<std::string>>(payload);
        THOLE_ASSERT(group.has_value(), "journaled names read back");
        names = *std::move(group);
    }
    return std::ranges::find_if(outputs, [&](const finished_step& each) {
        return std::ranges::find(names, each.name) != names.end();
    });
}

}  // namespace

void keep_payload(stored_operation& op, event_type type, std::string_view step,
                  std::string_view payload) {
    auto& outputs = op.outputs;
    switch (type) {
        case event_type::submitted:
            op.input = payload;
            break;
        case event_type::edited:
            op.input = payload;
            outputs.clear();
            break;
        case event_type::step_completed:
            outputs.push_back({std::string{step}, std::string{payload}});
            break;
        case event_type::reopened:
            outputs.erase(first_again(outputs, step, payload), outputs.end());
            break;
        case event_type::migrated:
            rename(outputs, payload);
            break;
        default:
            break;
    }
}

std::string kept_document(const stored_operation& op) {
    kept_text out{op.input, {}};
    for (const auto& each : op.outputs) out.outputs.push_back({each.name, each.output});
    return json::write(out);
}

bool read_kept_document(stored_operation& op, std::string_view text) {
    auto read = json::read<kept_text>(text);
    if (!read) return false;
    op.input = std::move(read->input);
    op.outputs.clear();
    for (auto& each : read->outputs) {
        op.outputs.push_back({std::move(each.name), std::move(each.output)});
    }
    return true;
}

std::string_view to_string(event_type type) noexcept {
    return json::detail::enum_text(type);
}

}  // namespace thole::saga
