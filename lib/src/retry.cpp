#include "thole/retry.hpp"

#include <algorithm>

#include "thole/assert.hpp"
#include "thole/retry_budget.hpp"

namespace thole {

using namespace std::chrono_literals;

namespace {

constexpr duration conflict_shortest = 100ms;
constexpr duration conflict_longest = 500ms;
constexpr duration refusal_shortest = 100ms;
// A driver that always reports another endpoint must not make the machine spin.
constexpr std::uint32_t most_failovers = 64;

template <class... F>
struct overloaded : F... {
    using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

bool repeatable(const retry_settings& s, const fault& f) {
    if (s.retry_if != nullptr) return s.retry_if(f);
    return f.kind() != fault_kind::permanent;
}

}  // namespace

problems validate(const retry_settings& s) {
    auto found = validate(s.delays);
    const auto refuse = [&found](bool bad, std::string_view field, const char* text) {
        if (bad) found.push_back({field, text});
    };
    refuse(s.attempts == 0, "attempts", "must be at least 1: the first call counts");
    refuse(s.attempts_per_endpoint == 0, "attempts_per_endpoint", "must be at least 1");
    refuse(s.longest_refusal < duration::zero(), "longest_refusal", "must not be negative");
    refuse(s.longest_retry_after < duration::zero(), "longest_retry_after", "must not be negative");
    return found;
}

retry::retry(const retry_settings& settings, deadline until, rng& chance, retry_parts parts)
    : settings_{&settings}, chance_{&chance}, parts_{parts}, until_{until} {
    THOLE_ASSERT(validate(settings).empty(), "valid retry settings");
}

retry_verdict retry::next(const retry_event& event, time_point now) {
    THOLE_ASSERT(phase_ != phase::done, "a finished retry takes no event");
    const auto expect = [this](phase p) {
        THOLE_ASSERT(phase_ == p, "the event fits the verdict");
    };
    return std::visit(overloaded{
                          [&](const retry_start& start) {
                              expect(phase::idle);
                              if (until_.expired(now)) return finish(retry_reason::deadline);
                              if (parts_.budget != nullptr && !start.paid) {
                                  parts_.budget->deposit(now);
                              }
                              return call(retry_reason::first_call, false);
                          },
                          [&](const retry_wake&) {
                              expect(phase::sleeping);
                              if (until_.expired(now)) return finish(retry_reason::deadline);
                              if (now < wake_at_) {
                                  return retry_verdict{retry_act::sleep_until, retry_reason::waited,
                                                       wake_at_, spent_ + 1, move_after_sleep_};
                              }
                              return call(retry_reason::waited, move_after_sleep_);
                          },
                          [&](const retry_success&) {
                              expect(phase::calling);
                              if (parts_.history != nullptr) parts_.history->record(true);
                              return finish(retry_reason::succeeded);
                          },
                          [&](const retry_failure& failure) {
                              expect(phase::calling);
                              const auto verdict = on_failure(failure, now);
                              if (parts_.watch != nullptr) {
                                  parts_.watch->retry_decided({failure.what, verdict, now});
                              }
                              return verdict;
                          },
                          [&](const retry_cancel&) { return finish(retry_reason::cancelled); },
                      },
                      event);
}

retry_verdict retry::on_failure(const retry_failure& failure, time_point now) {
    const auto& f = failure.what;
    if (f.kind() == fault_kind::cancelled) return finish(retry_reason::cancelled);
    if (f.kind() == fault_kind::rejected) return on_rejected(failure, now);

    if (parts_.history != nullptr) parts_.history->record(false);
    if (!repeatable(*settings_, f)) return finish(retry_reason::not_repeatable);
    if (f.effect() == fault_effect::unknown && !settings_->idempotent) {
        return finish(retry_reason::effect_unknown);
    }
    return on_repeatable(failure, now);
}

// A refusal happened here: nothing was sent, nothing is learned about the dependency, and asking
// again early only burns processor time. The budget is not asked: no load is added.
retry_verdict retry::on_rejected(const retry_failure& failure, time_point now) {
    if (failure.others_eligible && failovers_ < most_failovers) {
        ++failovers_;
        return until_.expired(now) ? finish(retry_reason::deadline)
                                   : call(retry_reason::failover, true);
    }
    const auto told =
        std::max(failure.what.retry_after().value_or(refusal_shortest), refusal_shortest);
    const auto jitter = std::max(told / 10, refusal_shortest);
    const auto wait = saturating_add(told, duration{chance_->between(0, jitter.count())});
    const auto total = saturating_add(refused_for_, wait);
    if (total > settings_->longest_refusal) return finish(retry_reason::asked_too_long);
    refused_for_ = total;
    return sleep(retry_reason::refused, wait, false, now);
}

retry_verdict retry::on_repeatable(const retry_failure& failure, time_point now) {
    const auto& f = failure.what;
    if (f.kind() == fault_kind::outage && failure.others_eligible && failovers_ < most_failovers) {
        // Going elsewhere puts no load on what is gone, so neither an attempt nor the budget pays.
        ++failovers_;
        return until_.expired(now) ? finish(retry_reason::deadline)
                                   : call(retry_reason::failover, true);
    }
    const auto earlier = ended_in_[static_cast<std::size_t>(f.kind())]++;
    ++spent_;
    ++at_endpoint_;
    if (!attempts_left(f.kind())) return finish(retry_reason::attempts_spent);
    const bool move = failure.others_eligible && at_endpoint_ >= settings_->attempts_per_endpoint;

    if (f.kind() == fault_kind::conflict && earlier == 0) {
        const duration wait{chance_->between(conflict_shortest.count(), conflict_longest.count())};
        return sleep(retry_reason::conflict, wait, move, now);
    }
    const auto success = parts_.history == nullptr ? 1000 : parts_.history->permille();
    const auto own = settings_->delays.delay(++waits_, *chance_, last_delay_, success);
    last_delay_ = own;
    const auto asked = f.retry_after().value_or(duration::zero());
    const bool asked_of_us = !(move && f.scope() == fault_scope::endpoint);
    if (asked_of_us && asked > settings_->longest_retry_after) {
        return finish(retry_reason::asked_too_long);
    }
    if (asked_of_us && asked > own) return sleep(retry_reason::retry_after, asked, move, now);
    return sleep(retry_reason::backoff, own, move, now);
}

bool retry::attempts_left(fault_kind kind) const noexcept {
    const auto own = settings_->attempts_for(kind);
    return ended_in_[static_cast<std::size_t>(kind)] < own &&
           spent_ < std::max(settings_->attempts, own);
}

retry_verdict retry::call(retry_reason reason, bool next_endpoint) {
    phase_ = phase::calling;
    ++calls_;
    if (next_endpoint) at_endpoint_ = 0;
    return {retry_act::call, reason, {}, spent_ + 1, next_endpoint};
}

// The deadline is asked before the budget: a wait that is not begun costs no token.
retry_verdict retry::sleep(retry_reason reason, duration wait, bool next_endpoint, time_point now) {
    const auto at = saturating_add(now, wait);
    if (until_.expired(at)) return finish(retry_reason::deadline);
    if (reason != retry_reason::refused && parts_.budget != nullptr &&
        !parts_.budget->withdraw(now)) {
        return finish(retry_reason::budget_spent);
    }
    phase_ = phase::sleeping;
    wake_at_ = at;
    move_after_sleep_ = next_endpoint;
    return {retry_act::sleep_until, reason, at, spent_ + 1, next_endpoint};
}

retry_verdict retry::finish(retry_reason reason) {
    phase_ = phase::done;
    return {retry_act::finish, reason, {}, spent_, false};
}

std::string_view to_string(retry_act act) noexcept {
    switch (act) {
        case retry_act::call:
            return "call";
        case retry_act::sleep_until:
            return "sleep_until";
        case retry_act::finish:
            return "finish";
    }
    return "?";
}

std::string_view to_string(retry_reason reason) noexcept {
    switch (reason) {
        case retry_reason::first_call:
            return "first_call";
        case retry_reason::backoff:
            return "backoff";
        case retry_reason::retry_after:
            return "retry_after";
        case retry_reason::conflict:
            return "conflict";
        case retry_reason::refused:
            return "refused";
        case retry_reason::failover:
            return "failover";
        case retry_reason::waited:
            return "waited";
        case retry_reason::succeeded:
            return "succeeded";
        case retry_reason::not_repeatable:
            return "not_repeatable";
        case retry_reason::effect_unknown:
            return "effect_unknown";
        case retry_reason::attempts_spent:
            return "attempts_spent";
        case retry_reason::budget_spent:
            return "budget_spent";
        case retry_reason::asked_too_long:
            return "asked_too_long";
        case retry_reason::deadline:
            return "deadline";
        case retry_reason::cancelled:
            return "cancelled";
    }
    return "?";
}

}  // namespace thole
