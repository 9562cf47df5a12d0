#pragma once

// Marks the record as completed: every layer has been read back and agrees.

#include "nft/steps/verify.hpp"

namespace thole::nft::steps {

class complete {
  public:
    static constexpr std::string_view name = "complete";
    using output = record_written;

    complete(mint_base base, records& table) : base_{base}, table_{table} {}
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);

  private:
    mint_base base_;
    records& table_;
};

}  // namespace thole::nft::steps
