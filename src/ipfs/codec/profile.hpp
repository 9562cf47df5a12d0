#pragma once

// How a file becomes blocks. Two programs give one file the same CID only under the same profile,
// so a profile is part of every prediction.
//
// Figures: IPIP-0499 for the two named ones; v1_256k is what Kubo's `add --cid-version=1` and the
// JavaScript importer produce by default, and ours.

#include <array>
#include <cstdint>
#include <string_view>

namespace thole::ipfs {

struct profile {
    std::string_view name;
    std::uint32_t chunk_bytes;  // size of a leaf's content
    std::uint32_t links;        // children of an inner node, at most
    std::uint8_t cid_version;   // of dag-pb blocks; a raw leaf is always version 1
    bool raw_leaves;            // else a leaf is a dag-pb node that holds its bytes

    friend bool operator==(const profile&, const profile&) = default;
};

inline constexpr profile v1_256k{"v1-256k", 256 * 1024, 174, 1, true};
inline constexpr profile v1_2025{"unixfs-v1-2025", 1024 * 1024, 1024, 1, true};
inline constexpr profile v0_2015{"unixfs-v0-2015", 256 * 1024, 174, 0, false};

// What foreign content is tried against, the likeliest first.
inline constexpr std::array known_profiles{v1_256k, v1_2025, v0_2015};

}  // namespace thole::ipfs
