#include "api/fault_catalog.hpp"

#include <algorithm>
#include <boost/json/object.hpp>

#include "api/codes.hpp"
#include "engine/codes.hpp"
#include "image/codes.hpp"
#include "io/codes.hpp"
#include "ipfs/codes.hpp"
#include "nft/codes.hpp"
#include "solana/codes.hpp"
#include "sql/codes.hpp"
#include "thole/codes.hpp"

namespace thole::api {

const std::vector<const fault_code*>& all_faults() {
    static const auto all = [] {
        std::vector<const fault_code*> out;
        const auto add = [&out](const auto& codes) {
            out.insert(out.end(), codes.begin(), codes.end());
        };
        add(codes::library_codes);
        add(codes::io_codes);
        add(codes::sql_codes);
        add(codes::engine_codes);
        add(solana::codes::solana_codes);
        add(image::image_codes);
        add(ipfs::ipfs_codes);
        add(nft::nft_codes);
        add(codes::api_codes);
        std::ranges::sort(out, {}, &fault_code::text);
        return out;
    }();
    return all;
}

const fault_code* find_fault(std::string_view code) {
    const auto& all = all_faults();
    const auto at = std::ranges::lower_bound(all, code, {}, &fault_code::text);
    return at != all.end() && (*at)->text == code ? *at : nullptr;
}

std::string_view response_to(fault_kind kind) noexcept {
    switch (kind) {
        case fault_kind::transient:
            return "Tried again with exponential back-off. After the attempts: the next endpoint, "
                   "then a person.";
        case fault_kind::rate_limited:
            return "Tried again when the other side says so (Retry-After), else with back-off, up "
                   "to five times. Then the next endpoint.";
        case fault_kind::outage:
            return "The next endpoint is used at once. With no other one: back-off as for a "
                   "transient failure, and an alert.";
        case fault_kind::conflict:
            return "Tried once more after a random 100 to 500 ms, then as a transient failure.";
        case fault_kind::permanent:
            return "Not tried again: the same request would fail the same way. The operation is "
                   "undone, or parked for a person.";
        case fault_kind::rejected:
            return "Refused here, before anything left. No attempt is spent; it is scheduled for "
                   "when it may be asked again.";
        case fault_kind::cancelled:
            return "Neither success nor failure: nobody is blamed and nothing is tried again.";
    }
    return "";
}

boost::json::value explain(const fault_code& code) {
    return boost::json::object{{"code", code.text},
                               {"kind", to_string(code.kind)},
                               {"scope", to_string(code.scope)},
                               {"meaning", code.meaning},
                               {"response", response_to(code.kind)}};
}

}  // namespace thole::api
