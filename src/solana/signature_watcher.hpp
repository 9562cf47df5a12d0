#pragma once

// What has become of the signatures that are under way, asked for all of them together.
//
// The problem: a thousand operations that each poll their own signature are two thousand requests a
// second, and the provider's 429 then hides the very answers that matter. Here all live signatures
// share one round of getSignatureStatuses (256 per request) every interval, on two endpoints of
// different providers side by side, a few requests at once on each. A request that is refused
// blinds those it carries and no others; who did not get a turn within a round is among the first
// of a next.
//
//   auto status = co_await watcher.look(signature, until);   // not older than one interval
//   auto done = co_await watcher.wait_for(signature, commitment::confirmed, until);
//
// There is no task in the background: who looks when a round is due makes it, for everybody. The
// best status of the last round in which anybody answered for it counts, so that a block which was
// dropped on a fork is forgotten with the next answer; a finalized status stays. A null is no proof
// of anything (see death.hpp). Threads: the loop's.

#include <map>
#include <memory>

#include "solana/busy_flag.hpp"
#include "solana/rpc.hpp"

namespace thole::solana {

// What one endpoint says about a signature; nothing: it knows of none.
struct told_status {
    name endpoint;
    name provider;
    std::optional<signature_status> status;
};

class signature_watcher {
  public:
    struct settings {
        duration interval = std::chrono::milliseconds{750};
        duration timeout = std::chrono::seconds{2};       // of one round
        duration forget_after = std::chrono::minutes{5};  // not looked at for so long
        std::size_t endpoints = 2;                        // asked per round, ≥ 1
        std::size_t most = 16'384;                        // signatures watched at once
        bool hinted = false;                              // hurry() may be called
    };

    explicit signature_watcher(rpc::client& client) : signature_watcher(client, settings{}) {}
    signature_watcher(rpc::client& client, settings s) : client_{client}, settings_{s} {}

    // Nothing: not seen by the endpoints asked. A fault: none answered for it in the last round, or
    // too many signatures are watched (codes::watch_full).
    [[nodiscard]] task<result<std::optional<signature_status>>> look(signature s, deadline until);
    // The first status that has an error at `level`, or reached `level`; else policy.deadline.
    [[nodiscard]] task<result<signature_status>> wait_for(signature s, commitment level,
                                                          deadline until);
    // Everybody's newest word on it, as far as there is one.
    [[nodiscard]] std::vector<told_status> told(const signature& s) const;
    // In how many rounds in a row somebody has called it finalized.
    [[nodiscard]] std::uint64_t rounds_final(const signature& s) const;
    // Somebody has a hint that a status changed (signature_hints.hpp): the next round is due now,
    // and who waits for it need not any more. Precondition: settings.hinted.
    void hurry();
    void forget(const signature& s) { watched_.erase(s); }
    [[nodiscard]] std::size_t size() const noexcept { return watched_.size(); }
    // How many rounds were made; each is one request per endpoint and 256 signatures.
    [[nodiscard]] std::uint64_t rounds() const noexcept { return rounds_; }

  private:
    struct entry {
        std::map<name, signature_status> seen;  // by endpoint, its last answer
        std::vector<name> answering;            // who did in the round that is made now
        bool answered = false;                  // anybody, in the last round
        time_point looked_at{};
        std::uint64_t asked_in_round = 0;  // 0: not yet
        std::uint64_t rounds_final = 0;
    };
    using statuses = std::vector<std::optional<signature_status>>;
    using batches = std::shared_ptr<const std::vector<std::vector<signature>>>;

    [[nodiscard]] task<> make_round(deadline until);
    // Until the next round is due, or the deadline has passed.
    [[nodiscard]] task<result<>> until_next_round(deadline until);
    [[nodiscard]] batches take_batches();
    // One batch after the other of those that are the lane's; whether all were answered.
    [[nodiscard]] task<bool> ask_lane(name endpoint, batches all, std::size_t lane, deadline until);
    void keep(name endpoint, const std::vector<signature>& batch, const statuses& answers);
    void settle_round(const batches& all);
    void drop_forgotten(time_point now);
    [[nodiscard]] static std::optional<signature_status> best(const entry& e);

    rpc::client& client_;
    settings settings_;
    std::map<signature, entry> watched_;
    time_point next_round_{};
    std::uint64_t rounds_ = 0;
    busy_flag polling_;
    io::signal hurried_;
};

}  // namespace thole::solana
