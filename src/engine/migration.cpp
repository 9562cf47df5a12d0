#include "engine/migration.hpp"

#include <fmt/format.h>

#include "engine/transitions.hpp"

namespace thole::saga {

namespace {

std::string difference_of(const step_plan& was, const step_plan& is, const step_names& renamed) {
    const auto found = renamed.find(was.name);
    const auto& name = found == renamed.end() ? was.name : found->second;
    const auto differs = [&](std::string_view what) {
        return fmt::format("step \"{}\" was begun, and {} in version", was.name, what);
    };
    if (is.name != name) return differs(fmt::format("step \"{}\" stands in its place", is.name));
    if (is.shape != was.shape) return differs("it has another shape");
    if (is.pivot != was.pivot) return differs("the point of no return is another");
    if (is.has_undo != was.has_undo) return differs("it is undone otherwise");
    if (is.locks != was.locks) return differs("the lock is taken elsewhere");
    if (is.beside != was.beside) return differs("it runs beside other steps");
    return {};
}

}  // namespace

std::string why_not_migrate(const operation_state& s, const plan& from, const plan& to,
                            const step_names& renamed) {
    if (s.step >= to.size()) return fmt::format("version {} has no step left for it", to.version);
    const int begun = !s.started ? s.step : from.group_of(s.step).last + 1;
    if (begun > to.size()) return fmt::format("version {} ends within what was begun", to.version);
    for (int i = 0; i < begun; ++i) {
        const auto why = difference_of(from.at(i), to.at(i), renamed);
        if (!why.empty()) return fmt::format("{} {}", why, to.version);
    }
    if (begun < to.size() && to.at(begun).beside) {
        return fmt::format("step \"{}\" would begin beside what was begun, in version {}",
                           to.at(begun).name, to.version);
    }
    return {};
}

void migrate(operation_state& s, const plan& to) {
    const auto& step = to.at(s.step);
    s.version = to.version;
    s.step_name = step.name;
    auto members = group_at(to, to.group_of(s.step).first, s.due_at);
    for (std::size_t i = 0; i < members.size() && s.started; ++i) {
        auto name = std::move(members[i].step);
        members[i] = std::move(s.members[i]);
        members[i].step = std::move(name);
    }
    s.members = std::move(members);
    if (s.started) return;
    s.attempt = 1;
    if (step.shape == step_shape::prepared) {
        s.generation = 0;
        s.allowance = step.policy.generations;
    }
    if (step.locks && s.lock == lock_state::later) s.lock = lock_state::wanted;
    if (!step.locks && s.lock == lock_state::wanted) s.lock = lock_state::later;
}

}  // namespace thole::saga
