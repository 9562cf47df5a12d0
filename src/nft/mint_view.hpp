#pragma once

// What the operation resource shows of a mint beside the engine's own members.
//
//   auto view = nft::view_mint({.secret = secret, .wallet = wallet}, {"default", "mint", key},
//                              input_json, [&](std::string_view step) { return output_of(step); });
//
// The mint's address is there from the first second: it follows from the name (mint_identity.hpp).
// The rest appears as steps finish. Pure; threads: any.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "nft/mint_identity.hpp"

namespace thole::nft {

struct mint_view {
    std::string account;
    std::string owner;
    std::string mint;
    std::string image_cid;
    std::optional<std::string> metadata_cid;
    std::optional<std::string> uri;
    std::optional<std::string> signature;
};
BOOST_DESCRIBE_STRUCT(mint_view, (),
                      (account, owner, mint, image_cid, metadata_cid, uri, signature))

struct mint_base {
    const cluster_secret& secret;
    solana::public_key wallet;
};

// The journaled output of a finished step, as JSON; also the newest generation of "submit" as
// journaled, under the name "submit/prepared".
using output_lookup = std::function<std::optional<std::string>(std::string_view step)>;

// Nothing when the input is not one of a mint (written by a newer program).
[[nodiscard]] std::optional<mint_view> view_mint(const mint_base& base, operation_name name,
                                                 std::string_view input_json,
                                                 const output_lookup& output);

}  // namespace thole::nft
