#include "ipfs/content_cache.hpp"

namespace thole::ipfs {

const bytes* content_cache::find(const cid& id) {
    const auto found = by_id_.find(id.as_v1());
    if (found == by_id_.end()) {
        ++misses_;
        return nullptr;
    }
    ++hits_;
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return &found->second->content;
}

void content_cache::put(const cid& id, bytes_view verified) {
    const auto wanted = cost(verified.size());
    if (verified.size() > largest_content || wanted > most_) return;
    const auto key = id.as_v1();
    if (by_id_.contains(key)) return;  // the same bytes, by their name
    while (held_ + wanted > most_) {
        const auto& last = by_use_.back();
        held_ -= cost(last.content.size());
        by_id_.erase(last.id);
        by_use_.pop_back();
    }
    by_use_.push_front({key, bytes(verified.begin(), verified.end())});
    by_id_.emplace(key, by_use_.begin());
    held_ += wanted;
}

}  // namespace thole::ipfs
