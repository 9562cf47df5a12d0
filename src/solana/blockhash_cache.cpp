#include "solana/blockhash_cache.hpp"

#include <algorithm>

#include "solana/gather.hpp"
#include "thole/codes.hpp"

namespace thole::solana {

bool blockhash_cache::is_fresh(time_point now) const noexcept {
    return held_ && now - fetched_at_ < settings_.max_age;
}

task<rpc_result<latest_blockhash>> blockhash_cache::get(deadline until) {
    auto& loop = client_.loop();
    while (fetching_.is_busy() && !is_fresh(loop.now())) {
        if (until.expired(loop.now())) co_return fail(thole::codes::policy_deadline);
        const auto waited = co_await fetching_.wait();
        if (!waited) co_return std::unexpected{waited.error()};
    }
    if (is_fresh(loop.now())) co_return *held_;
    const busy_flag::holder busy{fetching_};
    auto found = co_await fetch(until);
    if (!found) co_return found;
    // A lagging node must not take back what was known: older hashes die earlier.
    if (!held_ || found->value.last_valid_block_height >= held_->value.last_valid_block_height) {
        held_ = *found;
    }
    fetched_at_ = loop.now();
    co_return *held_;
}

task<rpc_result<latest_blockhash>> blockhash_cache::fetch(deadline until) {
    rpc::options how{.until = until};
    std::vector<task<rpc_result<latest_blockhash>>> asks;
    for (const auto endpoint : client_.spread(role::read, settings_.ask)) {
        how.endpoint = endpoint;
        asks.push_back(client_.get_latest_blockhash(how));
    }
    auto answers = co_await gather(std::move(asks));
    rpc_result<latest_blockhash> best = fail(thole::codes::policy_no_endpoint);
    std::uint64_t latest_end = 0;
    for (auto& answer : answers) {
        if (answer) latest_end = std::max(latest_end, answer->value.last_valid_block_height);
        const bool better = answer && (!best || answer->context_slot > best->context_slot);
        const bool first_fault =
            !answer && !best && best.error().is(thole::codes::policy_no_endpoint);
        if (better || first_fault) best = std::move(answer);
    }
    // A height that is told too low would have a living transaction pronounced dead; one that is
    // some blocks too high only waits a little longer. So the highest that anybody told counts.
    if (best) best->value.last_valid_block_height = latest_end;
    co_return best;
}

}  // namespace thole::solana
