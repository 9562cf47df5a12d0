#pragma once

// Who asked which provider to keep what: written before a provider is asked.
//
// The problem: an upload whose answer was lost may have left a pin that nobody knows of, and a pin
// that two operations share must outlive the one that is undone. So before the first byte leaves,
// a row says owner, provider and content; it goes only when the pin was given back or surely never
// came to be:
//
//   auto attempt = co_await ledger.intend(row);      // first: no earlier try of this owner there
//   … put …
//   co_await ledger.confirm(row);                    // the provider said so, with its own id
//   …
//   if (co_await ledger.leave(row)) {                // nobody else keeps it there
//       … unpin …
//       co_await ledger.forget(row);
//   }
//
// Counting and leaving are one transaction: of owners that leave at once exactly one is the last.
//
// A size that was told once stays; rows of before sizes were kept have none until the content is
// confirmed again. Rows are counted by owner and independent of what is configured now: a provider
// that was taken out of the configuration still has its rows. Every call is durable when it answers
// and may be repeated. Threads: the core loop. Errors: those of the database.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/task.hpp"
#include "ipfs/codec/cid.hpp"
#include "thole/result.hpp"

namespace thole::ipfs {

struct pin_row {
    std::string owner;     // an operation's id
    std::string provider;  // its label
    std::string cid;       // as the provider names it; version 0 and 1 count as the same
    std::string id{};      // the provider's own name of the pin; "" when that is the CID
    bool kept = false;     // false: tried, and never answered
    std::optional<std::uint64_t> size{};  // of the content in bytes, where it was told
};

// What one provider keeps for all owners: each content once, as it is paid for.
struct pin_total {
    std::string provider;
    std::uint64_t contents = 0;  // that it said it keeps
    std::uint64_t bytes = 0;     // of those whose size is known
    std::uint64_t unknown_size = 0;
    std::uint64_t tried = 0;  // contents that it never answered for
    friend bool operator==(const pin_total&, const pin_total&) = default;
};

struct pin_try {
    bool first = true;    // the owner has no row of this content there
    std::string session;  // what the last try left for the next one (provider.hpp)
};

class pin_ledger {
  public:
    virtual ~pin_ledger() = default;
    [[nodiscard]] virtual task<result<pin_try>> intend(pin_row row) = 0;
    // Of a row that was intended; forgotten with it, or when it is confirmed.
    [[nodiscard]] virtual task<result<>> keep_session(pin_row row, std::string session) = 0;
    // The row of the try becomes this one. Several ids of one content are several rows.
    [[nodiscard]] virtual task<result<>> confirm(pin_row row) = 0;
    [[nodiscard]] virtual task<result<>> forget(pin_row row) = 0;
    // In the order of provider, CID and id.
    [[nodiscard]] virtual task<result<std::vector<pin_row>>> of_owner(std::string owner) = 0;
    // Who has rows: the first `limit` after that owner, in order; "": from the first on.
    [[nodiscard]] virtual task<result<std::vector<std::string>>> owners(std::string after,
                                                                        int limit) = 0;
    // False: another owner keeps the same content at the same provider, and the row is forgotten.
    // True: nobody does, and the row stays until the pin was given back. Others that only tried do
    // not count: what they may have can be gone again, and they are not told.
    [[nodiscard]] virtual task<result<bool>> leave(pin_row row) = 0;
};

// The name under which both versions of a CID are one; a text that is no CID stands for itself.
[[nodiscard]] std::string content_name(std::string_view cid_text);

}  // namespace thole::ipfs
