#pragma once

// One JSON-RPC node onto a ledger, as a pure function: request text in, answer text out.
//
//   ledger chain{{}};
//   rpc_node node{chain};
//   node.faults().lag = 12;                      // it is twelve slots behind
//   std::string answer = node.answer(R"({"jsonrpc":"2.0","id":1,"method":"getSlot"})");
//
// Commitment, minContextSlot and lag are honoured on every read. What happens to the connection
// (refused, cut, slow) is the business of the transport that mounts it. Single-owner.

#include <boost/json/object.hpp>
#include <set>
#include <string>
#include <string_view>

#include "model/solana/ledger.hpp"

namespace thole::model {

struct rpc_faults {
    slot_t lag = 0;             // slots behind the ledger
    bool lose_history = false;  // statuses and blocks of before now are gone
    slot_t history_from = 0;    // what "before now" means; set with lose_history
    int drop_sends = 0;         // answer the signature, forward nothing to the majority
    int reject_sends = 0;       // "Blockhash not found" although all is well
    int http_429 = 0;           // answer the next n requests with 429
    bool unhealthy = false;     // -32005
    bool denies = false;        // on a fork of its own: it has seen none of the transactions …
    slot_t ahead = 0;           // … and says that it is this many slots ahead of the ledger
    friend bool operator==(const rpc_faults&, const rpc_faults&) = default;
};

struct rpc_error {
    int code;
    std::string message;
    boost::json::value data;  // null: absent
};

struct rpc_answer {
    int status = 200;  // HTTP
    std::string body;
};

class rpc_node {
  public:
    explicit rpc_node(ledger& chain) : chain_{chain} {}

    [[nodiscard]] rpc_faults& faults() noexcept { return faults_; }
    // A single request or a batch.
    [[nodiscard]] rpc_answer answer(std::string_view body);
    // Calls answered so far, by method.
    [[nodiscard]] const std::map<std::string, std::size_t>& calls() const { return calls_; }

    // Cut off from the majority: it shows a fork, until it comes back and that has never been.
    void leave(std::uint64_t seed) { fork_ = chain_.fork(seed); }
    [[nodiscard]] bool is_away() const noexcept { return fork_.has_value(); }
    void advance_fork(slot_t slots) {
        if (fork_) fork_->advance(slots);
    }
    // Answers how many transactions it had shown to somebody that are nowhere now.
    std::size_t come_back();
    // How often it knew nothing any more of a transaction that is on the chain.
    [[nodiscard]] std::size_t forgotten() const noexcept { return forgotten_; }

    // For the methods: what this node sees.
    [[nodiscard]] ledger& chain() noexcept { return fork_ ? *fork_ : chain_; }
    // Its status as it is on record here; null: it is not.
    [[nodiscard]] const landed_transaction* recall(const std::string& signature);
    void forward(const sent_transaction& sent);
    [[nodiscard]] const block& view(const boost::json::object& config) const;
    [[nodiscard]] boost::json::object with_context(const block& at, boost::json::value value) const;

  private:
    [[nodiscard]] boost::json::value answer_one(const boost::json::value& request);

    ledger& chain_;
    std::optional<ledger> fork_;
    std::set<std::string> shown_;  // of the fork alone
    std::size_t forgotten_ = 0;
    rpc_faults faults_;
    mutable block claimed_{};  // what view() says while it is ahead
    std::map<std::string, std::size_t> calls_;
};

// Throws rpc_error for a refusal, as the methods do.
[[nodiscard]] boost::json::value call_method(rpc_node& node, std::string_view method,
                                             const boost::json::array& params);

}  // namespace thole::model
