#include "solana/blockhash_cache.hpp"

#include <algorithm>
#include <map>

#include "solana/codes.hpp"
#include "solana/gather.hpp"
#include "thole/assert.hpp"
#include "thole/codes.hpp"

namespace thole::solana {

namespace {

using answers = std::vector<from_node<latest_blockhash>>;

// Twice the life of a blockhash: honest endpoints never differ so much unless one of them lags.
constexpr std::uint64_t most_apart = 300;

std::uint64_t slot_of(const from_node<latest_blockhash>& a) {
    return a.context_slot;
}
std::uint64_t end_of(const from_node<latest_blockhash>& a) {
    return a.value.last_valid_block_height;
}

bool is_near(std::uint64_t value, std::uint64_t top) {
    return value <= top && top - value <= most_apart;
}

// The highest number that so many providers tell, or one near below it: fewer can neither pull it
// down nor push it up. Where fewer answer at all, all of those. One provider counts once, with the
// highest that any of its endpoints tells.
template <class Number>
std::optional<std::uint64_t> agreed(const answers& all, std::size_t required, Number number) {
    std::map<name, std::uint64_t> told;
    for (const auto& each : all) {
        auto& word = told[each.provider];
        word = std::max(word, number(each));
    }
    required = std::max(std::min(required, told.size()), told.size() / 2 + 1);
    std::optional<std::uint64_t> out;
    for (const auto& [provider, top] : told) {
        const auto near = [top](const auto& other) { return is_near(other.second, top); };
        const auto alike = static_cast<std::size_t>(std::ranges::count_if(told, near));
        if (alike >= required) out = std::max(out.value_or(0), top);
    }
    return out;
}

// Those that agree on both; the rest lag, or were made up.
void drop_outliers(answers& all, std::size_t required) {
    const auto end = agreed(all, required, end_of);
    std::erase_if(all, [&](const auto& a) { return !end || !is_near(end_of(a), *end); });
    const auto slot = agreed(all, required, slot_of);
    std::erase_if(all, [&](const auto& a) { return !slot || !is_near(slot_of(a), *slot); });
}

fault disputed(const answers& all, std::size_t required) {
    std::string detail = std::to_string(required) + " providers must agree;";
    for (const auto& each : all) {
        detail += ' ' + std::string{each.endpoint.view()} + " (" +
                  std::string{each.provider.view()} + ") tells slot " +
                  std::to_string(slot_of(each)) + " and height " + std::to_string(end_of(each)) +
                  ';';
    }
    detail.pop_back();
    return fault{codes::blockhash_disputed}.with_detail(std::move(detail));
}

}  // namespace

blockhash_cache::blockhash_cache(rpc::client& client, settings s) : client_{client}, settings_{s} {
    THOLE_ASSERT(
        s.required_providers >= 1 && s.ask >= static_cast<std::size_t>(s.required_providers),
        "as many are asked as must agree");
}

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
    fault refused{thole::codes::policy_no_endpoint};
    answers all;
    for (auto& each : co_await gather(std::move(asks))) {
        if (each) {
            all.push_back(std::move(*each));
        } else if (refused.is(thole::codes::policy_no_endpoint)) {
            refused = each.error();
        }
    }
    if (all.empty()) co_return fail(std::move(refused));
    const auto required = static_cast<std::size_t>(settings_.required_providers);
    auto dispute = disputed(all, required);
    drop_outliers(all, required);
    if (all.empty()) co_return fail(std::move(dispute.at(client_.dependency())));
    auto best = *std::ranges::max_element(all, {}, slot_of);
    // A height that is told too low would have a living transaction pronounced dead; one that is
    // some blocks too high only waits a little longer. So the highest of those that agree counts.
    best.value.last_valid_block_height = end_of(*std::ranges::max_element(all, {}, end_of));
    co_return best;
}

}  // namespace thole::solana
