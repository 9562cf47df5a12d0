#pragma once

// Keeping a content in several places, and giving it back.
//
// The problem: "upload, and if that fails upload elsewhere" trusts what the provider says it
// stored, leaves copies behind, and unpins what another operation still needs. Here:
//
//   ipfs::pinning pins{archive, ledger, remotes, {&kubo, &backup}, loop, seed};
//   auto kept = co_await pins.replicate(what, 2, until);     // the archive and one remote
//   if (!kept.enough()) co_return retry{kept.cause()};
//   …
//   co_await pins.release(operation_id, {}, until);
//
// replicate() makes one pass (retrying is the caller's step policy): the archive first, then the
// remotes as the endpoint set picks them, until the wanted number is reached. A CID that differs
// from the predicted one condemns the provider's answer: it is not counted, and its copy is given
// back. An upload without an answer is looked up before another provider is used.
//
// Every try at a remote is in the ledger before its first byte leaves, and so is a copy under a
// wrong CID, which goes with release_strays() when the owner has ended well. release() therefore
// finds whatever an owner may have left anywhere, after any crash, at every provider that was ever
// tried. A remote pin goes with the last owner that keeps it there; uploading and giving back one
// content at the same time is refused (ipfs.busy).
//
// Threads: core loop. Lifetime: everything handed in outlives it. Cancellation: the deadline; what
// was sent may have taken effect, and the next pass finds it.

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "io/loop.hpp"
#include "ipfs/content_quotas.hpp"
#include "ipfs/evidence.hpp"
#include "ipfs/pin_ledger.hpp"
#include "ipfs/provider.hpp"
#include "thole/endpoint_set.hpp"

namespace thole::ipfs {

struct replication {
    std::vector<pin_receipt> receipts;  // of copies under the predicted CID
    std::vector<call_evidence> calls;
    std::uint32_t wanted = 0;
    std::optional<fault> failed;  // what hindered it last

    [[nodiscard]] bool enough() const noexcept { return receipts.size() >= wanted; }
    // Precondition: not enough().
    [[nodiscard]] const fault& cause() const { return failed.value(); }
};

struct provider_state {
    std::string provider;
    result<pin_state> state;
};

enum class archive_use : std::uint8_t {
    copies,  // a copy is kept there, and counts
    none     // not configured: only what it kept earlier is given back
};

class pinning {
  public:
    // Every endpoint of `remotes` is the label of one of the providers. One that has no room left
    // (`quotas`; null: none has a limit) is passed by.
    pinning(archive& local, pin_ledger& ledger, endpoint_set& remotes,
            std::vector<provider*> providers, const io::loop& time, std::uint64_t seed,
            archive_use use = archive_use::copies, content_quotas* quotas = nullptr);

    // `wanted` counts the archive. More than there are providers is never reached.
    [[nodiscard]] task<replication> replicate(upload what, std::uint32_t wanted, deadline until);
    // Gives back whatever the owner has anywhere: what the ledger knows, and `receipts` beside (of
    // a journal that remembers more than the ledger). Tries all and answers the first fault. Given
    // back already is fine.
    [[nodiscard]] task<result<>> release(std::string owner, std::vector<pin_receipt> receipts,
                                         deadline until);
    // Gives back what the owner has at remotes beside these: copies under a wrong CID that could
    // not be given back when they came to be. Tries all and answers the first fault.
    [[nodiscard]] task<result<>> release_strays(std::string owner, std::vector<std::string> kept,
                                                deadline until);
    // Asks everyone, the archive first.
    [[nodiscard]] task<std::vector<provider_state>> where(cid id, deadline until);
    // Whether an upload would find the archive and, if any are configured, one remote.
    [[nodiscard]] task<result<>> check(deadline until);
    // Whether so many copies would find room. Asks nobody outside.
    [[nodiscard]] task<result<>> check_room(const upload& what, std::uint32_t copies);
    [[nodiscard]] bool has_quotas() const noexcept { return quotas_ != nullptr && quotas_->any(); }
    // Whether this remote provider can be used, asked past its breaker: for a monitor.
    [[nodiscard]] task<result<>> check_remote(name provider, deadline until);

    [[nodiscard]] std::size_t providers() const noexcept {
        return providers_.size() + (keeps_here() ? 1 : 0);
    }

  private:
    class busy_mark;
    class ledger_session;
    class own_source;
    [[nodiscard]] bool keeps_here() const noexcept { return use_ == archive_use::copies; }
    [[nodiscard]] task<result<pin_receipt>> put_once(provider& at, upload what, deadline until,
                                                     replication& out);
    [[nodiscard]] task<result<pin_receipt>> put_checked(provider& at, upload what, deadline until,
                                                        replication& out);
    [[nodiscard]] task<void> give_back_wrong(provider& at, const upload& what, pin_receipt wrong,
                                             deadline until);
    [[nodiscard]] task<result<>> write_end(pin_row row, bool surely_nothing,
                                           result<pin_receipt> receipt);
    [[nodiscard]] task<result<content_quotas::room>> look_for_room(const upload& what);
    [[nodiscard]] fault without_room(name provider) const;
    [[nodiscard]] fault refused(fault f, std::span<const name> tried) const;
    enum class try_end : std::uint8_t {
        maybe_kept,
        nothing,   // surely: nothing is there of it
        our_fault  // of the ledger or of where the bytes come from: it ends the pass
    };
    [[nodiscard]] task<try_end> try_remote(provider& at, endpoint_pick pick, const upload& what,
                                           deadline until, replication& out);
    [[nodiscard]] task<void> use_remotes(const upload& what, deadline until, replication& out);
    [[nodiscard]] task<result<std::vector<pin_row>>> rows_of(
        const std::string& owner, const std::vector<pin_receipt>& receipts);
    [[nodiscard]] task<result<>> release_remotes(std::vector<pin_row> rows, deadline until);
    [[nodiscard]] task<result<>> release_remote(const pin_row& row, deadline until);
    [[nodiscard]] task<result<>> release_last(const pin_row& row, deadline until);
    [[nodiscard]] provider* find(std::string_view label) const noexcept;

    archive& archive_;
    pin_ledger& ledger_;
    endpoint_set& remotes_;
    std::vector<provider*> providers_;
    const io::loop& loop_;
    rng chance_;
    archive_use use_;
    content_quotas* quotas_;
    std::map<std::string, int> uploading_;  // by content_name()
    std::map<std::string, int> releasing_;
};

}  // namespace thole::ipfs
