#include "ipfs/content_reader.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "ipfs/codes.hpp"

namespace thole::ipfs {

content_reader::content_reader(std::shared_ptr<disk> files, std::shared_ptr<const open_file> file,
                               std::uint64_t offset, object_index index, const cid& root)
    : files_{std::move(files)},
      file_{std::move(file)},
      offset_{offset},
      index_{std::move(index)},
      info_{root, index_.size, index_.content_sha256, index_.shape} {}

result<content_reader> content_reader::open(std::shared_ptr<disk> files, const std::string& path,
                                            const cid& expected) {
    auto file = files->open(path);
    if (!file) return std::unexpected(file.error());
    struct stat about{};
    if (::fstat(file->get(), &about) != 0) return fail(codes::disk_error, "fstat " + path);
    const auto size = static_cast<std::uint64_t>(about.st_size);
    auto shared = std::make_shared<const open_file>(std::move(*file));
    return open(std::move(files), std::move(shared), 0, size, expected);
}

result<content_reader> content_reader::open(std::shared_ptr<disk> files,
                                            std::shared_ptr<const open_file> file,
                                            std::uint64_t offset, std::uint64_t size,
                                            const cid& expected) {
    if (size < object_trailer_size) return fail(codes::corrupt, expected.text() + " is too short");
    bytes trailer(object_trailer_size);
    if (auto ok = files->read(*file, offset + size - trailer.size(), trailer); !ok) {
        return std::unexpected(ok.error());
    }
    const auto tail_size = object_tail_size(trailer, size);
    if (!tail_size) return std::unexpected(tail_size.error());
    bytes tail(*tail_size);
    if (auto ok = files->read(*file, offset + size - tail.size(), tail); !ok) {
        return std::unexpected(ok.error());
    }
    auto index = decode_object_tail(tail, size, expected);
    if (!index) return std::unexpected(index.error());
    const auto root = index->root();
    return content_reader{std::move(files), std::move(file), offset, std::move(*index), root->root};
}

// The leaf's content, read and verified; the view lives until the next call.
result<bytes_view> content_reader::chunk(std::size_t leaf) {
    if (held_ == leaf) return bytes_view{chunk_};
    held_ = SIZE_MAX;
    chunk_.resize(index_.leaf_size(leaf));
    if (auto ok = files_->read(*file_, offset_ + index_.leaf_offset(leaf), chunk_); !ok) {
        return std::unexpected(ok.error());
    }
    const auto& shape = index_.shape;
    if (leaf_cid(bytes_view{chunk_}, shape).digest() != index_.leaves[leaf]) {
        return fail(codes::corrupt, "leaf " + std::to_string(leaf) + " of " + info_.root.text());
    }
    held_ = leaf;
    return bytes_view{chunk_};
}

result<bytes> content_reader::read(std::uint64_t offset, std::uint64_t length) {
    bytes out;
    if (offset >= index_.size) return out;
    auto left = std::min(length, index_.size - offset);
    out.reserve(static_cast<std::size_t>(left));
    while (left > 0) {
        const auto leaf = static_cast<std::size_t>(offset / index_.shape.chunk_bytes);
        const auto held = chunk(leaf);
        if (!held) return std::unexpected(held.error());
        const auto from = static_cast<std::size_t>(offset - index_.leaf_offset(leaf));
        const auto part = held->subspan(
            from, static_cast<std::size_t>(std::min<std::uint64_t>(left, held->size() - from)));
        out.insert(out.end(), part.begin(), part.end());
        offset += part.size();
        left -= part.size();
    }
    return out;
}

result<bytes> content_reader::leaf_block(std::size_t leaf) {
    const auto held = chunk(leaf);
    if (!held) return std::unexpected(held.error());
    return ipfs::leaf_block(*held, index_.shape);
}

result<bytes> content_reader::block(const cid& id) {
    for (std::size_t i = 0; i < leaves(); ++i) {
        if (leaf_id(i).same_block(id)) return leaf_block(i);
    }
    std::optional<bytes> node;
    auto found = inner_nodes([&](const cid& each, bytes_view block) -> result<> {
        if (each.same_block(id)) node.emplace(block.begin(), block.end());
        return {};
    });
    if (!found) return std::unexpected(found.error());
    if (!node) return fail(codes::not_held, id.text());
    return *std::move(node);
}

result<> content_reader::inner_nodes(block_sink sink) const {
    const auto root = index_.root(std::move(sink));
    return root ? result<>{} : std::unexpected(root.error());
}

}  // namespace thole::ipfs
