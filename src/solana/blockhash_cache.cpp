#include "solana/blockhash_cache.hpp"

#include <algorithm>

#include "solana/gather.hpp"
#include "thole/codes.hpp"

namespace thole::solana {

namespace {

using answers = std::vector<rpc_result<latest_blockhash>>;

// Twice the life of a blockhash: honest endpoints never differ so much unless one of them lags.
constexpr std::uint64_t most_apart = 300;

std::uint64_t slot_of(const rpc_result<latest_blockhash>& a) {
    return a->context_slot;
}
std::uint64_t end_of(const rpc_result<latest_blockhash>& a) {
    return a->value.last_valid_block_height;
}

// What one endpoint made up must not count: an absurd height would keep a dead transaction alive
// for ever. Those in the middle are the measure, because a single endpoint cannot move them.
void drop_outliers(answers& all) {
    std::ranges::sort(all, {}, slot_of);
    const auto slot = slot_of(all[all.size() / 2]);
    std::erase_if(all,
                  [&](const auto& a) { return slot_of(a) < slot - std::min(slot, most_apart); });
    std::ranges::sort(all, {}, end_of);
    const auto end = end_of(all[(all.size() - 1) / 2]);
    std::erase_if(all,
                  [&](const auto& a) { return end_of(a) > end && end_of(a) - end > most_apart; });
}

}  // namespace

// One that was asked for after he came is as fresh as he could get it, however slow the answer.
bool blockhash_cache::is_fresh(blockhash_age age, std::uint64_t begun) const noexcept {
    if (!held_) return false;
    if (held_fetch_ > begun) return true;
    return age == blockhash_age::recent && client_.loop().now() - asked_at_ < settings_.max_age;
}

task<rpc_result<latest_blockhash>> blockhash_cache::get(deadline until, blockhash_age age) {
    auto& loop = client_.loop();
    const auto begun = fetches_;
    while (fetching_.is_busy() && !is_fresh(age, begun)) {
        if (until.expired(loop.now())) co_return fail(thole::codes::policy_deadline);
        const auto waited = co_await fetching_.wait();
        if (!waited) co_return std::unexpected{waited.error()};
    }
    if (is_fresh(age, begun)) co_return *held_;
    const busy_flag::holder busy{fetching_};
    const auto number = ++fetches_;
    const auto asked_at = loop.now();
    auto found = co_await fetch(until);
    if (!found) co_return found;
    held_ = *found;
    held_fetch_ = number;
    asked_at_ = asked_at;
    co_return *held_;
}

task<rpc_result<latest_blockhash>> blockhash_cache::fetch(deadline until) {
    rpc::options how{.until = until};
    std::vector<task<rpc_result<latest_blockhash>>> asks;
    for (const auto endpoint : client_.spread(role::read, settings_.ask)) {
        how.endpoint = endpoint;
        asks.push_back(client_.get_latest_blockhash(how));
    }
    auto all = co_await gather(std::move(asks));
    rpc_result<latest_blockhash> best = fail(thole::codes::policy_no_endpoint);
    const auto failed = std::ranges::find_if(all, [](const auto& a) { return !a; });
    if (failed != all.end()) best = *failed;
    std::erase_if(all, [](const auto& a) { return !a; });
    if (all.empty()) co_return best;
    drop_outliers(all);
    best = *std::ranges::max_element(all, {}, slot_of);
    // A height that is told too low would have a living transaction pronounced dead; one that is
    // some blocks too high only waits a little longer. So the highest of the plausible ones counts.
    best->value.last_valid_block_height = end_of(all.back());
    co_return best;
}

}  // namespace thole::solana
