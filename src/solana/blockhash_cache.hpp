#pragma once

// The newest blockhash, shared by everything that signs.
//
// A blockhash is the start of a transaction's life of 150 blocks: an old one, or one from a node
// that lags, wastes part of it. And a life that is told too short has a living transaction proved
// dead. So up to three endpoints are asked side by side, of as many providers as there are, and no
// provider's word counts against another's: most of the providers that answer, and as many as a
// proof of death needs if so many do, must tell an end of life within 300 blocks, and a slot within
// 300 slots. Of those that agree the latest end and the newest slot count; the others are passed
// over. A provider that answers alone is taken at its word, because minting goes on while the
// others are away; what it told too low would then rest on the slots that a proof of death counts
// (death.hpp).
//
//   auto recent = co_await cache.get(until);     // rpc_result<latest_blockhash>
//   auto newest = co_await cache.get(until, blockhash_age::now);
//   recent->value.last_valid_block_height, recent->context_slot, recent->endpoint
//
// It serves for at most max_age since it was asked for, and callers who come while it is being
// fetched wait for the same answer.
//
// Errors: the fault of the best endpoint when none answers; codes::blockhash_disputed, which names
// what each said, when too few of them agree: then nothing can be signed. Cancellation: of the
// fetching caller only; a waiting one then fetches itself. Threads: the loop's.

#include "solana/busy_flag.hpp"
#include "solana/rpc.hpp"

namespace thole::solana {

enum class blockhash_age : std::uint8_t {
    recent,  // at most max_age old
    now,     // asked for after this call began; callers who come together share one
};

class blockhash_cache {
  public:
    struct settings {
        duration max_age = std::chrono::seconds{1};
        std::size_t ask = 3;         // endpoints, ≥ required_providers
        int required_providers = 2;  // as submission_settings has it
    };

    explicit blockhash_cache(rpc::client& client) : blockhash_cache(client, settings{}) {}
    blockhash_cache(rpc::client& client, settings s);

    [[nodiscard]] task<rpc_result<latest_blockhash>> get(deadline until,
                                                         blockhash_age age = blockhash_age::recent);
    // The next get() fetches anew.
    void invalidate() noexcept { held_.reset(); }

  private:
    [[nodiscard]] task<rpc_result<latest_blockhash>> fetch(deadline until);
    // For who came when `begun` fetches had begun.
    [[nodiscard]] bool is_fresh(blockhash_age age, std::uint64_t begun) const noexcept;

    rpc::client& client_;
    settings settings_;
    std::optional<from_node<latest_blockhash>> held_;
    time_point asked_at_{};      // when the held one was asked for
    std::uint64_t fetches_ = 0;  // begun so far; the held one is of number held_fetch_
    std::uint64_t held_fetch_ = 0;
    busy_flag fetching_;
};

}  // namespace thole::solana
