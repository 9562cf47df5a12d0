#include "nft/records.hpp"

#include <algorithm>
#include <tuple>

namespace thole::nft {

bool same_content(const record& a, const record& b) {
    const auto content = [](const record& r) {
        return std::tie(r.operation_id, r.tenant, r.account, r.owner, r.mint, r.image_cid,
                        r.metadata_cid, r.uri, r.metadata_json, r.level, r.status, r.signature);
    };
    return content(a) == content(b);
}

record converged(const record& there, record from_chain) {
    auto& out = from_chain;
    out.created_at = there.created_at;
    if (out.signature.empty()) out.signature = there.signature;
    const auto wanted = out.status;
    out.status = there.status;
    const bool ahead = there.status == record_status::completed || there.status == wanted;
    if (ahead && same_content(out, there)) return there;
    out.status = wanted;
    out.version = std::max(there.version + 1, out.version);
    return out;
}

}  // namespace thole::nft
