#include "thole/pipeline.hpp"

#include "thole/assert.hpp"

namespace thole {

using namespace std::chrono_literals;

namespace {

// Below this the coarse clock's tick (up to 10 ms) would be more than a tenth.
constexpr duration coarse_enough = 100ms;

constexpr chaos_settings no_chaos{.enabled = false};

retry_settings one_attempt() {
    retry_settings s;
    s.attempts = 1;
    s.kind_attempts = {};
    s.longest_refusal = 0s;
    return s;
}

}  // namespace

detail::pipeline_plan::pipeline_plan(const pipeline_settings& s, bool has_endpoints)
    : total{s.total},
      timeout{s.timeout},
      retry{s.retry.value_or(one_attempt())},
      retry_once{retry},
      settings{s} {
    retry_once.idempotent = false;
    if (s.effect == call_effect::once) retry.idempotent = false;
    const bool slow_rule = s.breaker && s.breaker->slow_rate_permille > 0;
    const auto note = [this](part p, bool on) { parts |= on ? p : 0U; };
    note(budget, s.budget.has_value());
    note(bulkhead, s.bulkhead.has_value());
    note(limiter, s.limiter.has_value());
    note(breaker, s.breaker.has_value());
    note(total_time, s.total > 0s);
    note(attempt_time, s.timeout > 0s);
    note(repeats, s.retry.has_value());
    note(queues, s.bulkhead && s.bulkhead->queue > 0);
    note(precise_time, (s.total > 0s && s.total < coarse_enough) ||
                           (s.timeout > 0s && s.timeout < coarse_enough) ||
                           (slow_rule && s.breaker->slow_after < coarse_enough));
    note(coarse_latency, slow_rule || (s.breaker && s.breaker->failed_after > 0s));
    note(exact_latency, s.hedge || s.adaptive);
    note(adaptive_delays, s.retry && s.retry->delays.adaptive);
    note(learns, has(exact_latency) || has(adaptive_delays));
    note(whole, s.chaos || has_endpoints);
}

pipeline::pipeline(name dependency, const pipeline_settings& settings, observer* watch,
                   endpoint_set* endpoints)
    : endpoints_{endpoints},
      watch_{watch},
      dependency_{dependency},
      breaker_{settings.breaker.value_or(breaker_settings{}), dependency, {}, watch},
      limiter_{settings.limiter.value_or(rate_limit{}), dependency, {}, watch},
      cabin_{settings.bulkhead.value_or(bulkhead_settings{}), dependency, watch},
      budget_{settings.budget.value_or(retry_budget_settings{}), dependency},
      adaptive_{settings.adaptive.value_or(adaptive_settings{}), cabin_.limit()},
      trouble_{settings.chaos.value_or(no_chaos)} {
    reconfigure(settings, time_point{});
}

void pipeline::reconfigure(const pipeline_settings& settings, time_point now) {
    THOLE_ASSERT(validate(settings).empty(), "valid pipeline settings");
    THOLE_ASSERT(endpoints_ == nullptr || !settings.breaker,
                 "the breakers of a set are its endpoints' own");
    const std::scoped_lock lock{mutex_};
    const auto* const before = plan_.load(std::memory_order_relaxed);
    if (before != nullptr) {
        const auto& old = before->settings;
        // A stage that is left out keeps what it holds, in case it comes back.
        if (settings.breaker && settings.breaker != old.breaker) {
            breaker_.reconfigure(*settings.breaker, now);
        }
        if (settings.limiter && settings.limiter != old.limiter) limiter_.adjust(*settings.limiter);
        if (settings.bulkhead && settings.bulkhead != old.bulkhead) {
            cabin_.reconfigure(*settings.bulkhead);
        }
        if (settings.budget && settings.budget != old.budget) budget_.reconfigure(*settings.budget);
        if (settings.adaptive && settings.adaptive != old.adaptive) {
            adaptive_.reconfigure(*settings.adaptive);
        }
        if (settings.chaos != old.chaos) trouble_.reconfigure(settings.chaos.value_or(no_chaos));
    }
    for (const auto& known : plans_) {
        if (known->settings == settings) {
            plan_.store(known.get(), std::memory_order_release);
            return;
        }
    }
    plans_.push_back(std::make_unique<const plan_type>(settings, endpoints_ != nullptr));
    plan_.store(plans_.back().get(), std::memory_order_release);
}

// ---- one attempt --------------------------------------------------------------------------------

std::expected<pipeline_permit, fault> pipeline::admit_attempt(const plan_type& plan,
                                                              time_point now) {
    pipeline_permit permit;
    permit.owner_ = this;
    const auto refuse = [this](fault why) {
        note_refusal();
        return std::unexpected{std::move(why)};
    };
    if (plan.has(plan_type::bulkhead)) {
        permit.cabin_ = cabin_.try_admit();
        if (!permit.cabin_) return refuse(full(plan, now));
    }
    if (plan.has(plan_type::limiter)) {
        if (auto allowed = limiter_.admit(now); !allowed) return refuse(allowed.error());
    }
    if (plan.has(plan_type::breaker)) {
        auto admitted = breaker_.admit(now);
        if (!admitted) return refuse(admitted.error());
        permit.breaker_ = std::move(*admitted);
    }
    return permit;
}

// Not told to the observer when it will be waited for.
fault pipeline::full(const plan_type& plan, time_point now) {
    auto f = fault{codes::policy_bulkhead_full}.at(dependency_).with_retry_after(100ms);
    if (!plan.has(plan_type::queues) && watch_ != nullptr) watch_->call_rejected(f, now);
    return f;
}

void pipeline::note_failure(const plan_type& plan, const fault& f, ended_attempt& attempt) {
    failed_.fetch_add(1, std::memory_order_relaxed);
    if (f.kind() == fault_kind::rate_limited) limiter_.penalise(attempt.ended, f.retry_after());
    learn(plan, attempt.latency, &f, attempt.ended);
    attempt.permit.record(outcome_of(f, attempt.latency), attempt.ended);
    attempt.place.release();
}

void pipeline::learn(const plan_type& plan, duration latency, const fault* f, time_point now) {
    if (plan.has(plan_type::adaptive_delays)) history_.record(f == nullptr);
    detail::learn(latency, f, now, plan.settings.hedge ? &latencies_ : nullptr,
                  plan.settings.adaptive ? &adaptive_ : nullptr, &cabin_);
}

void pipeline::count(const detail::run_driver& driver) noexcept {
    const auto& c = driver.counts();
    failed_.fetch_add(c.failed, std::memory_order_relaxed);
    repeats_.fetch_add(c.repeats, std::memory_order_relaxed);
    const auto own = detail::thread_stripe();
    detail::add_in_stripe(stripes_[own].refused, std::uint64_t{c.refused}, own);
}

void pipeline_permit::record(outcome what, time_point now) {
    breaker_.record(what, now);
    cabin_.release();
}

void pipeline_permit::record(const fault& f, duration latency, time_point now) {
    auto& owner = *owner_;
    owner.failed_.fetch_add(1, std::memory_order_relaxed);
    if (f.kind() == fault_kind::rate_limited) owner.limiter_.penalise(now, f.retry_after());
    owner.learn(*owner.plan_.load(std::memory_order_acquire), latency, &f, now);
    record(outcome_of(f, latency), now);
}

// ---- the long way -------------------------------------------------------------------------------

run_parts pipeline::parts_of(const plan_type& plan, const call_seams& with, deadline until) {
    const auto& s = plan.settings;
    return {.time = with.time,
            .sleep = with.sleep,
            .chance = with.chance,
            .until = until,
            .retry = with.effect == call_effect::once ? &plan.retry_once : &plan.retry,
            .endpoints = endpoints_,
            .breaker = s.breaker ? &breaker_ : nullptr,
            .budget = s.budget ? &budget_ : nullptr,
            .history = plan.has(plan_type::adaptive_delays) ? &history_ : nullptr,
            .watch = watch_,
            .limiter = s.limiter ? &limiter_ : nullptr,
            .cabin = s.bulkhead ? &cabin_ : nullptr,
            .importance = with.importance,
            .attempt_timeout = s.timeout,
            .trouble = s.chaos ? &trouble_ : nullptr,
            .latencies = s.hedge ? &latencies_ : nullptr,
            .adaptive = s.adaptive ? &adaptive_ : nullptr};
}

run_parts pipeline::begin(const call_seams& with) {
    const auto& plan = *plan_.load(std::memory_order_acquire);
    const auto own = detail::thread_stripe();
    detail::add_in_stripe(stripes_[own].calls, std::uint64_t{1}, own);
    return parts_of(plan, with, whole_deadline(plan, with, with.time.now()));
}

pipeline_counts pipeline::counts() const noexcept {
    pipeline_counts sum;
    for (const auto& s : stripes_) {
        sum.calls += s.calls.load(std::memory_order_relaxed);
        sum.refused += s.refused.load(std::memory_order_relaxed);
    }
    sum.failed = failed_.load(std::memory_order_relaxed);
    sum.repeats = repeats_.load(std::memory_order_relaxed);
    return sum;
}

pipeline_view pipeline::view(time_point now) const {
    pipeline_view v;
    v.settings = settings();
    v.counts = counts();
    v.breaker = breaker_.view(now);
    v.in_flight = cabin_.in_flight();
    v.waiting = cabin_.waiting();
    v.limit = cabin_.limit();
    v.slowdown = limiter_.slowdown(now);
    v.repeats_left = budget_.available(now);
    if (v.settings.hedge) v.usual = latencies_.percentile(v.settings.hedge->percentile_permille);
    return v;
}

}  // namespace thole
