#pragma once

// Submitting one transaction safely: fix the bytes, send the same bytes until it is decided, and
// decide by evidence.
//
//   auto p = co_await submit.prepare(plan, wallet, generation, until);   // nothing sent
//   … journal *p …
//   auto sent = co_await submit.fan_out(*p, since_first, until);         // any number of times
//   auto what = co_await submit.settle(*p, mint, until);                 // landed, dead, pending …
//
// What it never does: decide by the clock, by a send's answer or by one provider's word; send a
// transaction that was not prepared; sign again. "Already processed" and "already in use" are hints
// of success: they only make the next settle() worth while.
//
// prepare() chooses the compute limit by simulation and the price by percentile (fee.hpp), while
// the chain is congested (congestion.hpp) as for a later generation. A refusal in simulation is a
// fault with scope request, and nothing was signed; one that would end the operation counts only
// when as many providers as for a death refuse alike, else another one's simulation is taken, or it
// is codes::refusal_disputed and can be tried again. fan_out() goes to at least two endpoints, the
// very first leg with preflight, and to all of them once `since_first` passed widen_after. Errors
// of single endpoints are in the reports, not faults. Cancellation: stops what runs; legs on the
// way may have arrived. Threads: the loop's.

#include <functional>

#include "solana/blockhash_cache.hpp"
#include "solana/codec/transaction.hpp"
#include "solana/congestion.hpp"
#include "solana/death.hpp"
#include "solana/fee.hpp"
#include "solana/signature_watcher.hpp"

namespace thole::solana {

// What is journaled before the first byte leaves.
struct prepared_transaction {
    std::string signature;    // base58; the transaction's id
    std::string transaction;  // base64 of the signed bytes
    std::string blockhash;
    std::uint64_t last_valid_block_height = 0;
    std::uint64_t blockhash_slot = 0;  // context slot of the blockhash
    std::uint32_t compute_limit = 0;
    std::uint64_t compute_price = 0;
    friend bool operator==(const prepared_transaction&, const prepared_transaction&) = default;
};
BOOST_DESCRIBE_STRUCT(prepared_transaction, (),
                      (signature, transaction, blockhash, last_valid_block_height, blockhash_slot,
                       compute_limit, compute_price))

struct submission_settings {
    std::size_t fan_out = 2;    // endpoints per round, ≥ 1
    std::size_t witnesses = 4;  // endpoints asked for a proof of death
    // That must agree on a death and on an end on the chain, be it a landing or an error; ≥ 1.
    int required_providers = 2;
    duration widen_after = std::chrono::seconds{30};    // then every endpoint is sent to
    duration fees_max_age = std::chrono::seconds{5};    // of the shared fee samples
    duration height_max_age = std::chrono::seconds{1};  // of the shared finalized height
    fee_policy fees;
    congestion_settings crowding;
};

struct compute_budget {
    std::uint32_t limit = 0;
    std::uint64_t price = 0;
};
// The instructions with that budget in them; called twice, so without side effects.
using transaction_plan = std::function<result<std::vector<instruction>>(compute_budget)>;

// One endpoint's part of a fan-out.
struct leg_report {
    name endpoint;
    duration latency{};
    bool preflight = false;
    std::optional<fault> refusal;  // nothing: accepted for relay
};

struct fan_out_report {
    std::vector<leg_report> legs;
    bool widened = false;  // worth a warning: 30 s without an end

    // Accepted for relay, or refused with a hint that it is there already.
    [[nodiscard]] bool is_out() const noexcept;
    // The refusal to show when no leg took it: one that condemns the request before others.
    [[nodiscard]] std::optional<fault> refusal() const;
};

enum class submission_state : std::uint8_t {
    pending,    // not decided; send again and ask again
    confirmed,  // voted for; finality is a matter of seconds
    landed,     // finalized without error, say two providers
    failed,     // finalized with an error, say two providers: these bytes have no further effect
    dead,       // proven never to land
    uncertain,  // past its life, or said to be final, and the witnesses disagree or do not suffice
};
BOOST_DESCRIBE_ENUM(submission_state, pending, confirmed, landed, failed, dead, uncertain)

struct settled {
    submission_state state = submission_state::pending;
    std::uint64_t slot = 0;      // where it is; 0 of landed: its mint exists, its status is unknown
    std::optional<fault> error;  // of failed; of pending when nobody answers
    std::string evidence;        // JSON: who said what
    // Of confirmed: as many providers say so as a proof needs; sending it again changes nothing.
    bool agreed = false;
    // Of failed: lamports or compute were short, so a new generation may do better.
    [[nodiscard]] bool is_curable() const noexcept;
};

class submitter {
  public:
    // All references outlive the submitter.
    submitter(rpc::client& client, blockhash_cache& blockhashes, signature_watcher& watcher,
              submission_settings s = {});

    // `wallet` pays and is the only signer; it outlives the call. Generations count from 1 and
    // raise the price.
    [[nodiscard]] task<result<prepared_transaction>> prepare(transaction_plan plan,
                                                             const keypair& wallet, int generation,
                                                             deadline until);

    // `since_first`: since the first fan-out of these bytes; zero for that one itself.
    [[nodiscard]] task<fan_out_report> fan_out(prepared_transaction p, duration since_first,
                                               deadline until);

    // `mint`: the address that only these bytes, or ones like them, can have made; nothing when
    // they make none. Then a repetition must do no harm: there is no address to prove a death by.
    [[nodiscard]] task<settled> settle(prepared_transaction p, std::optional<public_key> mint,
                                       deadline until);

    // What became of the transactions that were settled last.
    [[nodiscard]] congestion_view crowding() const { return road_.at(client_.loop().now()); }
    // How long `who` waits before its first generation, while the chain is congested.
    [[nodiscard]] std::optional<duration> hold(const uuid& who) {
        return road_.hold(who, client_.loop().now());
    }

    // When to send the same bytes again: half of the time so far, within 0.5 s and 4 s.
    [[nodiscard]] static duration rebroadcast_after(duration since_first) noexcept;

    [[nodiscard]] const submission_settings& settings() const noexcept { return settings_; }

  private:
    [[nodiscard]] task<result<compute_budget>> choose_budget(transaction_plan plan,
                                                             public_key payer, int generation,
                                                             deadline until);
    [[nodiscard]] task<result<simulation>> simulate(bytes unsigned_one, deadline until);
    // One provider refuses for good: what the others say.
    [[nodiscard]] task<result<simulation>> second_opinion(bytes unsigned_one, name first, fault why,
                                                          deadline until);
    [[nodiscard]] task<leg_report> send_leg(name endpoint, prepared_transaction p, bool preflight,
                                            deadline until);
    [[nodiscard]] task<std::uint64_t> price_for(public_key payer, int generation, deadline until);
    [[nodiscard]] task<std::optional<std::uint64_t>> finalized_height(deadline until);
    [[nodiscard]] task<std::optional<std::uint64_t>> ask_height(deadline until);
    [[nodiscard]] task<settled> decide(prepared_transaction p, std::optional<public_key> mint,
                                       deadline until);
    [[nodiscard]] task<settled> judge(prepared_transaction p, std::optional<public_key> mint,
                                      deadline until);
    // Whether enough providers call it confirmed, or better.
    [[nodiscard]] bool is_agreed(const signature& s) const;
    // Somebody calls it finalized: whether enough of them do.
    [[nodiscard]] task<settled> confirm_end(solana::signature s, settled claim, deadline until);

    rpc::client& client_;
    blockhash_cache& blockhashes_;
    signature_watcher& watcher_;
    submission_settings settings_;
    std::optional<std::uint64_t> height_;
    time_point height_at_{};
    busy_flag asking_height_;
    congestion road_;
    std::map<std::string, time_point> signed_;  // by signature, until it is seen or dead
    std::vector<prioritization_fee> fees_;
    std::optional<time_point> fees_at_;
};

}  // namespace thole::solana
