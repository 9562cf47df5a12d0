#include "ipfs/codec/dag_builder.hpp"

#include <algorithm>

#include "ipfs/codec/dag_pb.hpp"
#include "ipfs/codec/unixfs.hpp"
#include "ipfs/codec/varint.hpp"
#include "thole/assert.hpp"

namespace thole::ipfs {

cid node_cid(const sha256_digest& block, const profile& shape) noexcept {
    return shape.cid_version == 0 ? cid::v0(block) : cid::v1(codec::dag_pb, block);
}

cid leaf_cid(const sha256_digest& block, const profile& shape) noexcept {
    return shape.raw_leaves ? cid::v1(codec::raw, block) : node_cid(block, shape);
}

result<> dag_tree::add_leaf(const cid& leaf, std::uint64_t block_size, std::uint64_t file_bytes) {
    ++leaves_;
    return push(0, child{leaf, block_size, file_bytes});
}

result<> dag_tree::push(std::size_t level, const child& below) {
    if (levels_.size() <= level) levels_.emplace_back().reserve(std::min(shape_.links, 64U));
    levels_[level].push_back(below);
    return levels_[level].size() == shape_.links ? close_level(level) : result<>{};
}

// The children collected on a level become one node, which is a child on the level above.
result<> dag_tree::close_level(std::size_t level) {
    unixfs_node file;
    pb_node node;
    std::uint64_t tsize = 0;
    for (const auto& below : levels_[level]) {
        node.links.push_back({below.id, std::string_view{}, below.tsize});
        file.block_sizes.push_back(below.file_bytes);
        file.file_size += below.file_bytes;
        tsize += below.tsize;
    }
    const auto data = encode(file);
    node.data = data;
    const auto block = encode(node);
    const child made{node_cid(sha256(block), shape_), tsize + block.size(), file.file_size};
    levels_[level].clear();
    if (sink_) {
        if (auto sunk = sink_(made.id, block); !sunk) return sunk;
    }
    return push(level + 1, made);
}

result<dag_root> dag_tree::finish() {
    THOLE_ASSERT(leaves_ > 0, "a file has at least one leaf, if only an empty one");
    // Levels grow while they are closed. The top level is never closed when it holds one child:
    // that child is the root.
    for (std::size_t level = 0; level < levels_.size(); ++level) {
        const bool top = level + 1 == levels_.size();
        if (levels_[level].empty() || (top && levels_[level].size() == 1)) continue;
        if (auto closed = close_level(level); !closed) return std::unexpected(closed.error());
    }
    const auto& root = levels_.back().front();
    return dag_root{root.id, root.file_bytes, root.tsize, leaves_};
}

dag_builder::dag_builder(profile shape, block_sink sink, leaf_hashes on_leaf)
    : shape_{shape}, tree_{shape, std::move(sink)}, on_leaf_{std::move(on_leaf)} {
    THOLE_ASSERT(shape.chunk_bytes > 0 && shape.links > 1, "a profile has chunks and links");
}

bytes leaf_block(bytes_view content, const profile& shape) {
    if (shape.raw_leaves) return {content.begin(), content.end()};
    unixfs_node file;
    file.data = content;
    file.file_size = content.size();
    const auto data = encode(file);
    pb_node node;
    node.data = data;
    return encode(node);
}

std::uint64_t leaf_block_size(std::uint64_t content_size, const profile& shape) noexcept {
    if (shape.raw_leaves) return content_size;
    const auto number = varint_size(content_size);
    // Type, the bytes with their tag and length (left out when there are none), file size.
    const auto data = 2 + (content_size == 0 ? 0 : 1 + number + content_size) + 1 + number;
    return 1 + varint_size(data) + data;
}

cid leaf_cid(bytes_view content, const profile& shape) {
    if (shape.raw_leaves) return leaf_cid(sha256(content), shape);
    return leaf_cid(sha256(leaf_block(content, shape)), shape);
}

result<> dag_builder::leaf(bytes_view content) {
    bytes wrapped;
    bytes_view block = content;
    if (!shape_.raw_leaves) {
        wrapped = leaf_block(content, shape_);
        block = wrapped;
    }
    const auto id = leaf_cid(sha256(block), shape_);
    if (on_leaf_) on_leaf_(id.digest());
    if (tree_.sink_) {
        if (auto sunk = tree_.sink_(id, block); !sunk) return sunk;
    }
    return tree_.add_leaf(id, block.size(), content.size());
}

result<> dag_builder::feed(bytes_view data) {
    if (!partial_.empty()) {
        const auto missing =
            std::min<std::size_t>(shape_.chunk_bytes - partial_.size(), data.size());
        partial_.insert(partial_.end(), data.begin(), data.begin() + missing);
        data = data.subspan(missing);
        if (partial_.size() < shape_.chunk_bytes) return {};
        auto sunk = leaf(partial_);
        partial_.clear();
        if (!sunk) return sunk;
    }
    while (data.size() >= shape_.chunk_bytes) {
        if (auto sunk = leaf(data.first(shape_.chunk_bytes)); !sunk) return sunk;
        data = data.subspan(shape_.chunk_bytes);
    }
    partial_.assign(data.begin(), data.end());
    return {};
}

result<dag_root> dag_builder::finish() {
    if (!partial_.empty() || tree_.leaves_ == 0) {
        if (auto sunk = leaf(partial_); !sunk) return std::unexpected(sunk.error());
        partial_.clear();
    }
    return tree_.finish();
}

cid cid_of(bytes_view content, const profile& shape) {
    dag_builder build{shape};
    const auto fed = build.feed(content);
    const auto root = build.finish();
    THOLE_ASSERT(fed && root, "without a sink nothing can fail");
    return root->root;
}

}  // namespace thole::ipfs
