#include "nft/records.hpp"

#include <tuple>

namespace thole::nft {

bool same_content(const record& a, const record& b) {
    const auto content = [](const record& r) {
        return std::tie(r.operation_id, r.tenant, r.account, r.owner, r.mint, r.image_cid,
                        r.metadata_cid, r.uri, r.metadata_json, r.level, r.status, r.signature);
    };
    return content(a) == content(b);
}

}  // namespace thole::nft
