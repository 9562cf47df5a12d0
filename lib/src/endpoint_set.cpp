#include "thole/endpoint_set.hpp"

#include <algorithm>
#include <limits>

#include "endpoint_entry.hpp"
#include "thole/assert.hpp"
#include "thole/codes.hpp"

namespace thole {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t most_ejections = 10;
constexpr duration ejections_forgotten_after = 5min;
constexpr duration slow_endpoint = 500ms;
constexpr std::uint64_t reliability_sample = 1000;
constexpr std::uint64_t picks_per_look = 128;

bool contains(std::span<const name> names, name wanted) noexcept {
    return std::find(names.begin(), names.end(), wanted) != names.end();
}

}  // namespace

// The eligible endpoints of the best tier, or the time at which there may be one.
struct endpoint_set::shortlist {
    struct candidate {
        entry* endpoint;
        std::uint32_t slot;
    };
    std::array<candidate, most_endpoints> list;
    std::size_t count = 0;
    std::uint32_t tier = std::numeric_limits<std::uint32_t>::max();
    time_point earliest = time_point::max();

    void offer(entry* endpoint, std::uint32_t slot) noexcept {
        const std::uint32_t its_tier = endpoint->tier.load(std::memory_order_relaxed);
        if (its_tier > tier) return;
        if (its_tier < tier) count = 0;
        tier = its_tier;
        list[count++] = {endpoint, slot};
    }

    // Leaves only those that `keep`, unless that would leave none.
    template <class F>
    void prefer(F&& keep) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (keep(list[i])) std::swap(list[kept++], list[i]);
        }
        if (kept != 0) count = kept;
    }

    // One at random by weight, not the one at `except`.
    std::size_t draw(rng& chance, std::size_t except) const noexcept {
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < count; ++i) total += i == except ? 0 : weight(i);
        auto point = chance.below(total);
        for (std::size_t i = 0; i < count; ++i) {
            if (i == except) continue;
            if (point < weight(i)) return i;
            point -= weight(i);
        }
        return except == 0 ? 1 : 0;
    }

    std::uint64_t weight(std::size_t i) const noexcept {
        return list[i].endpoint->weight.load(std::memory_order_relaxed);
    }

    // Power of two choices. Costs within an eighth are equal: then the weights decide.
    const candidate& choose(rng& chance, time_point now) const noexcept {
        if (count == 1) return list[0];
        const auto first = draw(chance, count);
        const auto second = draw(chance, first);
        const auto own = detail::thread_stripe();
        list[first].endpoint->look_around(own);
        list[second].endpoint->look_around(own);
        const auto cost = list[first].endpoint->cost(now, own);
        const auto other = list[second].endpoint->cost(now, own);
        return other < cost - cost / 8 ? list[second] : list[first];
    }
};

// ---- the set ------------------------------------------------------------------------------------

endpoint_set::endpoint_set(name dependency, const endpoint_set_settings& settings,
                           std::span<const endpoint_config> endpoints, observer* watch)
    : dependency_{dependency},
      watch_{watch},
      least_bad_{settings.least_bad, dependency, {}, watch},
      margin_permille_{settings.outlier.margin_permille},
      settings_{settings} {
    THOLE_ASSERT(validate(settings).empty(), "valid endpoint set settings");
    for (const auto& config : endpoints) {
        THOLE_ASSERT(validate(config).empty(), "a valid endpoint");
        THOLE_ASSERT(find(config.name) == nullptr, "names of endpoints are unique");
        THOLE_ASSERT(size() < most_endpoints, "at most 64 endpoints");
        insert(config);
    }
    if (fronts_.size() > 1) fronts_.erase(fronts_.begin(), fronts_.end() - 1);
}

endpoint_set::~endpoint_set() = default;

template <class F>
void endpoint_set::each(F&& visit) const {
    const auto used = used_.load(std::memory_order_acquire);
    for (std::uint32_t slot = 0; slot < used; ++slot) {
        if (auto* const e = slots_[slot].load(std::memory_order_acquire)) visit(*e, slot);
    }
}

endpoint_set::entry* endpoint_set::find(name endpoint) const noexcept {
    entry* found = nullptr;
    each([&](entry& e, std::uint32_t) {
        if (e.config.name == endpoint) found = &e;
    });
    return found;
}

std::size_t endpoint_set::size() const {
    std::size_t count = 0;
    each([&](entry&, std::uint32_t) { ++count; });
    return count;
}

void endpoint_set::insert(const endpoint_config& config) {
    owned_.push_back(std::make_unique<entry>(config, settings_.breaker, dependency_, watch_));
    const auto used = used_.load(std::memory_order_relaxed);
    std::uint32_t slot = 0;
    while (slot < used && slots_[slot].load(std::memory_order_relaxed) != nullptr) ++slot;
    slots_[slot].store(owned_.back().get(), std::memory_order_release);
    if (slot == used) used_.store(used + 1, std::memory_order_release);
    line_up();
}

// ---- the short way ------------------------------------------------------------------------------

// Those of the lowest tier, when they are alike enough that any two at random are a fair choice.
// Under the lock, or before the set is shared; old ones are kept, since a pick may be reading them.
void endpoint_set::line_up() {
    auto next = std::make_unique<front>();
    auto lowest = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t weight = 0;
    next->common = role_set::all();
    each([&](entry& e, std::uint32_t) {
        if (e.drained) return;
        const std::uint32_t tier = e.tier;
        if (tier > lowest) return;
        if (tier < lowest) {
            next->count = 0;
            next->even = true;
            next->common = role_set::all();
            weight = e.weight;
        }
        lowest = tier;
        next->even = next->even && e.weight == weight && e.config.capacity == 0;
        next->common = next->common.both(e.config.roles);
        next->list[next->count++] = &e;
    });
    front_.store(next.get(), std::memory_order_release);
    fronts_.push_back(std::move(next));
}

// Two at random, the cheaper one, if nothing at all stands in the way of either; else null.
endpoint_set::entry* endpoint_set::choose_quickly(time_point now, role wanted, rng& chance,
                                                  unsigned own) {
    const auto* const line = front_.load(std::memory_order_acquire);
    if (line == nullptr) return nullptr;
    const auto& f = *line;
    if (f.count < 2 || !f.even || !f.common.has(wanted)) return nullptr;
    const auto bits = chance.next();
    const auto first = ((bits & 0xFFFFFFFF) * f.count) >> 32;
    auto second = ((bits >> 32) * (f.count - 1)) >> 32;
    if (second >= first) ++second;
    auto& a = *f.list[first];
    auto& b = *f.list[second];
    if (!a.is_plain(now) || !b.is_plain(now)) return nullptr;
    if (bits % picks_per_look == 0) [[unlikely]] {
        a.look_around(own);
        b.look_around(own);
    }
    const auto cost = a.cost(now, own);
    return b.cost(now, own) < cost - cost / 8 ? &b : &a;
}

// ---- picking ------------------------------------------------------------------------------------

void endpoint_set::shorten(shortlist& list, time_point now, std::span<const name> tried,
                           role wanted, std::uint64_t without) const {
    each([&](entry& e, std::uint32_t slot) {
        if (!e.config.roles.has(wanted)) return;
        if ((without & (std::uint64_t{1} << slot)) != 0) return;
        const auto blocked = e.block(now);
        if (blocked.why != endpoint_block::none) {
            list.earliest = std::min(list.earliest, blocked.until);
        } else if (contains(tried, e.config.name)) {
            list.earliest = std::min(list.earliest, now);
        } else {
            list.offer(&e, slot);
        }
    });
    if (tried.empty() || list.count < 2) return;
    // A failure may be the region's: prefer those that have not been tried.
    std::array<name, most_endpoints> regions;
    std::size_t known = 0;
    each([&](entry& e, std::uint32_t) {
        if (!e.config.region.empty() && contains(tried, e.config.name) && known < regions.size()) {
            regions[known++] = e.config.region;
        }
    });
    list.prefer([&](const shortlist::candidate& c) {
        return !contains({regions.data(), known}, c.endpoint->config.region);
    });
}

std::expected<endpoint_pick, fault> endpoint_set::pick(time_point now, std::span<const name> tried,
                                                       role wanted, rng& chance, name sticky) {
    if (!tried.empty() || !sticky.empty()) [[unlikely]]
        return pick_with_care(now, tried, wanted, chance, sticky);
    const auto own = detail::thread_stripe();
    if (auto* const chosen = choose_quickly(now, wanted, chance, own)) [[likely]] {
        if (auto permit = chosen->breaker.try_admit()) [[likely]] {
            chosen->enter(own);
            return endpoint_pick{this, chosen, std::move(permit)};
        }
    }
    return pick_with_care(now, tried, wanted, chance, sticky);
}

// The long way, for calls that have failed and sets that are not all well.
[[gnu::noinline]] std::expected<endpoint_pick, fault> endpoint_set::pick_with_care(
    time_point now, std::span<const name> tried, role wanted, rng& chance, name sticky) {
    if (!sticky.empty() && !contains(tried, sticky)) {
        auto* const e = find(sticky);
        if (e != nullptr && e->config.roles.has(wanted) &&
            e->block(now).why == endpoint_block::none) {
            if (auto taken = take(*e, now)) return taken;
        }
    }
    // Another thread may take the last permit of the chosen one: choose again among the rest.
    std::uint64_t without = 0;
    auto earliest = time_point::max();
    for (;;) {
        shortlist list;
        shorten(list, now, tried, wanted, without);
        earliest = std::min(earliest, list.earliest);
        if (list.count == 0) break;
        const auto& chosen = list.choose(chance, now);
        auto taken = take(*chosen.endpoint, now);
        if (taken) return taken;
        without |= std::uint64_t{1} << chosen.slot;
        earliest =
            std::min(earliest, saturating_add(now, taken.error().retry_after().value_or(0s)));
    }
    return std::unexpected{refusal(earliest, now)};
}

std::expected<endpoint_pick, fault> endpoint_set::take(entry& e, time_point now) {
    e.enter(detail::thread_stripe());
    endpoint_pick held{this, &e, {}};  // gives the place back on every way out
    if (e.config.capacity > 0 && e.places.load(std::memory_order_relaxed) > e.config.capacity) {
        return std::unexpected{fault{codes::policy_bulkhead_full}
                                   .at(dependency_, e.config.name)
                                   .with_retry_after(100ms)};
    }
    auto permit = e.breaker.admit(now);
    if (!permit) return std::unexpected{std::move(permit.error())};
    if (auto allowed = e.limiter.admit(now); !allowed) {
        return std::unexpected{std::move(allowed.error())};
    }
    held.permit_ = std::move(*permit);
    return held;
}

fault endpoint_set::refusal(time_point earliest, time_point now) const {
    fault f{codes::policy_no_endpoint};
    f.at(dependency_);
    if (earliest != time_point::max()) f.with_retry_after(std::max(earliest - now, duration{0}));
    if (watch_ != nullptr) watch_->call_rejected(f, now);
    return f;
}

bool endpoint_set::any_eligible(time_point now, std::span<const name> tried, role wanted) const {
    bool found = false;
    each([&](entry& e, std::uint32_t) {
        found = found || (e.config.roles.has(wanted) && !contains(tried, e.config.name) &&
                          e.block(now).why == endpoint_block::none);
    });
    return found;
}

std::expected<endpoint_pick, fault> endpoint_set::pick_least_bad(time_point now,
                                                                 std::span<const name> tried,
                                                                 role wanted) {
    entry* best = nullptr;
    auto best_rank = std::pair{time_point::max(), std::numeric_limits<std::uint64_t>::max()};
    auto earliest = time_point::max();
    each([&](entry& e, std::uint32_t) {
        if (!e.config.roles.has(wanted) || contains(tried, e.config.name)) return;
        const auto breaker_at = e.breaker.admissible_at(now);
        if (breaker_at == time_point::max()) return;  // forced open: somebody meant it
        const auto limited = e.limiter.admissible_at(now);
        if (limited > now) {
            earliest = std::min(earliest, limited);
            return;
        }
        // A drained endpoint comes after all others, then the one that is well soonest.
        const auto drained = e.drained.load(std::memory_order_relaxed);
        const auto well_at =
            drained ? time_point::max() : std::max(breaker_at, e.ejected_until_time());
        const auto own = detail::thread_stripe();
        e.look_around(own);
        const auto rank = std::pair{std::max(well_at, now), e.cost(now, own)};
        if (best != nullptr && !(rank < best_rank)) return;
        best = &e;
        best_rank = rank;
    });
    if (best == nullptr) return std::unexpected{refusal(earliest, now)};
    if (auto allowed = least_bad_.admit(now); !allowed) {
        return std::unexpected{std::move(allowed.error())};
    }
    if (auto allowed = best->limiter.admit(now); !allowed) {
        return std::unexpected{std::move(allowed.error())};
    }
    // When the breaker would refuse, the call passes unwatched by it.
    breaker_permit permit;
    if (best->breaker.admissible_at(now) <= now) {
        if (auto admitted = best->breaker.admit(now)) permit = std::move(*admitted);
    }
    best->enter(detail::thread_stripe());
    return endpoint_pick{this, best, std::move(permit)};
}

// ---- outliers -----------------------------------------------------------------------------------

// After a failure: is this one far worse than its peers?
void endpoint_set::judge(entry& e, time_point now) {
    if (margin_permille_.load(std::memory_order_relaxed) == 0) return;
    duration lasts{};
    {
        const std::scoped_lock lock{mutex_};
        const auto& rule = settings_.outlier;
        if (rule.margin_permille == 0 || e.ejected_until_time() > now) return;
        if (e.judged_calls() < rule.minimum_calls) return;
        std::uint64_t live = 0, ejected = 0, peers = 0, sum = 0;
        each([&](const entry& other, std::uint32_t) {
            ++live;
            if (&other != &e && other.ejected_until_time() > now) ++ejected;
            if (&other == &e || other.drained.load(std::memory_order_relaxed) ||
                other.judged_calls() < rule.minimum_calls) {
                return;
            }
            ++peers;
            sum += other.success_rate.load(std::memory_order_relaxed);
        });
        const auto own = e.success_rate.load(std::memory_order_relaxed);
        if (peers == 0 || sum / peers < own + rule.margin_permille * std::uint64_t{1000}) return;
        if ((ejected + 1) * 1000 > live * rule.most_ejected_permille) return;

        if (now - e.ejected_until_time() > ejections_forgotten_after) e.ejections = 0;
        const auto times = std::min(e.ejections.load() + 1, most_ejections);
        e.ejections = times;
        lasts = saturating_multiply(rule.eject_for, times);
        // Judged anew when it is back.
        e.success_rate = entry::full_rate;
        e.judged_from = e.calls();
        e.ejected_until = saturating_add(now, lasts).time_since_epoch().count();
    }
    tell(e.config.name, endpoint_event::ejected, now, lasts);
}

// ---- operators ----------------------------------------------------------------------------------

void endpoint_set::tell(name endpoint, endpoint_event what, time_point now, duration lasts) const {
    if (watch_ != nullptr) watch_->endpoint_changed({dependency_, endpoint, what, lasts, now});
}

problems endpoint_set::add(const endpoint_config& config, time_point now) {
    auto found = validate(config);
    {
        const std::scoped_lock lock{mutex_};
        if (find(config.name) != nullptr) found.push_back({"name", "is taken by another endpoint"});
        if (size() >= most_endpoints) found.push_back({"endpoint", "at most 64 in a set"});
        if (!found.empty()) return found;
        insert(config);
    }
    tell(config.name, endpoint_event::added, now);
    return found;
}

bool endpoint_set::remove(name endpoint, time_point now) {
    {
        const std::scoped_lock lock{mutex_};
        auto* const e = find(endpoint);
        if (e == nullptr) return false;
        for (auto& slot : slots_) {
            if (slot.load(std::memory_order_relaxed) == e)
                slot.store(nullptr, std::memory_order_release);
        }
        line_up();
    }
    tell(endpoint, endpoint_event::removed, now);
    return true;
}

bool endpoint_set::drain(name endpoint, time_point now) {
    auto* const e = find(endpoint);
    if (e == nullptr) return false;
    {
        const std::scoped_lock lock{mutex_};
        e->drained = true;
        line_up();
    }
    tell(endpoint, endpoint_event::drained, now);
    return true;
}

bool endpoint_set::resume(name endpoint, time_point now) {
    auto* const e = find(endpoint);
    if (e == nullptr) return false;
    {
        const std::scoped_lock lock{mutex_};
        e->drained = false;
        line_up();
    }
    tell(endpoint, endpoint_event::resumed, now);
    return true;
}

bool endpoint_set::restore(name endpoint, time_point now) {
    auto* const e = find(endpoint);
    if (e == nullptr) return false;
    {
        const std::scoped_lock lock{mutex_};
        e->ejected_until = 0;
        e->ejections = 0;
    }
    tell(endpoint, endpoint_event::restored, now);
    return true;
}

bool endpoint_set::reprioritise(name endpoint, std::uint16_t tier, std::uint16_t weight,
                                time_point now) {
    auto* const e = find(endpoint);
    if (e == nullptr || weight < 1 || weight > 10'000) return false;
    {
        const std::scoped_lock lock{mutex_};
        e->tier = tier;
        e->weight = weight;
        line_up();
    }
    tell(endpoint, endpoint_event::reprioritised, now);
    return true;
}

void endpoint_set::reconfigure(const endpoint_set_settings& settings, time_point now) {
    THOLE_ASSERT(validate(settings).empty(), "valid endpoint set settings");
    {
        const std::scoped_lock lock{mutex_};
        settings_ = settings;
        margin_permille_ = settings.outlier.margin_permille;
        least_bad_.adjust(settings.least_bad);
    }
    // Outside the lock: breakers speak to the observer. One added meanwhile has the new settings.
    each([&](entry& e, std::uint32_t) { e.breaker.reconfigure(settings.breaker, now); });
}

circuit_breaker* endpoint_set::breaker(name endpoint) const {
    auto* const e = find(endpoint);
    return e == nullptr ? nullptr : &e->breaker;
}

rate_limiter* endpoint_set::limiter(name endpoint) const {
    auto* const e = find(endpoint);
    return e == nullptr ? nullptr : &e->limiter;
}

const endpoint_config* endpoint_set::config_of(name endpoint) const noexcept {
    const auto* e = find(endpoint);
    return e == nullptr ? nullptr : &e->config;
}

std::vector<name> endpoint_set::names() const {
    std::vector<name> all;
    all.reserve(size());
    each([&](const entry& e, std::uint32_t) { all.push_back(e.config.name); });
    return all;
}

std::vector<endpoint_view> endpoint_set::view(time_point now) const {
    std::vector<endpoint_view> all;
    all.reserve(size());
    each([&](const entry& e, std::uint32_t) {
        endpoint_view v;
        v.config = e.config;
        v.config.tier = e.tier;
        v.config.weight = e.weight;
        v.drained = e.drained;
        const auto blocked = e.block(now);
        v.block = blocked.why;
        if (blocked.why != endpoint_block::none) {
            v.blocked_for =
                blocked.until == time_point::max() ? duration::max() : blocked.until - now;
        }
        v.breaker = e.breaker.view(now);
        v.latency = duration{e.latency.load()};
        v.success_permille = e.success_rate / 1000;
        v.in_flight = e.in_flight();
        v.slowdown = e.limiter.slowdown(now);
        v.ejections = e.ejections;
        v.calls = e.calls();
        v.failures = e.failures;
        v.slow = v.latency > slow_endpoint;
        v.unreliable = v.calls >= reliability_sample && v.failures * 1000 > v.calls;
        all.push_back(std::move(v));
    });
    return all;
}

// ---- a pick -------------------------------------------------------------------------------------

endpoint_pick& endpoint_pick::operator=(endpoint_pick&& other) noexcept {
    if (this != &other) {
        release();
        set_ = std::exchange(other.set_, nullptr);
        entry_ = std::exchange(other.entry_, nullptr);
        permit_ = std::move(other.permit_);
    }
    return *this;
}

void endpoint_pick::release() noexcept {
    if (std::exchange(set_, nullptr) == nullptr) return;
    entry_->leave(detail::thread_stripe());
}

const endpoint_config& endpoint_pick::endpoint() const noexcept {
    THOLE_ASSERT(entry_ != nullptr, "a pick that was not moved from");
    return entry_->config;
}

void endpoint_pick::succeed(duration latency, time_point now) {
    if (std::exchange(set_, nullptr) == nullptr) return;
    const auto own = detail::thread_stripe();
    entry_->leave(own);
    permit_.succeed(latency, now, own);
    entry_->note_success(latency, now, own);
}

void endpoint_pick::fail(const fault& f, duration latency, time_point now) {
    if (set_ == nullptr) return;
    if (f.kind() == fault_kind::rate_limited) entry_->limiter.penalise(now, f.retry_after());
    const auto what = outcome_of(f, latency);
    auto* const set = set_;
    release();
    permit_.record(what, now);
    if (what.verdict != call_verdict::failure) return;
    entry_->note_failure(now);
    set->judge(*entry_, now);
}

}  // namespace thole
