#pragma once

// The metadata JSON behind a token's URI (Metaplex Token Metadata standard), written and read.
//
// Written as RFC 8785 bytes, so that the same request always gives the same CID:
//
//   auto text = nft::metadata_json(request, {"ipfs://bafk…", "image/png"});
//
// Read with tolerance, because the partner view meets other people's NFTs: unknown members are
// skipped and the level may be a string or a number. Values only. Threads: any.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nft/request.hpp"
#include "thole/result.hpp"

namespace thole::nft {

// No metadata document is written or read beyond this size.
inline constexpr std::size_t metadata_limit = 64 << 10;

struct image_reference {
    std::string uri;         // "ipfs://bafk…"
    std::string media_type;  // "image/png"
};

// Precondition: the request is valid, with defaults.
[[nodiscard]] std::string metadata_json(const mint_request& request, const image_reference& image);

struct token_metadata {
    std::string name;
    std::string symbol;
    std::string description;
    std::string image;
    std::optional<std::string> external_url;
    std::vector<attribute> attributes;   // as text, also those given as numbers or booleans
    std::optional<std::uint32_t> level;  // nothing when absent, repeated or not a number
};

// codes::metadata_malformed when it is no JSON object with a name, or too large.
[[nodiscard]] result<token_metadata> parse_metadata(std::string_view text);

// How written metadata differs from the request: the names of the fields, "" when nowhere.
[[nodiscard]] std::string metadata_difference(const token_metadata& seen,
                                              const mint_request& request,
                                              std::string_view image_uri);

}  // namespace thole::nft
