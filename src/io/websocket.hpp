#pragma once

// A websocket as a value that sends and receives texts, and the seam that opens one.
//
//   auto opened = co_await dialer.open("wss://node.example/", deadline::after(loop.now(), 5s));
//   co_await (*opened)->send(text);
//   auto next = co_await (*opened)->receive();        // result<std::string>, until it is closed
//
// One send and one receive may be under way at the same time. Errors: net.* faults; after one the
// connection is of no more use. Cancellation ends the waiting call, and with it the connection.
// Threads: the loop's.

#include <memory>
#include <string>

#include "io/task.hpp"
#include "thole/deadline.hpp"

namespace thole::io {

class websocket {
  public:
    virtual ~websocket() = default;
    [[nodiscard]] virtual task<result<>> send(std::string text) = 0;
    [[nodiscard]] virtual task<result<std::string>> receive() = 0;
    // At once, without a farewell; whoever waits is told.
    virtual void cut() = 0;
};

class websocket_dialer {
  public:
    virtual ~websocket_dialer() = default;
    // `url`: ws or wss; a certificate must be valid for its host.
    [[nodiscard]] virtual task<result<std::unique_ptr<websocket>>> open(std::string url,
                                                                        deadline until) = 0;
};

}  // namespace thole::io
