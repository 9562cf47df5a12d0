#pragma once

// Keeping a content in several places, and giving it back.
//
// The problem: "upload, and if that fails upload elsewhere" trusts what the provider says it
// stored, leaves copies behind, and unpins what another operation still needs. Here:
//
//   ipfs::pinning pins{&archive, remotes, {&kubo, &backup}, loop, seed};
//   auto kept = co_await pins.replicate(what, 2, until);     // the archive and one remote
//   if (!kept.enough()) co_return retry{kept.cause()};
//   …
//   co_await pins.release(kept.receipts, operation_id, until);
//
// replicate() makes one pass (retrying is the caller's step policy): the archive first, then the
// remotes as the endpoint set picks them, until the wanted number is reached. A CID that differs
// from the predicted one condemns the provider's answer: it is not counted, and its copy is given
// back, or reported among the strays when that fails. An upload without an answer is looked up
// before another provider is used.
//
// Reference counts: each upload pins under its owner in the archive. release() takes that pin back
// and then removes a remote pin only when no other owner is left; uploading and releasing one
// content at the same time is refused (ipfs.busy).
//
// Threads: core loop. Lifetime: everything handed in outlives it. Cancellation: the deadline; what
// was sent may have taken effect, and the next pass finds it.

#include <map>
#include <optional>
#include <vector>

#include "io/loop.hpp"
#include "ipfs/evidence.hpp"
#include "ipfs/provider.hpp"
#include "thole/endpoint_set.hpp"

namespace thole::ipfs {

struct replication {
    std::vector<pin_receipt> receipts;  // of copies under the predicted CID
    std::vector<pin_receipt> strays;    // copies under another CID that could not be given back
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

class pinning {
  public:
    // `local` may be null (no reference counts then). Every endpoint of `remotes` is the label of
    // one of the providers.
    pinning(archive* local, endpoint_set& remotes, std::vector<provider*> providers,
            const io::loop& time, std::uint64_t seed);

    // `wanted` counts the archive. More than there are providers is never reached.
    [[nodiscard]] task<replication> replicate(upload what, std::uint32_t wanted, deadline until);
    // Tries every receipt and answers the first fault. Given back already is fine.
    [[nodiscard]] task<result<>> release(std::vector<pin_receipt> receipts, std::string owner,
                                         deadline until);
    // Asks everyone, the archive first.
    [[nodiscard]] task<std::vector<provider_state>> where(cid id, deadline until);
    // Whether an upload would find the archive and, if any are configured, one remote.
    [[nodiscard]] task<result<>> check(deadline until);

    [[nodiscard]] std::size_t providers() const noexcept {
        return providers_.size() + (archive_ == nullptr ? 0 : 1);
    }

  private:
    class upload_mark;
    [[nodiscard]] task<result<pin_receipt>> put_once(provider& at, upload what, deadline until,
                                                     replication& out);
    [[nodiscard]] task<result<pin_receipt>> put_checked(provider& at, upload what, deadline until,
                                                        replication& out);
    [[nodiscard]] task<void> use_remotes(const upload& what, deadline until, replication& out);
    [[nodiscard]] task<result<>> release_remote(pin_receipt receipt, std::string owner,
                                                deadline until);
    [[nodiscard]] provider* find(std::string_view label) const noexcept;

    archive* archive_;
    endpoint_set& remotes_;
    std::vector<provider*> providers_;
    const io::loop& loop_;
    rng chance_;
    std::map<cid, int> uploading_;
    std::map<cid, int> releasing_;
};

}  // namespace thole::ipfs
