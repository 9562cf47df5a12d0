#pragma once

// What the programs of a mint do to accounts: System, Compute Budget, SPL Token, Token-2022 with
// its metadata interface, Associated Token Account, Memo and Metaplex Token Metadata – as far as a
// mint and its repair use them, with the errors of the real programs. Any other program answers
// UnsupportedProgramId.
//
// A transaction is atomic: it runs on a scratch copy, which the ledger keeps only on success.

#include <boost/json/value.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "model/solana/account_store.hpp"
#include "solana/codec/message.hpp"

namespace thole::model {

// The error of one instruction: a name ("InvalidArgument") or {"Custom": n}.
using instruction_error = boost::json::value;

[[nodiscard]] instruction_error custom(std::uint32_t code);
[[nodiscard]] std::uint64_t rent_exempt(std::uint64_t space) noexcept;

// The accounts of a running transaction.
class scratch {
  public:
    scratch(const account_store& store, slot_t slot) : store_{store}, slot_{slot} {}

    [[nodiscard]] account& operator[](const solana::public_key& key);
    [[nodiscard]] const std::map<solana::public_key, account>& touched() const { return touched_; }

  private:
    const account_store& store_;
    slot_t slot_;
    std::map<solana::public_key, account> touched_;
};

// One instruction with its account keys resolved.
struct call {
    solana::public_key program;
    std::vector<solana::public_key> accounts;
    bytes data;
    const std::set<solana::public_key>* signers;

    [[nodiscard]] bool signed_by(const solana::public_key& key) const {
        return signers->contains(key);
    }
};

// Nothing on success.
using outcome = std::optional<instruction_error>;

[[nodiscard]] outcome run_system(scratch& state, const call& c);
[[nodiscard]] outcome run_token(scratch& state, const call& c);
[[nodiscard]] outcome run_metaplex(scratch& state, const call& c);
[[nodiscard]] outcome run_associated_token(scratch& state, const call& c);
[[nodiscard]] outcome run_instruction(scratch& state, const call& c);

}  // namespace thole::model
