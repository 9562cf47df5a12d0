#pragma once

// The partner's view of a wallet (SPEC C4, GET /api/v1/verify/{wallet}): what somebody sees who has
// only the chain and public gateways, and believes nothing else.
//
//   nft::partner_view partner{rpc, gateways, issuer};
//   auto seen = co_await partner.look({.wallet = owner}, until);     // result<wallet_view>
//
// Only the content of the issuer's own tokens is fetched: a stranger's URI costs no request.
// Errors: those of the RPC client (the chain could not be read); what is wrong with one token is
// its reason, not an error. Threads: the loop's. Cancellation: as the clients.

#include "ipfs/fetcher.hpp"
#include "nft/chain_reader.hpp"
#include "nft/judge.hpp"

namespace thole::nft {

class partner_view {
  public:
    partner_view(solana::rpc::client& rpc, ipfs::fetcher& gateways, solana::public_key issuer)
        : rpc_{rpc}, gateways_{gateways}, issuer_{issuer} {}

    // At finalized; with `min_slot`, from no older state than that.
    [[nodiscard]] task<result<wallet_view>> look(wallet_query query, deadline until,
                                                 std::optional<std::uint64_t> min_slot = {});

  private:
    [[nodiscard]] task<result<std::string>> content_of(std::string uri, deadline until);

    solana::rpc::client& rpc_;
    ipfs::fetcher& gateways_;
    solana::public_key issuer_;
};

}  // namespace thole::nft
