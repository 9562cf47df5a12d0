#pragma once

// A TCP proxy that misbehaves as told: what stands between a client and a real server in tests.
//
//   localnet::tcp_gate gate{loop, {"127.0.0.1", 0}, {"127.0.0.1", server_port}};
//   gate.set({.what = gate_mode::kind::cut, .bytes = 40});
//   ... talk to gate.port() ...
//   co_await gate.stop();
//
// A new mode holds for new connections and for the next piece of data on the open ones; byte counts
// start anew with it. Threads: the loop's own. stop() before it is destroyed.

#include <list>
#include <memory>
#include <string>

#include "io/scope.hpp"
#include "io/system_loop.hpp"

namespace thole::localnet {

struct gate_mode {
    enum class kind : std::uint8_t {
        pass,
        refuse,      // nothing listens; open connections are reset
        hang,        // connections are accepted, nothing is ever answered
        delay,       // each piece of an answer waits for `wait`
        cut,         // the connection ends after `bytes` bytes of answer
        reset,       // ... and does so with a TCP reset
        half_close,  // the client sees the end of the stream instead of the answer
        throttle,    // `bytes` per second of answer
        corrupt,     // one bit of answer byte number `bytes` is flipped
        answer,      // HTTP `status` with Retry-After: 1, without asking the target
    };
    kind what = kind::pass;
    duration wait{};
    std::uint64_t bytes = 0;
    int status = 503;
};

struct gate_address {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
};

struct gate_counters {
    std::uint64_t connections = 0;
    std::uint64_t to_target = 0;  // bytes
    std::uint64_t to_client = 0;
    std::size_t open = 0;
};

class tcp_gate {
  public:
    // Throws when it cannot listen.
    tcp_gate(io::system_loop& loop, gate_address listen, gate_address target);
    ~tcp_gate();

    [[nodiscard]] std::uint16_t port() const noexcept { return listen_.port; }
    [[nodiscard]] const gate_mode& mode() const noexcept { return mode_; }
    void set(gate_mode mode);
    [[nodiscard]] gate_counters counted() const noexcept;
    [[nodiscard]] task<> stop();

  private:
    class session;
    class acceptor;

    void listen();
    task<> accept_all();

    io::system_loop& loop_;
    gate_address listen_;
    gate_address target_;
    gate_mode mode_;
    std::uint64_t generation_ = 0;
    io::signal changed_;
    gate_counters counts_;
    std::unique_ptr<acceptor> acceptor_;  // null while refusing
    io::scope accepting_;
    io::scope sessions_;
    std::list<session*> open_;
};

}  // namespace thole::localnet
