#pragma once

// The same signed bytes again and again, as often as they are due (solana/submission.hpp says how
// often), until somebody knows their end.
//
//   co_await sending_.send(in, *bytes);            // from a prepared step's send()
//   if (auto more = ask_again(what, settings)) …   // from its settle()
//   sending_.decided(bytes->signature);
//
// When bytes were sent first and last is remembered in memory alone: after a restart they are sent
// at once, which is never wrong. Threads: the core loop's.

#include <functional>
#include <map>

#include "engine/step.hpp"
#include "solana/submission.hpp"

namespace thole::nft::steps {

// Told of each signature when its bytes are sent for the first time.
using on_sent = std::function<void(uuid operation, const std::string& signature)>;

struct submit_settings {
    duration poll = std::chrono::milliseconds{500};    // of an undecided transaction
    duration unsure_poll = std::chrono::seconds{2};    // while the witnesses disagree
    duration funds_poll = std::chrono::seconds{5};     // while the wallet is short
    duration occupied_poll = std::chrono::seconds{2};  // while the address is being looked at
    on_sent sent{};
};

class sending {
  public:
    // Both outlive it.
    sending(io::loop& time, solana::submitter& submitter, on_sent tell)
        : loop_{time}, submitter_{submitter}, tell_{std::move(tell)} {}

    // The timeline tells of each leg.
    [[nodiscard]] task<result<>> send(saga::step_context& in, solana::prepared_transaction bytes);
    void decided(const std::string& signature) { sent_.erase(signature); }

  private:
    struct times {
        time_point first{};
        time_point last{};
    };
    io::loop& loop_;
    solana::submitter& submitter_;
    on_sent tell_;
    std::map<std::string, times> sent_;  // by signature, while undecided
};

// What to answer the engine while nothing is decided; nothing: it is.
template <class T>
[[nodiscard]] task<std::optional<saga::settlement<T>>> undecided(saga::step_context& in,
                                                                 const solana::settled& what,
                                                                 const submit_settings& settings) {
    using state = solana::submission_state;
    if (what.state == state::pending) {
        if (what.error) {
            in.note({"getSignatureStatuses", std::string{what.error->endpoint().view()}, 0,
                     std::string{what.error->code()}, std::string{what.error->detail()}});
        }
        co_return saga::pending{settings.poll};
    }
    if (what.state == state::uncertain) {
        co_return saga::uncertain{settings.unsure_poll, what.evidence};
    }
    if (what.state == state::confirmed) {
        // Shown as soon as it is so; should the journal be away, finality will show it.
        static_cast<void>(co_await in.progress("BLOCKCHAIN_CONFIRMED"));
        co_return saga::pending{settings.poll};
    }
    co_return std::nullopt;
}

}  // namespace thole::nft::steps
