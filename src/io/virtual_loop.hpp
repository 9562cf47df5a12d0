#pragma once

// A loop whose time moves only when told: for tests and simulations.
//
//   io::virtual_loop loop;
//   scope work{loop};
//   work.spawn(program(loop));
//   loop.advance(30s);              // every sleep in between fires at its own instant
//   loop.run_until_idle();          // ... or: until nobody waits for time or for his turn
//
// Deterministic: what is ready runs in order, or with a seed in an order drawn from it (jobs of
// post() keep theirs, as loop promises). Single-threaded: post() too is for this thread only.

#include <boost/asio/execution_context.hpp>
#include <deque>
#include <optional>

#include "io/timed_loop.hpp"
#include "thole/rng.hpp"

namespace thole::io {

class virtual_loop final : public timed_loop {
  public:
    class executor_type;

    virtual_loop() = default;
    explicit virtual_loop(std::uint64_t seed) : order_{seed} {}
    ~virtual_loop() override;

    [[nodiscard]] boost::asio::any_io_executor executor() override;
    void post(std::move_only_function<void()> job) override { posted_.push_back(std::move(job)); }
    [[nodiscard]] time_point now() const override { return clock_.now(); }
    [[nodiscard]] wall_time wall_now() const override { return clock_.wall_now(); }

    // Runs what is ready at this instant, and what that makes ready; answers how many jobs ran.
    std::size_t run_ready();
    // Moves time forward, firing each timer at its own instant.
    void advance(duration by);
    // Time passes while nothing runs, as for a process that stood still: what was due meanwhile is
    // due now.
    void stand_still(duration time);
    // Fires timer after timer until none is left, or until `limit` of virtual time has passed.
    // True when nothing is left.
    bool run_until_idle(duration limit = std::chrono::hours{24});
    // The wall clock alone, as an operator or NTP step does.
    void step_wall(std::chrono::microseconds by) { clock_.step_wall(by); }

    [[nodiscard]] std::optional<time_point> next_timer() const noexcept { return timers().next(); }

  private:
    using job = std::move_only_function<void()>;
    class context final : public boost::asio::execution_context {
      public:
        ~context() {
            shutdown();
            destroy();
        }
    };

    void timers_changed() override {}
    [[nodiscard]] job take_ready();
    void fire_due();

    context context_;
    manual_clock clock_;
    std::deque<job> ready_;   // from the executor
    std::deque<job> posted_;  // from post()
    std::optional<rng> order_;
};

}  // namespace thole::io
