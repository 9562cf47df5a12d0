#pragma once

// Accounts that are asked for at the same instant, asked for together.
//
// The problem: what one round of statuses tells wakes many operations at once, and each of them
// then reads its own mint from the same nodes. Here whoever comes first waits for the end of the
// turn and asks for everybody: one getMultipleAccounts (100 accounts) an endpoint and turn.
//
//   account_gatherer accounts{loop, solana, ask};  // ask: one request, as rpc::client makes it
//   auto mine = co_await accounts.get(keys, how);  // this caller's, all from one state
//
// Only questions that may have one answer are put together: of the same endpoint (or none named),
// commitment and, when no endpoint is named, least slot; a named one's answer is held against each
// caller's least slot. Deadline of a request: the latest of those who share it. Cancellation: of
// the caller alone; when the one who asks goes, the others ask anew. Threads: the loop's.

#include <functional>
#include <map>
#include <memory>

#include "io/event.hpp"
#include "solana/rpc_options.hpp"

namespace thole::solana::rpc {

class account_gatherer {
  public:
    using answer = rpc_result<std::vector<std::optional<account_info>>>;
    using asker = std::function<task<answer>(std::vector<public_key>, options)>;
    static constexpr std::size_t most_accounts = 100;

    account_gatherer(io::loop& loop, name dependency, asker ask)
        : loop_{loop}, dependency_{dependency}, ask_{std::move(ask)} {}
    // Precondition: at most most_accounts keys.
    [[nodiscard]] task<answer> get(std::vector<public_key> keys, options o);

  private:
    // What makes two questions one.
    struct question {
        name endpoint;
        commitment level;
        bool vital;
        std::optional<std::uint64_t> min_context_slot;
        bool operator<(const question& other) const noexcept;
    };
    struct batch {
        std::vector<public_key> keys;
        deadline until;
        io::event over;
        std::optional<answer> said;  // nothing: who was to ask is gone
    };
    class leading;

    [[nodiscard]] task<result<>> ask_for_all(std::shared_ptr<batch> all, question what, options o);
    [[nodiscard]] answer part_of(batch& all, std::size_t from, std::size_t count,
                                 const options& o) const;

    io::loop& loop_;
    name dependency_;
    asker ask_;
    std::map<question, std::shared_ptr<batch>> open_;
};

}  // namespace thole::solana::rpc
