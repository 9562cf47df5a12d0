#include "ipfs/object_file.hpp"

#include <algorithm>

#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

constexpr std::string_view magic{"tholeobj"};
constexpr std::uint32_t format_version = 1;
constexpr std::size_t checked_size = 80;
constexpr std::size_t digest_size = 32;

void put_little(bytes& out, std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t little(bytes_view data, std::size_t at, int size) {
    std::uint64_t value = 0;
    for (int i = size; i-- > 0;) value = value << 8 | data[at + static_cast<std::size_t>(i)];
    return value;
}

auto broken(const char* what) {
    return fail(codes::corrupt, what);
}

std::uint64_t leaf_count(std::uint64_t size, std::uint32_t chunk) {
    return size == 0 ? 1 : size / chunk + (size % chunk != 0 ? 1 : 0);
}

profile named(profile shape) {
    shape.name = "custom";
    for (auto known : known_profiles) {
        const auto text = std::exchange(known.name, "custom");
        if (known == shape) shape.name = text;
    }
    return shape;
}

}  // namespace

std::size_t object_index::leaf_size(std::size_t leaf) const noexcept {
    return static_cast<std::size_t>(
        std::min<std::uint64_t>(shape.chunk_bytes, size - leaf_offset(leaf)));
}

result<dag_root> object_index::root(block_sink sink) const {
    dag_tree tree{shape, std::move(sink)};
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        const auto held = leaf_size(i);
        if (auto added =
                tree.add_leaf(leaf_cid(leaves[i], shape), leaf_block_size(held, shape), held);
            !added) {
            return std::unexpected(added.error());
        }
    }
    return tree.finish();
}

bytes encode_object_tail(const object_index& index) {
    bytes out;
    out.reserve(index.leaves.size() * digest_size + object_trailer_size);
    for (const auto& leaf : index.leaves) out.insert(out.end(), leaf.begin(), leaf.end());
    put_little(out, index.size, 8);
    put_little(out, index.leaves.size(), 8);
    put_little(out, index.shape.chunk_bytes, 4);
    put_little(out, index.shape.links, 4);
    put_little(out, index.shape.cid_version, 1);
    put_little(out, index.shape.raw_leaves ? 1 : 0, 1);
    put_little(out, 0, 6);
    out.insert(out.end(), index.content_sha256.begin(), index.content_sha256.end());
    put_little(out, format_version, 4);
    put_little(out, 0, 4);
    out.insert(out.end(), magic.begin(), magic.end());
    const auto check = sha256(out);
    out.insert(out.end(), check.begin(), check.begin() + 16);
    return out;
}

result<std::uint64_t> object_tail_size(bytes_view trailer, std::uint64_t file_size) {
    if (trailer.size() != object_trailer_size) return broken("no trailer");
    if (as_text(trailer.subspan(72, 8)) != magic) return broken("not an object file");
    if (little(trailer, 64, 4) != format_version) return broken("unknown format version");
    const auto size = little(trailer, 0, 8);
    const auto leaves = little(trailer, 8, 8);
    const auto chunk = static_cast<std::uint32_t>(little(trailer, 16, 4));
    if (chunk == 0 || little(trailer, 20, 4) < 2) return broken("impossible profile");
    if (trailer[24] > 1 || trailer[25] > 1) return broken("impossible profile");
    if (size > file_size || leaves != leaf_count(size, chunk) || leaves > file_size / digest_size ||
        file_size != size + leaves * digest_size + object_trailer_size) {
        return broken("sizes do not agree");
    }
    return file_size - size;
}

result<object_index> decode_object_tail(bytes_view tail, std::uint64_t file_size, const cid& root) {
    if (tail.size() < object_trailer_size) return broken("no trailer");
    const auto trailer = tail.last(object_trailer_size);
    const auto expected = object_tail_size(trailer, file_size);
    if (!expected) return std::unexpected(expected.error());
    if (*expected != tail.size()) return broken("sizes do not agree");
    const auto check = sha256(tail.first(tail.size() - object_trailer_size + checked_size));
    if (!std::ranges::equal(trailer.subspan(checked_size), bytes_view{check}.first(16))) {
        return broken("the trailer's check does not agree");
    }
    object_index index;
    index.size = little(trailer, 0, 8);
    index.shape = named({{},
                         static_cast<std::uint32_t>(little(trailer, 16, 4)),
                         static_cast<std::uint32_t>(little(trailer, 20, 4)),
                         trailer[24],
                         trailer[25] == 1});
    std::ranges::copy(trailer.subspan(32, 32), index.content_sha256.begin());
    index.leaves.resize(static_cast<std::size_t>(little(trailer, 8, 8)));
    for (std::size_t i = 0; i < index.leaves.size(); ++i) {
        std::ranges::copy(tail.subspan(i * digest_size, digest_size), index.leaves[i].begin());
    }
    const auto follows = index.root();
    if (!follows || !follows->root.same_block(root)) return broken("another content's root");
    return index;
}

}  // namespace thole::ipfs
