#pragma once

// The point of no return: one transaction, journaled as bytes before its first byte leaves
// (INTERFACES: BLOCKCHAIN_SUBMITTED, BLOCKCHAIN_CONFIRMED; SPEC S2–S4).
//
// prepare  takes turns while the chain is congested, reads the mint's address at finalized first. A
// token of ours that is there already (the
//          journal was restored from an older backup) is not minted again: the prepared value is
//          then empty, and settle() reads the token back. Else plan, simulate, sign. Before a
//          further generation it is seen that the content is still served: what was dead for
//          minutes may have been forgotten meanwhile, and a token that points nowhere is for ever.
// send     fans the same bytes out when a rebroadcast is due; no answer decides anything.
// landed_as  a person's word where no witness has one: a transaction's signature. record_landed and
//          verify read the chain back all the same.
// settle   decides by evidence: landed at finalized only; dead by proof, or by a finalized error.
//          Each of them on the word of two providers: one node alone decides nothing.
//          A curable error (lamports, compute) allows a new generation; any other parks.

#include "nft/chain_reader.hpp"
#include "nft/steps/check.hpp"
#include "nft/steps/fetch_uris.hpp"
#include "nft/steps/record_pending.hpp"
#include "nft/steps/sending.hpp"

namespace thole::nft::steps {

class submit {
  public:
    static constexpr std::string_view name = "submit";
    using prepared = solana::prepared_transaction;
    using output = landed_mint;

    // What it was that the token points to, and who is to serve it.
    struct content {
        images& pictures;
        ipfs::fetcher& gateways;
        gateway_settings settings;
    };
    // The wallet is the base of mint_base; it outlives the step.
    submit(mint_base base, const solana::keypair& wallet, solana::rpc::client& rpc,
           solana::submitter& submitter, solana::wallet_watch& funds, content points_to,
           submit_settings s)
        : base_{base},
          wallet_{wallet},
          rpc_{rpc},
          submitter_{submitter},
          funds_{funds},
          content_{std::move(points_to)},
          settings_{s},
          sending_{rpc.loop(), submitter, settings_} {}

    [[nodiscard]] task<saga::outcome<prepared>> prepare(saga::step_context& in);
    [[nodiscard]] task<result<>> send(saga::step_context& in,
                                      const saga::journaled<prepared>& bytes);
    [[nodiscard]] task<saga::settlement<output>> settle(saga::step_context& in,
                                                        const saga::journaled<prepared>& bytes);
    // A person says that it landed, with the transaction's signature: it is read back all the same.
    [[nodiscard]] std::expected<output, std::string> landed_as(saga::step_context& in,
                                                               std::string_view reference);

  private:
    [[nodiscard]] task<saga::outcome<prepared>> sign(saga::step_context& in, const subject& about,
                                                     std::uint64_t already_held);
    // Nothing: it is served.
    [[nodiscard]] task<std::optional<saga::outcome<prepared>>> content_missing(
        saga::step_context& in);
    [[nodiscard]] saga::outcome<prepared> refused(const saga::step_context& in,
                                                  const subject& about, const fault& why) const;
    // As the required number of providers tell it, from a state not older than the slot `since`.
    [[nodiscard]] task<result<mint_at>> look(saga::step_context& in, const subject& about,
                                             std::uint64_t since = 0);
    [[nodiscard]] task<result<mint_at>> look_ahead(saga::step_context& in, const subject& about);
    [[nodiscard]] task<saga::settlement<output>> settle_found(saga::step_context& in,
                                                              const subject& about);
    [[nodiscard]] task<saga::settlement<output>> settle_failed(saga::step_context& in,
                                                               const subject& about,
                                                               solana::settled what);

    mint_base base_;
    const solana::keypair& wallet_;
    solana::rpc::client& rpc_;
    solana::submitter& submitter_;
    solana::wallet_watch& funds_;
    content content_;
    submit_settings settings_;
    sending sending_;
};

}  // namespace thole::nft::steps
