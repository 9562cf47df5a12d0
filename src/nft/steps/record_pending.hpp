#pragma once

// Writes the record with status pending, before anything is signed (INTERFACES: DATABASE_UPDATED).
// From here on the account's other mints wait. Rolled back, the row stays and says so.

#include "nft/steps/upload_content.hpp"

namespace thole::nft::steps {

class record_pending {
  public:
    static constexpr std::string_view name = "record_pending";
    using output = record_written;

    record_pending(mint_base base, records& table) : base_{base}, table_{table} {}
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);
    [[nodiscard]] task<saga::outcome<saga::nothing>> undo(saga::step_context& in);

  private:
    mint_base base_;
    records& table_;
};

}  // namespace thole::nft::steps
