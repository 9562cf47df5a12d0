#pragma once

// One provider's client below a pinning, with a ledger and no archive.

#include <stdexcept>

#include "ipfs/pinning.hpp"
#include "ipfs/sqlite_pin_ledger.hpp"

namespace thole::model::testing {

class no_archive final : public ipfs::archive {
  public:
    name label() const noexcept override { return name{"none"}; }
    task<result<ipfs::pin_receipt>> put(ipfs::upload, deadline) override {
        throw std::logic_error{"there is no archive"};
    }
    task<result<ipfs::pin_state>> status(ipfs::cid, deadline) override {
        co_return ipfs::pin_state::absent;
    }
    task<result<>> unpin(ipfs::pin_receipt, deadline) override { co_return result<>{}; }
    task<result<>> check(deadline) override { co_return result<>{}; }
    task<result<>> release(std::string, deadline) override { co_return result<>{}; }
};

struct pinned {
    pinned(ipfs::provider& remote, const io::loop& loop, std::string file = ":memory:")
        : ledger{std::move(file), nullptr},
          remotes{name{"ipfs"}, {}, endpoints_of(remote)},
          pins{none, ledger, remotes, {&remote}, loop, 7, ipfs::archive_use::none} {}

    static std::vector<endpoint_config> endpoints_of(const ipfs::provider& remote) {
        endpoint_config out;
        out.name = remote.label();
        out.url = "unused";
        return {out};
    }

    no_archive none;
    ipfs::sqlite_pin_ledger ledger;
    endpoint_set remotes;
    ipfs::pinning pins;
};

}  // namespace thole::model::testing
