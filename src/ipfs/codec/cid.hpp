#pragma once

// A CID: the address of a block of content, which is the SHA-256 of the block and how to read it.
//
//   auto id = ipfs::cid::parse("bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
//   if (!id) return std::unexpected(id.error());      // ipfs.bad_cid or ipfs.unsupported_cid
//   id->text();                                       // the same text again
//
// Versions 0 (base58btc, "Qm…") and 1 (base32 "b…", base58btc "z…"); codecs raw and dag-pb;
// multihash sha2-256 of 32 bytes. Everything else is refused with a reason. Two texts of one CIDv1
// (b and z) are equal values; a CIDv0 and the CIDv1 of the same block are not (same_block()
// compares those). A value of 40 bytes; threads: any.

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "thole/result.hpp"

namespace thole::ipfs {

enum class codec : std::uint8_t { raw = 0x55, dag_pb = 0x70 };

class cid {
  public:
    [[nodiscard]] static cid v0(const sha256_digest& digest) noexcept {
        return {0, codec::dag_pb, digest};
    }
    [[nodiscard]] static cid v1(codec content, const sha256_digest& digest) noexcept {
        return {1, content, digest};
    }

    [[nodiscard]] static result<cid> parse(std::string_view text);
    [[nodiscard]] static result<cid> from_bytes(bytes_view whole);
    // A CID at the start of `data`; `used` becomes its length.
    [[nodiscard]] static result<cid> from_prefix(bytes_view data, std::size_t& used);

    [[nodiscard]] int version() const noexcept { return version_; }
    [[nodiscard]] codec content() const noexcept { return codec_; }
    [[nodiscard]] const sha256_digest& digest() const noexcept { return digest_; }

    // Version 0 as base58btc, version 1 as base32: the usual forms.
    [[nodiscard]] std::string text() const;
    // Version 1 as "z" + base58btc; version 0 as text().
    [[nodiscard]] std::string base58_text() const;
    [[nodiscard]] bytes to_bytes() const;
    [[nodiscard]] std::size_t byte_size() const noexcept { return version_ == 0 ? 34 : 36; }

    // Whether both name the same block, whatever their version.
    // The name under which both versions of one block are one.
    [[nodiscard]] cid as_v1() const noexcept { return v1(codec_, digest_); }
    [[nodiscard]] bool same_block(const cid& other) const noexcept {
        return codec_ == other.codec_ && digest_ == other.digest_;
    }
    // Whether the block's bytes hash to this CID.
    [[nodiscard]] bool matches(bytes_view block) const { return sha256(block) == digest_; }

    friend auto operator<=>(const cid&, const cid&) noexcept = default;

  private:
    cid(int version, codec content, const sha256_digest& digest) noexcept
        : version_{static_cast<std::uint8_t>(version)}, codec_{content}, digest_{digest} {}

    std::uint8_t version_;
    codec codec_;
    sha256_digest digest_;
};

}  // namespace thole::ipfs

// The digest is uniform already: eight of its bytes are the hash.
template <>
struct std::hash<thole::ipfs::cid> {
    std::size_t operator()(const thole::ipfs::cid& id) const noexcept {
        std::size_t value = 0;
        for (std::size_t i = 0; i < sizeof value; ++i) value = value << 8 | id.digest()[i];
        return value;
    }
};
