#pragma once

// Writes down what the chain holds, once it is final (status minted). The chain is read, not
// remembered: should it disagree with what was asked for, the record tells the truth and the next
// step finds the difference.

#include "nft/chain_reader.hpp"
#include "nft/steps/submit.hpp"

namespace thole::nft::steps {

class record_landed {
  public:
    static constexpr std::string_view name = "record_landed";
    using output = record_written;

    record_landed(mint_base base, solana::rpc::client& rpc, records& table)
        : base_{base}, rpc_{rpc}, table_{table} {}
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);

  private:
    mint_base base_;
    solana::rpc::client& rpc_;
    records& table_;
};

// The record of a mint that is on the chain; also what `complete` marks as completed.
[[nodiscard]] record minted_record(const saga::step_context& in, const subject& about,
                                   std::string uri);

}  // namespace thole::nft::steps
