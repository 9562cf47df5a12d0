#pragma once

// What each step of a mint leaves in the journal. Immutable once written; a later version of the
// program must still read them, so members are only ever added, as std::optional.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "ipfs/provider.hpp"

namespace thole::nft {

struct readiness {              // check
    std::uint64_t balance = 0;  // lamports of the mint wallet
    std::uint64_t cost = 0;     // … that this mint is expected to take
    std::uint64_t slot = 0;     // where the chain was
};
BOOST_DESCRIBE_STRUCT(readiness, (), (balance, cost, slot))

struct original_image {
    std::string sha256;
    std::uint64_t size = 0;
};
BOOST_DESCRIBE_STRUCT(original_image, (), (sha256, size))

struct content_refs {  // upload_content
    std::string image_cid;
    std::string image_uri;
    std::string media_type;
    std::string metadata_cid;
    std::string uri;            // of the metadata: what the token points to
    std::string metadata_json;  // the very bytes behind it
    std::vector<ipfs::pin_receipt> image_pins;
    std::vector<ipfs::pin_receipt> metadata_pins;
    std::vector<ipfs::pin_receipt> strays;  // of journals older than the pin ledger
    // Files that were sent and compressed to this image; nothing: it is as it was sent.
    std::optional<std::vector<original_image>> image_originals{};
};
BOOST_DESCRIBE_STRUCT(content_refs, (),
                      (image_cid, image_uri, media_type, metadata_cid, uri, metadata_json,
                       image_pins, metadata_pins, strays, image_originals))

struct record_written {  // record_pending, record_landed, complete
    std::int64_t version = 0;
};
BOOST_DESCRIBE_STRUCT(record_written, (), (version))

struct served_content {                 // fetch_uris
    std::vector<std::string> gateways;  // that served both, byte for byte
};
BOOST_DESCRIBE_STRUCT(served_content, (), (gateways))

struct landed_mint {  // submit
    std::string mint;
    std::string signature;  // "" when the token was found on the chain and its history is gone
    std::uint64_t slot = 0;
};
BOOST_DESCRIBE_STRUCT(landed_mint, (), (mint, signature, slot))

struct verification {  // verify
    std::uint64_t slot = 0;
    std::optional<std::uint32_t> level;
    std::vector<std::string> layers;  // that were read back and agree
};
BOOST_DESCRIBE_STRUCT(verification, (), (slot, level, layers))

}  // namespace thole::nft
