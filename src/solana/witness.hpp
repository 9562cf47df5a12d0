#pragma once

// Asks one endpoint for its part of a proof of death (death.hpp), in the order that makes it one:
// finalized height, then the status with history, then the mint account, then whether the blockhash
// still counts, then the retention.
//
// Errors: the fault of the read that failed; such an endpoint is no witness. Threads: the loop's.

#include "solana/death.hpp"
#include "solana/rpc.hpp"

namespace thole::solana {

struct death_question {
    mortal life;
    solana::signature signature;
    solana::blockhash blockhash;
    // That only this transaction, or one like it, can have made; nothing: it makes none.
    std::optional<public_key> mint;
};

[[nodiscard]] task<result<death_witness>> ask_witness(rpc::client& client, name endpoint,
                                                      death_question question, deadline until);

// Whether nobody has created anything at an address: no account, or bare lamports that somebody
// sent there.
[[nodiscard]] bool is_uncreated(const std::optional<account_info>& account);

}  // namespace thole::solana
