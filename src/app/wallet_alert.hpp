#pragma once

// Says when the mint wallet runs short, before minting stands still.
//
//   wallet_alert alert{funds, floor, log, metrics};
//   co_await alert.look(deadline::after(loop.now(), 5s));      // every half minute
//   parts.push_back(alert.health());
//
// Below the floor: one warning in the log (wallet_below_floor), a part of /health that warns, and
// the gauges thole_wallet_lamports and thole_wallet_floor_lamports. Back above it: one line
// (wallet_refilled). A balance that cannot be read changes nothing. An operation that is short
// waits and goes on by itself, whatever this says. Threads: the core loop's.

#include "api/health.hpp"
#include "ops/log.hpp"
#include "solana/wallet.hpp"

namespace thole::app {

class wallet_alert {
  public:
    wallet_alert(solana::wallet_watch& funds, std::uint64_t floor, ops::log& log,
                 ops::metrics& count);
    [[nodiscard]] task<> look(deadline until);
    [[nodiscard]] api::own_health health() const;
    // Below the floor when it was last read.
    [[nodiscard]] bool is_short() const noexcept { return short_; }

  private:
    solana::wallet_watch& funds_;
    std::uint64_t floor_;
    ops::log& log_;
    ops::metrics& count_;
    std::optional<std::uint64_t> lamports_;  // nothing: never read yet
    bool short_ = false;
};

}  // namespace thole::app
