#include "ipfs/codec/unixfs.hpp"

#include "ipfs/codec/varint.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

constexpr std::uint8_t field_type = 1 << 3;
constexpr std::uint8_t field_data = 2 << 3 | 2;
constexpr std::uint8_t field_file_size = 3 << 3;
constexpr std::uint8_t field_block_size = 4 << 3;

auto broken(const char* what) {
    return fail(codes::not_a_file, std::string{"unixfs: "} + what);
}

// hash type, fan-out, mode and modification time: they say nothing about a file's bytes.
bool skip_irrelevant(byte_cursor& in, std::uint64_t tag) {
    const auto field = tag >> 3;
    if (field < 5 || field > 8) return false;
    if ((tag & 7) == 0) return in.varint().has_value();
    if ((tag & 7) != 2) return false;
    const auto length = in.varint();
    return length && in.take(*length);
}

result<> check_sizes(const unixfs_node& node, bool has_file_size) {
    if (node.type != unixfs_type::file && node.type != unixfs_type::raw) return {};
    std::uint64_t sum = node.data.size();
    for (const auto size : node.block_sizes) {
        if (__builtin_add_overflow(sum, size, &sum)) return broken("block sizes overflow");
    }
    if (has_file_size ? sum != node.file_size : sum != 0)
        return broken("block sizes do not add up");
    return {};
}

}  // namespace

bytes encode(const unixfs_node& node) {
    bytes out;
    out.reserve(node.data.size() + 24 + node.block_sizes.size() * 5);
    out.push_back(field_type);
    put_varint(out, static_cast<std::uint64_t>(node.type));
    if (!node.data.empty()) {
        out.push_back(field_data);
        put_varint(out, node.data.size());
        out.insert(out.end(), node.data.begin(), node.data.end());
    }
    out.push_back(field_file_size);
    put_varint(out, node.file_size);
    for (const auto size : node.block_sizes) {
        out.push_back(field_block_size);
        put_varint(out, size);
    }
    return out;
}

result<unixfs_node> decode_unixfs(bytes_view data) {
    byte_cursor in{data};
    unixfs_node node;
    std::uint64_t last_tag = 0;
    bool has_file_size = false;
    while (!in.empty()) {
        const auto tag = in.varint();
        if (!tag) return broken("malformed field");
        if (*tag <= last_tag && *tag != field_block_size) return broken("fields out of order");
        if (*tag < last_tag) return broken("fields out of order");
        if (last_tag == 0 && *tag != field_type) return broken("the type comes first");
        last_tag = *tag;
        if (*tag == field_data) {
            const auto length = in.varint();
            const auto held = length ? in.take(*length) : std::nullopt;
            if (!held) return broken("truncated data");
            node.data = *held;
            continue;
        }
        if (*tag != field_type && *tag != field_file_size && *tag != field_block_size) {
            if (!skip_irrelevant(in, *tag)) return broken("unexpected field");
            continue;
        }
        const auto value = in.varint();
        if (!value) return broken("malformed number");
        if (*tag == field_type) {
            if (*value > 5) return broken("unknown type");
            node.type = static_cast<unixfs_type>(*value);
        } else if (*tag == field_file_size) {
            node.file_size = *value;
            has_file_size = true;
        } else {
            node.block_sizes.push_back(*value);
        }
    }
    if (last_tag == 0) return broken("empty");
    if (auto checked = check_sizes(node, has_file_size); !checked) {
        return std::unexpected(checked.error());
    }
    return node;
}

}  // namespace thole::ipfs
