// The breaker under several threads: run this with the thread sanitizer too.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "thole/circuit_breaker.hpp"
#include "thole/rng.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

void together(unsigned count, const std::function<void(unsigned)>& body) {
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < count; ++t) threads.emplace_back([&body, t] { body(t); });
    for (auto& t : threads) t.join();
}

// proves: P4
TEST(circuit_breaker_threads, no_call_is_lost_from_the_window) {
    circuit_breaker breaker;
    const time_point now{1h};
    together(8, [&](unsigned) {
        for (int i = 0; i < 4000; ++i) breaker.admit(now)->record(outcome::success(1ms), now);
    });
    EXPECT_EQ(breaker.view(now).succeeded, 32'000U);
}

// proves: P4
TEST(circuit_breaker_threads, at_most_one_probe_is_in_flight) {
    auto settings = breaker_settings::no_rules();
    settings.consecutive_failures = 1;
    settings.probes_per_period = 60'000;
    settings.successes_to_close = 60'000;
    circuit_breaker breaker{settings};
    const time_point start{1h};
    breaker.admit(start)->record(outcome::failure(), start);
    const auto now = start + 30s;
    std::atomic<int> in_flight{0};
    std::atomic<int> most{0};
    std::atomic<int> probes{0};
    together(4, [&](unsigned) {
        for (int i = 0; i < 3000; ++i) {
            auto permit = breaker.admit(now);
            if (!permit) continue;
            const auto seen = in_flight.fetch_add(1) + 1;
            auto before = most.load();
            while (before < seen && !most.compare_exchange_weak(before, seen)) {
            }
            probes.fetch_add(1);
            in_flight.fetch_sub(1);
            permit->record(outcome::success(), now);
        }
    });
    EXPECT_EQ(most.load(), 1);
    EXPECT_GT(probes.load(), 0);
}

// Threads live through many openings and closings while an operator interferes; the breaker must
// end in a state that still works.
// proves: P4
TEST(circuit_breaker_threads, survives_weather) {
    breaker_settings settings;
    settings.minimum_calls = 20;
    settings.window = 1s;
    settings.open_for = 100ms;
    settings.half_open_period = 500ms;
    settings.probe_lease = 50ms;
    circuit_breaker breaker{settings};
    std::atomic<std::int64_t> steady{duration{1h}.count()};
    std::atomic<std::uint64_t> admitted{0};
    std::atomic<std::uint64_t> refused{0};
    together(6, [&](unsigned t) {
        rng chance{t};
        for (int i = 0; i < 6000; ++i) {
            const time_point now{duration{steady.fetch_add(100'000)}};  // 0.1 ms a call
            const bool bad_weather = (now.time_since_epoch() / 400ms) % 2 == 1;
            if (t == 0 && i % 500 == 0) breaker.hint_healthy(now);
            if (t == 1 && i % 1500 == 0) breaker.reset(now);
            if (t == 2 && i % 100 == 0) (void)breaker.view(now);
            if (t == 3 && i % 700 == 0) {
                breaker.force(
                    i % 1400 == 0 ? breaker_override::forced_closed : breaker_override::none, now);
            }
            if (t == 4 && i % 2000 == 0) breaker.reconfigure(settings, now);
            (void)breaker.admissible_at(now);
            auto permit = breaker.admit(now);
            (permit ? admitted : refused).fetch_add(1);
            if (!permit || chance.chance(1, 50)) continue;  // some permits are dropped
            const bool failed = chance.chance(bad_weather ? 9 : 1, 100 / (bad_weather ? 10 : 1));
            permit->record(failed ? outcome::failure(1ms) : outcome::success(1ms), now);
        }
    });
    EXPECT_GT(admitted.load(), 0U);
    EXPECT_GT(refused.load(), 0U);
    EXPECT_GT(breaker.view(time_point{duration{steady.load()}}).times_opened, 1U);

    const time_point later{duration{steady.load()} + 1h};
    breaker.force(breaker_override::none, later);
    breaker.reset(later);
    for (int i = 0; i < 100; ++i) breaker.admit(later)->record(outcome::success(), later);
    EXPECT_EQ(breaker.view(later).computed, breaker_state::closed);
    EXPECT_EQ(breaker.view(later).succeeded, 100U);
}

}  // namespace
}  // namespace thole
