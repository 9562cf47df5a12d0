#pragma once

// UnixFS: what the data field of a dag-pb node says about a file.
//
// Written: file nodes. Read: files and the old "raw" leaves; the type of anything else, so that a
// caller can refuse a directory by name. Views point into the decoded bytes.

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "thole/result.hpp"

namespace thole::ipfs {

enum class unixfs_type : std::uint8_t {
    raw = 0,
    directory = 1,
    file = 2,
    metadata = 3,
    symlink = 4,
    shard = 5
};

struct unixfs_node {
    unixfs_type type = unixfs_type::file;
    bytes_view data;                         // bytes held by this node itself
    std::uint64_t file_size = 0;             // of this node and everything below
    std::vector<std::uint64_t> block_sizes;  // file bytes below each link, in order
};

[[nodiscard]] bytes encode(const unixfs_node&);
// ipfs.not_a_file when malformed, or when a file's sizes do not add up.
[[nodiscard]] result<unixfs_node> decode_unixfs(bytes_view);

}  // namespace thole::ipfs
