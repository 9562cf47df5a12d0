#pragma once

// The second look at a finished mint, some minutes later (SPEC C2): caches have expired, and what
// was only promised has been forgotten by then.
//
//   definitions.add(nft::make_recheck_saga(parts));
//   co_await in.child({.kind = "recheck", .input = json::write(recheck_request{in.id()}), …});
//
// A child operation of the mint with one step. Every gateway but the daemon's own is asked for the
// metadata, gateways are asked for the image until two have served it (one, when one is
// configured), the partner's view must show the token with its level, in whichever wallet it is by
// then, and the record must not be left behind. What gateways have lost is uploaded again from the
// record and the archive; a record that is behind is written from the chain by the reconciler.
//
// The record may have been edited by its reader: a column that cannot be read differs, too.
//
// What differs is told as a drift and flags the mint (drift_flags.hpp) until all agrees. What is
// still wrong at the fourth look is for a person: the operation parks, and the mint stays
// completed. Gateways that cannot be reached say nothing about the content: they are asked again,
// ever more rarely, and nobody is asked twice for what he has served; after a day it is for a
// person, too.

#include "nft/drift_flags.hpp"
#include "nft/mint_saga.hpp"

namespace thole::nft {

struct recheck_request {
    uuid operation_id;       // of the mint
    std::uint64_t slot = 0;  // in which its token was there: who is behind has not seen it
};
BOOST_DESCRIBE_STRUCT(recheck_request, (), (operation_id, slot))

struct recheck_report {
    std::uint64_t slot = 0;
    std::vector<std::string> metadata_gateways;  // that serve it, byte for byte
    std::vector<std::string> image_gateways;
    std::vector<std::string> unreachable;
};
BOOST_DESCRIBE_STRUCT(recheck_report, (), (slot, metadata_gateways, image_gateways, unreachable))

class recheck {
  public:
    static constexpr std::string_view name = "recheck";
    using output = recheck_report;

    recheck(const mint_dependencies& parts, const mint_settings& settings)
        : p_{parts}, replicas_{settings.upload.replicas}, gateways_{settings.gateways} {}
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);

  private:
    struct served {
        std::vector<std::string> by;
        std::vector<std::string> not_by;  // reached, without it
        std::vector<std::string> unreachable;
    };
    struct contents {
        served metadata;
        served image;
    };
    struct partner_look {
        std::uint64_t slot = 0;
        std::optional<finding> differs;
    };
    [[nodiscard]] task<saga::outcome<output>> look(saga::step_context& in, const record& row,
                                                   contents& seen);
    // Those who have not served it yet, until `enough` have.
    [[nodiscard]] task<served> ask(saga::step_context& in, ipfs::cid content,
                                   std::uint64_t max_bytes, std::size_t enough, served before);
    [[nodiscard]] task<result<partner_look>> look_as_partner(saga::step_context& in,
                                                             const record& row);
    [[nodiscard]] task<saga::outcome<output>> differs(saga::step_context& in, finding what);
    [[nodiscard]] task<saga::outcome<output>> agrees(saga::step_context& in, const record& row,
                                                     recheck_report report);

    mint_dependencies p_;
    steps::replica_counts replicas_;
    steps::gateway_settings gateways_;
    std::map<uuid, contents> seen_;  // by operations that wait; after a restart all is asked again
};

// What the record names, uploaded again from the record and the archive, to as many providers as a
// new mint's and for the same owner. The timeline tells of each call. Where the image is not held
// here, the metadata goes alone, and the answer is ipfs.not_held.
[[nodiscard]] task<result<>> upload_again(mint_dependencies parts, steps::replica_counts replicas,
                                          saga::step_context& in, record row);

// What one of the partners shows of it otherwise; nothing: none does. Error: one does not answer.
[[nodiscard]] task<result<std::optional<finding>>> shown_otherwise(partners& asked,
                                                                   saga::step_context& in,
                                                                   const record& row,
                                                                   const mint_at& at);

[[nodiscard]] saga::definition make_recheck_saga(const mint_dependencies& parts,
                                                 const mint_settings& settings);

}  // namespace thole::nft

// Requests of earlier versions lack the slot.
template <>
inline constexpr auto thole::json::optional_members<thole::nft::recheck_request> =
    std::array<std::string_view, 1>{"slot"};
