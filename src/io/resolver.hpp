#pragma once

// Names to addresses, as a seam: curl and the database clients are given addresses.
//
// The problem: getaddrinfo blocks for as long as the name servers are silent, its callers cannot
// be cancelled, and most clients turn "no such name" and "no answer just now" into one error.
//
//   auto found = co_await names.resolve("api.example.com", deadline::after(loop.now(), 2s));
//   found.error().is(codes::net_dns_not_found)         // the name does not exist
//   found.error().is(codes::net_dns_temporary)         // try again
//
// Cancellation and the deadline end the wait at once, however long the lookup itself hangs.

#include <boost/asio/ip/address.hpp>
#include <string>
#include <vector>

#include "io/task.hpp"
#include "thole/deadline.hpp"

namespace thole::io {

using addresses = std::vector<boost::asio::ip::address>;

class resolver {
  public:
    virtual ~resolver() = default;
    // Never an empty list. An address as host is itself, without a lookup.
    [[nodiscard]] virtual task<result<addresses>> resolve(std::string host, deadline until) = 0;
};

}  // namespace thole::io
