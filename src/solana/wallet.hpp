#pragma once

// Whether the mint wallet can pay for what is to be minted.
//
//   wallet_watch watch{client, wallet.address(), floor};
//   auto cost = co_await watch.cost_of(mint_standard::token_2022, terms, until);
//   auto now = co_await watch.check(cost->total(), until);
//   if (!now->enough) …                          // wait; the operation resumes by itself
//   if (now->below_floor) …                      // alert
//
// Rents are asked once per size and kept: they change with a release of the cluster, not by the
// hour (forget() drops them). Errors: the faults of the reads. Threads: the loop's.

#include <map>

#include "solana/mint_recipe.hpp"
#include "solana/rpc.hpp"

namespace thole::solana {

// Lamports.
struct mint_cost {
    std::uint64_t rent = 0;         // of all accounts that are created
    std::uint64_t program_fee = 0;  // Metaplex asks for one
    std::uint64_t network_fee = 0;  // at the cap: what it may cost at most
    [[nodiscard]] std::uint64_t total() const noexcept { return rent + program_fee + network_fee; }
};

struct wallet_state {
    std::uint64_t lamports = 0;
    bool enough = false;
    bool below_floor = false;
    name endpoint;
};

class wallet_watch {
  public:
    // `floor`: lamports below which to alert.
    wallet_watch(rpc::client& client, public_key wallet, std::uint64_t floor)
        : client_{client}, wallet_{wallet}, floor_{floor} {}

    [[nodiscard]] task<result<std::uint64_t>> rent_of(std::uint64_t space, deadline until);
    // terms.rent and already_held need not be set; the price and limit in terms count.
    [[nodiscard]] task<result<mint_cost>> cost_of(mint_standard standard, mint_terms terms,
                                                  deadline until);
    [[nodiscard]] task<result<wallet_state>> check(std::uint64_t needed, deadline until);
    void forget() noexcept { rents_.clear(); }

  private:
    rpc::client& client_;
    public_key wallet_;
    std::uint64_t floor_;
    std::map<std::uint64_t, std::uint64_t> rents_;
};

}  // namespace thole::solana
