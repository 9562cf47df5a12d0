#pragma once

// A websocket that says when it is worth while to ask.
//
// The problem: a transaction that landed is learned of half an interval late, on average. Nodes
// notify over a websocket (signatureSubscribe), but connections break, subscriptions are lost with
// them, and nobody tells. So a notification decides nothing here: it only makes the next poll come
// at once, and without any connection polling finds everything as before.
//
//   signature_hints hints{dialer, loop, {.urls = {"wss://node.example/"}}, [&] { watcher.hurry();
//   }}; scope.spawn(hints.run()); hints.watch(signature, [&] { engine.nudge(operation); });
//
// Each signature is told of when it is confirmed and when it is finalized, then once more after
// `echo`: nodes reach finality one after another, and one alone decides nothing. Those that come
// within `gather` are told together, after `before_telling`. A connection that breaks is opened
// anew, to the next URL, after a growing pause; what is still watched is subscribed again. What
// nobody forgot goes after `forget_after`.
//
// Threads: the loop's. Ownership: dialer and loop outlive it; run() must have ended before it goes.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "io/event.hpp"
#include "io/scope.hpp"
#include "io/websocket.hpp"
#include "thole/backoff.hpp"

namespace thole::solana {

class signature_hints {
  public:
    struct settings {
        std::vector<std::string> urls{};
        duration connect = std::chrono::seconds{5};
        duration gather = std::chrono::milliseconds{50};
        duration echo = std::chrono::seconds{1};
        duration forget_after = std::chrono::minutes{5};
        std::size_t most = 16'384;  // watched at once; more are not told of
        backoff pause =
            backoff::exponential(std::chrono::milliseconds{500}, std::chrono::seconds{30});
        std::uint64_t seed = 1;
    };
    // Precondition: at least one URL.
    signature_hints(io::websocket_dialer& dialer, io::loop& loop, settings s,
                    std::function<void()> before_telling);

    void watch(const std::string& signature, std::function<void()> tell);
    void forget(const std::string& signature) { watched_.erase(signature); }

    // Until the coroutine is cancelled.
    [[nodiscard]] task<> run();

    [[nodiscard]] bool connected() const noexcept { return connected_; }
    [[nodiscard]] std::size_t watching() const noexcept { return watched_.size(); }

  private:
    static constexpr int levels = 2;  // confirmed, finalized
    struct entry {
        std::function<void()> tell;
        time_point since;
        int left = levels;
    };

    [[nodiscard]] task<> keep_connected();
    [[nodiscard]] task<> talk(io::websocket& to);
    [[nodiscard]] task<> write(io::websocket& to);
    [[nodiscard]] task<> tell_together();
    [[nodiscard]] task<> tell_again();
    void subscribe(const std::string& signature);
    void hear(const std::string& text);
    void drop_old();

    io::websocket_dialer& dialer_;
    io::loop& loop_;
    settings settings_;
    std::function<void()> before_telling_;
    rng chance_;
    std::map<std::string, entry> watched_;
    bool connected_ = false;
    // Of the present connection.
    std::uint64_t last_request_ = 0;
    std::map<std::uint64_t, std::string> asked_;       // by request, until its answer
    std::map<std::uint64_t, std::string> subscribed_;  // by subscription
    std::vector<std::string> outbox_;
    io::signal outbox_filled_;
    std::vector<std::string> told_;
    io::signal told_some_;
    struct final_one {
        time_point at;  // when it is told again
        std::function<void()> tell;
    };
    std::vector<final_one> finals_;  // in the order of their times
    io::signal finals_some_;
};

}  // namespace thole::solana
