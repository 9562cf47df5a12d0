#pragma once

// The second look at a finished mint, some minutes later (SPEC C2): caches have expired, and what
// was only promised has been forgotten by then.
//
//   definitions.add(nft::make_recheck_saga(parts));
//   co_await in.child({.kind = "recheck", .input = json::write(recheck_request{in.id()}), …});
//
// A child operation of the mint with one step. Every gateway is asked for the metadata and for the
// image, at least two must have the image (one, when one is configured), the partner's view must
// show the token with its level, in whichever wallet it is by then, and the record must not be left
// behind. What gateways have lost is uploaded again from the record and the archive; a record that
// is behind is written from the chain by the reconciler. What is still wrong at the fourth look is
// for a person: the operation parks, and the mint stays completed. Gateways that cannot be reached
// say nothing about the content.

#include "nft/mint_saga.hpp"

namespace thole::nft {

struct recheck_request {
    uuid operation_id;  // of the mint
};
BOOST_DESCRIBE_STRUCT(recheck_request, (), (operation_id))

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

    recheck(const mint_dependencies& parts, std::uint32_t replicas)
        : p_{parts}, replicas_{replicas} {}
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);

  private:
    struct served {
        std::vector<std::string> by;
        std::vector<std::string> not_by;  // reached, without it
        std::vector<std::string> unreachable;
    };
    [[nodiscard]] task<served> ask_every_gateway(saga::step_context& in, std::string cid,
                                                 std::uint64_t max_bytes);
    [[nodiscard]] task<result<std::uint64_t>> check_partner(saga::step_context& in,
                                                            const record& row);
    [[nodiscard]] task<saga::outcome<output>> differs(saga::step_context& in, std::string what);

    mint_dependencies p_;
    std::uint32_t replicas_;
};

// What the record names, uploaded again from the record and the archive, to as many providers as a
// new mint's and for the same owner. The timeline tells of each call.
[[nodiscard]] task<result<>> upload_again(mint_dependencies parts, std::uint32_t replicas,
                                          saga::step_context& in, record row);

[[nodiscard]] saga::definition make_recheck_saga(const mint_dependencies& parts,
                                                 const mint_settings& settings);

}  // namespace thole::nft
