#include "io/timed_loop.hpp"

#include <optional>

#include "io/cancellation.hpp"
#include "io/suspend.hpp"

namespace thole::io {

namespace {

enum class wake : std::uint8_t { due, cancelled };

// Lives in the frame of the sleeping coroutine.
class sleeper final : public timer_queue::entry {
  public:
    explicit sleeper(timed_loop& owner) : owner_{owner} {}
    ~sleeper() { owner_.disarm(*this); }

    void start(resumption<wake> waiting, time_point at) {
        waiting_.emplace(std::move(waiting));
        waiting_->on_cancel([this] { cancel(); });
        owner_.arm(*this, at);
    }

  private:
    void due() noexcept override {
        if (auto waiting = std::exchange(waiting_, std::nullopt)) waiting->resume(wake::due);
    }
    void cancel() {
        owner_.disarm(*this);
        if (auto waiting = std::exchange(waiting_, std::nullopt)) waiting->post(wake::cancelled);
    }

    timed_loop& owner_;
    std::optional<resumption<wake>> waiting_;
};

}  // namespace

void timed_loop::arm(timer_queue::entry& which, time_point at) {
    timers_.arm(which, at);
    timers_changed();
}

task<result<>> timed_loop::sleep_until(time_point at) {
    if (co_await was_cancelled()) co_return fail(cancelled_fault());
    sleeper here{*this};
    auto start = [&here, at](resumption<wake> waiting) { here.start(std::move(waiting), at); };
    const auto ended = co_await suspend<wake>(std::move(start));
    if (ended == wake::cancelled) co_return fail(cancelled_fault());
    co_return result<>{};
}

}  // namespace thole::io
