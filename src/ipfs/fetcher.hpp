#pragma once

// Content from gateways, believed only when it hashes to its CID.
//
//   ipfs::fetcher fetch{transport, gateways, {name{"own"}}, loop, seed};
//   auto got = co_await fetch.fetch({.content = cid, .known = ipfs::v1_256k}, until);
//   if (got) use(got->content, got->gateway);                // result<fetched>
//
// One pass over the endpoint set: each gateway has five seconds; a failure or wrong bytes (an error
// page with status 200, a stale or hostile copy) lead to the next one, never twice to the same. One
// that is later than 95 of 100 is not waited for alone: another is asked too, the first right
// answer counts and the other transfer is cancelled. Such copies are bounded
// (thole/retry_budget.hpp), and who lost against one is told to `on_late`, since a cancelled call
// shows nobody how ill it is.
//
// Small content that was verified is kept in memory, and given to who says that this will do.
//
// A trustless gateway is asked for a CAR or the raw block, which proves content of any chunking; a
// plain one for the file, which is chunked again under the known profiles.
//
// Redirects are followed three times, within the same five seconds, to http(s) only; the transport
// guards the addresses. Bodies are bounded; a CAR is verified while it arrives.
//
// Threads: core loop; the figures any. Lifetime: transport, set and loop outlive it. Cancellation:
// stops the transfer. Errors: of the last gateway that answered anything (ipfs.wrong_bytes,
// ipfs.not_found, net.*, http.*); policy.no_endpoint when none could be asked; policy.deadline.

#include <functional>
#include <vector>

#include "io/http.hpp"
#include "io/loop.hpp"
#include "ipfs/codec/verify.hpp"
#include "ipfs/content_cache.hpp"
#include "ipfs/evidence.hpp"
#include "thole/endpoint_set.hpp"
#include "thole/hedge.hpp"
#include "thole/latency_histogram.hpp"
#include "thole/retry_budget.hpp"

namespace thole::ipfs {

enum class freshness : std::uint8_t {
    served_now,  // it is to be seen that a gateway serves it
    remembered,  // or what was verified earlier: only the bytes are wanted
};

struct fetch_request {
    cid content;
    // The profile, when we made the content: then a mismatch is proof.
    std::optional<profile> known{};
    std::uint64_t max_bytes = 50 * 1024 * 1024;
    name only{};                  // this gateway and no other, when set
    std::vector<name> exclude{};  // e.g. our own, for an independent witness
    freshness asked = freshness::served_now;
};

struct fetched {
    bytes content;                 // verified
    name gateway;                  // empty: from memory
    bool trustless = false;        // proved by blocks
    std::optional<profile> shape;  // under which plain bytes matched
};

struct fetch_report {
    result<fetched> outcome;
    std::vector<call_evidence> calls;  // one for each gateway asked
};

struct fetcher_options {
    duration per_gateway = std::chrono::seconds{5};
    int redirects = 3;
    // When another gateway is asked too; empty = never.
    std::optional<hedge_settings> hedge = hedge_settings{.shortest = std::chrono::milliseconds{50}};
    std::uint64_t cache_bytes = 0;  // of content kept in memory; 0 = none
    // Where a redirect to another server is followed to, with a guard: what a gateway says must not
    // lead into our own network, in which a gateway itself may be. Null: as everything else.
    io::http_transport* elsewhere = nullptr;
    // A gateway was given up because another, asked later, answered first.
    std::function<void(name gateway)> on_late{};
};

// Whether it says something about the content, and not only that it could not be asked for: the
// network, a refusal of our own and an error status say nothing.
[[nodiscard]] bool is_about_content(const fault& f) noexcept;

class fetcher {
  public:
    // The URL of an endpoint is what stands before /ipfs/CID. `trustless` names those that answer
    // ?format=raw and ?format=car.
    fetcher(io::http_transport& transport, endpoint_set& gateways, std::vector<name> trustless,
            io::loop& loop, std::uint64_t seed, fetcher_options options = {});

    [[nodiscard]] task<result<fetched>> fetch(fetch_request what, deadline until);
    // The same with the evidence of every call.
    [[nodiscard]] task<fetch_report> fetch_reported(fetch_request what, deadline until);
    // Exactly this URL, as whoever reads a token follows it: no gateway of the set stands in for
    // it. One try, within the time of one gateway; the bytes must be the content's.
    [[nodiscard]] task<result<>> follow(std::string url, cid content, std::uint64_t max_bytes,
                                        deadline until);
    // Whether this gateway serves, asked past its breaker: for a monitor. It is asked for what a
    // gateway served last; not to have that is no illness, to serve other bytes is.
    [[nodiscard]] task<result<>> probe(name gateway, deadline until);

    [[nodiscard]] endpoint_set& gateways() const noexcept { return gateways_; }
    [[nodiscard]] const content_cache& cache() const noexcept { return cache_; }
    // Gateways asked only because another was late.
    [[nodiscard]] std::uint64_t copies() const noexcept { return copies_; }

  private:
    struct attempt;
    struct leg;
    struct pass;
    [[nodiscard]] bool send(pass&, bool copy);
    [[nodiscard]] task<> run(pass&, leg&);
    [[nodiscard]] task<bool> race(pass&);
    [[nodiscard]] static task<result<>> answer(pass&);
    [[nodiscard]] bool settle(pass&);
    void give_up(pass&);
    [[nodiscard]] task<result<fetched>> ask(const fetch_request& what, name gateway,
                                            std::string base, deadline until);
    [[nodiscard]] task<result<io::http_response>> get(attempt& state, std::string url,
                                                      std::string_view accept,
                                                      std::uint64_t max_bytes, deadline until);

    io::http_transport& transport_;
    endpoint_set& gateways_;
    std::vector<name> trustless_;
    io::loop& loop_;
    rng chance_;
    fetcher_options options_;
    retry_budget budget_;     // of copies
    latency_histogram seen_;  // of right answers
    content_cache cache_;
    std::atomic<std::uint64_t> copies_{0};
    cid served_last_;  // small enough to be asked for again; at first the empty file
};

}  // namespace thole::ipfs
