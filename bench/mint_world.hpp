#pragma once

// What the minting benchmark measures against: a fast ledger and a content node in a process of
// their own (thole-fake mint), and the same requests for everybody who mints on them.

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "bench/engine_load.hpp"
#include "nft/request.hpp"
#include "solana/codec/keypair.hpp"

namespace thole::bench {

// Slots of 5 ms, finality after four; statuses are asked for every 50 ms by both sides.
inline constexpr int slot_ms = 5;
inline constexpr std::chrono::milliseconds status_poll{50};

class fake_world {
  public:
    fake_world();
    ~fake_world();
    fake_world(const fake_world&) = delete;
    fake_world& operator=(const fake_world&) = delete;

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::string rpc(int node) const { return url() + "/rpc/" + std::to_string(node); }
    [[nodiscard]] std::uint64_t requests() const;  // answered so far, of every kind
    [[nodiscard]] std::uint64_t landed() const;    // transactions so far
    [[nodiscard]] std::string calls() const;       // JSON: by method
    void fund(const solana::public_key& wallet) const;

  private:
    [[nodiscard]] std::string ask(const std::string& method, const std::string& path,
                                  const std::string& body) const;
    pid_t pid_ = -1;
    unsigned port_ = 0;
};

[[nodiscard]] solana::keypair bench_wallet();
// A picture (by its first bytes) and the request for a mint of it; every number is another owner.
[[nodiscard]] std::string picture_of(int number);
[[nodiscard]] nft::mint_request request_of(int number, std::string image_cid);

struct mint_figures : figures {
    std::uint64_t requests = 0;
};

// The daemon, on a journal and stores of its own: content first, then the mint, until it is
// completed, by `clients` at once.
[[nodiscard]] mint_figures run_daemon(const fake_world& world, int clients, int mints);
// The same requests by the same clients of RPC nodes, providers and gateways in this process, with
// nothing that survives it: no journal, records, pin ledger, archive, nor HTTP in front.
[[nodiscard]] mint_figures run_plain(const fake_world& world, int clients, int mints);

}  // namespace thole::bench
