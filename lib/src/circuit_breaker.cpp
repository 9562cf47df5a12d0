#include "thole/circuit_breaker.hpp"

#include <algorithm>
#include <limits>

#include "thole/assert.hpp"
#include "thole/codes.hpp"

namespace thole {

using namespace std::chrono_literals;

namespace {

// What a refusal says when the time is not known: a forced state ends when a person ends it, and
// a probe in flight usually long before its lease.
constexpr duration ask_again_when_forced = 30s;
constexpr duration ask_again_after_probe = 1s;
constexpr std::uint32_t most_growth_steps = 64;

constexpr std::uint64_t state_mask = 0xFF;
constexpr std::uint64_t shadow_bit = std::uint64_t{1} << 8;
constexpr std::uint64_t ramp_bit = std::uint64_t{1} << 9;
constexpr std::uint32_t ramp_starts_permille = 100;
constexpr unsigned forced_shift = 16;

breaker_state state_in(std::uint64_t word) noexcept {
    return static_cast<breaker_state>(word & state_mask);
}
breaker_override forced_in(std::uint64_t word) noexcept {
    return static_cast<breaker_override>((word >> forced_shift) & 0xFF);
}
// Refuses nobody: a call that would be refused passes unwatched.
bool lenient_in(std::uint64_t word) noexcept {
    return (word & shadow_bit) != 0 || forced_in(word) == breaker_override::forced_closed;
}

time_point at_ns(std::int64_t ns) noexcept {
    return time_point{duration{ns}};
}

// A permit whose result is of no interest.
breaker_permit unwatched() noexcept {
    return {};
}

}  // namespace

// What happened under the lock, told after it.
struct circuit_breaker::changes {
    std::array<breaker_change, 3> list;
    std::size_t count = 0;

    void add(const breaker_change& change) noexcept {
        if (count < list.size()) list[count++] = change;
    }
};

void breaker_permit::record(outcome what, time_point now) {
    auto* const owner = std::exchange(owner_, nullptr);
    const auto lease = std::exchange(lease_, 0);
    if (owner == nullptr) return;
    if (lease != 0) return owner->record_probe(lease, what, now);
    if (what.verdict != call_verdict::ignored) owner->record_call(generation_, what, now);
}

circuit_breaker::circuit_breaker(const breaker_settings& settings, name dependency, name endpoint,
                                 observer* watch)
    : dependency_{dependency}, endpoint_{endpoint}, watch_{watch} {
    reconfigure(settings, time_point{});
}

// ---- admission ----------------------------------------------------------------------------------

std::expected<breaker_permit, fault> circuit_breaker::admit_slow(std::uint64_t word,
                                                                 time_point now) {
    const auto forced = forced_in(word);
    if (forced == breaker_override::bypass) return unwatched();
    if (forced == breaker_override::forced_open) return refuse(time_point::max(), now);
    const auto lenient = lenient_in(word);
    if (state_in(word) == breaker_state::closed) {
        if ((word & ramp_bit) != 0 && !lenient) {
            if (const auto when = admit_to_ramp(now); when > now) return refuse(when, now);
        }
        return breaker_permit{this, generation_of(word), 0};
    }
    if (state_in(word) == breaker_state::open) {
        const auto until = at_ns(until_.load(std::memory_order_relaxed));
        if (now < until) {
            if (lenient) return unwatched();
            return refuse(until, now);
        }
    }
    changes happened;
    breaker_permit permit;
    auto when = now;
    {
        const std::scoped_lock lock{mutex_};
        settle(now, happened);
        when = probe_at(now);
        if (state_ == breaker_state::closed) {
            permit = breaker_permit{this, generation_, 0};
        } else if (when <= now) {
            permit = grant_probe(now);
        }
    }
    tell(happened);
    if (when > now && !lenient) return refuse(when, now);
    return permit;
}

std::expected<breaker_permit, fault> circuit_breaker::refuse(time_point until,
                                                             time_point now) const {
    const auto left = until == time_point::max() ? ask_again_when_forced : until - now;
    auto refusal =
        fault{codes::policy_breaker_open}.at(dependency_, endpoint_).with_retry_after(left);
    if (watch_ != nullptr) watch_->call_rejected(refusal, now);
    return std::unexpected{std::move(refusal)};
}

time_point circuit_breaker::admissible_at(time_point now) const {
    const auto word = word_.load(std::memory_order_acquire);
    const auto forced = forced_in(word);
    if (forced == breaker_override::forced_open) return time_point::max();
    if (forced == breaker_override::bypass || lenient_in(word)) return now;
    if (state_in(word) == breaker_state::closed) return now;
    if (state_in(word) == breaker_state::open) {
        const auto until = at_ns(until_.load(std::memory_order_relaxed));
        if (now < until) return until;
    }
    const std::scoped_lock lock{mutex_};
    return probe_at(now);
}

// When the computed state lets a call pass. Under the lock; changes nothing.
time_point circuit_breaker::probe_at(time_point now) const {
    if (state_ == breaker_state::closed) return now;
    if (state_ == breaker_state::open) {
        return std::max(now, at_ns(until_.load(std::memory_order_relaxed)));
    }
    const auto lapse = saturating_add(last_probe_, settings_.half_open_period);
    if (now >= lapse) return std::max(now, saturating_add(lapse, open_time()));
    if (lease_ != 0 && now < lease_until_) {
        return std::min(lease_until_, now + ask_again_after_probe);
    }
    auto when = now;
    const auto period_end = saturating_add(began_, settings_.half_open_period);
    if (probes_ >= settings_.probes_per_period) when = std::max(when, period_end);
    if (probes_ > 0) {
        when = std::max(when, saturating_add(last_probe_, settings_.probe_interval));
    }
    return when;
}

// `now` when this call passes. Every call earns a share of a pass that grows with time, so that a
// share of one in four lets every fourth call in, whatever the rate.
time_point circuit_breaker::admit_to_ramp(time_point now) {
    const std::scoped_lock lock{mutex_};
    if (!ramping_) return now;
    const auto gone = std::max(now - began_, duration{0});
    if (gone >= settings_.ramp) {
        ramping_ = false;
        publish();
        return now;
    }
    const auto grown = (1000 - ramp_starts_permille) * (gone / 1us) / (settings_.ramp / 1us);
    ramp_credit_ += ramp_starts_permille + static_cast<std::uint32_t>(grown);
    if (ramp_credit_ < 1000) return saturating_add(now, std::max(settings_.ramp / 10, duration{1}));
    ramp_credit_ -= 1000;
    return now;
}

// Precondition: half-open and probe_at(now) <= now. Under the lock.
breaker_permit circuit_breaker::grant_probe(time_point now) {
    if (now >= saturating_add(began_, settings_.half_open_period)) {
        began_ = now;
        probes_ = 0;
    }
    ++probes_;
    last_probe_ = now;
    if (++last_lease_ == 0) ++last_lease_;
    lease_ = last_lease_;
    lease_until_ = saturating_add(now, settings_.probe_lease);
    return {this, generation_, lease_};
}

// ---- results ------------------------------------------------------------------------------------

void circuit_breaker::record_call(std::uint32_t generation, outcome what, time_point now) {
    if (generation_of(word_.load(std::memory_order_acquire)) != generation) return;
    const auto latency = what.latency.count();
    const bool failed = what.verdict == call_verdict::failure ||
                        latency > failed_after_.load(std::memory_order_relaxed);
    const bool slow = latency >= slow_after_.load(std::memory_order_relaxed);
    if (failed || slow || notable_after_.load(std::memory_order_relaxed) == 0) {
        return record_notable(generation, failed, slow, now);
    }
    window_.add(true, generation, epoch_at(now));
    if (last_bad_.load(std::memory_order_relaxed) != 0) record_suspect(generation, now);
}

// A success after a failure. It can trip a rate only by completing the minimum volume. Then its
// bucket holds at most that many calls of this stripe, and a bad one is still in the window.
void circuit_breaker::record_suspect(std::uint32_t generation, time_point now) {
    if (consecutive_.load(std::memory_order_relaxed) != 0) {
        consecutive_.store(0, std::memory_order_relaxed);
    }
    auto last_bad = last_bad_.load(std::memory_order_relaxed);
    const auto epoch = epoch_at(now);
    if (epoch + 1 >= last_bad + detail::call_window::buckets) {
        last_bad_.compare_exchange_strong(last_bad, 0, std::memory_order_relaxed);
        return;
    }
    if (window_.own_count(generation, epoch) > minimum_calls_.load(std::memory_order_relaxed)) {
        return;
    }
    changes happened;
    {
        const std::scoped_lock lock{mutex_};
        if (generation_ == generation) evaluate(now, happened);
    }
    tell(happened);
}

// A failure or slow call; and where the window is a number of calls, every one.
void circuit_breaker::record_notable(std::uint32_t generation, bool failed, bool slow,
                                     time_point now) {
    changes happened;
    {
        const std::scoped_lock lock{mutex_};
        if (generation_ != generation) return;
        const auto epoch = epoch_at(now);
        window_.add(!failed, generation, epoch);
        if (recent_) recent_->add(failed, slow);
        if (failed) {
            consecutive_.fetch_add(1, std::memory_order_relaxed);
            failures_[failure_count_++ % most_counted_failures] = now;
        } else {
            consecutive_.store(0, std::memory_order_relaxed);
        }
        if (slow) {
            auto& bucket = slow_[epoch % slow_.size()];
            if (bucket.epoch != static_cast<std::uint32_t>(epoch)) {
                bucket = {static_cast<std::uint32_t>(epoch), 0};
            }
            ++bucket.calls;
        }
        if (failed || slow) last_bad_.store(epoch + 1, std::memory_order_relaxed);
        evaluate(now, happened);
    }
    tell(happened);
}

void circuit_breaker::record_probe(std::uint32_t lease, outcome what, time_point now) {
    changes happened;
    {
        const std::scoped_lock lock{mutex_};
        settle(now, happened);
        if (lease_ == lease && state_ == breaker_state::half_open) {
            lease_ = 0;
            // What was shut for being slow is not well while it is slow.
            const bool slow = tripped_by_ == breaker_reason::slow &&
                              what.latency.count() >= slow_after_.load(std::memory_order_relaxed);
            const bool late = what.latency.count() > failed_after_.load(std::memory_order_relaxed);
            if (what.verdict == call_verdict::failure ||
                (what.verdict == call_verdict::success && (slow || late))) {
                reopened_ = std::min(reopened_ + 1, most_growth_steps);
                trip(breaker_reason::probe_failed, now, happened);
            } else if (what.verdict == call_verdict::success &&
                       ++probe_successes_ >= settings_.successes_to_close) {
                move_to(breaker_state::closed, breaker_reason::probes_passed, now, {}, happened);
            }
        }
    }
    tell(happened);
}

void circuit_breaker::release_probe(std::uint32_t lease) noexcept {
    const std::scoped_lock lock{mutex_};
    if (lease_ == lease) lease_ = 0;
}

// ---- the machine, under the lock ----------------------------------------------------------------

// Lets the time that passed unseen have its effect.
void circuit_breaker::settle(time_point now, changes& happened) {
    if (state_ == breaker_state::half_open) {
        const auto lapse = saturating_add(last_probe_, settings_.half_open_period);
        if (now >= lapse) trip(breaker_reason::no_probe, lapse, happened);
    }
    if (state_ == breaker_state::open && now >= at_ns(until_.load(std::memory_order_relaxed))) {
        move_to(breaker_state::half_open, breaker_reason::open_elapsed, now, {}, happened);
    }
}

void circuit_breaker::trip(breaker_reason why, time_point now, changes& happened) {
    const auto open_for = open_time();
    until_.store(saturating_add(now, open_for).time_since_epoch().count(),
                 std::memory_order_relaxed);
    ++times_opened_;
    move_to(breaker_state::open, why, now, open_for, happened);
}

void circuit_breaker::move_to(breaker_state to, breaker_reason why, time_point now,
                              duration open_for, changes& happened) {
    const auto from = std::exchange(state_, to);
    why_ = why;
    ++generation_;
    lease_ = 0;
    probes_ = 0;
    probe_successes_ = 0;
    began_ = now;
    if (to == breaker_state::half_open) last_probe_ = now;
    if (to == breaker_state::open && from == breaker_state::closed) tripped_by_ = why;
    if (to == breaker_state::closed) {
        reopened_ = 0;
        tripped_by_ = breaker_reason::none;
        clear_window();
    }
    ramping_ = to == breaker_state::closed && why == breaker_reason::probes_passed &&
               settings_.ramp > duration::zero();
    ramp_credit_ = 1000 - ramp_starts_permille;  // the first call passes
    publish();
    happened.add({dependency_, endpoint_, from, to, forced_, why, open_for, generation_, now});
}

// The generation has been raised before, so what a concurrent call still adds does not count.
void circuit_breaker::clear_window() noexcept {
    window_.wipe();
    consecutive_.store(0, std::memory_order_relaxed);
    last_bad_.store(0, std::memory_order_relaxed);
    failure_count_ = 0;
    slow_.fill({});
    if (recent_) *recent_ = detail::recent_calls{recent_->length()};
}

void circuit_breaker::evaluate(time_point now, changes& happened) {
    if (state_ != breaker_state::closed) return;
    const auto& s = settings_;
    if (s.consecutive_failures > 0 &&
        consecutive_.load(std::memory_order_relaxed) >= s.consecutive_failures) {
        return trip(breaker_reason::consecutive, now, happened);
    }
    if (s.failures_in_window > 0 && failure_count_ >= s.failures_in_window) {
        const auto oldest =
            failures_[(failure_count_ - s.failures_in_window) % most_counted_failures];
        if (now - oldest <= s.window) return trip(breaker_reason::count, now, happened);
    }
    if (s.failure_rate_permille == 0 && s.slow_rate_permille == 0) return;
    const auto calls = counts_at(now);
    if (calls.total < s.minimum_calls) return;
    if (s.failure_rate_permille > 0 &&
        calls.failed * 1000 >= s.failure_rate_permille * calls.total) {
        return trip(breaker_reason::rate, now, happened);
    }
    if (s.slow_rate_permille > 0 && calls.slow * 1000 >= s.slow_rate_permille * calls.total) {
        trip(breaker_reason::slow, now, happened);
    }
}

circuit_breaker::window_counts circuit_breaker::counts_at(time_point now) const noexcept {
    if (recent_) {
        const auto calls = recent_->sum();
        return {calls.total, calls.failed, calls.slow};
    }
    const auto epoch = epoch_at(now);
    const auto calls = window_.sum(generation_, epoch);
    return {calls.total(), calls.failed, slow_calls(epoch)};
}

std::uint64_t circuit_breaker::slow_calls(std::uint64_t epoch) const noexcept {
    std::uint64_t sum = 0;
    for (std::uint64_t back = 0; back < slow_.size() && back <= epoch; ++back) {
        const auto& bucket = slow_[(epoch - back) % slow_.size()];
        if (bucket.epoch == static_cast<std::uint32_t>(epoch - back)) sum += bucket.calls;
    }
    return sum;
}

duration circuit_breaker::open_time() const noexcept {
    auto time = settings_.open_for;
    for (std::uint32_t i = 0; i < reopened_ && time < settings_.open_for_most; ++i) {
        time = saturating_permille(time, settings_.open_growth_permille);
    }
    return std::min(time, settings_.open_for_most);
}

void circuit_breaker::publish() noexcept {
    word_.store((static_cast<std::uint64_t>(generation_) << 32) |
                    (static_cast<std::uint64_t>(forced_) << forced_shift) |
                    (settings_.shadow ? shadow_bit : 0) | (ramping_ ? ramp_bit : 0) |
                    static_cast<std::uint64_t>(state_),
                std::memory_order_release);
}

void circuit_breaker::tell(const changes& happened) const {
    if (watch_ == nullptr) return;
    for (std::size_t i = 0; i < happened.count; ++i) watch_->breaker_changed(happened.list[i]);
}

// ---- operators ----------------------------------------------------------------------------------

void circuit_breaker::force(breaker_override forced, time_point now) {
    changes happened;
    {
        const std::scoped_lock lock{mutex_};
        if (forced_ == forced) return;
        forced_ = forced;
        publish();
        happened.add({dependency_,
                      endpoint_,
                      state_,
                      state_,
                      forced_,
                      breaker_reason::forced,
                      {},
                      generation_,
                      now});
    }
    tell(happened);
}

void circuit_breaker::reset(time_point now) {
    changes happened;
    {
        const std::scoped_lock lock{mutex_};
        move_to(breaker_state::closed, breaker_reason::reset, now, {}, happened);
    }
    tell(happened);
}

void circuit_breaker::hint_healthy(time_point now) {
    changes happened;
    {
        const std::scoped_lock lock{mutex_};
        settle(now, happened);
        if (state_ == breaker_state::open) {
            move_to(breaker_state::half_open, breaker_reason::hint, now, {}, happened);
        }
    }
    tell(happened);
}

void circuit_breaker::reconfigure(const breaker_settings& settings, time_point now) {
    THOLE_ASSERT(validate(settings).empty(), "valid breaker settings");
    changes happened;
    {
        const std::scoped_lock lock{mutex_};
        settle(now, happened);
        const bool same_window = settings_.window == settings.window &&
                                 (recent_ ? recent_->length() : 0) == settings.window_calls;
        settings_ = settings;
        if (settings.ramp == 0s) ramping_ = false;
        // Seven whole buckets cover the window; the eighth is the one that fills.
        constexpr auto whole = detail::call_window::buckets - 1;
        const auto bucket = (settings.window.count() + whole - 1) / whole;
        const auto rates = settings.failure_rate_permille > 0 || settings.slow_rate_permille > 0;
        constexpr auto never = std::numeric_limits<std::int64_t>::max();
        if (!same_window) {
            ++generation_;
            recent_.reset();
            if (const auto calls = settings.window_calls; calls > 0) {
                recent_ = std::make_unique<detail::recent_calls>(calls);
            }
            clear_window();
        }
        bucket_.store(detail::divisor{static_cast<std::uint64_t>(bucket)});
        const auto slow = settings.slow_rate_permille > 0 ? settings.slow_after.count() : never;
        const auto failed = settings.failed_after > 0s ? settings.failed_after.count() : never;
        slow_after_.store(slow, std::memory_order_relaxed);
        failed_after_.store(failed, std::memory_order_relaxed);
        notable_after_.store(settings.window_calls > 0 ? 0 : std::min(slow, failed),
                             std::memory_order_relaxed);
        minimum_calls_.store(rates ? settings.minimum_calls : 0, std::memory_order_relaxed);
        publish();
    }
    tell(happened);
}

breaker_state circuit_breaker::state_at(time_point now) const noexcept {
    if (state_ == breaker_state::closed) return state_;
    auto until = at_ns(until_.load(std::memory_order_relaxed));
    if (state_ == breaker_state::half_open) {
        const auto lapse = saturating_add(last_probe_, settings_.half_open_period);
        if (now < lapse) return state_;
        until = saturating_add(lapse, open_time());
    }
    return now < until ? breaker_state::open : breaker_state::half_open;
}

breaker_view circuit_breaker::view(time_point now) const {
    const std::scoped_lock lock{mutex_};
    breaker_view v;
    v.computed = state_at(now);
    v.forced = forced_;
    v.shadow = settings_.shadow;
    v.why = why_;
    v.ramping = ramping_ && now - began_ < settings_.ramp;
    if (v.computed == breaker_state::open) v.remaining = probe_at(now) - now;
    v.generation = generation_;
    v.times_opened = times_opened_;
    v.consecutive_failures = consecutive_.load(std::memory_order_relaxed);
    v.probe_successes = probe_successes_;
    const auto calls = counts_at(now);
    v.succeeded = calls.total - calls.failed;
    v.failed = calls.failed;
    v.slow = calls.slow;
    return v;
}

}  // namespace thole
