#pragma once

// Whether an RPC node is well, for io::endpoint_monitor.
//
//   node_health health{client};
//   io::endpoint_monitor monitor{loop, endpoints, [&](io::health_look at) { return health(at); }};
//
// Well is a node that says so (getHealth), whose slot has moved since the look before, and is not
// far behind the others: a node that hangs on an old slot calls itself healthy all the same.
// Threads: the loop's.

#include <map>

#include "io/endpoint_monitor.hpp"
#include "solana/rpc.hpp"

namespace thole::solana {

class node_health {
  public:
    static constexpr std::uint64_t most_behind = 20;  // slots behind the other nodes

    // The client outlives it.
    explicit node_health(rpc::client& client) : client_{client} {}
    [[nodiscard]] task<bool> operator()(io::health_look at);

  private:
    rpc::client& client_;
    std::map<name, std::uint64_t> slots_;  // at the look before; 0 = not known, or not well then
};

}  // namespace thole::solana
