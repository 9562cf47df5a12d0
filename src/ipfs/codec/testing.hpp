#pragma once

// Shared by this folder's tests: recipes of bytes, and a DAG taken apart into its blocks.

#include <cstdint>
#include <utility>
#include <vector>

#include "ipfs/codec/dag_builder.hpp"
#include "thole/rng.hpp"

namespace thole::ipfs::testing {

inline bytes pattern(std::size_t size, std::uint64_t modulus = 256) {
    bytes out(size);
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<std::uint8_t>((i * 31 + 7) % modulus);
    return out;
}

inline bytes noise(std::size_t size, std::uint64_t seed = 1) {
    rng chance{seed};
    bytes out(size);
    for (auto& byte : out) byte = static_cast<std::uint8_t>(chance.next());
    return out;
}

// Small chunks and few links, so that small content has deep trees.
inline constexpr profile tiny{"tiny", 4, 3, 1, true};
inline constexpr profile tiny_v0{"tiny-v0", 4, 3, 0, false};

struct taken_apart {
    dag_root root;
    std::vector<std::pair<cid, bytes>> blocks;  // as the builder emits them
};

inline taken_apart take_apart(bytes_view content, const profile& shape) {
    std::vector<std::pair<cid, bytes>> blocks;
    dag_builder build{shape, [&](const cid& id, bytes_view block) -> result<> {
                          blocks.emplace_back(id, bytes{block.begin(), block.end()});
                          return {};
                      }};
    (void)build.feed(content);
    return {*build.finish(), std::move(blocks)};
}

}  // namespace thole::ipfs::testing
