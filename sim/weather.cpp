#include "sim/weather.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/time_text.hpp"

namespace thole::sim {

namespace {

std::vector<std::string> labels_of(trouble kind) {
    const std::string_view text = json::detail::enum_text(kind);
    std::vector<std::string> out;
    if (text.starts_with("rpc_") || text.starts_with("link_")) {
        out.insert(out.end(), rpc_labels.begin(), rpc_labels.end());
    }
    if (text.starts_with("content_") || text.starts_with("link_")) {
        out.insert(out.end(), content_labels.begin(), content_labels.end());
    }
    return out;
}

// The labels that a rule's target means this time.
std::vector<std::string> targets_of(const fault_rule& rule, rng& chance) {
    if (rule.target == desk_label || rule.target == partner_label) return {rule.target};
    auto all = labels_of(rule.kind);
    if (all.empty()) return {""};
    if (rule.target == "any") return {all.at(chance.below(all.size()))};
    const auto fits = [&](const std::string& label) {
        const bool is_rpc = std::ranges::find(rpc_labels, label) != rpc_labels.end();
        return rule.target == "all" || rule.target == label ||
               rule.target == (is_rpc ? "rpc" : "content");
    };
    std::erase_if(all, [&](const std::string& label) { return !fits(label); });
    return all;
}

duration draw(const time_range& from, rng& chance) {
    using std::chrono::microseconds;
    const auto in_us = [](duration d) {
        return std::chrono::duration_cast<microseconds>(d).count();
    };
    return microseconds{chance.between(in_us(from.least), in_us(from.most))};
}

// A creeping fault is a stair of ten steps.
void add(fault_event made, std::vector<fault_event>& out) {
    constexpr int stairs = 10;
    const bool creeps = made.kind == trouble::link_creep;
    const auto whole = made;
    for (int i = 1; i <= (creeps ? stairs : 1); ++i) {
        if (creeps) {
            made.kind = trouble::link_slow;
            made.lasts = whole.lasts / stairs;
            made.at = whole.at + (i - 1) * made.lasts;
            made.amount = whole.amount * i / stairs;
        }
        made.number = static_cast<int>(out.size()) + 1;
        out.push_back(made);
    }
}

}  // namespace

std::string fault_event::text() const {
    auto out = fmt::format("#{} {}", number, json::detail::enum_text(kind));
    if (!target.empty()) out += " " + target;
    if (kind == trouble::drift) out += fmt::format(" {}", json::detail::enum_text(drift));
    out += " at " + duration_text(at);
    if (!is_instant(kind)) out += " for " + duration_text(lasts);
    return out + fmt::format(" amount {}", amount);
}

bool is_instant(trouble kind) noexcept {
    switch (kind) {
        case trouble::content_lose:
        case trouble::process_die:
        case trouble::process_die_call:
        case trouble::process_kill:
        case trouble::process_restart:
        case trouble::process_pause:
        case trouble::power_cut:
        case trouble::clock_step:
        case trouble::wallet_fund:
        case trouble::drift:
            return true;
        default:
            return false;
    }
}

std::vector<fault_event> forecast(const day& what, std::uint64_t seed) {
    rng chance{seed * 0x9E3779B97F4A7C15U + 1};
    std::vector<fault_event> out;
    for (const auto& rule : what.fault) {
        const auto count = chance.between(rule.count.least, rule.count.most);
        for (std::int64_t i = 0; i < count; ++i) {
            fault_event made;
            made.kind = rule.kind;
            made.at = draw(rule.at, chance);
            made.lasts = draw(rule.lasts, chance);
            made.amount = chance.between(rule.amount.least, rule.amount.most);
            made.drift = rule.drift.value_or(nft::drift{});
            for (auto& label : targets_of(rule, chance)) {
                made.target = std::move(label);
                made.dice = chance.next();
                add(made, out);
            }
        }
    }
    return out;
}

weather::weather(std::vector<fault_event> faults) : faults_{std::move(faults)} {
    const auto when = [](const fault_event& f) { return std::pair{f.at, f.number}; };
    std::ranges::sort(faults_, {}, when);
}

std::optional<duration> weather::next() const {
    std::optional<duration> out;
    if (begun_ < faults_.size()) out = faults_[begun_].at;
    for (const auto& each : active_) {
        if (!out || each.end() < *out) out = each.end();
    }
    return out;
}

std::vector<fault_event> weather::advance(duration age) {
    std::vector<fault_event> begun;
    for (; begun_ < faults_.size() && faults_[begun_].at <= age; ++begun_) {
        begun.push_back(faults_[begun_]);
        if (!is_instant(faults_[begun_].kind)) active_.push_back(faults_[begun_]);
    }
    std::erase_if(active_, [&](const fault_event& each) { return each.end() <= age; });
    return begun;
}

}  // namespace thole::sim
