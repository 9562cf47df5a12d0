#pragma once

// What the operation resource shows of a mint beside the engine's own members.
//
//   auto view = nft::view_mint({secret, wallet.address()}, *co_await engine.get(id));
//
// The mint's address is there from the first second: it is in the operation's input
// (mint_input.hpp). The rest appears as steps finish. Pure; threads: any.

#include <optional>
#include <string>

#include "engine/view.hpp"
#include "nft/mint_input.hpp"
#include "nft/mint_outputs.hpp"
#include "nft/records.hpp"

namespace thole::nft {

struct mint_view {
    std::string account;
    std::string owner;
    std::string mint;
    std::string image_cid;
    std::optional<std::string> metadata_cid;
    std::optional<std::string> uri;
    std::optional<std::string> signature;  // of the newest generation, also before it has landed
    // Files that were sent and compressed to the image.
    std::optional<std::vector<original_image>> image_originals{};
};
BOOST_DESCRIBE_STRUCT(mint_view, (),
                      (account, owner, mint, image_cid, metadata_cid, uri, signature,
                       image_originals))

// Nothing when the operation is none of a mint, or its input was written by a newer program.
[[nodiscard]] std::optional<mint_view> view_mint(const mint_base& base,
                                                 const saga::operation_details& of);

// The record of a mint as far as the journal knows it: pending until it has landed, then minted.
// Nothing when it is none, or came to nothing before its content was known.
[[nodiscard]] std::optional<record> journaled_record(const mint_base& base,
                                                     const saga::operation_details& of);

// The slot in which it landed; 0: it did not, or nobody said where. A node that is behind it is no
// witness that there is no token.
[[nodiscard]] std::uint64_t landing_slot(const saga::operation_details& of);

}  // namespace thole::nft
