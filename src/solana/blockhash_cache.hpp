#pragma once

// The newest blockhash, shared by everything that signs.
//
// A blockhash is the start of a transaction's life of 150 blocks: an old one, or one from a node
// that lags, wastes part of it. So up to three endpoints are asked side by side and the answer with
// the highest context slot wins, with the highest last valid height that any of them told; answers
// far from the others (300 blocks) do not count. It serves for at most max_age, and callers who
// come while it is being fetched wait for the same answer.
//
//   auto recent = co_await cache.get(until);     // rpc_result<latest_blockhash>
//   recent->value.last_valid_block_height, recent->context_slot, recent->endpoint
//
// Errors: the fault of the best endpoint when none answers. Cancellation: of the fetching caller
// only; a waiting one then fetches itself. Threads: the loop's.

#include "solana/busy_flag.hpp"
#include "solana/rpc.hpp"

namespace thole::solana {

class blockhash_cache {
  public:
    struct settings {
        duration max_age = std::chrono::seconds{5};
        std::size_t ask = 3;  // endpoints, ≥ 1
    };

    explicit blockhash_cache(rpc::client& client) : blockhash_cache(client, settings{}) {}
    blockhash_cache(rpc::client& client, settings s) : client_{client}, settings_{s} {}

    [[nodiscard]] task<rpc_result<latest_blockhash>> get(deadline until);
    // The next get() fetches anew.
    void invalidate() noexcept { held_.reset(); }

  private:
    [[nodiscard]] task<rpc_result<latest_blockhash>> fetch(deadline until);
    [[nodiscard]] bool is_fresh(time_point now) const noexcept;

    rpc::client& client_;
    settings settings_;
    std::optional<from_node<latest_blockhash>> held_;
    time_point fetched_at_{};
    busy_flag fetching_;
};

}  // namespace thole::solana
