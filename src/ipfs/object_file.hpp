#pragma once

// The file in which the content store keeps one content (format version 1).
//
//   content       the bytes themselves, so that `head -c SIZE` (or an image viewer) reads them
//   leaf hashes   32 bytes for each leaf block, in file order
//   trailer       96 bytes, little-endian:
//      0  u64  content size            24  u8   CID version        64  u32  format version (1)
//      8  u64  number of leaves        25  u8   raw leaves (0, 1)  68  u32  zero
//     16  u32  bytes in a chunk        26  6 zero bytes            72  8    "tholeobj"
//     20  u32  links in a node         32  32   SHA-256 of content 80  16   check: first half of
//                                              SHA-256(leaf hashes ‖ trailer bytes 0 to 79)
//
// Inner nodes are not stored: they follow from the leaf hashes. The root CID in the file's name
// must follow from them too, so every byte that is read is proved: leaf hashes by the root, content
// by its leaf. Anything that does not agree is ipfs.corrupt. Pure.

#include <vector>

#include "ipfs/codec/dag_builder.hpp"

namespace thole::ipfs {

struct object_index {
    profile shape = v1_256k;
    std::uint64_t size = 0;
    sha256_digest content_sha256{};
    std::vector<sha256_digest> leaves;

    [[nodiscard]] std::uint64_t leaf_offset(std::size_t leaf) const noexcept {
        return std::uint64_t{shape.chunk_bytes} * leaf;
    }
    [[nodiscard]] std::size_t leaf_size(std::size_t leaf) const noexcept;
    // The root, and every inner node into the sink.
    [[nodiscard]] result<dag_root> root(block_sink sink = {}) const;
};

inline constexpr std::size_t object_trailer_size = 96;

// Leaf hashes and trailer: what follows the content.
[[nodiscard]] bytes encode_object_tail(const object_index&);

// How many bytes follow the content, as the trailer says; for a file of `file_size` bytes.
[[nodiscard]] result<std::uint64_t> object_tail_size(bytes_view trailer, std::uint64_t file_size);
// `tail` is everything after the content. Checks it in itself and against the root.
[[nodiscard]] result<object_index> decode_object_tail(bytes_view tail, std::uint64_t file_size,
                                                      const cid& root);

}  // namespace thole::ipfs
