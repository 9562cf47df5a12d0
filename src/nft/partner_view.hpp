#pragma once

// The partner's view of a wallet (SPEC C4, GET /api/v1/verify/{wallet}): what somebody sees who has
// only the chain and public gateways, and believes nothing else.
//
//   nft::partner_view partner{rpc, gateways, {issuer}};
//   auto seen = co_await partner.look({.wallet = owner}, until);     // result<wallet_view>
//
// Two providers must tell the same of a token, or nothing is said of it. Only the content of the
// issuer's own tokens is fetched: a stranger's URI costs no request. `known` are the collections
// that these may be in (judge.hpp). Issuers are several where the mint wallet was changed: what an
// earlier one signed stays genuine. With `freshness::remembered`, metadata that was verified before
// is believed without asking again; a mint that is to be proved asks. Errors: those of the RPC
// client (the chain could not be read); what is wrong with one token is its reason, not an error.
// Threads: the loop's. Cancellation: as the clients.

#include "ipfs/fetcher.hpp"
#include "nft/chain_reader.hpp"
#include "nft/judge.hpp"

namespace thole::nft {

class partner_view {
  public:
    partner_view(solana::rpc::client& rpc, ipfs::fetcher& gateways, issuers ours, int providers = 2,
                 collections known = {}, ipfs::freshness content = ipfs::freshness::served_now)
        : rpc_{rpc},
          gateways_{gateways},
          ours_{std::move(ours)},
          known_{std::move(known)},
          providers_{providers},
          content_{content} {}

    // At finalized; with `min_slot`, from no older state than that.
    [[nodiscard]] task<result<wallet_view>> look(wallet_query query, deadline until,
                                                 std::optional<std::uint64_t> min_slot = {});

    // One token, whoever holds it.
    [[nodiscard]] task<seen_nft> see(chain_nft nft, deadline until);

  private:
    [[nodiscard]] task<result<std::string>> content_of(std::string uri, deadline until);

    solana::rpc::client& rpc_;
    ipfs::fetcher& gateways_;
    issuers ours_;
    collections known_;
    int providers_;  // that must agree
    ipfs::freshness content_;
};

}  // namespace thole::nft
