#pragma once

// Which mints are finished and yet do not agree in every layer (SPEC M2): what the second look and
// the reconciler found and nobody has put right yet.
//
//   nft::drift_flags flags{records};
//   co_await flags.load();                                   // once, before anything is asked
//   co_await flags.set(mint, drift::content_lost);           // durable when it answers
//   if (const auto found = flags.find(mint)) …               // what the mint's view shows
//   co_await flags.clear(mint);                              // every layer agrees again
//
// Kept beside the records as one small fact, and in memory; the first thousand. What could not be
// written is written when the flag is set or cleared the next time: until then a mint stays flagged
// whose flag should go. Owner: a record whose token was sold is no flaw of the mint. Threads: the
// core loop's. Errors: of the records.

#include <map>
#include <optional>

#include "nft/drift.hpp"
#include "solana/busy_flag.hpp"

namespace thole::nft {

class drift_flags {
  public:
    static constexpr std::size_t most = 1000;
    static constexpr std::string_view meta_name = "open_drifts";

    explicit drift_flags(records& table) : table_{table} {}
    drift_flags(const drift_flags&) = delete;

    [[nodiscard]] task<result<>> load();
    [[nodiscard]] task<result<>> set(uuid mint, drift what);
    [[nodiscard]] task<result<>> clear(uuid mint);
    [[nodiscard]] std::optional<drift> find(const uuid& mint) const;

  private:
    // One after another, each what is so then: no write overtakes a later one.
    [[nodiscard]] task<result<>> keep();
    [[nodiscard]] task<result<>> write();

    records& table_;
    std::map<uuid, drift> open_;
    std::uint64_t changes_ = 0;  // of open_
    std::uint64_t kept_ = 0;     // … those that are written
    solana::busy_flag writing_;
};

}  // namespace thole::nft
