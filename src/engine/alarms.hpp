#pragma once

// Many alarms, one sleeper: calls functions on the loop at given times.
//
//   const auto id = alarms->at(loop.now() + 30s, [&] { give_up(); });
//   alarms->cancel(id);                                    // false when it has rung
//
// Arming and cancelling touch one ordered map; only an alarm that is earlier than all others wakes
// the loop's timer. Owned by shared_ptr: the sleeper keeps it alive. After stop() nothing rings.
// Threads: the loop's. The functions must be short; they may arm and cancel alarms.

#include <boost/asio/cancellation_signal.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "io/loop.hpp"

namespace thole::saga {

class alarms : public std::enable_shared_from_this<alarms> {
  public:
    using action = std::move_only_function<void()>;
    struct id {
        time_point at;
        std::uint64_t number = 0;  // 0 = none
        friend auto operator<=>(const id&, const id&) = default;
    };

    explicit alarms(io::loop& loop) : loop_{loop} {}
    [[nodiscard]] id at(time_point when, action what);
    bool cancel(const id& which);
    void stop();

  private:
    static task<void> sleep(std::shared_ptr<alarms> self);
    static task<void> one_sleep(std::shared_ptr<alarms> self);
    void ring();

    io::loop& loop_;
    std::map<id, action> set_;
    std::uint64_t next_ = 1;
    bool asleep_ = false;    // a sleeper was started
    bool sleeping_ = false;  // … and has come to its sleep: before that Asio must not cancel it
    bool stopped_ = false;
    time_point until_{};
    std::optional<boost::asio::cancellation_signal> signal_;
};

}  // namespace thole::saga
