#pragma once

// When the mint wallet is filled from the treasury: the decision, apart from the transfer
// (top_up.hpp).
//
//   nft::refill refill{{.work = engine, .now = now, .lamports = 100'000'000,
//                       .daily_cap = 500'000'000, .tell = tell}};
//   co_await refill.look();                  // whenever the wallet was seen below its floor
//
// Begins one top-up when none is under way, the last one ended a while ago (nodes that lag show the
// old balance) and the cap of 24 hours leaves room. Its key follows from the one before, so that
// looking twice begins one. Threads: the loop's. Ownership: the engine outlives it.

#include "engine/engine.hpp"

namespace thole::nft {

enum class refill_news : std::uint8_t {
    begun,
    capped,  // told once, until one is begun again
};

class refill {
  public:
    struct parts {
        saga::engine& work;
        std::function<store_time()> now;
        std::uint64_t lamports = 0;   // a time
        std::uint64_t daily_cap = 0;  // in 24 hours
        std::function<void(refill_news, std::uint64_t counted)> tell;
    };
    explicit refill(parts p) : p_{std::move(p)} {}

    // Errors: those of the engine; nothing was begun.
    [[nodiscard]] task<result<>> look();
    // Lamports of the last 24 hours that count against the cap: of operations accepted before that
    // one, or of all.
    [[nodiscard]] task<result<std::uint64_t>> counted(std::optional<uuid> before = {});

  private:
    parts p_;
    bool told_capped_ = false;
};

}  // namespace thole::nft
