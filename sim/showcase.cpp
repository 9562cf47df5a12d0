#include "sim/showcase.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "sim/at_once.hpp"
#include "sim/world.hpp"

namespace thole::sim {

using nft::drift;

reply showcase::site(const io::http_request& request, contents& published) const {
    const auto text = request.url.substr(request.url.rfind('/') + 1);
    const auto id = ipfs::cid::parse(text);
    const auto gone = [&](const known_operation& op) {
        return op.metadata_cid == text && world_.drifts.shows(op.id, drift::uri_dead);
    };
    for (const auto& [row, op] : world_.judges.operations()) {
        if (gone(op)) return {404, "no such page", {}};
    }
    const auto kept = id ? *at_once(published.status(*id, {})) : ipfs::pin_state::absent;
    if (kept != ipfs::pin_state::pinned) return {404, "no such page", {}};
    const auto page = at_once(published.source(*id)->load());
    return {200, std::string{as_text(**page)}, {}};
}

reply showcase::partner(const io::http_request& request) const {
    const auto wallet = request.url.substr(request.url.rfind('/') + 1);
    boost::json::array nfts;
    for (const auto& [row, op] : world_.judges.operations()) {
        if (op.kind != nft::mint_kind) continue;
        const auto wanted = world_.request_of(op.client);
        if (wanted.owner != wallet) continue;
        const auto token = world_.token_of(op.key);
        if (!token) continue;
        const bool wrong = world_.drifts.shows(op.id, drift::partner_mismatch);
        nfts.push_back({{"mint", world_.identity_of(op.key).mint.text()},
                        {"uri", token->uri},
                        {"level", wanted.level.value_or(0) + (wrong ? 1 : 0)}});
    }
    return {200, json::write(boost::json::value(boost::json::object{{"nfts", nfts}})), {}};
}

}  // namespace thole::sim
