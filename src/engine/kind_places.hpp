#pragma once

// What each kind of operations may take of the engine now: its places, its rate, whether it rests.
// Internal to the engine.
//
// A place is derived, not counted apart: who enters leaves again (let_go). The rate is a token
// bucket that holds a second's worth, at least one.

#include <algorithm>
#include <map>

#include "engine/engine.hpp"

namespace thole::saga {

class kind_places {
  public:
    explicit kind_places(const std::map<std::string, kind_limits, std::less<>>& limits);
    void limit_step(const std::string& kind, const std::string& step, int at_most);

    // Enters if one more of the kind may be begun now.
    bool enter(const std::string& kind, store_time now);
    // One that was claimed: enters whatever the limits say, since a quota was asked before.
    void enter_claimed(const std::string& kind);
    // True when somebody of the kind may wait for this place.
    [[nodiscard]] bool leave(const std::string& kind);
    // The same for one that had entered and was not begun: it has used nothing of the rate.
    [[nodiscard]] bool leave_unused(const std::string& kind);

    // For a claim: the kinds that may not have all they want. What it may bring is theirs until
    // claimed(), which follows its answer: nobody else enters on it, and whoever leaves meanwhile
    // asks for another claim.
    [[nodiscard]] std::vector<kind_quota> quotas(store_time now, int limit);
    void claimed() { claiming_ = false; }
    // When the rate lets the next one in, of the kinds that have used theirs up.
    [[nodiscard]] std::optional<store_time> next_token(store_time now) const;

    // The same for a step that few operations of its kind may be in at once. Who finds others
    // waiting goes behind them; false.
    bool enter_step(const std::string& kind, const std::string& step);
    void enter_step_claimed(const std::string& kind, const std::string& step);
    // True when a claim may find somebody for the place.
    [[nodiscard]] bool leave_step(const std::string& kind, const std::string& step);
    // Whether one who is at work already, and waits for a place in it, may have one now. Those that
    // a claim would find go first; `no_claim`: there is none to come before that.
    [[nodiscard]] bool offers_step(const std::string& kind, const std::string& step, bool no_claim);

    // As many of the kind as may be are at work.
    [[nodiscard]] bool is_full(const std::string& kind) const;
    // When its rate lets the next one in; nothing: it does so now.
    [[nodiscard]] std::optional<store_time> rate_until(const std::string& kind, store_time now);

    // What is left between two operations of one key; 0: no pace. A journal keeps it.
    [[nodiscard]] store_time::duration pace_of_key(const std::string& kind) const;
    [[nodiscard]] std::vector<key_pace> key_paces() const;

    // "": every kind. Whether that changed anything.
    bool set_hold(const std::string& kind, bool held);
    [[nodiscard]] bool held(std::string_view kind) const;
    [[nodiscard]] bool all_held() const { return all_held_; }

  private:
    struct place {
        kind_limits limits;
        int busy = 0;
        bool held = false;
        int quota = 0;        // what is left of the last one
        bool wanted = false;  // … and it was used up: others may wait
        double tokens = 0;
        store_time refilled{};
    };
    struct step_place {
        int at_most = 0;
        int busy = 0;
        bool wanted = false;  // a claim had no more places: others may wait
    };
    static void refill(place& p, store_time now);
    // Precondition: its rate is limited, and its tokens are those of `now`.
    static store_time token_of(const place& p, store_time now);

    std::map<std::string, place, std::less<>> kinds_;  // those with limits or told to rest
    std::map<std::pair<std::string, std::string>, step_place> steps_;  // by kind and step
    bool all_held_ = false;
    bool claiming_ = false;
};

}  // namespace thole::saga
