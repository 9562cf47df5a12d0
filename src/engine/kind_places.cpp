#include "engine/kind_places.hpp"

#include <cmath>
#include <utility>

namespace thole::saga {

namespace {

double burst_of(const kind_limits& l) {
    return std::max(1.0, l.per_minute / 60.0);
}

}  // namespace

kind_places::kind_places(const std::map<std::string, kind_limits, std::less<>>& limits) {
    for (const auto& [kind, l] : limits) kinds_[kind] = {.limits = l, .tokens = burst_of(l)};
}

void kind_places::refill(place& p, store_time now) {
    const std::chrono::duration<double, std::ratio<60>> passed = now - p.refilled;
    p.refilled = now;
    p.tokens = std::min(burst_of(p.limits), p.tokens + passed.count() * p.limits.per_minute);
}

bool kind_places::enter(const std::string& kind, store_time now) {
    if (all_held_) return false;
    const auto found = kinds_.find(kind);
    if (found == kinds_.end()) return true;
    auto& p = found->second;
    // What a claim under way may bring has its place already.
    const int taken = p.busy + (claiming_ ? p.quota : 0);
    if (p.held || (p.limits.concurrency > 0 && taken >= p.limits.concurrency)) return false;
    if (p.limits.per_minute > 0) {
        refill(p, now);
        if (p.tokens - (claiming_ ? p.quota : 0) < 1) return false;
        p.tokens -= 1;
    }
    ++p.busy;
    return true;
}

void kind_places::enter_claimed(const std::string& kind) {
    const auto found = kinds_.find(kind);
    if (found == kinds_.end()) return;
    auto& p = found->second;
    ++p.busy;
    p.tokens -= 1;
    if (--p.quota == 0) p.wanted = true;
}

bool kind_places::leave(const std::string& kind) {
    const auto found = kinds_.find(kind);
    if (found == kinds_.end()) return false;
    --found->second.busy;
    const bool limited = found->second.limits.concurrency > 0;
    return std::exchange(found->second.wanted, false) || (claiming_ && limited);
}

bool kind_places::leave_unused(const std::string& kind) {
    const bool awaited = leave(kind);
    const auto found = kinds_.find(kind);
    if (found == kinds_.end() || found->second.limits.per_minute == 0) return awaited;
    auto& p = found->second;
    p.tokens = std::min(burst_of(p.limits), p.tokens + 1);
    return awaited || claiming_;
}

std::vector<kind_quota> kind_places::quotas(store_time now, int limit) {
    std::vector<kind_quota> out;
    claiming_ = true;
    for (auto& [kind, p] : kinds_) {
        int most = limit;
        if (p.held) most = 0;
        if (p.limits.concurrency > 0) most = std::min(most, p.limits.concurrency - p.busy);
        if (p.limits.per_minute > 0) {
            refill(p, now);
            most = std::min(most, static_cast<int>(std::floor(p.tokens)));
        }
        p.quota = std::max(most, 0);
        p.wanted = p.quota == 0;
        if (most < limit) out.push_back({kind, p.quota, {}});
    }
    for (auto& [where, p] : steps_) {
        const int most = std::max(p.at_most - p.busy, 0);
        p.wanted = most == 0;
        if (most < limit) out.push_back({where.first, most, where.second});
    }
    return out;
}

void kind_places::limit_step(const std::string& kind, const std::string& step, int at_most) {
    auto& p = steps_[{kind, step}];
    p.at_most = std::max(p.at_most, at_most);
}

bool kind_places::enter_step(const std::string& kind, const std::string& step) {
    const auto found = steps_.find({kind, step});
    if (found == steps_.end()) return true;
    auto& p = found->second;
    if (p.busy >= p.at_most || claiming_) p.wanted = true;
    if (p.wanted) return false;
    ++p.busy;
    return true;
}

void kind_places::enter_step_claimed(const std::string& kind, const std::string& step) {
    const auto found = steps_.find({kind, step});
    if (found == steps_.end()) return;
    if (++found->second.busy >= found->second.at_most) found->second.wanted = true;
}

bool kind_places::leave_step(const std::string& kind, const std::string& step) {
    const auto found = steps_.find({kind, step});
    if (found == steps_.end()) return false;
    --found->second.busy;
    return found->second.wanted || claiming_;
}

bool kind_places::offers_step(const std::string& kind, const std::string& step, bool no_claim) {
    const auto found = steps_.find({kind, step});
    if (found == steps_.end()) return true;
    auto& p = found->second;
    const bool full = p.busy >= p.at_most;
    p.wanted = full || (p.wanted && !no_claim);
    return !p.wanted;
}

std::optional<store_time> kind_places::next_token(store_time now) const {
    std::optional<store_time> out;
    for (const auto& [kind, p] : kinds_) {
        if (p.held || p.limits.per_minute == 0 || p.tokens >= 1) continue;
        const auto at = token_of(p, now);
        if (!out || at < *out) out = at;
    }
    return out;
}

store_time kind_places::token_of(const place& p, store_time now) {
    const auto wait = (1 - p.tokens) * 60e6 / p.limits.per_minute;
    return now + std::chrono::microseconds{static_cast<std::int64_t>(wait) + 1};
}

bool kind_places::is_full(const std::string& kind) const {
    const auto found = kinds_.find(kind);
    if (found == kinds_.end()) return false;
    const auto& p = found->second;
    return p.limits.concurrency > 0 && p.busy >= p.limits.concurrency;
}

std::optional<store_time> kind_places::rate_until(const std::string& kind, store_time now) {
    const auto found = kinds_.find(kind);
    if (found == kinds_.end() || found->second.limits.per_minute == 0) return std::nullopt;
    auto& p = found->second;
    refill(p, now);
    return p.tokens < 1 ? std::optional{token_of(p, now)} : std::nullopt;
}

store_time::duration kind_places::pace_of_key(const std::string& kind) const {
    const auto found = kinds_.find(kind);
    const auto rate = found == kinds_.end() ? 0 : found->second.limits.key_per_minute;
    return rate == 0 ? store_time::duration::zero() : std::chrono::microseconds{60'000'000 / rate};
}

std::vector<key_pace> kind_places::key_paces() const {
    std::vector<key_pace> out;
    for (const auto& [kind, p] : kinds_) {
        if (p.limits.key_per_minute > 0) out.push_back({kind, pace_of_key(kind)});
    }
    return out;
}

bool kind_places::set_hold(const std::string& kind, bool held) {
    if (kind.empty()) return std::exchange(all_held_, held) != held;
    if (!held && !kinds_.contains(kind)) return false;
    return std::exchange(kinds_[kind].held, held) != held;
}

bool kind_places::held(std::string_view kind) const {
    if (all_held_) return true;
    const auto found = kinds_.find(kind);
    return found != kinds_.end() && found->second.held;
}

}  // namespace thole::saga
