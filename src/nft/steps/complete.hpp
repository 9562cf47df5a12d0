#pragma once

// Marks the record as completed: every layer has been read back and agrees, and no provider keeps
// what the mint does not need. Starts the child that looks again later (recheck.hpp).

#include "nft/steps/verify.hpp"

namespace thole::nft::steps {

class complete {
  public:
    static constexpr std::string_view name = "complete";
    using output = record_written;

    // `recheck_after` 0: nobody looks again.
    complete(mint_base base, ipfs::pinning& pins, records& table, duration recheck_after)
        : base_{base}, pins_{pins}, table_{table}, recheck_after_{recheck_after} {}
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);

  private:
    mint_base base_;
    ipfs::pinning& pins_;
    records& table_;
    duration recheck_after_;
};

}  // namespace thole::nft::steps
