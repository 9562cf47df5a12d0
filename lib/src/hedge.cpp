#include "thole/hedge.hpp"

#include <algorithm>

#include "thole/assert.hpp"
#include "thole/retry_budget.hpp"

namespace thole {

problems validate(const hedge_settings& s) {
    problems found;
    const auto refuse = [&found](bool bad, std::string_view field, const char* text) {
        if (bad) found.push_back({field, text});
    };
    refuse(s.most_copies < 1 || s.most_copies > 4, "most_copies", "must be between 1 and 4");
    refuse(s.percentile_permille < 500 || s.percentile_permille > 999, "percentile_permille",
           "must be between 500 and 999");
    refuse(s.shortest <= duration::zero(), "shortest", "must be longer than zero");
    refuse(s.longest < s.shortest, "longest", "must not be shorter than `shortest`");
    return found;
}

hedge::hedge(const hedge_settings& settings, call_effect effect, std::optional<duration> usual,
             deadline until, retry_budget* budget) noexcept
    : delay_{std::clamp(usual.value_or(settings.longest), settings.shortest, settings.longest)},
      until_{until},
      budget_{budget},
      most_copies_{effect == call_effect::once ? 0 : settings.most_copies} {}

// When the next copy is due; never when there is none to come, or no time for it.
time_point hedge::next_copy(time_point now) const noexcept {
    if (copies_ >= most_copies_) return time_point::max();
    const auto at = saturating_add(now, delay_);
    return until_.expired(at) ? time_point::max() : at;
}

hedge_verdict hedge::next(hedge_event event, time_point now) {
    switch (event) {
        case hedge_event::start:
            THOLE_ASSERT(in_flight_ == 0 && copies_ == 0, "a hedge starts once");
            in_flight_ = 1;
            at_ = next_copy(now);
            return {hedge_act::call, at_};
        case hedge_event::elapsed:
            if (in_flight_ == 0) return {};
            if (now < at_) return {hedge_act::wait, at_};
            if (copies_ >= most_copies_ || until_.expired(now) ||
                (budget_ != nullptr && !budget_->withdraw(now))) {
                // A refused copy leaves the call as it is: the first answer is waited for.
                most_copies_ = copies_;
                at_ = time_point::max();
                return {hedge_act::wait, at_};
            }
            ++copies_;
            ++in_flight_;
            at_ = next_copy(now);
            return {hedge_act::call, at_};
        case hedge_event::success:
            THOLE_ASSERT(in_flight_ > 0, "an answer to a copy in flight");
            --in_flight_;
            return {};
        case hedge_event::failure:
            THOLE_ASSERT(in_flight_ > 0, "an answer to a copy in flight");
            if (--in_flight_ == 0) return {};
            return {hedge_act::wait, at_};
    }
    return {};
}

}  // namespace thole
