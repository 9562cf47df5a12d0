#include "thole/rate_limiter.hpp"

#include <algorithm>

#include "thole/assert.hpp"
#include "thole/codes.hpp"

namespace thole {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t most_level = 4;
constexpr std::int64_t most_lent = 32;
constexpr std::int64_t lent_for = 10'000'000;  // ns
// Answers to calls that were under way together are one lesson, not ten.
constexpr std::uint64_t one_lesson_ms = 1000;

std::int64_t ns(time_point t) noexcept {
    return t.time_since_epoch().count();
}
std::uint64_t ms(time_point t) noexcept {
    return static_cast<std::uint64_t>(t.time_since_epoch() / 1ms);
}

}  // namespace

problems validate(const rate_limit& l) {
    problems found;
    const auto refuse = [&found](bool bad, std::string_view field, const char* text) {
        if (bad) found.push_back({field, text});
    };
    refuse(l.per < 1ms || l.per > 24h, "per", "must be between 1 ms and 24 h");
    refuse(l.permits > 0 && l.per.count() / l.permits == 0, "permits",
           "must be at most one per nanosecond");
    refuse(l.burst < 1 || l.burst > 1'000'000, "burst", "must be between 1 and 1000000");
    refuse(l.recovery <= 0s, "recovery", "must be longer than zero");
    refuse(l.longest_block < 0s, "longest_block", "must not be negative");
    return found;
}

rate_limiter::rate_limiter(const rate_limit& limit, name dependency, name endpoint, observer* watch)
    : dependency_{dependency}, endpoint_{endpoint}, watch_{watch} {
    adjust(limit);
}

void rate_limiter::adjust(const rate_limit& limit) {
    THOLE_ASSERT(validate(limit).empty(), "a valid rate limit");
    // Rounded up: never faster than agreed.
    const auto interval =
        limit.permits == 0 ? 0 : (limit.per.count() + limit.permits - 1) / limit.permits;
    interval_.store(interval, std::memory_order_relaxed);
    tolerance_.store(saturating_multiply(duration{interval}, limit.burst - 1).count(),
                     std::memory_order_relaxed);
    const auto worth = interval == 0 ? 1 : lent_for / interval;
    const auto batch = limit.burst < batching_burst
                           ? 1
                           : std::min<std::int64_t>({most_lent, limit.burst / 10, worth});
    batch_.store(static_cast<std::uint32_t>(std::max<std::int64_t>(batch, 1)),
                 std::memory_order_relaxed);
    recovery_.store(limit.recovery.count(), std::memory_order_relaxed);
    longest_block_.store(limit.longest_block.count(), std::memory_order_relaxed);
}

std::uint32_t rate_limiter::level_at(time_point now, std::uint64_t penalty) const noexcept {
    const auto level = static_cast<std::uint32_t>(penalty & 0xFF);
    const auto since = penalty >> 8;
    if (level == 0 || ms(now) < since) return level;
    const auto recovery_ms = static_cast<std::uint64_t>(
        std::max<std::int64_t>(recovery_.load(std::memory_order_relaxed) / 1'000'000, 1));
    const auto steps = (ms(now) - since) / recovery_ms;
    return steps >= level ? 0 : level - static_cast<std::uint32_t>(steps);
}

std::uint32_t rate_limiter::slowdown(time_point now) const noexcept {
    return 1U << level_at(now, penalty_.load(std::memory_order_relaxed));
}

time_point rate_limiter::admissible_at(time_point now) const noexcept {
    auto at = blocked_until_.load(std::memory_order_relaxed);
    if (interval_.load(std::memory_order_relaxed) > 0) {
        at = std::max(at, arrival_.load(std::memory_order_relaxed) -
                              tolerance_.load(std::memory_order_relaxed));
    }
    return std::max(now, time_point{duration{at}});
}

result<> rate_limiter::admit_slow(time_point now) {
    auto arrival = arrival_.load(std::memory_order_relaxed);
    for (;;) {
        const auto at = admissible_at(now);
        if (at > now) {
            auto refusal = fault{codes::policy_rate_limited}
                               .at(dependency_, endpoint_)
                               .with_retry_after(at - now);
            if (watch_ != nullptr) watch_->call_rejected(refusal, now);
            return fail(std::move(refusal));
        }
        const auto interval = interval_.load(std::memory_order_relaxed);
        if (interval == 0) return {};
        const auto level = slowdown(now);
        const auto spacing = saturating_multiply(duration{interval}, level);
        const time_point base{duration{std::max(arrival, ns(now))}};
        // A batch is lent when all of it may be used now, and nobody is being punished.
        const auto own = detail::thread_stripe();
        std::uint32_t count = 1;
        if (own < detail::exclusive_stripes && level == 1) {
            const auto batch = batch_.load(std::memory_order_relaxed);
            const auto last = saturating_add(base, saturating_multiply(spacing, batch - 1));
            const auto tolerance = duration{tolerance_.load(std::memory_order_relaxed)};
            if (last - tolerance <= now) count = batch;
        }
        // When another thread took its permit in between, the check is made anew.
        if (!arrival_.compare_exchange_weak(
                arrival, ns(saturating_add(base, saturating_multiply(spacing, count))),
                std::memory_order_relaxed)) {
            continue;
        }
        if (count > 1) {
            const auto until = static_cast<std::uint64_t>(ns(now) + lent_for) / 1024;
            stripes_[own].lent.store((until << 16) | (count - 1), std::memory_order_relaxed);
        }
        return {};
    }
}

void rate_limiter::penalise(time_point now, std::optional<duration> retry_after) {
    auto penalty = penalty_.load(std::memory_order_relaxed);
    auto level = std::uint32_t{0};
    do {
        level = level_at(now, penalty);
        const bool same_lesson = (penalty & 0xFF) != 0 && ms(now) < (penalty >> 8) + one_lesson_ms;
        if (same_lesson) break;
        level = std::min(level + 1, most_level);
    } while (!penalty_.compare_exchange_weak(penalty, (ms(now) << 8) | level,
                                             std::memory_order_relaxed));
    const auto block = std::clamp(retry_after.value_or(0s), duration{0},
                                  duration{longest_block_.load(std::memory_order_relaxed)});
    const auto until = ns(saturating_add(now, block));
    auto blocked = blocked_until_.load(std::memory_order_relaxed);
    while (blocked < until &&
           !blocked_until_.compare_exchange_weak(blocked, until, std::memory_order_relaxed)) {
    }
    if (watch_ != nullptr) {
        watch_->limiter_penalised({dependency_, endpoint_, 1U << level, block, now});
    }
}

}  // namespace thole
