#include "model/solana/account_store.hpp"

#include <algorithm>

namespace thole::model {

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

}  // namespace thole::model
