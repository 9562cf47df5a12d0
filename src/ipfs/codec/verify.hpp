#pragma once

// Proof that bytes are what a CID names, whoever sent them.
//
// By blocks (a trustless gateway's CAR or raw blocks), for any chunking:
//
//   ipfs::dag_verifier verify{root, {.max_file_bytes = 50 << 20}};
//   verify.add(id, block);                    // each hashed; in the order of a CAR or any other
//   auto file = verify.take();                // the file's bytes, or ipfs.malformed_car when
//   incomplete
//
// By chunking again (a plain gateway's bytes), under known profiles only:
//
//   auto shape = ipfs::verify_bytes(root, body);       // result<profile>
//
// Neither trusts sizes that a node claims: they must add up and stay within the limits, so a small
// malicious DAG cannot expand without bound. Single-owner.

#include <map>
#include <optional>
#include <vector>

#include "ipfs/codec/cid.hpp"
#include "ipfs/codec/profile.hpp"

namespace thole::ipfs {

struct verify_limits {
    std::uint64_t max_file_bytes = 50 * 1024 * 1024;
    std::size_t max_depth = 16;             // inner levels
    std::uint64_t max_blocks = 1 << 17;     // visited, repeated ones counted each time
    std::size_t max_early_bytes = 8 << 20;  // of blocks that arrived before their turn and are held
};

class dag_verifier {
  public:
    dag_verifier(const cid& root, verify_limits limits);

    // ipfs.wrong_bytes when the block does not hash to its CID; ipfs.not_a_file, ipfs.too_large,
    // ipfs.malformed_car (a block that is no part of the file, or too many too early) else. After
    // an error every further call answers the same error.
    [[nodiscard]] result<> add(const cid& id, bytes_view block);

    [[nodiscard]] bool complete() const noexcept { return !failed_ && expected_.empty(); }
    // The block that is needed next. Precondition: not complete.
    [[nodiscard]] const cid& next() const noexcept { return expected_.back().id; }
    // The verified file. Leaves the verifier empty.
    [[nodiscard]] result<bytes> take();

  private:
    struct expectation {
        cid id;
        std::size_t depth;
        std::optional<std::uint64_t> file_bytes;  // what the parent claims; nothing for the root
    };
    struct place {
        std::size_t at, size;
    };
    [[nodiscard]] result<> accept(const cid& id, bytes_view block);
    [[nodiscard]] result<> visit(bytes_view block);
    [[nodiscard]] result<> visit_node(const expectation& wanted, bytes_view block);
    [[nodiscard]] result<> append(const expectation& wanted, bytes_view content);
    [[nodiscard]] result<> drain();

    verify_limits limits_;
    std::vector<expectation> expected_;  // a stack: back() is next in file order
    bytes file_;
    std::uint64_t visited_ = 0;
    std::map<cid, place> leaves_;  // seen leaves, by where their bytes are in file_
    std::map<cid, bytes> nodes_;   // seen inner nodes: a CAR may leave repeated blocks out
    std::map<cid, bytes> early_;
    std::size_t early_bytes_ = 0;
    std::optional<fault> failed_;
};

// The profile under which the bytes have this CID. ipfs.wrong_bytes when they surely are not its
// content (a raw CID, or `only` is given); ipfs.unknown_profile when no known profile matches.
[[nodiscard]] result<profile> verify_bytes(const cid& root, bytes_view content,
                                           std::optional<profile> only = std::nullopt);

}  // namespace thole::ipfs
