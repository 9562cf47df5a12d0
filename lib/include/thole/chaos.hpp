#pragma once

// Trouble on purpose, the same trouble every time.
//
// The problem: what happens when the second call is slow and the third is refused is asked once, in
// production. With a seed it is asked in a test, and a failure is replayed by its seed:
//
//   chaos trouble{{.seed = 7, .fault_permille = 100, .latency_permille = 200,
//                  .latency_most = 300ms}};
//   const auto injected = trouble.next();
//   sleep(injected.delay);
//   if (injected.act == chaos_act::fail) return fail(injected.what());
//
// In a pipeline it stands innermost, so that every other policy sees its faults as real ones.
// In `result_permille` calls the operation is asked for a false result of its own
// (call_context::pretend in run.hpp): an empty list, an old block, another one's balance.
//
// Threads: any; one lock when it is on, one relaxed load when it is off. The sequence of injections
// is fixed by the seed; which thread meets which is not.

#include <atomic>
#include <mutex>

#include "thole/codes.hpp"
#include "thole/problem.hpp"
#include "thole/rng.hpp"

namespace thole {

struct chaos_settings {
    bool enabled = true;
    std::uint64_t seed = 1;
    std::uint16_t latency_permille = 0;  // of calls are delayed; 0…1000
    duration latency_least{};            // >= 0
    duration latency_most{};             // >= latency_least
    std::uint16_t fault_permille = 0;    // of calls fail; 0…1000, with result_permille at most 1000
    const fault_code* fault = &codes::net_connect_timeout;  // static storage; not null
    std::uint16_t result_permille = 0;                      // of calls get a false result; 0…1000

    friend bool operator==(const chaos_settings&, const chaos_settings&) = default;
};

[[nodiscard]] problems validate(const chaos_settings&);

enum class chaos_act : std::uint8_t {
    pass,    // make the call
    fail,    // with the fault
    answer,  // with the caller's false result
};

struct chaos_injection {
    chaos_act act = chaos_act::pass;
    duration delay{};  // before anything
    const fault_code* code = nullptr;

    // Precondition: act is fail.
    [[nodiscard]] fault what() const { return fault{*code}.with_detail("injected by chaos"); }
};

class chaos {
  public:
    // Precondition: validate(settings) is empty.
    explicit chaos(const chaos_settings& settings);

    [[nodiscard]] chaos_injection next();
    // Begins the sequence anew. Precondition: validate(settings) is empty.
    void reconfigure(const chaos_settings& settings);

  private:
    std::atomic<bool> enabled_{false};
    std::mutex mutex_;
    chaos_settings settings_;
    rng chance_{1};
};

}  // namespace thole
