#pragma once

// A service that speaks the IPFS Pinning Service API 1.0.0 as a provider.
//
//   ipfs::psa_provider psa{name{"psa"}, {.url = "https://api.example/psa", .token = key,
//                                        .origins = {"/dns4/node.example/tcp/4001/p2p/12D3…"}},
//                          transport, loop};
//
// Such a service takes no bytes: it fetches the content from the IPFS network, so the content must
// be at one of our own nodes first, whose addresses go along as `origins`. An upload is a request
// that is polled until it is pinned; its id is remembered in the upload's session, so that an
// attempt after a crash goes on polling instead of asking twice. One content may have several
// requests, of other attempts and other people: unpin() deletes every one that is marked as ours.
//
// Source: ipfs.github.io/pinning-services-api-spec (1.0.0). Threads: core loop. Lifetime: transport
// and loop outlive it. Errors beside those of HTTP: ipfs.provider_payment (409: insufficient
// funds), ipfs.pin_failed; net.timeout with effect unknown while it is still queued.

#include "io/loop.hpp"
#include "ipfs/provider.hpp"
#include "ipfs/provider_http.hpp"

namespace thole::ipfs {

struct psa_options {
    std::string url;  // before /pins
    secret<std::string> token{};
    std::vector<std::string> origins{};              // multiaddresses of our own nodes, at most 20
    duration put_timeout = std::chrono::minutes{1};  // until it is pinned
    duration call_timeout = std::chrono::seconds{10};
    duration poll_first = std::chrono::seconds{1};  // doubled up to …
    duration poll_most = std::chrono::seconds{10};
};

class psa_provider final : public provider {
  public:
    psa_provider(name label, psa_options options, io::http_transport& transport, io::loop& time);

    [[nodiscard]] name label() const noexcept override { return http_.label(); }
    // Receipt id: the request's.
    [[nodiscard]] task<result<pin_receipt>> put(upload what, deadline until) override;
    [[nodiscard]] task<result<pin_state>> status(cid id, deadline until) override;
    [[nodiscard]] task<result<>> unpin(pin_receipt receipt, deadline until) override;
    [[nodiscard]] task<result<>> check(deadline until) override;

  private:
    struct pin {
        std::string id;
        std::string cid;
        std::string status;
        bool ours = false;
    };
    static pin read(const boost::json::value& from);
    [[nodiscard]] task<result<pin>> ask_for(const upload& what, deadline until);
    [[nodiscard]] task<result<std::optional<pin>>> look(std::string id, deadline until);
    [[nodiscard]] task<result<pin_receipt>> settle(pin now, const upload& what, deadline until);
    [[nodiscard]] task<result<std::vector<pin>>> find(std::string wanted, deadline until);
    [[nodiscard]] task<result<pin>> one(io::http_request request);
    [[nodiscard]] deadline soon(deadline until) const {
        return http_.within(until, options_.call_timeout);
    }

    psa_options options_;
    provider_http http_;
    io::loop& loop_;
};

}  // namespace thole::ipfs
