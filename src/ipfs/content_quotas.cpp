#include "ipfs/content_quotas.hpp"

#include <algorithm>

namespace thole::ipfs {

content_quotas::content_quotas(std::vector<quota> quotas, content_costs::ledger_figures kept,
                               ledger_providers providers_of, const io::loop& time)
    : kept_{std::move(kept)}, providers_of_{std::move(providers_of)}, loop_{time} {
    for (auto& each : quotas) places_.push_back({.limit = std::move(each)});
}

task<result<>> content_quotas::read() {
    const auto before = places_;
    const auto totals = co_await kept_();
    if (!totals) co_return fail(totals.error());
    for (std::size_t i = 0; i < places_.size(); ++i) {
        auto& at = places_[i];
        const auto known = std::ranges::find(*totals, at.limit.provider, &pin_total::provider);
        at.kept = known == totals->end() ? 0 : known->bytes;
        at.promised -= std::min(at.promised, before[i].promised);
    }
    co_return result<>{};
}

task<result<content_quotas::room>> content_quotas::look(const cid& content, std::uint64_t bytes) {
    room out;
    if (!any()) co_return out;
    const auto text = content.text();
    auto ask = [this] { return read(); };
    if (auto looked = co_await looked_.get(loop_, fresh_enough, ask); !looked) {
        co_return fail(looked.error());
    }
    auto there = co_await providers_of_(text);
    if (!there) co_return fail(there.error());
    out.there = std::move(*there);
    for (const auto& each : places_) {
        const auto taken = each.kept + each.promised;
        const bool fits = taken <= each.limit.bytes && bytes <= each.limit.bytes - taken;
        const bool is_there = std::ranges::find(out.there, each.limit.provider) != out.there.end();
        if (!fits && !is_there) out.full.emplace_back(each.limit.provider);
    }
    co_return out;
}

content_quotas::place* content_quotas::find(std::string_view provider) {
    const auto at = std::ranges::find_if(
        places_, [provider](const place& each) { return each.limit.provider == provider; });
    return at == places_.end() ? nullptr : &*at;
}

void content_quotas::promise(std::string_view provider, std::uint64_t bytes) {
    if (auto* at = find(provider)) at->promised += bytes;
}

// The ledger may have been read since, which forgets a promise.
void content_quotas::take_back(std::string_view provider, std::uint64_t bytes) {
    if (auto* at = find(provider)) at->promised -= std::min(at->promised, bytes);
}

}  // namespace thole::ipfs
