#pragma once

// A Solana ledger as a pure value: slots pass when told, transactions land or do not, state can be
// read as of any slot. It is the majority's, so nothing that landed is rolled back; a fork() is
// what a minority takes for the chain until it gives it up.
//
//   ledger chain{{.seed = 7}};
//   chain.fund(wallet, 1'000'000'000);
//   chain.advance(1);                            // one slot
//   chain.submit(as_sent(tx));                   // what the leader of this slot does with it
//
// Single-owner.

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "model/solana/programs.hpp"
#include "solana/codec/transaction.hpp"
#include "thole/rng.hpp"

namespace thole::model {

enum class commitment : std::uint8_t { processed, confirmed, finalized };

struct ledger_options {
    std::uint64_t blockhash_age = 150;  // blocks
    slot_t confirm_slots = 1;
    slot_t final_slots = 32;
    std::uint64_t seed = 1;  // of the blockhashes
};

struct block {
    slot_t slot;
    std::uint64_t height;
    solana::blockhash hash;
};

struct landed_transaction {
    slot_t slot = 0;
    boost::json::value error;  // null: success
    std::string signature;
};

// What its bytes say, read and verified once: the same bytes go to every node, again and again.
struct sent_transaction {
    solana::transaction tx;
    std::string signature;
    bool signed_well;
};

struct simulation {
    boost::json::value error;  // null, a name, or {"InstructionError": [i, …]}
    std::uint64_t units = 0;
};

class ledger {
  public:
    explicit ledger(ledger_options options);

    void advance(slot_t slots);
    void fund(const solana::public_key& key, std::uint64_t lamports);
    // What this key alone has to sign is checked by signing it again: Ed25519 signs the same bytes
    // in one way only, at less than half the price of a verification. It must outlive the ledger.
    void know(const solana::keypair& signer) { known_signer_ = &signer; }
    // As if it had been made by programs that are not modelled.
    void place(const solana::public_key& key, account made) {
        accounts_.write(key, std::move(made), slot());
    }

    [[nodiscard]] slot_t slot() const noexcept { return blocks_.back().slot; }
    // As whoever is cut off from the majority sees it from now on: other blocks, transactions of
    // its own, and nothing more that becomes final.
    [[nodiscard]] ledger fork(std::uint64_t seed) const;
    [[nodiscard]] bool is_final(slot_t landed, slot_t now) const noexcept {
        return now - landed >= options_.final_slots && landed <= root_;
    }
    // The newest block that a node `lag` slots behind shows at this commitment.
    [[nodiscard]] const block& view(commitment level, slot_t lag) const;
    [[nodiscard]] const account_store& accounts() const noexcept { return accounts_; }
    [[nodiscard]] const ledger_options& options() const noexcept { return options_; }

    [[nodiscard]] bool blockhash_valid(const solana::blockhash& hash, const block& view) const;
    [[nodiscard]] simulation simulate(const solana::transaction& tx) const;
    // Lands, fails on chain (fee taken), or leaves no trace (expired, duplicate, cannot pay).
    void submit(const sent_transaction& sent);
    // By its base64; null when these bytes were never kept.
    [[nodiscard]] const sent_transaction* sent(std::string_view base64) const;
    const sent_transaction& keep_sent(std::string_view base64, solana::transaction tx);

    [[nodiscard]] const landed_transaction* find(const std::string& signature) const;
    // How often a transaction took effect or failed on chain; a checker's view.
    [[nodiscard]] std::size_t landed_count() const noexcept { return landed_.size(); }
    [[nodiscard]] const std::map<std::string, landed_transaction>& landed() const {
        return landed_;
    }

  private:
    struct text_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    void append_block();
    // The error of the transaction as a whole, and the state if it succeeds.
    [[nodiscard]] boost::json::value run(const solana::transaction& tx, scratch& state) const;

    [[nodiscard]] sent_transaction read_sent(solana::transaction tx) const;

    ledger_options options_;
    const solana::keypair* known_signer_ = nullptr;
    rng chance_;
    slot_t root_ = std::numeric_limits<slot_t>::max();  // of a fork: what was final before it
    std::vector<block> blocks_;
    std::map<solana::blockhash, std::size_t> by_hash_;
    account_store accounts_;
    std::map<std::string, landed_transaction> landed_;
    std::unordered_map<std::string, sent_transaction, text_hash, std::equal_to<>> sent_;
};

[[nodiscard]] sent_transaction as_sent(solana::transaction tx);

// 5000 lamports a signature plus the bid of its compute budget instructions.
[[nodiscard]] std::uint64_t fee_of(const solana::message& m);

}  // namespace thole::model
