#pragma once

// Reading one content of the store, every byte checked against the CID on the way.

#include <memory>

#include "ipfs/disk.hpp"
#include "ipfs/object_file.hpp"

namespace thole::ipfs {

struct content_info {
    cid root;
    std::uint64_t size = 0;  // bytes
    sha256_digest sha256{};  // of the content
    profile shape = v1_256k;
};

// An open content. It stays readable when the store removes it meanwhile. Single-owner.
class content_reader {
  public:
    // `expected` is checked against what the file's hashes say: ipfs.corrupt, ipfs.disk_error.
    [[nodiscard]] static result<content_reader> open(std::shared_ptr<disk> files,
                                                     const std::string& path, const cid& expected);
    // An object that is a part of a file.
    [[nodiscard]] static result<content_reader> open(std::shared_ptr<disk> files,
                                                     std::shared_ptr<const open_file> file,
                                                     std::uint64_t offset, std::uint64_t size,
                                                     const cid& expected);

    [[nodiscard]] const content_info& info() const noexcept { return info_; }
    // At most `length` bytes from `offset`; fewer at the end. ipfs.corrupt when they do not hash.
    [[nodiscard]] result<bytes> read(std::uint64_t offset, std::uint64_t length);

    // The blocks, verified: leaves in file order, and inner nodes into `sink` (root last).
    [[nodiscard]] std::size_t leaves() const noexcept { return index_.leaves.size(); }
    [[nodiscard]] cid leaf_id(std::size_t leaf) const noexcept {
        return leaf_cid(index_.leaves[leaf], index_.shape);
    }
    [[nodiscard]] result<bytes> leaf_block(std::size_t leaf);
    // One block of this content: ipfs.not_held when it is not a part of it.
    [[nodiscard]] result<bytes> block(const cid& id);
    [[nodiscard]] result<> inner_nodes(block_sink sink) const;
    [[nodiscard]] const object_index& index() const noexcept { return index_; }

  private:
    content_reader(std::shared_ptr<disk> files, std::shared_ptr<const open_file> file,
                   std::uint64_t offset, object_index index, const cid& root);
    [[nodiscard]] result<bytes_view> chunk(std::size_t leaf);

    std::shared_ptr<disk> files_;
    std::shared_ptr<const open_file> file_;
    std::uint64_t offset_;
    object_index index_;
    content_info info_;
    bytes chunk_;  // the leaf read last
    std::size_t held_ = SIZE_MAX;
};

}  // namespace thole::ipfs
