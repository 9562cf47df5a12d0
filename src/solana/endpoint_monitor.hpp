#pragma once

// Brings RPC nodes back when they are well, not when a timer says so.
//
// The problem: an open breaker keeps everybody away for a minute and more, whether the node was
// gone for a second or for an hour; and to find out, somebody's work has to be the probe.
//
//   endpoint_monitor monitor{client, endpoints};
//   for (;;) {                                     // every few seconds
//       if (co_await monitor.look() > 0) …         // nodes are back: begin what waits for them
//   }
//
// A look asks each node whose breaker is not closed. Well is one that says so (getHealth), whose
// slot has moved since the look before, and is not far behind the others. Its breaker is told
// (half-open starts early), and the monitor itself makes the probes that close it. One that falls
// ill again soon after has to be well for twice as many looks in a row each time. Forced breakers
// and drained endpoints are left alone, and nodes that serve well are not asked anything.
//
// Cancellation: ends the look. Threads: the loop's.

#include <map>
#include <optional>

#include "solana/rpc.hpp"

namespace thole::solana {

class endpoint_monitor {
  public:
    struct settings {
        duration timeout = std::chrono::seconds{2};   // of all that one node is asked; > 0
        std::uint64_t most_behind = 20;               // slots behind the furthest node
        duration relapse = std::chrono::minutes{10};  // ill again within: it is doubted more
        std::uint32_t most_doubt = 16;                // looks in a row
    };

    // Both outlive it.
    endpoint_monitor(rpc::client& client, endpoint_set& endpoints)
        : endpoint_monitor{client, endpoints, settings{}} {}
    endpoint_monitor(rpc::client& client, endpoint_set& endpoints, settings s)
        : client_{client}, endpoints_{endpoints}, settings_{s} {}

    // Answers how many breakers have closed since the look before, by its own probes or others'.
    [[nodiscard]] task<std::size_t> look();

  private:
    struct patient {
        std::uint64_t slot = 0;   // at the look before; 0 = not known, or not well then
        std::uint32_t good = 0;   // looks in a row that found it well
        std::uint32_t doubt = 1;  // … that it takes
        bool ill = false;
        std::optional<time_point> back{};  // when it was brought back last
    };
    void fell_ill(patient& who) const;
    [[nodiscard]] task<bool> is_well(name endpoint, patient& who, deadline until);
    [[nodiscard]] task<bool> bring_back(name endpoint, deadline until);

    rpc::client& client_;
    endpoint_set& endpoints_;
    settings settings_;
    std::map<name, patient> patients_;
};

}  // namespace thole::solana
