#pragma once

// dag-pb: the protobuf of IPFS's inner nodes, in its one canonical form (links first, then data).
//
// Strict: fields in order, none twice, shortest numbers, no unknown fields; what decode accepts,
// encode writes back to the same bytes. Decoded views point into the bytes that were decoded.

#include <optional>
#include <string_view>
#include <vector>

#include "ipfs/codec/cid.hpp"

namespace thole::ipfs {

struct pb_link {
    cid target;
    std::optional<std::string_view> name;
    std::optional<std::uint64_t> tsize;  // bytes of all blocks below, as its writer claims
};

struct pb_node {
    std::vector<pb_link> links;
    std::optional<bytes_view> data;
};

[[nodiscard]] bytes encode(const pb_node&);
// ipfs.not_a_file when the bytes are no canonical dag-pb; ipfs.unsupported_cid for a foreign link.
[[nodiscard]] result<pb_node> decode_dag_pb(bytes_view);

}  // namespace thole::ipfs
