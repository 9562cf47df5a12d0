#pragma once

// CAR version 1: blocks in a row, as trustless gateways send them.
//
//   bytes out = ipfs::car_header(root);
//   ipfs::append_car_block(out, id, block);            // for every block
//
//   ipfs::car_reader read{limits, [&](const ipfs::cid& id, bytes_view block) { return
//   verify.add(id, block); }}; while (auto part = next()) if (auto ok = read.feed(*part); !ok) ...
//   if (auto ok = read.finish(); !ok) ...              // also finds truncation
//
// The reader holds at most one block. It does not check hashes: that is dag_verifier's (the sink's)
// work. Every malformed, oversized or truncated input is ipfs.malformed_car. Single-owner.

#include <optional>
#include <vector>

#include "ipfs/codec/cid.hpp"
#include "ipfs/codec/dag_builder.hpp"

namespace thole::ipfs {

[[nodiscard]] bytes car_header(const cid& root);
// Length and CID that stand before a block of `block_size` bytes.
[[nodiscard]] bytes car_section_prefix(const cid& id, std::uint64_t block_size);
void append_car_block(bytes& out, const cid& id, bytes_view block);

struct car_limits {
    std::size_t max_header = 4096;            // bytes
    std::size_t max_block = 2 * 1024 * 1024;  // bytes; what block exchange allows
    std::uint64_t max_blocks = 1 << 17;
};

class car_reader {
  public:
    car_reader(car_limits limits, block_sink on_block)
        : limits_{limits}, on_block_{std::move(on_block)} {}

    // After an error every further call answers the same error.
    [[nodiscard]] result<> feed(bytes_view data);
    [[nodiscard]] result<> finish();

    // Empty until the header was read.
    [[nodiscard]] const std::vector<cid>& roots() const noexcept { return roots_; }

  private:
    [[nodiscard]] result<> consume();
    [[nodiscard]] result<> section(bytes_view data);

    car_limits limits_;
    block_sink on_block_;
    std::vector<cid> roots_;
    bytes pending_;  // an incomplete section
    std::uint64_t blocks_ = 0;
    bool header_read_ = false;
    std::optional<fault> failed_;
};

}  // namespace thole::ipfs
