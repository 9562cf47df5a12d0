#pragma once

// Partners who look at a wallet for themselves: their APIs, asked where that is declared (SPEC C4).
//
//   nft::partners partners{{.transport = net, .time = loop, .watch = &watch}, declared};
//   auto same = co_await partners.agree(partner_place::mint, shown, in);    // result<>
//
// Each is a dependency with a pipeline of its own, one attempt a call: the step around it repeats.
// What a partner answers has the form of our own GET /api/v1/verify/{wallet}; members that are not
// known are let alone, and a level may be a number or its text. Its view must be the mint's: the
// wallet shows the NFT, with its URI and level, and where it says so, issuer and content are
// verified. The first difference is codes::layer_mismatch, "partner NAME: …", and so is a 404, by
// one that has not seen the wallet yet; what a partner cannot answer is the fault of its pipeline,
// and none that HTTP tells is permanent. Each call is told in the operation's timeline.
//
// Threads: the loop's. Ownership: transport, clock and observer outlive it. Cancellation stops the
// call.

#include <memory>
#include <vector>

#include "base/secret.hpp"
#include "engine/step.hpp"
#include "io/http.hpp"
#include "nft/partner_place.hpp"
#include "solana/codec/address.hpp"
#include "thole/pipeline.hpp"

namespace thole::nft {

inline constexpr std::string_view wallet_in_url = "{wallet}";

struct partner_settings {
    name id;
    std::string url;            // with wallet_in_url where the address goes
    secret<std::string> token;  // sent as a bearer; "" = none
    std::vector<partner_place> called;
    pipeline_settings calls;
};

// What a partner must see.
struct shown_nft {
    solana::public_key wallet;
    solana::public_key mint;
    std::string uri;
    std::optional<std::uint32_t> level;
};

class partners {
  public:
    struct surroundings {
        io::http_transport& transport;
        const clock& time;
        observer* watch = nullptr;
    };
    // Precondition: each pipeline is valid, has no retry, and validate_calls() finds nothing in it.
    partners(const surroundings& from, std::vector<partner_settings> declared);
    ~partners();

    // Asks those declared for the place, all of them; the first that differs or fails is told.
    [[nodiscard]] task<result<>> agree(partner_place where, shown_nft what, saga::step_context& in);

    // Other policies for calls that begin later.
    void reconfigure(name id, const pipeline_settings& calls);
    [[nodiscard]] std::vector<const pipeline*> pipelines() const;

  private:
    struct partner;
    [[nodiscard]] task<result<>> ask(partner& one, const shown_nft& what, deadline until);

    surroundings from_;
    std::vector<std::unique_ptr<partner>> all_;
};

// What a partner's pipeline cannot do besides retry: a call is one attempt, which its step repeats,
// and does not wait for a place. As validate() of the whole pipeline tells mistakes. Inline:
// reading a configuration links no more of this folder.
[[nodiscard]] inline problems validate_calls(const pipeline_settings& s) {
    problems found;
    const auto refuse = [&found](bool bad, std::string_view field, const char* text) {
        if (bad) found.push_back({field, text});
    };
    refuse(s.hedge.has_value(), "hedge", "there is one call at a time to a partner");
    refuse(s.chaos.has_value(), "chaos", "calls to a partner are made as they are");
    refuse(s.bulkhead && s.bulkhead->queue > 0, "bulkhead.queue",
           "must be 0: a call that finds no place is made again by its step");
    return found;
}

// Where the answer shows something else than it must; "" when nowhere. A text that begins with
// "answer" says that it is not of the expected form.
[[nodiscard]] std::string partner_difference(const boost::json::value& answer,
                                             const shown_nft& what);

}  // namespace thole::nft
