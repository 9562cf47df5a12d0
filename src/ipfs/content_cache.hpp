#pragma once

// Verified bytes that are read again and again, kept in memory by their CID.
//
//   ipfs::content_cache kept{8 << 20};
//   if (const auto* json = kept.find(id)) use(*json);
//   kept.put(id, verified);
//
// What a CID names never changes, so nothing goes stale: only room ends an entry, that of the one
// read longest ago first. It is for metadata: larger content is not kept, since one image would
// put out hundreds of them. The bound counts what an entry costs beside its bytes, too.
//
// It proves nothing about today: that a gateway *serves* a content is seen only by asking it.
// Threads: single-owner; the figures any.

#include <atomic>
#include <list>
#include <unordered_map>

#include "ipfs/codec/cid.hpp"

namespace thole::ipfs {

class content_cache {
  public:
    static constexpr std::size_t largest_content = 64 << 10;
    static constexpr std::size_t entry_cost = 256;  // nodes of list and map, with their allocations

    // Bytes in all; 0 = keeps nothing.
    explicit content_cache(std::uint64_t most_bytes) : most_{most_bytes} {}
    content_cache(const content_cache&) = delete;

    // Null when it is not held. Valid until the next put. Both versions of a CID find one entry.
    [[nodiscard]] const bytes* find(const cid& id);
    // Precondition: the bytes were verified against `id`. Too large ones are not kept.
    void put(const cid& id, bytes_view verified);

    [[nodiscard]] std::uint64_t size_bytes() const noexcept { return held_; }
    [[nodiscard]] std::uint64_t hits() const noexcept { return hits_; }
    [[nodiscard]] std::uint64_t misses() const noexcept { return misses_; }

  private:
    struct entry {
        cid id;
        bytes content;
    };
    [[nodiscard]] static std::uint64_t cost(std::size_t content) noexcept {
        return content + entry_cost;
    }

    std::uint64_t most_;
    std::atomic<std::uint64_t> held_{0};
    std::atomic<std::uint64_t> hits_{0};
    std::atomic<std::uint64_t> misses_{0};
    std::list<entry> by_use_;  // the one read last is first
    std::unordered_map<cid, std::list<entry>::iterator> by_id_;
};

}  // namespace thole::ipfs
