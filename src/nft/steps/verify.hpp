#pragma once

// Reads every layer back and compares it with the request (INTERFACES: VERIFIED; SPEC C1, M2).
//
//   chain     finalized, say two providers alike; metadata as requested; issuer proved; one of a
//             kind; the owner holds it
//   content   the URI is served, byte for byte; the JSON parses and says what was asked for
//   record    the customer's row agrees; one that does not (missing, older, changed behind our
//             back) is first written anew from the chain's state, which was read a moment before
//   partner   who knows only chain and gateways comes to the same result, and so do the partners
//             whose APIs are declared for it (partners.hpp)
//
// Wallets show a token before it is final, and its owner may have sent it on by then. Where our own
// signature landed, that one transaction made and delivered it: the timeline says so, the partner's
// view is of the token wherever it is, and partners with APIs, who are asked by wallet, are not.
//
// The first difference is a fault that names layer and field (codes::layer_mismatch). It is read
// again, from other endpoints as they come; when the attempts are spent a person decides. This step
// is critical: nobody may skip it.

#include "nft/partner_view.hpp"
#include "nft/partners.hpp"
#include "nft/steps/record_landed.hpp"

namespace thole::nft::steps {

class verify {
  public:
    static constexpr std::string_view name = "verify";
    using output = verification;

    verify(mint_base base, solana::rpc::client& rpc, int providers, ipfs::fetcher& gateways,
           records& table, partners* asked, gateway_settings s)
        : base_{base},
          rpc_{rpc},
          providers_{providers},
          gateways_{gateways},
          table_{table},
          asked_{asked},
          settings_{std::move(s)} {}
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);

  private:
    [[nodiscard]] task<result<mint_at>> check_chain(saga::step_context& in, const subject& about);
    [[nodiscard]] task<result<>> check_content(saga::step_context& in, const subject& about);
    [[nodiscard]] task<result<>> check_record(saga::step_context& in, const subject& about);
    [[nodiscard]] task<result<>> repair_record(saga::step_context& in, const subject& about,
                                               std::string why);
    [[nodiscard]] task<result<>> check_partner(saga::step_context& in, const subject& about,
                                               const mint_at& at);
    [[nodiscard]] task<result<>> check_moved(saga::step_context& in, const subject& about,
                                             chain_nft nft);

    mint_base base_;
    solana::rpc::client& rpc_;
    int providers_;
    ipfs::fetcher& gateways_;
    records& table_;
    partners* asked_;  // null = none
    gateway_settings settings_;
};

// Where what is on the chain differs from what was asked for, whoever holds it; "" when nowhere.
[[nodiscard]] std::string chain_difference(const mint_at& at, const subject& about,
                                           std::string_view uri);
// The same for the record, which must be minted or completed.
[[nodiscard]] std::string record_difference(const record& row, const record& expected);

}  // namespace thole::nft::steps
