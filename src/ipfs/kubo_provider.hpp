#pragma once

// A Kubo node (or what speaks its RPC) as a provider.
//
//   ipfs::kubo_provider node{thole::name{"kubo"}, {.url = "http://127.0.0.1:5001"}, transport,
//   loop};
//
// Every option that decides the CID is sent explicitly, because defaults differ between versions
// and implementations. The node never answers for content that it does not find, hence the short
// deadline of each call.
//
// A node that chunks in another way all the same answers another CID. It is then given our blocks
// as they are, as a CAR (dag/import), which keeps the CID; what it had made of the file is
// unpinned, and from then on it gets blocks at once. That is learned anew after each start, by one
// upload: a node may have been replaced meanwhile. A node that cannot import, or does not let go of
// what it made, keeps its own CID in the receipt; the session then says whether it may have the
// predicted one too.
//
// The RPC must never be public: it has no authentication of its own.
// Threads: core loop. Lifetime: transport and clock outlive it.

#include "base/secret.hpp"
#include "io/http.hpp"
#include "ipfs/provider.hpp"
#include "thole/clock.hpp"

namespace thole::ipfs {

struct kubo_options {
    std::string url;  // of the RPC, without /api/v0
    // Value of the Authorization header of a proxy in front of it; empty: none is sent.
    secret<std::string> authorization{};
    duration put_timeout = std::chrono::seconds{60};
    duration call_timeout = std::chrono::seconds{5};
};

class kubo_provider final : public provider {
  public:
    kubo_provider(name label, kubo_options options, io::http_transport& transport,
                  const clock& time);

    [[nodiscard]] name label() const noexcept override { return label_; }
    [[nodiscard]] task<result<pin_receipt>> put(upload what, deadline until) override;
    [[nodiscard]] task<result<pin_state>> status(cid id, deadline until) override;
    [[nodiscard]] task<result<>> unpin(pin_receipt receipt, deadline until) override;
    [[nodiscard]] task<result<>> check(deadline until) override;

  private:
    [[nodiscard]] io::http_request rpc(std::string call, deadline until) const;
    [[nodiscard]] task<result<std::string>> add(upload& what, bytes_view content, deadline until);
    [[nodiscard]] task<result<>> import_blocks(upload& what, bytes_view content, deadline until);
    [[nodiscard]] task<result<std::string>> ask(io::http_request request);
    [[nodiscard]] fault located(fault f) const { return std::move(f).at(label_, label_); }

    name label_;
    kubo_options options_;
    io::http_transport& transport_;
    const clock& clock_;
    bool chunks_otherwise_ = false;
};

}  // namespace thole::ipfs
