#pragma once

// The same signed bytes again and again, as often as they are due (solana/submission.hpp says how
// often), until somebody knows their end, or enough providers call them confirmed: while they do,
// sending is no use, and what a provider takes least of.
//
//   co_await sending_.send(in, *bytes);                                       // in send()
//   if (auto open = co_await sending_.undecided<output>(in, what, signature)) // in settle()
//       co_return std::move(*open);
//   sending_.decided(bytes->signature);
//
// Those that rest are looked at again shortly before they can be final, by the time that the last
// one took (10 s at most), and then at every poll; while none has become final, ever less often.
// Bytes without an end are sent to every endpoint after 30 s, which the timeline and `late` are
// told once, and shown as BLOCKCHAIN_DELAYED after 60 s. When they were sent first and last is
// remembered in memory alone: after a restart they are sent at once, which is never wrong. Threads:
// the core loop's.

#include <functional>
#include <map>

#include "engine/step.hpp"
#include "solana/submission.hpp"

namespace thole::nft::steps {

// Told of a signature, once.
using on_sent = std::function<void(uuid operation, const std::string& signature)>;

struct submit_settings {
    duration poll = std::chrono::milliseconds{500};     // of an undecided transaction
    duration unsure_poll = std::chrono::seconds{2};     // while the witnesses disagree
    duration funds_poll = std::chrono::seconds{5};      // while the wallet is short
    duration occupied_poll = std::chrono::seconds{2};   // while the address is being looked at
    duration delayed_after = std::chrono::seconds{60};  // without an end: shown so
    on_sent sent{};                                     // its bytes are sent for the first time
    on_sent late{};  // they are sent to every endpoint for the first time
};

class sending {
  public:
    // Loop and submitter outlive it.
    sending(io::loop& time, solana::submitter& submitter, submit_settings s)
        : loop_{time}, submitter_{submitter}, settings_{std::move(s)} {}

    // The timeline tells of each leg.
    [[nodiscard]] task<result<>> send(saga::step_context& in, solana::prepared_transaction bytes);
    // What to answer the engine while nothing is decided; nothing: it is.
    template <class T>
    [[nodiscard]] task<std::optional<saga::settlement<T>>> undecided(saga::step_context& in,
                                                                     const solana::settled& what,
                                                                     const std::string& signature);
    void decided(const std::string& signature);

  private:
    struct times {
        time_point first{};
        time_point last{};
        bool late = false;
        // Since enough providers call it confirmed; while they do.
        std::optional<time_point> rests{};
    };
    [[nodiscard]] bool is_delayed(const std::string& signature) const {
        const auto known = sent_.find(signature);
        return known != sent_.end() && loop_.now() - known->second.first >= settings_.delayed_after;
    }

    // Until a confirmed one is worth a look.
    [[nodiscard]] duration pause_of(const std::string& signature) const;
    void tell_late(saga::step_context& in, const std::string& signature);

    io::loop& loop_;
    solana::submitter& submitter_;
    submit_settings settings_;
    std::map<std::string, times> sent_;  // by signature, while undecided
    duration rested_{};                  // the last one, until its end was seen
};

template <class T>
task<std::optional<saga::settlement<T>>> sending::undecided(saga::step_context& in,
                                                            const solana::settled& what,
                                                            const std::string& signature) {
    using state = solana::submission_state;
    const bool is_open = what.state == state::pending || what.state == state::uncertain ||
                         what.state == state::confirmed;
    if (!is_open) co_return std::nullopt;
    if (const auto known = sent_.find(signature); known != sent_.end()) {
        auto& rests = known->second.rests;
        rests = what.agreed ? std::optional{rests.value_or(loop_.now())} : std::nullopt;
    }
    if (what.state == state::pending) {
        if (what.error) {
            in.note({"getSignatureStatuses", std::string{what.error->endpoint().view()}, 0,
                     std::string{what.error->code()}, std::string{what.error->detail()}});
        }
        if (is_delayed(signature)) {
            static_cast<void>(co_await in.progress("BLOCKCHAIN_DELAYED"));
        }
        co_return saga::pending{settings_.poll};
    }
    if (what.state == state::uncertain) {
        co_return saga::uncertain{settings_.unsure_poll, what.evidence};
    }
    // Shown as soon as it is so; should the journal be away, finality will show it.
    static_cast<void>(co_await in.progress("BLOCKCHAIN_CONFIRMED"));
    co_return saga::pending{pause_of(signature)};
}

}  // namespace thole::nft::steps
