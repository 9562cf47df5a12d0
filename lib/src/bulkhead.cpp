#include "thole/bulkhead.hpp"

#include <algorithm>

#include "thole/assert.hpp"
#include "thole/codes.hpp"

namespace thole {

using namespace std::chrono_literals;

namespace {

// When a place becomes free is not known; ask again soon.
constexpr duration ask_again = 100ms;
constexpr std::int32_t most_cached = 8;

}  // namespace

problems validate(const bulkhead_settings& s) {
    problems found;
    const auto refuse = [&found](bool bad, std::string_view field, const char* text) {
        if (bad) found.push_back({field, text});
    };
    refuse(s.limit < 1 || s.limit > 1'000'000, "limit", "must be between 1 and 1000000");
    refuse(s.queue > 1'000'000, "queue", "must be at most 1000000");
    refuse(s.queue_timeout <= 0s || s.queue_timeout > 1h, "queue_timeout",
           "must be longer than zero and at most 1 h");
    return found;
}

bulkhead::bulkhead(const bulkhead_settings& settings, name dependency, observer* watch)
    : dependency_{dependency}, watch_{watch} {
    reconfigure(settings);
}

void bulkhead::reconfigure(const bulkhead_settings& settings) {
    THOLE_ASSERT(validate(settings).empty(), "valid bulkhead settings");
    {
        const std::scoped_lock lock{mutex_};
        settings_ = settings;
    }
    set_limit(settings.limit);
}

bulkhead_settings bulkhead::settings() const {
    const std::scoped_lock lock{mutex_};
    return settings_;
}

void bulkhead::set_limit(std::uint32_t limit) {
    THOLE_ASSERT(limit >= 1, "a bulkhead lets at least one call in");
    const std::scoped_lock lock{mutex_};
    const auto before = limit_.exchange(limit, std::memory_order_relaxed);
    most_cached_.store(std::min<std::int32_t>(most_cached, static_cast<std::int32_t>(
                                                               limit / (2 * detail::stripe_count))),
                       std::memory_order_relaxed);
    central_.fetch_add(static_cast<std::int32_t>(limit) - static_cast<std::int32_t>(before));
    if (limit < before) collect();
    if (waiting_.load() != 0) serve_locked();
}

// All cached permits back to the middle.
void bulkhead::collect() noexcept {
    for (auto& s : stripes_) {
        if (const auto had = s.cached.exchange(0); had != 0) central_.fetch_add(had);
    }
}

bool bulkhead::take_slow() noexcept {
    const auto own = detail::thread_stripe();
    auto free = central_.load();
    while (free > 0) {
        // Some for later, too, while there are plenty.
        const auto more = std::min(most_cached_.load(std::memory_order_relaxed), free / 4);
        if (!central_.compare_exchange_weak(free, free - 1 - more)) continue;
        if (more > 0) stripes_[own].cached.fetch_add(more);
        return true;
    }
    if (free < 0) return false;
    for (unsigned i = 0; i < detail::stripe_count; ++i) {
        auto& cached = stripes_[(own + i) % detail::stripe_count].cached;
        auto have = cached.load();
        while (have > 0) {
            if (cached.compare_exchange_weak(have, have - 1)) return true;
        }
    }
    return false;
}

fault bulkhead::refusal(time_point now) const {
    auto f = fault{codes::policy_bulkhead_full}.at(dependency_).with_retry_after(ask_again);
    if (watch_ != nullptr) watch_->call_rejected(f, now);
    return f;
}

result<> bulkhead::enqueue(bulkhead_waiter& place, time_point now, deadline until) {
    THOLE_ASSERT(place.owner_ == nullptr, "a place waits for one bulkhead at a time");
    {
        const std::scoped_lock lock{mutex_};
        place.gives_up_at_ = until.child(now, settings_.queue_timeout).at();
        if (waiting_.load() >= static_cast<std::int32_t>(settings_.queue)) {
            auto* displaced = static_cast<bulkhead_waiter*>(nullptr);
            for (std::size_t p = 0; p < static_cast<std::size_t>(place.importance_); ++p) {
                if (displaced == nullptr) displaced = lines_[p].last;
            }
            if (displaced == nullptr || settings_.queue == 0) {
                // The last chance: a permit that came back a moment ago.
                if (!take(detail::thread_stripe())) return fail(refusal(now));
                place.owner_ = this;
                place.state_ = bulkhead_waiter::state::granted;
                place.wake();
                return {};
            }
            remove(*displaced);
            displaced->state_ = bulkhead_waiter::state::displaced;
            displaced->wake();
        }
        place.owner_ = this;
        place.state_ = bulkhead_waiter::state::waiting;
        append(place);
        serve_locked();
    }
    return {};
}

std::expected<bulkhead_permit, fault> bulkhead_waiter::finish(time_point now) {
    THOLE_ASSERT(owner_ != nullptr, "a place that was enqueued");
    auto* const owner = std::exchange(owner_, nullptr);
    {
        const std::scoped_lock lock{owner->mutex_};
        if (state_ == state::waiting) owner->remove(*this);
        if (std::exchange(state_, state::idle) == state::granted) return bulkhead_permit{owner};
    }
    return std::unexpected{owner->refusal(now)};
}

bulkhead_waiter::~bulkhead_waiter() {
    auto* const owner = std::exchange(owner_, nullptr);
    if (owner == nullptr) return;
    bool had_permit = false;
    {
        const std::scoped_lock lock{owner->mutex_};
        if (state_ == state::waiting) owner->remove(*this);
        had_permit = state_ == state::granted;
    }
    if (had_permit) owner->give();
}

void bulkhead::serve() noexcept {
    const std::scoped_lock lock{mutex_};
    serve_locked();
}

void bulkhead::serve_locked() noexcept {
    for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {
        while (line->first != nullptr) {
            if (!take(detail::thread_stripe())) return;
            auto& served = *line->first;
            remove(served);
            served.state_ = bulkhead_waiter::state::granted;
            served.wake();
        }
    }
}

void bulkhead::append(bulkhead_waiter& w) noexcept {
    auto& line = lines_[static_cast<std::size_t>(w.importance_)];
    w.previous_ = line.last;
    w.next_ = nullptr;
    (line.last == nullptr ? line.first : line.last->next_) = &w;
    line.last = &w;
    waiting_.fetch_add(1);
}

void bulkhead::remove(bulkhead_waiter& w) noexcept {
    auto& line = lines_[static_cast<std::size_t>(w.importance_)];
    (w.previous_ == nullptr ? line.first : w.previous_->next_) = w.next_;
    (w.next_ == nullptr ? line.last : w.next_->previous_) = w.previous_;
    w.next_ = w.previous_ = nullptr;
    waiting_.fetch_sub(1);
}

std::uint32_t bulkhead::in_flight() const noexcept {
    auto free = central_.load(std::memory_order_relaxed);
    for (const auto& s : stripes_) free += s.cached.load(std::memory_order_relaxed);
    return static_cast<std::uint32_t>(
        std::max<std::int32_t>(static_cast<std::int32_t>(limit()) - free, 0));
}

}  // namespace thole
