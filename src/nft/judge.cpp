#include "nft/judge.hpp"

#include <algorithm>

#include "ipfs/fetcher.hpp"
#include "nft/metadata.hpp"

namespace thole::nft {
namespace {

// Why the content does not stand behind the token; sets the level when it does.
std::string content_problem(const chain_nft& nft, const result<std::string>& content,
                            std::optional<std::uint32_t>& level) {
    if (!content) return "content: " + content.error().describe();
    const auto metadata = parse_metadata(*content);
    if (!metadata) return "metadata: " + std::string{metadata.error().detail()};
    // Content of another token of the same issuer is genuine and still not this token's.
    if (metadata->name != nft.name) return "metadata names another token: " + metadata->name;
    if (metadata->symbol != nft.symbol) return "metadata has another symbol: " + metadata->symbol;
    level = metadata->level;
    return {};
}

std::string collection_problem(const chain_nft& nft, const collections& known) {
    if (!nft.collection) return {};
    const auto& [verified, key] = *nft.collection;
    if (!verified) return "its collection did not verify it: " + key.text();
    if (known.empty() || std::ranges::find(known, key) != known.end()) return {};
    return "in another collection: " + key.text();
}

}  // namespace

bool deserves_fetching(const chain_nft& nft, const issuers& ours) {
    return uniqueness_problem(nft).empty() && issuer_verified(nft, ours);
}

seen_nft judge(const chain_nft& nft, const issuers& ours, const result<std::string>& content,
               const collections& known) {
    seen_nft seen;
    seen.mint = nft.mint.text();
    seen.uri = nft.uri;
    if (!nft.has_metadata) {
        seen.reason = "no metadata";
        return seen;
    }
    if (auto problem = uniqueness_problem(nft); !problem.empty()) {
        seen.reason = std::move(problem);
        return seen;
    }
    seen.reason = issuer_verified(nft, ours) ? collection_problem(nft, known)
                                             : std::string{"not made by the issuer"};
    seen.issuer_verified = seen.reason.empty();
    if (!seen.issuer_verified) return seen;
    seen.reason = content_problem(nft, content, seen.level);
    seen.content_verified = seen.reason.empty();
    if (!content && !ipfs::is_about_content(content.error())) seen.away = content.error();
    return seen;
}

std::optional<std::uint32_t> highest_level(const std::vector<seen_nft>& nfts) {
    std::optional<std::uint32_t> level;
    for (const auto& each : nfts) {
        if (!each.issuer_verified || !each.content_verified || !each.level) continue;
        level = std::max(level.value_or(0), *each.level);
    }
    return level;
}

}  // namespace thole::nft
