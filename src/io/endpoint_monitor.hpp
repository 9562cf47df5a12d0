#pragma once

// Brings endpoints back when they are well, not when a timer says so.
//
// The problem: an open breaker keeps everybody away for half a minute and more, whether the other
// side was gone for a second or for an hour; and to find out, somebody's work has to be the probe.
//
//   endpoint_monitor monitor{loop, endpoints, [&](health_look at) { return is_well(at); }};
//   for (;;) {                                     // every few seconds
//       if (co_await monitor.look() > 0) …         // some are back: begin what waits for them
//   }
//
// A look asks each endpoint whose breaker is not closed. To those that are well the breaker is told
// (half-open starts early), and the monitor itself makes the probes that close it. One that falls
// ill again soon after has to be well for twice as many looks in a row each time. Forced breakers
// and drained endpoints are left alone.
//
// The check asks past the breaker, which would refuse, and unwatched by it: finding an endpoint
// dead once more teaches nobody anything.
//
// Endpoints that serve well are asked as well, rarely (`well_every`): one that nobody used for an
// hour may be gone, and whoever fails over to it would be the first to know. Such a check is a call
// like any other, with latency and verdict for the endpoint's statistics and breaker. One that
// fails is repeated at each look until it succeeds or the breaker opens. suspect() brings it
// forward.
//
// Cancellation: ends the look. Threads: the loop's.

#include <map>
#include <optional>

#include "io/loop.hpp"
#include "thole/deadline.hpp"
#include "thole/endpoint_set.hpp"

namespace thole::io {

struct health_look {
    name endpoint;
    bool first = false;  // since it fell ill, so there is nothing yet to compare it with
    bool probe = false;  // found well a moment ago; this answer closes its breaker, or does not
    deadline until;
};
using health_check = std::function<task<bool>(health_look)>;

struct monitor_settings {
    duration timeout = std::chrono::seconds{2};   // of all that one endpoint is asked; > 0
    duration relapse = std::chrono::minutes{10};  // ill again within: it is doubted more
    std::uint32_t most_doubt = 16;                // looks in a row
    duration well_every{};  // between checks of one that serves well; zero = it is not checked
};

class endpoint_monitor {
  public:
    // Loop and endpoints outlive it.
    endpoint_monitor(loop& time, endpoint_set& endpoints, health_check check,
                     monitor_settings s = {})
        : loop_{time}, endpoints_{endpoints}, check_{std::move(check)}, settings_{s} {}

    // Answers how many breakers have closed since the look before, by its own probes or others'.
    [[nodiscard]] task<std::size_t> look();
    // The endpoint may be ill although its breaker is closed: the next look asks it.
    void suspect(name endpoint) { patients_[endpoint].checked = time_point::min(); }

  private:
    struct patient {
        std::uint32_t good = 0;   // looks in a row that found it well
        std::uint32_t doubt = 1;  // … that it takes
        bool ill = false;
        std::optional<time_point> back{};     // when it was brought back last
        std::optional<time_point> checked{};  // when it was last seen to serve well
    };
    void fell_ill(patient& who) const;
    [[nodiscard]] bool is_due(patient& who) const;
    [[nodiscard]] task<> check_up(name endpoint, patient& who);
    [[nodiscard]] task<bool> bring_back(name endpoint, deadline until);

    loop& loop_;
    endpoint_set& endpoints_;
    health_check check_;
    monitor_settings settings_;
    rng chance_{0};  // of picks that have nothing to choose
    std::map<name, patient> patients_;
};

}  // namespace thole::io
