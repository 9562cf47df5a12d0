#pragma once

// A journal's storage that several nodes share, and who of them may work.
//
//   leased_journal log{inner, table, loop, power, hooks};   // one a node; hand it to the engine
//   boost::asio::co_spawn(loop.executor(), log.keep(), detached);
//
// Each node holds a lease under its boot id and renews it every few seconds. One that cannot starts
// no effect any more (may_start_effects()), and what it was running is taken over once the lease
// has run out: made ready by whoever notices first, in a commit that the fence of the operation
// guards. The old owner, should it still live, finds its next write refused.
//
// The table stands for rows beside the operations; times are the store's. Threads: the loop's.

#include <map>

#include "engine/crash_journal.hpp"
#include "io/loop.hpp"
#include "sim/passing_journal.hpp"

namespace thole::sim {

class lease_table {
  public:
    // Of a node that begins: what an earlier boot of that name held is void.
    void take(const saga::node_identity& node, store_time until);
    // False: it has run out, or was never there.
    bool renew(std::uint64_t boot, store_time now, store_time until);
    [[nodiscard]] bool holds(std::uint64_t boot, store_time now) const;

  private:
    struct lease {
        std::uint64_t boot = 0;
        store_time until;
    };
    std::map<std::string, lease> by_node_;
};

inline constexpr duration lease_length = std::chrono::seconds{9};
inline constexpr duration lease_renewal = std::chrono::seconds{3};

class leased_journal final : public passing_journal {
  public:
    struct hooks {
        std::function<bool()> may_renew;   // false: the storage cannot be reached for it now
        std::function<void()> taken_over;  // an operation of another node
    };
    leased_journal(saga::journal& inner, lease_table& table, io::loop& loop,
                   const saga::crash_switch& power, hooks tell)
        : passing_journal{inner},
          table_{table},
          loop_{loop},
          power_{power},
          tell_{std::move(tell)} {}

    // Renews, and takes over what others have lost, until the power is off.
    [[nodiscard]] task<> keep();

    task<result<std::int64_t>> begin(saga::node_identity node) override;
    bool may_start_effects() const noexcept override { return loop_.now() < sure_until_; }

  private:
    // Answers how many were made ready, at most so many.
    task<result<std::int64_t>> take_over(int most);
    void lease_holds();

    lease_table& table_;
    io::loop& loop_;
    const saga::crash_switch& power_;
    hooks tell_;
    saga::node_identity node_;
    bool begun_ = false;
    time_point sure_until_{};  // by the node's own clock, with a margin
};

}  // namespace thole::sim
