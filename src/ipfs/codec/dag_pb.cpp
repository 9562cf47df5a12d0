#include "ipfs/codec/dag_pb.hpp"

#include "ipfs/codec/varint.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

// Protobuf tags: field number << 3 | wire type (0 = varint, 2 = length-delimited).
constexpr std::uint8_t node_data = 1 << 3 | 2;
constexpr std::uint8_t node_link = 2 << 3 | 2;
constexpr std::uint8_t link_hash = 1 << 3 | 2;
constexpr std::uint8_t link_name = 2 << 3 | 2;
constexpr std::uint8_t link_tsize = 3 << 3 | 0;

void put_bytes(bytes& out, std::uint8_t tag, bytes_view data) {
    out.push_back(tag);
    put_varint(out, data.size());
    out.insert(out.end(), data.begin(), data.end());
}

auto broken(const char* what) {
    return fail(codes::not_a_file, std::string{"dag-pb: "} + what);
}

std::optional<bytes_view> delimited(byte_cursor& in) {
    const auto length = in.varint();
    return length ? in.take(*length) : std::nullopt;
}

result<pb_link> decode_link(bytes_view data) {
    byte_cursor in{data};
    if (in.varint() != link_hash) return broken("a link starts with its hash");
    const auto hash = delimited(in);
    if (!hash) return broken("truncated link hash");
    const auto target = cid::from_bytes(*hash);
    if (!target) {
        if (target.error().is(codes::unsupported_cid)) return std::unexpected(target.error());
        return broken("a link's hash is not a CID");
    }
    pb_link link{*target, std::nullopt, std::nullopt};
    if (!in.empty() && in.rest.front() == link_name) {
        in.rest = in.rest.subspan(1);
        const auto name = delimited(in);
        if (!name) return broken("truncated link name");
        link.name = as_text(*name);
    }
    if (!in.empty() && in.rest.front() == link_tsize) {
        in.rest = in.rest.subspan(1);
        link.tsize = in.varint();
        if (!link.tsize) return broken("malformed link size");
    }
    if (!in.empty()) return broken("unexpected field in a link");
    return link;
}

}  // namespace

bytes encode(const pb_node& node) {
    bytes out;
    bytes one;
    for (const auto& link : node.links) {
        one.clear();
        put_bytes(one, link_hash, link.target.to_bytes());
        if (link.name) put_bytes(one, link_name, as_bytes(*link.name));
        if (link.tsize) {
            one.push_back(link_tsize);
            put_varint(one, *link.tsize);
        }
        put_bytes(out, node_link, one);
    }
    if (node.data) put_bytes(out, node_data, *node.data);
    return out;
}

result<pb_node> decode_dag_pb(bytes_view data) {
    byte_cursor in{data};
    pb_node node;
    while (!in.empty()) {
        const auto tag = in.varint();
        if (tag != node_link && tag != node_data) return broken("unexpected field in a node");
        if (node.data) return broken("a field after the data");
        const auto content = delimited(in);
        if (!content) return broken("truncated node");
        if (tag == node_data) {
            node.data = *content;
            continue;
        }
        auto link = decode_link(*content);
        if (!link) return std::unexpected(link.error());
        node.links.push_back(*link);
    }
    return node;
}

}  // namespace thole::ipfs
