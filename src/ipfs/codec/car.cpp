#include "ipfs/codec/car.hpp"

#include <algorithm>

#include "ipfs/codec/varint.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

// The header is DAG-CBOR {"roots": [CIDs], "version": 1}, in that order.
constexpr std::string_view map_and_roots{"\xA2\x65roots"};
constexpr std::string_view version_is_one{"\x67version\x01"};
constexpr std::uint8_t array_of = 0x80;
constexpr std::uint8_t byte_string_u8_length = 0x58;
constexpr std::string_view cid_tag{"\xD8\x2A"};
constexpr std::size_t max_roots = 16;

auto broken(const char* what) {
    return fail(codes::malformed_car, what);
}

bool skip(byte_cursor& in, std::string_view expected) {
    const auto found = in.take(expected.size());
    return found && as_text(*found) == expected;
}

result<std::vector<cid>> read_header(bytes_view data) {
    byte_cursor in{data};
    if (!skip(in, map_and_roots)) return broken("the header is not a CAR version 1 header");
    const auto count = in.take(1);
    if (!count || ((*count)[0] & 0xE0) != array_of || ((*count)[0] & 0x1F) > max_roots) {
        return broken("unexpected list of roots in the header");
    }
    std::vector<cid> roots;
    for (int left = (*count)[0] & 0x1F; left > 0; --left) {
        const auto prefix = skip(in, cid_tag) ? in.take(2) : std::nullopt;
        if (!prefix || (*prefix)[0] != byte_string_u8_length) return broken("a root is not a CID");
        const auto raw = in.take((*prefix)[1]);
        if (!raw || raw->empty() || raw->front() != 0) return broken("a root is not a CID");
        const auto root = cid::from_bytes(raw->subspan(1));
        if (!root) return broken("a root is not a supported CID");
        roots.push_back(*root);
    }
    if (!skip(in, version_is_one) || !in.empty()) return broken("the header is not of version 1");
    return roots;
}

}  // namespace

bytes car_header(const cid& root) {
    const auto raw = root.to_bytes();
    bytes cbor;
    const auto put = [&](std::string_view text) {
        cbor.insert(cbor.end(), text.begin(), text.end());
    };
    put(map_and_roots);
    cbor.push_back(array_of | 1);
    put(cid_tag);
    cbor.push_back(byte_string_u8_length);
    cbor.push_back(static_cast<std::uint8_t>(raw.size() + 1));
    cbor.push_back(0);  // the identity multibase prefix that DAG-CBOR wants
    cbor.insert(cbor.end(), raw.begin(), raw.end());
    put(version_is_one);
    bytes out;
    put_varint(out, cbor.size());
    out.insert(out.end(), cbor.begin(), cbor.end());
    return out;
}

bytes car_section_prefix(const cid& id, std::uint64_t block_size) {
    bytes out;
    put_varint(out, id.byte_size() + block_size);
    const auto raw = id.to_bytes();
    out.insert(out.end(), raw.begin(), raw.end());
    return out;
}

void append_car_block(bytes& out, const cid& id, bytes_view block) {
    const auto prefix = car_section_prefix(id, block.size());
    out.insert(out.end(), prefix.begin(), prefix.end());
    out.insert(out.end(), block.begin(), block.end());
}

result<> car_reader::section(bytes_view data) {
    if (!header_read_) {
        auto roots = read_header(data);
        if (!roots) return std::unexpected(roots.error());
        roots_ = std::move(*roots);
        header_read_ = true;
        return {};
    }
    if (++blocks_ > limits_.max_blocks) return broken("too many blocks");
    std::size_t used = 0;
    const auto id = cid::from_prefix(data, used);
    if (!id) return broken("a section does not start with a supported CID");
    return on_block_(*id, data.subspan(used));
}

// Handles every complete section at the front of pending_ and drops it.
result<> car_reader::consume() {
    byte_cursor in{pending_};
    result<> outcome;
    while (outcome && !in.empty()) {
        byte_cursor ahead = in;
        const auto length = ahead.varint();
        if (!length) {
            // A length that fits the limits has at most four bytes; a longer one is wrong already.
            if (in.rest.size() >= 4) outcome = broken("malformed section length");
            break;
        }
        const auto limit = header_read_ ? limits_.max_block + 36 : limits_.max_header;
        if (*length == 0 || *length > limit) {
            outcome = broken("section length outside the limits");
            break;
        }
        const auto data = ahead.take(*length);
        if (!data) break;
        outcome = section(*data);
        in = ahead;
    }
    pending_.erase(pending_.begin(), pending_.end() - static_cast<std::ptrdiff_t>(in.rest.size()));
    return outcome;
}

result<> car_reader::feed(bytes_view data) {
    if (failed_) return std::unexpected(*failed_);
    // In slices, so that a large feed does not make pending_ larger than one section and a slice.
    constexpr std::size_t slice = 256 * 1024;
    while (!data.empty()) {
        const auto part = data.first(std::min(slice, data.size()));
        pending_.insert(pending_.end(), part.begin(), part.end());
        data = data.subspan(part.size());
        if (auto ok = consume(); !ok) {
            failed_ = ok.error();
            return ok;
        }
    }
    return {};
}

result<> car_reader::finish() {
    if (failed_) return std::unexpected(*failed_);
    if (!header_read_) return broken("no header");
    if (!pending_.empty()) return broken("ends inside a section");
    return {};
}

}  // namespace thole::ipfs
