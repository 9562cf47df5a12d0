#pragma once

// Websockets over TCP and TLS, by Boost.Beast. The only file that includes it is the .cpp.
//
// A peer that says nothing is asked by a ping, and given up after five minutes of silence. A
// message of more than a mebibyte ends the connection. Ownership: loop and resolver outlive it.
// Threads: the loop's.

#include "io/resolver.hpp"
#include "io/system_loop.hpp"
#include "io/websocket.hpp"

namespace thole::io {

class beast_dialer final : public websocket_dialer {
  public:
    static constexpr duration longest_silence = std::chrono::minutes{5};
    beast_dialer(system_loop& loop, resolver& names, duration silence = longest_silence);
    ~beast_dialer() override;
    [[nodiscard]] task<result<std::unique_ptr<websocket>>> open(std::string url,
                                                                deadline until) override;
    // Trusts this certificate (PEM) besides the system's; for tests.
    void trust(const std::string& certificate);

  private:
    struct tls;
    [[nodiscard]] task<result<std::unique_ptr<websocket>>> open_now(std::string url,
                                                                    deadline until);

    system_loop& loop_;
    resolver& names_;
    const duration silence_;
    std::unique_ptr<tls> tls_;
};

}  // namespace thole::io
