#include "thole/fault.hpp"

namespace thole {

std::string_view to_string(fault_kind kind) noexcept {
    switch (kind) {
        case fault_kind::transient:
            return "transient";
        case fault_kind::rate_limited:
            return "rate_limited";
        case fault_kind::outage:
            return "outage";
        case fault_kind::conflict:
            return "conflict";
        case fault_kind::permanent:
            return "permanent";
        case fault_kind::rejected:
            return "rejected";
        case fault_kind::cancelled:
            return "cancelled";
    }
    return "?";
}

std::string_view to_string(fault_scope scope) noexcept {
    switch (scope) {
        case fault_scope::request:
            return "request";
        case fault_scope::endpoint:
            return "endpoint";
        case fault_scope::dependency:
            return "dependency";
    }
    return "?";
}

std::string_view to_string(fault_effect effect) noexcept {
    return effect == fault_effect::none ? "none" : "unknown";
}

fault& fault::with_detail(std::string text) & {
    detail_ = text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text));
    return *this;
}

std::string fault::describe() const {
    std::string out{code()};
    out.append(" (").append(to_string(kind_)).append(", ").append(to_string(scope_));
    if (effect_ == fault_effect::unknown) out.append(", effect unknown");
    out.push_back(')');
    if (!dependency_.empty()) {
        out.append(" at ").append(dependency_.view());
        if (!endpoint_.empty()) out.append("/").append(endpoint_.view());
    }
    if (detail_) out.append(": ").append(*detail_);
    return out;
}

}  // namespace thole
