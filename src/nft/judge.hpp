#pragma once

// What a partner who trusts nobody would say about one NFT: is it one of a kind, did the issuer
// make it, and is the content behind its URI what the URI says.
//
//   auto seen = nft::judge(chain_nft, {issuer}, fetched);
//   if (seen.issuer_verified && seen.content_verified) level = std::max(level, seen.level);
//
// Pure; threads: any.

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "nft/chain_nft.hpp"

namespace thole::nft {

struct seen_nft {
    std::string mint;
    std::string uri;
    std::optional<std::uint32_t> level;
    bool issuer_verified = false;
    bool content_verified = false;
    std::string reason;  // why not, in words; "" when both are
    // Why the content could not be asked for, which says nothing about it; not shown.
    std::optional<fault> away{};
};
BOOST_DESCRIBE_STRUCT(seen_nft, (), (mint, uri, level, issuer_verified, content_verified, reason))

struct wallet_view {
    std::string wallet;
    std::uint64_t slot = 0;
    std::vector<seen_nft> nfts;
    std::optional<std::uint32_t> level;  // the highest of those that are verified in full
};
BOOST_DESCRIBE_STRUCT(wallet_view, (), (wallet, slot, nfts, level))

// Metaplex collections that the issuers' tokens may be in.
using collections = std::vector<solana::public_key>;

// A token that names a collection is in it only when that one's authority verified it, and what
// partners know is a collection of `known`: a claim that nobody verified, or another collection
// while some are known, is not the issuer's word. A token in none may be older than they are.
//
// `content`: the verified bytes behind the URI, or why there are none. It is looked at only for an
// NFT of these issuers; for others pass any fault.
[[nodiscard]] seen_nft judge(const chain_nft& nft, const issuers& ours,
                             const result<std::string>& content, const collections& known = {});

// Whether judge() would look at the content: others' URIs are not worth a request.
[[nodiscard]] bool deserves_fetching(const chain_nft& nft, const issuers& ours);

[[nodiscard]] std::optional<std::uint32_t> highest_level(const std::vector<seen_nft>& nfts);

}  // namespace thole::nft
