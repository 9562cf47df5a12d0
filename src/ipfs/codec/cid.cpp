#include "ipfs/codec/cid.hpp"

#include <algorithm>

#include "ipfs/codec/varint.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

constexpr std::uint64_t sha2_256 = 0x12;
constexpr std::size_t digest_size = 32;
// The longest text of a supported CID is 59 characters; anything near this is something else.
constexpr std::size_t max_text = 128;

result<sha256_digest> read_multihash(byte_cursor& in) {
    const auto function = in.varint();
    const auto length = function ? in.varint() : std::nullopt;
    if (!length) return fail(codes::bad_cid, "truncated or malformed multihash");
    if (*function != sha2_256) {
        return fail(codes::unsupported_cid, "hash function " + std::to_string(*function) +
                                                " (only sha2-256 = 18 is supported)");
    }
    if (*length != digest_size) return fail(codes::bad_cid, "a sha2-256 digest has 32 bytes");
    const auto digest = in.take(digest_size);
    if (!digest) return fail(codes::bad_cid, "truncated digest");
    sha256_digest out;
    std::ranges::copy(*digest, out.begin());
    return out;
}

}  // namespace

result<cid> cid::from_prefix(bytes_view data, std::size_t& used) {
    byte_cursor in{data};
    // 12 20 starts a bare multihash, which is a CIDv0; as a CIDv1 it would be version 18.
    if (data.size() >= 2 && data[0] == sha2_256 && data[1] == digest_size) {
        const auto digest = read_multihash(in);
        if (!digest) return std::unexpected(digest.error());
        used = data.size() - in.rest.size();
        return v0(*digest);
    }
    const auto version = in.varint();
    if (!version) return fail(codes::bad_cid, "truncated or malformed version");
    if (*version != 1) return fail(codes::bad_cid, "unknown version " + std::to_string(*version));
    const auto content = in.varint();
    if (!content) return fail(codes::bad_cid, "truncated or malformed codec");
    if (*content != static_cast<std::uint64_t>(codec::raw) &&
        *content != static_cast<std::uint64_t>(codec::dag_pb)) {
        return fail(codes::unsupported_cid, "codec " + std::to_string(*content) +
                                                " (only raw = 85 and dag-pb = 112 are supported)");
    }
    const auto digest = read_multihash(in);
    if (!digest) return std::unexpected(digest.error());
    used = data.size() - in.rest.size();
    return v1(static_cast<codec>(*content), *digest);
}

result<cid> cid::from_bytes(bytes_view whole) {
    std::size_t used = 0;
    auto read = from_prefix(whole, used);
    if (read && used != whole.size()) return fail(codes::bad_cid, "bytes after the digest");
    return read;
}

result<cid> cid::parse(std::string_view text) {
    if (text.empty()) return fail(codes::bad_cid, "empty");
    if (text.size() > max_text) return fail(codes::bad_cid, "longer than 128 characters");
    if (text.size() == 46 && text.starts_with("Qm")) {
        const auto raw = from_base58(text);
        if (!raw) return fail(codes::bad_cid, "not base58btc");
        return from_bytes(*raw);
    }
    std::optional<bytes> raw;
    switch (text.front()) {
        case 'b':
            raw = from_base32(text.substr(1));
            break;
        case 'z':
            raw = from_base58(text.substr(1));
            break;
        case 'Q':
            return fail(codes::bad_cid, "a version 0 CID is Qm and 44 more characters");
        default:
            return fail(codes::bad_cid,
                        "unknown multibase prefix (expected Qm, b for base32 or z for base58btc)");
    }
    if (!raw) {
        return fail(codes::bad_cid,
                    text.front() == 'b' ? "not lower-case unpadded base32" : "not base58btc");
    }
    auto read = from_bytes(*raw);
    if (read && read->version() == 0) {
        return fail(codes::bad_cid, "a version 0 CID has no multibase prefix");
    }
    return read;
}

bytes cid::to_bytes() const {
    bytes out;
    out.reserve(36);
    if (version_ == 1) {
        out.push_back(1);
        out.push_back(static_cast<std::uint8_t>(codec_));
    }
    out.push_back(sha2_256);
    out.push_back(digest_size);
    out.insert(out.end(), digest_.begin(), digest_.end());
    return out;
}

std::string cid::text() const {
    return version_ == 0 ? to_base58(to_bytes()) : "b" + to_base32(to_bytes());
}

std::string cid::base58_text() const {
    return version_ == 0 ? text() : "z" + to_base58(to_bytes());
}

}  // namespace thole::ipfs
