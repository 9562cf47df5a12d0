#pragma once

// Writes down what the chain holds, once it is final (status minted). The chain is read, not
// remembered, and from as many providers as a landing needs: should it disagree with what was asked
// for, the record tells the truth and the next step finds the difference. Whatever the row said
// before – an older backup was restored, somebody wrote to it – it comes to say this.

#include "nft/chain_reader.hpp"
#include "nft/steps/submit.hpp"

namespace thole::nft::steps {

class record_landed {
  public:
    static constexpr std::string_view name = "record_landed";
    using output = record_written;

    record_landed(mint_base base, solana::rpc::client& rpc, int providers, records& table)
        : base_{base}, rpc_{rpc}, providers_{providers}, table_{table} {}
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);

  private:
    mint_base base_;
    solana::rpc::client& rpc_;
    int providers_;
    records& table_;
};

// The record of a mint that is on the chain; also what `complete` marks as completed.
[[nodiscard]] record minted_record(const saga::step_context& in, const subject& about,
                                   std::string uri);

}  // namespace thole::nft::steps
