#pragma once

// Whether the chain has room for what is sent, by what became of what was sent last; and who goes
// next while it has not.
//
//   congestion road;
//   road.landed(took, now);  road.died(now);             // as the end of each transaction is known
//   if (road.at(now).congested) …                        // bid more
//   if (const auto pause = road.hold(id, now)) …         // wait so long, then ask again
//
// A transaction that died, or that nobody saw on the chain for slow_after, found no room. So the
// signal is late by half a transaction's life; a node's own word for it there is none. It ends by
// itself: an end counts for `memory`, and while nothing ends nothing is known. Turns are given out
// one each `pace`; whoever was given one and comes back before or after it keeps it, and when the
// chain has room again everybody goes.
//
// Pure: the time is passed in. Single-owner.

#include <deque>
#include <map>
#include <optional>

#include "base/id.hpp"
#include "thole/time.hpp"

namespace thole::solana {

struct congestion_settings {
    std::size_t window = 32;                         // ends that are looked at, the newest
    std::size_t least = 8;                           // with fewer nothing is said
    unsigned share_permille = 250;                   // of them without room: from here on congested
    duration slow_after = std::chrono::seconds{30};  // a place is usually found within a few
    duration memory = std::chrono::minutes{2};
    duration pace = std::chrono::milliseconds{250};    // between turns; 0 = all go at once
    duration longest_hold = std::chrono::seconds{15};  // before one asks again
};

struct congestion_view {
    std::size_t ends = 0;
    std::size_t late = 0;  // of them: died, or landed late
    bool congested = false;
    [[nodiscard]] unsigned permille() const noexcept {
        return ends == 0 ? 0 : static_cast<unsigned>(late * 1000 / ends);
    }
};

class congestion {
  public:
    explicit congestion(congestion_settings s = {}) : s_{s} {}

    // Seen on the chain for the first time, so long after it was signed.
    void landed(duration took, time_point now) { add(took >= s_.slow_after, now); }
    void died(time_point now) { add(true, now); }

    [[nodiscard]] congestion_view at(time_point now) const;

    // How long `who` waits before it asks again; nothing: its turn is now, and is used up.
    [[nodiscard]] std::optional<duration> hold(const uuid& who, time_point now);

  private:
    void add(bool late, time_point now);

    struct end {
        time_point at;
        bool late;
    };
    congestion_settings s_;
    std::deque<end> ends_;  // oldest first, at most `window`
    std::map<uuid, time_point> turns_;
    time_point next_{};  // the first turn that nobody has
};

}  // namespace thole::solana
