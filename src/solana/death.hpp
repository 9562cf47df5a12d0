#pragma once

// Proof that a transaction can never land any more.
//
// The problem: signing a second transaction while the first may still land mints twice, and neither
// a timeout nor an error answer proves anything. A blockhash is good for 150 *blocks*; once the
// finalized height is past the last valid one, a transaction that is not on the chain stays off it.
// Proving "is not on the chain" is the hard part: a lagging node, one that lost its history or one
// that lies says "null" as well. So a witness counts only if, on one and the same endpoint,
//
//   1. finalized height > last valid height, read first, at least 150 slots after the blockhash
//      (a block takes a slot or more: the second line should the last valid height be told wrong);
//   2. then a status read *with history*, from a state not older than that height: null;
//   3. then the mint account, at finalized, from a state not older than that height: absent;
//   4. then whether the blockhash still counts, at finalized, from such a state too: it does not
//      (the last valid height is one provider's word; this is the witness's own);
//   5. the node still holds the blocks since the blockhash (first available block ≤ its slot);
//
// and as many *providers* as required agree (two; one only if somebody said so explicitly):
//
//   switch (judge_death(submission, witnesses).verdict) …
//
// Pure; threads: any.

#include <optional>
#include <span>
#include <string>

#include "solana/rpc_types.hpp"

namespace thole::solana {

// What is known about the transaction since before it was sent.
struct mortal {
    std::uint64_t last_valid_block_height = 0;
    std::uint64_t blockhash_slot = 0;  // context slot of the blockhash
};

// What one endpoint said, in this order of reading. When the height is not past the last valid one,
// the rest need not have been read.
struct death_witness {
    name endpoint;
    name provider;  // an empty one counts as one provider, however many endpoints lack it
    std::uint64_t finalized_height = 0;
    std::uint64_t height_slot = 0;  // the slot of that height
    std::uint64_t status_slot = 0;  // context of the status read
    std::optional<signature_status> status;
    std::uint64_t account_slot = 0;  // context of the account read
    // No account, or only lamports that somebody sent there (owned by the System program, no data);
    // also when the transaction makes none.
    bool mint_absent = false;
    std::uint64_t blockhash_slot = 0;  // context of the question whether it still counts
    bool blockhash_expired = false;
    std::uint64_t first_available_block = 0;
};

enum class death_verdict : std::uint8_t {
    dead,       // proven: a new generation may be signed
    alive,      // somebody has seen it on the chain
    exists,     // its mint is there, finalized, although nobody knows its status any more
    not_yet,    // it can still land
    uncertain,  // past its life, but the witnesses do not suffice or disagree
};
BOOST_DESCRIBE_ENUM(death_verdict, dead, alive, exists, not_yet, uncertain)

struct death_judgement {
    death_verdict verdict = death_verdict::uncertain;
    std::string reason;  // for people
    int providers = 0;   // that agree on the verdict
};

// `required` ≥ 1 providers.
[[nodiscard]] death_judgement judge_death(const mortal& m, std::span<const death_witness> witnesses,
                                          int required);

// Why this witness proves nothing, or nullptr when it proves the death. Precondition: its height
// is past the last valid one and it has not seen the transaction.
[[nodiscard]] const char* flaw_of(const mortal& m, const death_witness& w) noexcept;

}  // namespace thole::solana
