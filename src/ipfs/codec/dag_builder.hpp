#pragma once

// A stream of bytes becomes a file's DAG, and its CID is known before anything is uploaded.
//
//   ipfs::cid_of(json_bytes, ipfs::v1_256k);            // small content: one call
//
//   ipfs::dag_builder build{ipfs::v1_256k, sink};       // sink may be empty: then only the CID
//   while (auto part = next()) if (auto ok = build.feed(*part); !ok) return ...;
//   auto root = build.finish();                         // result<dag_root>
//
// Balanced layout: leaves of profile.chunk_bytes, inner nodes of at most profile.links children.
// Blocks go to the sink as they are complete: leaves in file order, a node after all its children,
// the root last. Memory: one chunk and one partly filled node per level, whatever the file's size;
// a whole chunk inside one fed buffer is hashed in place. Errors: only the sink's, handed through.
// Single-owner.

#include <functional>
#include <vector>

#include "ipfs/codec/cid.hpp"
#include "ipfs/codec/profile.hpp"

namespace thole::ipfs {

struct dag_root {
    cid root;
    std::uint64_t file_size = 0;
    std::uint64_t dag_size = 0;  // bytes of all blocks, repeated ones counted each time (Tsize)
    std::uint64_t leaves = 0;
};

// Receives a block; the view is valid during the call only.
using block_sink = std::move_only_function<result<>(const cid&, bytes_view)>;

// The part above the leaves: from leaf hashes to the root. It lets leaves be hashed elsewhere (in
// threads, or read back from an index).
class dag_tree {
  public:
    explicit dag_tree(profile shape, block_sink sink = {})
        : shape_{shape}, sink_{std::move(sink)} {}

    // The next leaf in file order: its CID, its block's size and the file bytes in it.
    [[nodiscard]] result<> add_leaf(const cid& leaf, std::uint64_t block_size,
                                    std::uint64_t file_bytes);
    // Precondition: at least one leaf. The tree is used up.
    [[nodiscard]] result<dag_root> finish();

  private:
    struct child {
        cid id;
        std::uint64_t tsize;
        std::uint64_t file_bytes;
    };
    [[nodiscard]] result<> push(std::size_t level, const child& below);
    [[nodiscard]] result<> close_level(std::size_t level);

    profile shape_;
    block_sink sink_;
    std::vector<std::vector<child>> levels_;
    std::uint64_t leaves_ = 0;
    friend class dag_builder;
};

class dag_builder {
  public:
    using leaf_hashes = std::move_only_function<void(const sha256_digest&)>;
    // `on_leaf`, if any, gets the hash of each leaf, in file order: enough to rebuild the tree.
    explicit dag_builder(profile shape, block_sink sink = {}, leaf_hashes on_leaf = {});

    [[nodiscard]] result<> feed(bytes_view data);
    // The builder is used up.
    [[nodiscard]] result<dag_root> finish();

  private:
    [[nodiscard]] result<> leaf(bytes_view content);

    profile shape_;
    dag_tree tree_;
    leaf_hashes on_leaf_;
    bytes partial_;
};

// The block of one leaf: the content itself for raw leaves, else the dag-pb node around it.
[[nodiscard]] cid leaf_cid(bytes_view content, const profile& shape);
[[nodiscard]] bytes leaf_block(bytes_view content, const profile& shape);
[[nodiscard]] std::uint64_t leaf_block_size(std::uint64_t content_size,
                                            const profile& shape) noexcept;
// The CID of a dag-pb block of this profile, and of a leaf, by the block's hash.
[[nodiscard]] cid node_cid(const sha256_digest& block, const profile& shape) noexcept;
[[nodiscard]] cid leaf_cid(const sha256_digest& block, const profile& shape) noexcept;

[[nodiscard]] cid cid_of(bytes_view content, const profile& shape = v1_256k);

// Reads an open file from its start by pread in whole chunks, one buffer a thread. More threads
// than one hash a regular file's leaves side by side. ipfs.disk_error when reading fails, or when
// the file becomes shorter meanwhile.
[[nodiscard]] result<dag_root> cid_of_file(int descriptor, const profile& shape = v1_256k,
                                           std::size_t threads = 1);

}  // namespace thole::ipfs
