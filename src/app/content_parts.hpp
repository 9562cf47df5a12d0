#pragma once

// Everything that keeps content or reads it back, put together from the configuration.
//
// The daemon's own store is the archive among the providers, its own gateway the last among the
// gateways. Ownership: what is handed in outlives it. Threads: the core loop's; `store` any.

#include <memory>
#include <optional>
#include <vector>

#include "app/config.hpp"
#include "io/system_loop.hpp"
#include "ipfs/fetcher.hpp"
#include "ipfs/kubo_provider.hpp"
#include "ipfs/pinning.hpp"
#include "ipfs/store_provider.hpp"
#include "thole/observer.hpp"

namespace thole::app {

struct content_surroundings {
    const config& c;
    const environment& env;
    io::http_transport& providers;  // to configured places
    io::http_transport& gateways;   // guarded: redirects may lead anywhere
    io::loop& loop;
    sql::blocking_pool& pool;
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
    std::optional<ipfs::store_provider> archive_;
    std::vector<std::unique_ptr<ipfs::kubo_provider>> remotes_;

  public:
    endpoint_set provider_set;
    endpoint_set gateway_set;
    ipfs::pinning pins;
    ipfs::fetcher fetcher;

    static inline const name own_gateway_name{"own"};
};

// Copies that a mint makes.
[[nodiscard]] std::uint32_t replicas_of(const config&);

}  // namespace thole::app
