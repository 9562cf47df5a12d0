#pragma once

// What comes apart behind the daemon's back: made for real in the models – by the wallet's key on
// the ledger, by SQL in the records, at the content nodes – and written down, so that checkers know
// what must be found, and that nothing else may be.
//
//   book.make(fault);                            // a victim by the fault's dice; none fits:
//   nothing book.explains(finding);                      // something was made that this is about
//
// An operation is the victim once, so each drift shows as what it is. Single-owner.

#include <set>

#include "nft/drift.hpp"
#include "sim/weather.hpp"
#include "solana/codec/transaction.hpp"

namespace thole::sim {

class world;
struct known_operation;

struct made_drift {
    nft::drift what{};
    uuid victim;
    std::string cid;  // of what is about content
    duration at{};
    bool heals = false;  // by itself, some time after it was told
    std::optional<duration> over_at{};
};

// Nobody but a person can put it right.
[[nodiscard]] bool is_for_a_person(nft::drift what);

class drift_book {
  public:
    explicit drift_book(world& where) : world_{where} {}

    void make(const fault_event& what);
    // Where it is of those that heal, its time begins.
    void told(const nft::finding& what);
    [[nodiscard]] const std::vector<made_drift>& made() const noexcept { return made_; }
    // Whether that was made of it and is not over.
    [[nodiscard]] bool shows(const uuid& operation, nft::drift what) const;
    // Null: nothing was done to it.
    [[nodiscard]] const made_drift* of(const uuid& operation) const;
    [[nodiscard]] bool explains(const nft::finding& what) const;

  private:
    [[nodiscard]] bool fits(const known_operation& op, const fault_event& what) const;
    [[nodiscard]] bool awaits_second_look(const known_operation& op) const;
    [[nodiscard]] std::string carry_out(const known_operation& op, const fault_event& what);
    void change_row(const known_operation& op, const std::string& assignment);
    [[nodiscard]] std::string lose(const known_operation& op, const fault_event& what);
    void keep_for(const known_operation& op);
    void sell(const known_operation& op);
    void swap_uri(const known_operation& op);
    void mint(const known_operation& op, bool with_metadata);
    void by_our_key(const std::vector<solana::instruction>& list);

    world& world_;
    std::vector<made_drift> made_;
};

}  // namespace thole::sim
