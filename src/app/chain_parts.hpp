#pragma once

// Everything that speaks to the chain, put together from the configuration. Exists only when a
// wallet is configured. Ownership: loop, transport and watch outlive it. Threads: the core loop's.

#include <functional>
#include <memory>

#include "app/config.hpp"
#include "base/id.hpp"
#include "nft/judge.hpp"
#include "nft/mint_saga.hpp"
#include "ops/log.hpp"
#include "solana/node_health.hpp"
#include "solana/submission.hpp"
#include "solana/wallet.hpp"
#include "thole/observer.hpp"

namespace thole::app {

struct chain_surroundings {
    const config& c;
    const environment& env;
    io::http_transport& transport;
    io::loop& loop;
    observer& watch;
    std::uint64_t seed;
};

// Throws start_error.
[[nodiscard]] solana::keypair read_keypair(const reference&, const environment&);

class chain_parts {
  public:
    // Throws start_error when the wallet cannot be read.
    explicit chain_parts(const chain_surroundings& from);

    const solana::keypair wallet;
    endpoint_set endpoints;

  private:
    rng chance_;

  public:
    solana::rpc::client rpc;
    solana::blockhash_cache blockhashes;
    solana::signature_watcher signatures;
    solana::submitter submitter;
    solana::wallet_watch funds;
    solana::node_health health;
    io::endpoint_monitor monitor;
};

// Warns of a transaction that has no end after half a minute.
[[nodiscard]] std::function<void(uuid, const std::string&)> tell_late(ops::log&);

// Without what depends on the content's part: replicas, own gateways, hints.
[[nodiscard]] nft::mint_settings mint_settings_of(const config&);
// Those that tokens of this issuer may be in.
[[nodiscard]] nft::collections collections_of(const metaplex_config&);
// Where the chain's nodes notify, in the order of the configuration.
[[nodiscard]] std::vector<std::string> websockets_of(const config&, const environment&);

}  // namespace thole::app
