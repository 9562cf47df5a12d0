#pragma once

// Whether the mint wallet can pay for what is to be minted.
//
//   wallet_watch watch{client, wallet.address(), floor};
//   auto cost = co_await watch.cost_of(mint_standard::token_2022, terms, until);
//   auto now = co_await watch.check(cost->total(), until);
//   if (!now->enough) …                          // wait; the operation resumes by itself
//   if (now->below_floor) …                      // alert
//
// Too high a rent is lamports that nobody gets back; too low a one is a mint that the chain
// refuses. So a rent counts only as several providers tell it alike, or as the only one that
// answers tells it, up to what the network has always asked for. It is kept for an hour: it changes
// with a release of the cluster. Who meets a refusal for rent calls forget(). Who comes
// while one is being asked for waits for it.
//
// Errors: the faults of the reads; codes::rent_disputed, which names what each said, when too few
// providers tell the same. Threads: the loop's.

#include <map>

#include "solana/busy_flag.hpp"
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
    struct settings {
        int required_providers = 2;  // as submission_settings has it
        std::size_t ask = 3;         // endpoints for a rent, ≥ required_providers
        duration keep = std::chrono::hours{1};
    };

    // `floor`: lamports below which to alert.
    wallet_watch(rpc::client& client, public_key wallet, std::uint64_t floor)
        : wallet_watch(client, wallet, floor, settings{}) {}
    wallet_watch(rpc::client& client, public_key wallet, std::uint64_t floor, settings s);

    [[nodiscard]] task<result<std::uint64_t>> rent_of(std::uint64_t space, deadline until);
    // terms.rent and already_held need not be set; the price and limit in terms count.
    [[nodiscard]] task<result<mint_cost>> cost_of(mint_standard standard, mint_terms terms,
                                                  deadline until);
    [[nodiscard]] task<result<wallet_state>> check(std::uint64_t needed, deadline until);
    void forget() noexcept { rents_.clear(); }

  private:
    struct known_rent {
        std::uint64_t lamports = 0;
        time_point asked_at{};
    };
    [[nodiscard]] task<result<std::uint64_t>> ask_rent(std::uint64_t space, deadline until);
    [[nodiscard]] std::optional<std::uint64_t> kept_rent(std::uint64_t space) const;

    rpc::client& client_;
    public_key wallet_;
    std::uint64_t floor_;
    settings settings_;
    std::map<std::uint64_t, known_rent> rents_;  // by space
    busy_flag asking_;
};

}  // namespace thole::solana
