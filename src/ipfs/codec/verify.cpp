#include "ipfs/codec/verify.hpp"

#include <algorithm>

#include "ipfs/codec/dag_builder.hpp"
#include "ipfs/codec/dag_pb.hpp"
#include "ipfs/codec/unixfs.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

auto not_a_file(const char* what) {
    return fail(codes::not_a_file, what);
}
auto malformed(const char* what) {
    return fail(codes::malformed_car, what);
}

}  // namespace

dag_verifier::dag_verifier(const cid& root, verify_limits limits) : limits_{limits} {
    expected_.push_back({root, 0, std::nullopt});
}

result<> dag_verifier::append(const expectation& wanted, bytes_view content) {
    if (wanted.file_bytes && *wanted.file_bytes != content.size()) {
        return not_a_file("a block is not of the size its parent says");
    }
    if (content.size() > limits_.max_file_bytes - file_.size()) {
        return fail(codes::too_large,
                    "more than " + std::to_string(limits_.max_file_bytes) + " bytes");
    }
    file_.insert(file_.end(), content.begin(), content.end());
    return {};
}

result<> dag_verifier::visit_node(const expectation& wanted, bytes_view block) {
    const auto node = decode_dag_pb(block);
    if (!node) return std::unexpected(node.error());
    if (!node->data) return not_a_file("a dag-pb node without UnixFS data");
    const auto file = decode_unixfs(*node->data);
    if (!file) return std::unexpected(file.error());
    if (file->type == unixfs_type::directory || file->type == unixfs_type::shard) {
        return not_a_file("a directory");
    }
    if (file->type != unixfs_type::file && file->type != unixfs_type::raw) {
        return not_a_file("not a regular file");
    }
    if (file->block_sizes.size() != node->links.size()) return not_a_file("links without sizes");
    const auto total = node->links.empty() ? file->data.size() : file->file_size;
    if (wanted.file_bytes && *wanted.file_bytes != total) {
        return not_a_file("a block is not of the size its parent says");
    }
    if (total > limits_.max_file_bytes) {
        return fail(codes::too_large, std::to_string(total) + " bytes, more than " +
                                          std::to_string(limits_.max_file_bytes));
    }
    if (!node->links.empty() && wanted.depth >= limits_.max_depth) return not_a_file("too deep");
    if (node->links.size() + expected_.size() > limits_.max_blocks)
        return not_a_file("too many links");
    const expectation self{wanted.id, wanted.depth, std::nullopt};
    if (auto ok = append(self, file->data); !ok) return ok;
    for (auto i = node->links.size(); i-- > 0;) {
        // An empty child adds nothing to the file; without this rule a few nodes could be visited
        // exponentially often.
        if (file->block_sizes[i] == 0) return not_a_file("a link to nothing");
        expected_.push_back({node->links[i].target, wanted.depth + 1, file->block_sizes[i]});
    }
    return {};
}

// Takes the next expected block, whose hash has been checked.
result<> dag_verifier::visit(bytes_view block) {
    if (++visited_ > limits_.max_blocks) return not_a_file("too many blocks");
    const auto wanted = expected_.back();
    expected_.pop_back();
    if (wanted.id.content() == codec::raw) {
        const auto at = file_.size();
        if (auto ok = append(wanted, block); !ok) return ok;
        leaves_.try_emplace(wanted.id, place{at, block.size()});
        return {};
    }
    if (auto ok = visit_node(wanted, block); !ok) return ok;
    nodes_.try_emplace(wanted.id, block.begin(), block.end());
    return {};
}

// Goes on with blocks that are there already.
result<> dag_verifier::drain() {
    while (!expected_.empty()) {
        const auto& id = next();
        bytes block;
        if (const auto leaf = leaves_.find(id); leaf != leaves_.end()) {
            const auto from = file_.begin() + static_cast<std::ptrdiff_t>(leaf->second.at);
            block.assign(from, from + static_cast<std::ptrdiff_t>(leaf->second.size));
        } else if (const auto node = nodes_.find(id); node != nodes_.end()) {
            block = node->second;
        } else if (const auto held = early_.find(id); held != early_.end()) {
            block = std::move(held->second);
            early_bytes_ -= block.size();
            early_.erase(held);
        } else {
            return {};
        }
        if (auto ok = visit(block); !ok) return ok;
    }
    return {};
}

result<> dag_verifier::accept(const cid& id, bytes_view block) {
    if (!id.matches(block)) return fail(codes::wrong_bytes, "block " + id.text());
    if (!expected_.empty() && id == next()) {
        if (auto ok = visit(block); !ok) return ok;
        return drain();
    }
    // A repeated block that was served from memory already.
    if (leaves_.contains(id) || nodes_.contains(id) || early_.contains(id)) return {};
    early_bytes_ += block.size();
    if (early_bytes_ > limits_.max_early_bytes) return malformed("too many blocks out of order");
    early_.try_emplace(id, block.begin(), block.end());
    return {};
}

result<> dag_verifier::add(const cid& id, bytes_view block) {
    if (failed_) return std::unexpected(*failed_);
    auto accepted = accept(id, block);
    if (!accepted) failed_ = accepted.error();
    return accepted;
}

result<bytes> dag_verifier::take() {
    if (failed_) return std::unexpected(*failed_);
    if (!expected_.empty()) return malformed("blocks are missing");
    if (!early_.empty()) return malformed("blocks that are no part of the file");
    return std::move(file_);
}

result<profile> verify_bytes(const cid& root, bytes_view content, std::optional<profile> only) {
    // A file in one raw leaf is its own block, whatever its size.
    if (root.content() == codec::raw) {
        if (!root.matches(content)) return fail(codes::wrong_bytes, root.text());
        return only.value_or(v1_256k);
    }
    if (only) {
        if (!cid_of(content, *only).same_block(root)) return fail(codes::wrong_bytes, root.text());
        return *only;
    }
    for (const auto& shape : known_profiles) {
        if (cid_of(content, shape).same_block(root)) return shape;
    }
    return fail(codes::unknown_profile, root.text());
}

}  // namespace thole::ipfs
