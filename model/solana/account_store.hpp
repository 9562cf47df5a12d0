#pragma once

// Accounts as of any slot: each write keeps a version, so that a node which answers "as of slot n"
// (because of its commitment or its lag) answers truly.

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "solana/codec/base58_value.hpp"

namespace thole::model {

using slot_t = std::uint64_t;

struct account {
    std::uint64_t lamports = 0;
    bytes data;
    solana::public_key owner;  // zero: the System program
    friend bool operator==(const account&, const account&) = default;
};

class account_store {
  public:
    // Nothing when the account does not exist at that slot (never did, or has no lamports).
    [[nodiscard]] const account* at(const solana::public_key& key, slot_t slot) const;
    void write(const solana::public_key& key, account value, slot_t slot);
    // Keys of accounts that `owner` owns at `slot`, in key order.
    [[nodiscard]] std::vector<solana::public_key> owned_by(const solana::public_key& owner,
                                                           slot_t slot) const;
    // Those of them whose bytes 32 to 63 are `holder`: a token account's wallet.
    [[nodiscard]] std::vector<solana::public_key> held_by(const solana::public_key& owner,
                                                          const solana::public_key& holder,
                                                          slot_t slot) const;

  private:
    struct version {
        slot_t slot;
        account value;
    };
    std::map<solana::public_key, std::vector<version>> versions_;
    std::map<solana::public_key, std::set<solana::public_key>> held_;  // ever, by holder
};

}  // namespace thole::model
