#include "engine/definition.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace thole::saga {

namespace {

void check_step(const step_plan& step, std::vector<std::string>& out) {
    const auto say = [&](std::string_view text) {
        out.push_back(fmt::format("step \"{}\": {}", step.name, text));
    };
    if (step.name.empty()) say("a step needs a name");
    if (step.pivot && step.shape != step_shape::prepared) {
        say("only a prepared step can be the pivot: its bytes are journaled before they are sent, "
            "so a crash cannot hide that the point of no return was passed");
    }
    if (step.skippable && (step.critical || step.pivot || step.locks)) {
        say("a critical step, the pivot and the one that takes the lock cannot be skippable");
    }
    if (!step.settled_shows.empty() && step.shape != step_shape::prepared) {
        say("only a prepared step settles; use shows()");
    }
    if (step.at_most < 0) say("at most so many operations in it: 0 (no limit) or more");
    if (step.policy.attempts < 1 || step.policy.rate_limited_attempts < 1) {
        say("attempts must be at least 1");
    }
    if (step.policy.generations < 1 || step.policy.generations > most_generations) {
        say("generations must be 1 to 1000");
    }
    if (step.policy.timeout <= duration::zero()) say("the timeout must be positive");
    for (const auto& p : validate(step.policy.delays)) say(std::string{p.field} + " " + p.text);
}

void check_groups(const plan& p, std::vector<std::string>& out) {
    if (!p.steps.empty() && p.steps.front().beside) {
        out.emplace_back("the first step has none before it to run beside");
    }
    for (int i = 0; i < p.size(); ++i) {
        const auto group = p.group_of(i);
        if (group.size() == 1) continue;
        const auto& step = p.at(i);
        const auto say = [&](std::string_view text) {
            out.push_back(fmt::format("step \"{}\": {}", step.name, text));
        };
        if (step.shape == step_shape::prepared) {
            say("a prepared step stands alone: one generation at a time may be undecided");
        }
        if (step.locks) say("a step before the group takes the lock");
        if (!step.shows.empty() && i != group.last) {
            say("what a group shows is said by its last step, and shown when all are done");
        }
        if (i == group.first && group.size() > most_members) {
            say(fmt::format("at most {} steps run side by side", most_members));
        }
    }
}

}  // namespace

std::vector<std::string> mistakes_of(const plan& p) {
    std::vector<std::string> out;
    if (p.kind.empty()) out.emplace_back("the kind needs a name");
    if (p.version < 1) out.emplace_back("versions count from 1");
    if (p.steps.empty()) out.emplace_back("a saga has at least one step");
    if (p.size() > most_steps) out.emplace_back("a saga has at most 1000 steps");
    std::set<std::string> names;
    int pivots = 0;
    int locks = 0;
    const bool has_pivot = std::ranges::any_of(p.steps, &step_plan::pivot);
    bool before_pivot = true;
    for (const auto& step : p.steps) {
        check_step(step, out);
        if (!names.insert(step.name).second) {
            out.push_back(fmt::format("step \"{}\": the name is used twice", step.name));
        }
        pivots += step.pivot ? 1 : 0;
        locks += step.locks ? 1 : 0;
        before_pivot = before_pivot && !step.pivot;
        const bool reversible = !has_pivot || before_pivot;
        if (reversible && !step.pivot && step.shape == step_shape::prepared && !step.has_undo) {
            out.push_back(fmt::format(
                "step \"{}\": a prepared step before the point of no return needs undo(), or it "
                "must be the pivot itself: else a rollback would leave its effect behind",
                step.name));
        }
    }
    check_groups(p, out);
    if (pivots > 1) out.emplace_back("a saga has at most one pivot");
    if (locks > 1) out.emplace_back("a saga takes at most one lock");
    return out;
}

void definitions::add(definition d) {
    auto& versions = by_kind_[d.kind()];
    const auto version = d.version();
    if (!versions.emplace(version, d).second) {
        throw std::invalid_argument{
            fmt::format("saga \"{}\" version {} is registered twice", d.kind(), version)};
    }
}

const definition* definitions::find(std::string_view kind, int version) const noexcept {
    const auto versions = by_kind_.find(kind);
    if (versions == by_kind_.end()) return nullptr;
    const auto found = versions->second.find(version);
    return found == versions->second.end() ? nullptr : &found->second;
}

const definition* definitions::newest(std::string_view kind) const noexcept {
    const auto versions = by_kind_.find(kind);
    return versions == by_kind_.end() ? nullptr : &versions->second.rbegin()->second;
}

std::vector<const definition*> definitions::all() const {
    std::vector<const definition*> out;
    for (const auto& [kind, versions] : by_kind_) {
        for (const auto& [version, each] : versions) out.push_back(&each);
    }
    return out;
}

std::string definitions::step_name(std::string_view kind, int version, int step) const {
    const auto* d = find(kind, version);
    if (d == nullptr) return fmt::format("#{}", step);
    return step < d->steps().size() ? d->steps().at(step).name : std::string{};
}

}  // namespace thole::saga
