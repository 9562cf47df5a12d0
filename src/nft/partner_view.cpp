#include "nft/partner_view.hpp"

#include "ipfs/uri.hpp"
#include "nft/codes.hpp"

namespace thole::nft {
namespace {

constexpr std::uint64_t largest_answer = 1U << 20U;

}  // namespace

task<result<std::string>> partner_view::content_of(std::string uri, deadline until) {
    const auto named = ipfs::parse_uri(uri);
    if (!named) co_return fail(named.error());
    ipfs::fetch_request what{.content = named->content,
                             .known = {},
                             .max_bytes = largest_answer,
                             .only = {},
                             .exclude = {},
                             .asked = content_};
    const auto got = co_await gateways_.fetch(std::move(what), until);
    if (!got) co_return fail(got.error());
    co_return std::string{as_text(got->content)};
}

task<seen_nft> partner_view::see(chain_nft nft, deadline until) {
    auto content = result<std::string>{fail(codes::metadata_malformed)};
    if (deserves_fetching(nft, ours_)) content = co_await content_of(nft.uri, until);
    co_return judge(nft, ours_, content, known_);
}

task<result<wallet_view>> partner_view::look(wallet_query query, deadline until,
                                             std::optional<std::uint64_t> min_slot) {
    const solana::rpc::options how{.until = until,
                                   .level = solana::commitment::finalized,
                                   .min_context_slot = min_slot,
                                   .endpoint = {}};
    wallet_view seen;
    seen.wallet = query.wallet.text();
    const auto held = co_await read_wallet_agreed(rpc_, query, how, providers_);
    if (!held) co_return fail(held.error());
    seen.slot = held->slot;
    for (const auto& nft : held->nfts) seen.nfts.push_back(co_await see(nft, until));
    for (const auto& mint : held->disputed) {
        seen_nft one;
        one.mint = mint.text();
        one.reason = "the nodes do not tell the same of it";
        seen.nfts.push_back(std::move(one));
    }
    seen.level = highest_level(seen.nfts);
    co_return seen;
}

}  // namespace thole::nft
