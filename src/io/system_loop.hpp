#pragma once

// The real loop: one io_context on one thread, one kernel timer for all waits.
//
//   io::system_loop core;
//   std::jthread thread{[&] { core.run(); }};
//   ...
//   core.stop();                                  // from any thread; run() returns soon
//
// What was spawned must have ended (scope::close) before the loop is destroyed.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "io/timed_loop.hpp"

namespace thole::io {

class system_loop final : public timed_loop {
  public:
    using context_executor = boost::asio::io_context::executor_type;

    system_loop();
    ~system_loop() override;

    // Works until stop(), also when there is nothing to do. Once stopped it can be run again.
    void run();
    // Works until the job has ended, then returns; for start-up, command line and tests.
    void run_until(task<> job);
    void stop();  // any thread

    [[nodiscard]] boost::asio::any_io_executor executor() override {
        return context_.get_executor();
    }
    [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }
    void post(std::move_only_function<void()> job) override;
    [[nodiscard]] time_point now() const override { return clock_.now(); }
    [[nodiscard]] wall_time wall_now() const override { return clock_.wall_now(); }

  private:
    void timers_changed() override;
    void arm_kernel_timer(time_point at);
    void fire();

    boost::asio::io_context context_{1};
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>,
                                      context_executor>
        kernel_timer_{context_.get_executor()};
    time_point armed_for_ = time_point::max();
    system_clock clock_;
};

}  // namespace thole::io
