#pragma once

// URIs that name content: what stands in an NFT's metadata.
//
//   ipfs::parse_uri("ipfs://bafk…/image.png");
//   ipfs::parse_uri("https://example.org/ipfs/bafk…");     // the CID counts, whoever serves it
//
// Pure; threads: any.

#include <string>
#include <string_view>

#include "ipfs/codec/cid.hpp"

namespace thole::ipfs {

struct content_uri {
    cid content;
    std::string path;     // below the CID: "" or "/image.png"; percent-escapes are left as they are
    std::string gateway;  // "https://example.org" of an http(s) URL; "" for ipfs://
};

// ipfs://CID[/path], ipfs://ipfs/CID (an old habit), http(s)://HOST[:PORT]/…/ipfs/CID[/path] and
// http(s)://CID.ipfs.HOST[/path]. A query or fragment is ignored. ipfs.bad_uri when it names no
// content; ipfs.bad_cid or ipfs.unsupported_cid when what stands in the CID's place is none.
[[nodiscard]] result<content_uri> parse_uri(std::string_view uri);

[[nodiscard]] std::string to_uri(const cid&, std::string_view prefix = "ipfs://");

}  // namespace thole::ipfs
