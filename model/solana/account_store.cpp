#include "model/solana/account_store.hpp"

#include <algorithm>
#include <span>

namespace thole::model {

namespace {

solana::public_key holder_of(const bytes& data) {
    solana::public_key out;
    if (data.size() >= 64) std::ranges::copy(std::span{data}.subspan(32, 32), out.raw.begin());
    return out;
}

}  // namespace

const account* account_store::at(const solana::public_key& key, slot_t slot) const {
    const auto found = versions_.find(key);
    if (found == versions_.end()) return nullptr;
    const auto& list = found->second;
    const auto after =
        std::ranges::upper_bound(list, slot, {}, [](const version& v) { return v.slot; });
    if (after == list.begin()) return nullptr;
    const auto& value = std::prev(after)->value;
    return value.lamports == 0 ? nullptr : &value;
}

void account_store::write(const solana::public_key& key, account value, slot_t slot) {
    if (value.data.size() >= 64) held_[holder_of(value.data)].insert(key);
    auto& list = versions_[key];
    if (!list.empty() && list.back().slot == slot) list.pop_back();
    list.push_back({slot, std::move(value)});
}

std::vector<solana::public_key> account_store::owned_by(const solana::public_key& owner,
                                                        slot_t slot) const {
    std::vector<solana::public_key> out;
    for (const auto& [key, list] : versions_) {
        const auto* value = at(key, slot);
        if (value != nullptr && value->owner == owner) out.push_back(key);
    }
    return out;
}

std::vector<solana::public_key> account_store::held_by(const solana::public_key& owner,
                                                       const solana::public_key& holder,
                                                       slot_t slot) const {
    std::vector<solana::public_key> out;
    const auto found = held_.find(holder);
    if (found == held_.end()) return out;
    for (const auto& key : found->second) {
        const auto* value = at(key, slot);
        if (value == nullptr || value->owner != owner) continue;
        if (holder_of(value->data) == holder) out.push_back(key);
    }
    return out;
}

}  // namespace thole::model
