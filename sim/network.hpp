#pragma once

// The network of a simulation: models mounted under origins, reached through links that take time
// and misbehave by order or by seed. Implements the same seam as the real HTTP client.
//
//   network net{loop, seed};
//   net.mount("http://rpc-1", [&](const io::http_request& r) { … return reply{200, body}; });
//   net.link("http://rpc-1").lose_answers = 1;   // the next request takes effect, its answer is
//   lost
//
// A request that is refused never reached its server (effect none); one whose answer is lost or
// that hangs did (effect unknown). Single-owner, on the loop's thread.

#include <functional>
#include <map>
#include <string>

#include "io/http.hpp"
#include "io/loop.hpp"
#include "thole/rng.hpp"

namespace thole::sim {

struct reply {
    int status = 200;
    std::string body;
    io::http_headers headers;
};

struct link_state {
    bool refuse = false;   // nothing listens
    bool hang = false;     // takes the request and never answers; it takes effect
    int lose_answers = 0;  // the next n requests take effect and their connection is cut
    // The same by chance, in thousandths of the requests:
    int drop_permille = 0;       // lost on the way; nobody can tell
    int lose_permille = 0;       // taken, and the answer is lost
    int duplicate_permille = 0;  // taken twice, the second time a while later
    duration latency_least = std::chrono::milliseconds{1};
    duration latency_most = std::chrono::milliseconds{20};
};

class network final : public io::http_transport {
  public:
    using server = std::function<reply(const io::http_request&)>;

    network(io::loop& loop, std::uint64_t seed) : loop_{loop}, chance_{seed} {}

    void mount(std::string origin, server handler);
    // Precondition: mounted.
    [[nodiscard]] link_state& link(const std::string& origin);
    [[nodiscard]] std::size_t requests() const noexcept { return requests_; }

    [[nodiscard]] task<result<io::http_response>> send(io::http_request request) override;

  private:
    struct host {
        server handler;
        link_state state;
    };
    [[nodiscard]] host* find(std::string_view url);
    [[nodiscard]] task<result<>> travel(const link_state& state, deadline until);
    [[nodiscard]] bool happens(int permille) {
        return permille > 0 && chance_.chance(static_cast<std::uint64_t>(permille), 1000);
    }
    void deliver_again(host& to, const io::http_request& request);

    io::loop& loop_;
    rng chance_;
    std::map<std::string, host, std::less<>> hosts_;
    std::size_t requests_ = 0;
};

}  // namespace thole::sim
