#pragma once

// A TCP proxy that misbehaves by order: between a client and a real server in functional tests.
//
//   tcp_gate gate{loop, "127.0.0.1", server_port};
//   client.connect("127.0.0.1", gate.port());
//   gate.set({.kind = gate_kind::cut, .after_bytes = 20});   // answers end after 20 bytes
//
// A mode holds for connections made after it was set; `drop()` ends those that are open. Everything
// runs on the loop's thread.

#include <cstdint>
#include <memory>
#include <string>

#include "io/loop.hpp"

namespace thole::localnet {

enum class gate_kind : std::uint8_t {
    pass,
    refuse,      // nothing listens on the port
    hang,        // accepts, reads, forwards, never answers
    delay,       // every answer chunk comes `wait` later
    cut,         // the connection is reset after `after_bytes` of the answer
    half_close,  // the answer's end of stream comes after `after_bytes`, the request side stays
                 // open
    throttle,    // `bytes_per_second` of the answer
    corrupt,     // the answer's byte number `after_bytes` has a bit flipped
    canned,      // `canned` is answered to whatever comes; nothing is forwarded
};

struct gate_mode {
    gate_kind kind = gate_kind::pass;
    std::uint64_t after_bytes = 0;
    duration wait{};
    std::uint64_t bytes_per_second = 0;
    std::string canned;
};

// "HTTP/1.1 429 Too Many Requests" with Retry-After, and the like, for gate_kind::canned.
[[nodiscard]] std::string canned_http(int status, const std::string& headers = {});

struct gate_counters {
    std::uint64_t connections = 0;
    std::uint64_t bytes_up = 0;    // from clients
    std::uint64_t bytes_down = 0;  // to clients
};

class tcp_gate {
  public:
    tcp_gate(io::loop& on, std::string target_host, std::uint16_t target_port,
             std::uint16_t port = 0);
    ~tcp_gate();
    tcp_gate(const tcp_gate&) = delete;
    tcp_gate& operator=(const tcp_gate&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;
    void set(gate_mode mode);
    void drop();
    [[nodiscard]] const gate_counters& counters() const noexcept;

  private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace thole::localnet
