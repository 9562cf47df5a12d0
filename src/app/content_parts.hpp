#pragma once

// Everything that keeps content or reads it back, put together from the configuration.
//
// The daemon's own store is the archive, whether or not it is configured as a provider: what it
// kept when it was can still be given back. Its own gateway is the last among the gateways.
// Ownership: what is handed in outlives it. Threads: the core loop's; `store` any.

#include <memory>
#include <vector>

#include "app/config.hpp"
#include "io/curl_transport.hpp"
#include "io/endpoint_monitor.hpp"
#include "io/system_loop.hpp"
#include "ipfs/content_costs.hpp"
#include "ipfs/content_holds.hpp"
#include "ipfs/fetcher.hpp"
#include "ipfs/pinning.hpp"
#include "ipfs/sqlite_pin_ledger.hpp"
#include "ipfs/store_provider.hpp"
#include "nft/steps/upload_content.hpp"
#include "ops/log.hpp"
#include "ops/metrics.hpp"
#include "thole/observer.hpp"

namespace thole::app {

struct content_surroundings {
    const config& c;
    const environment& env;
    io::http_transport& configured;  // to configured places
    io::http_transport& elsewhere;   // guarded: where gateways redirect to
    io::loop& loop;
    sql::blocking_pool& pool;
    sql::blocking_pool& ledger_pool;  // of one thread
    ipfs::store_provider::store_clock now;
    observer& watch;
    std::uint64_t seed;
    std::string own_gateway;  // its URL; "" when no TCP port is open
};

// Throws start_error.
[[nodiscard]] std::unique_ptr<ipfs::content_store> open_content_store(const config&);

class content_parts {
  public:
    content_parts(ipfs::content_store& store, const content_surroundings& from);

  private:
    ipfs::store_provider archive_;

  public:
    ipfs::sqlite_pin_ledger ledger;

  private:
    std::vector<std::unique_ptr<ipfs::provider>> remotes_;

  public:
    endpoint_set provider_set;
    endpoint_set gateway_set;
    ipfs::content_holds holds;

  private:
    ipfs::content_quotas quotas_;

  public:
    ipfs::pinning pins;
    ipfs::fetcher fetcher;
    io::endpoint_monitor provider_monitor;
    io::endpoint_monitor gateway_monitor;

    ipfs::content_costs costs;

    // What copies and memory came to, for the metrics.
    void tell_gateways(ops::metrics&) const;
    // … and what is kept where, with its price.
    [[nodiscard]] task<> tell_costs(ops::metrics&);

    static inline const name own_gateway_name{"own"};
};

// For `elsewhere`: nothing in a network of the operator is reached.
[[nodiscard]] io::curl_transport::options outward_only();

// What became of contents that nobody refers to.
void tell_removed(ops::log&, const result<std::vector<ipfs::cid>>& removed);

// Copies that a mint makes.
[[nodiscard]] nft::steps::replica_counts replicas_of(const config&);

}  // namespace thole::app
