#pragma once

// GET /api/v1/mints/estimate?standard=token-2022&count=1000&bytes=12000000
//
// What so many mints cost at most (the longest texts, the fee at its cap) and what the wallet
// holds: {v, standard, count, lamports_each, lamports, wallet, wallet_lamports, enough,
// content_per_month, seconds}; 64-bit numbers are text. content_per_month is what `bytes` of
// content cost where they would be kept, by currency; seconds, how long the configured rates alone
// make them last (left out where none limits them). Threads: the core loop's.

#include "api/router.hpp"
#include "ipfs/content_costs.hpp"
#include "solana/wallet.hpp"

namespace thole::api {

class mint_estimate_resource {
  public:
    struct parts {
        solana::wallet_watch* funds = nullptr;  // null: minting is off
        solana::public_key wallet;
        std::size_t uri_bytes = 0;  // of a metadata URI
        std::uint64_t fee_cap = 0;  // micro-lamports per unit
        const ipfs::content_costs& keeping;
        std::size_t copies = 1;  // of each content
        // That the rates of endpoints and providers let through; nothing: no rate says.
        std::optional<double> mints_per_second{};
        const io::loop& time;
    };
    explicit mint_estimate_resource(parts p) : p_{p} {}
    void add_to(router&);

  private:
    task<io::server_response> get(call);

    parts p_;
};

}  // namespace thole::api
