#pragma once

// How many calls at once a dependency bears, found out instead of guessed.
//
// The problem: a fixed limit is right for one machine on one day. When the dependency gets slower
// it queues inside; when it gets faster the limit wastes it. Latency tells: calls that wait for
// each other take longer than calls that do not.
//
//   adaptive_limit learned{{.shape = adaptive_shape::gradient}, cabin.limit()};
//   if (auto next = learned.record(latency, overloaded, cabin.in_flight(), now))
//       cabin.set_limit(*next);
//
// aimd      one more call a round that used at least half the limit; times `backoff` in a round
// with
//           an overload (a timeout, a 429, a bulkhead full on the other side)
// gradient  times (unloaded latency × tolerance / latency now), between a half and one, plus the
//           square root of the limit as room to grow (Envoy and Netflix call it gradient 2);
//           an overload acts as in aimd
//
// A round is `round` long and counts when it saw `minimum_calls`. The unloaded latency is the
// smallest round average of the last ten rounds or so: it creeps up by a hundredth a round, so that
// a dependency that became slower for good is believed in the end, without ever emptying the pipe
// to measure. Integers only: the same on every machine.
//
// Threads: any; record takes a lock when it is free, and drops its sample when it is not.

#include <mutex>
#include <optional>

#include "thole/problem.hpp"
#include "thole/time.hpp"

namespace thole {

enum class adaptive_shape : std::uint8_t { aimd, gradient };

struct adaptive_settings {
    adaptive_shape shape = adaptive_shape::gradient;
    std::uint32_t least = 4;                          // >= 1
    std::uint32_t most = 1000;                        // >= least, at most 1 000 000
    duration round = std::chrono::milliseconds{500};  // 1 ms…1 min
    std::uint32_t minimum_calls = 10;                 // of a round that counts; >= 1
    std::uint16_t backoff_permille = 900;             // after an overload; 1…999
    std::uint16_t tolerance_permille = 1500;          // latency up to this is no load; >= 1000

    friend bool operator==(const adaptive_settings&, const adaptive_settings&) = default;
};

[[nodiscard]] problems validate(const adaptive_settings&);

class adaptive_limit {
  public:
    // Precondition: validate(settings) is empty.
    explicit adaptive_limit(const adaptive_settings& settings = {}, std::uint32_t initial = 20);

    // The end of a call. A value: the new limit, when this ended a round that changed it.
    [[nodiscard]] std::optional<std::uint32_t> record(duration latency, bool overloaded,
                                                      std::uint32_t in_flight, time_point now);

    [[nodiscard]] std::uint32_t limit() const;
    // Latency without load, as far as it is known; 0 = not yet.
    [[nodiscard]] duration unloaded() const;
    void reconfigure(const adaptive_settings& settings);

  private:
    [[nodiscard]] std::uint32_t next_limit(duration average) const noexcept;

    mutable std::mutex mutex_;
    adaptive_settings settings_;
    std::uint32_t limit_;
    duration unloaded_{};
    time_point round_ends_{};
    duration sum_{};
    std::uint32_t calls_ = 0;
    std::uint32_t most_in_flight_ = 0;
    bool overloaded_ = false;
};

}  // namespace thole
