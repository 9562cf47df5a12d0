#include "api/documents.hpp"

namespace thole::api {

boost::json::object documents::of(const saga::operation_details& from) const {
    auto value = json::to_value(from.view);
    auto& out = value.as_object();
    if (const auto more = by_kind_.find(from.view.kind); more != by_kind_.end()) {
        more->second(from, out);
    }
    return std::move(out);
}

bool has_ended(const saga::operation_view& view) {
    return view.ended_at.has_value();
}

bool is_over(const saga::operation_view& view) {
    return has_ended(view) || view.state == "parked";
}

}  // namespace thole::api
