#pragma once

// Asks every layer whether a mint would get through, before anything leaves (SPEC M1).
//
// Content providers take uploads and have room, the records database takes a write (rolled back),
// an RPC node is healthy, and the wallet can pay. Short of lamports is no failure: the operation
// waits and goes on by itself when the wallet was funded.

#include "io/shared_answer.hpp"
#include "ipfs/pinning.hpp"
#include "nft/images.hpp"
#include "nft/steps/common.hpp"
#include "solana/fee.hpp"
#include "solana/wallet.hpp"

namespace thole::nft::steps {

struct check_settings {
    std::size_t uri_bytes = 66;  // of a metadata URI: the prefix and 59 characters of CID
    solana::fee_policy fees;
    duration funds_poll = std::chrono::seconds{5};  // while the wallet is short
    std::uint32_t copies = 1;                       // of the image, for the providers' quotas
};

class check {
  public:
    static constexpr std::string_view name = "check";
    using output = readiness;

    check(mint_base base, images& pictures, ipfs::pinning& pins, records& table,
          solana::rpc::client& rpc, solana::wallet_watch& funds, check_settings s)
        : base_{base},
          pictures_{pictures},
          pins_{pins},
          table_{table},
          rpc_{rpc},
          funds_{funds},
          settings_{s} {}
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);

  private:
    [[nodiscard]] task<result<>> check_room(saga::step_context& in);
    [[nodiscard]] task<result<>> check_collection(saga::step_context& in);
    [[nodiscard]] task<saga::outcome<output>> check_funds(saga::step_context& in,
                                                          std::uint64_t slot);

    mint_base base_;
    images& pictures_;
    ipfs::pinning& pins_;
    records& table_;
    solana::rpc::client& rpc_;
    solana::wallet_watch& funds_;
    check_settings settings_;
    // A thousand operations that begin together ask once.
    io::shared_answer<result<>> content_;
    io::shared_answer<result<>> records_;
    io::shared_answer<solana::rpc_result<std::uint64_t>> slot_;
    io::shared_answer<result<solana::wallet_state>> balance_;
};

// Why an operation waits for its wallet, in words.
[[nodiscard]] std::string short_of(const solana::public_key& wallet, std::uint64_t has,
                                   std::uint64_t needs);

}  // namespace thole::nft::steps
