#include "solana/congestion.hpp"

#include <algorithm>

namespace thole::solana {

void congestion::add(bool late, time_point now) {
    ends_.push_back({now, late});
    while (ends_.size() > s_.window) ends_.pop_front();
}

congestion_view congestion::at(time_point now) const {
    congestion_view out;
    for (const auto& each : ends_) {
        if (now - each.at >= s_.memory) continue;
        ++out.ends;
        if (each.late) ++out.late;
    }
    out.congested = out.ends >= s_.least && out.permille() >= s_.share_permille;
    return out;
}

std::optional<duration> congestion::hold(const uuid& who, time_point now) {
    if (s_.pace <= duration::zero() || !at(now).congested) {
        turns_.clear();
        next_ = now;
        return std::nullopt;
    }
    const auto [turn, is_new] = turns_.try_emplace(who, std::max(now, next_));
    if (is_new) next_ = turn->second + s_.pace;
    if (turn->second > now) return std::min(turn->second - now, s_.longest_hold);
    turns_.erase(turn);
    return std::nullopt;
}

}  // namespace thole::solana
