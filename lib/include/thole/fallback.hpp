#pragma once

// Something is better than nothing: alternatives in order, or the last good answer.
//
// The problem: `catch (...) { return cached; }` hides that the answer is a week old, and hides bugs
// as well. Here the caller says which failures may be covered, every covered answer says what it
// is, and age has a bound:
//
//   auto rate = with_fallback({}, [&] { return ask_primary(); },
//                                 [&](const fault& why) { return ask_archive(); });
//
//   stale_cache<std::string, price> prices{{.fresh_for = 5s, .usable_for = 10min}};
//   auto answer = prices.or_stale(symbol, ask(symbol), clock.now());   // result<cached<price>>
//   if (answer && answer->covered) show_age(answer->age);
//
// A chain ends with the first answer, or with the first failure that may not be covered; when all
// fail, the *first* failure is returned: it is the cause. What may be covered: everything except
// what the caller did wrong (permanent, scope request) and cancellation; `may_cover` decides
// otherwise.
//
// Threads: with_fallback is a function; a stale_cache takes one lock, holds at most `most_entries`
// and forgets the least recently stored.

#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "thole/problem.hpp"
#include "thole/result.hpp"

namespace thole {

struct fallback_settings {
    // Null = the rule above. A captureless lambda converts.
    bool (*may_cover)(const fault&) = nullptr;

    [[nodiscard]] bool covers(const fault& f) const {
        if (may_cover != nullptr) return may_cover(f);
        if (f.kind() == fault_kind::cancelled) return false;
        return !(f.kind() == fault_kind::permanent && f.scope() == fault_scope::request);
    }
};

namespace detail {

template <class Op>
auto call_alternative(Op& op, const fault& why) {
    if constexpr (std::is_invocable_v<Op&, const fault&>) {
        return op(why);
    } else {
        return op();
    }
}

}  // namespace detail

// Each alternative takes the failure before it, or nothing, and returns the same result type.
template <class Op, class... Alternatives>
[[nodiscard]] auto with_fallback(const fallback_settings& settings, Op&& op,
                                 Alternatives&&... alternatives) {
    auto first = op();
    using answer = decltype(first);
    if (first.has_value()) return first;
    std::optional<answer> covered;
    std::optional<fault> last{first.error()};
    // Ends the fold at the first answer, and at a failure that must be seen.
    const auto attempt = [&](auto& alternative) {
        if (!settings.covers(*last)) return true;
        answer next = detail::call_alternative(alternative, *last);
        if (next.has_value()) {
            covered.emplace(std::move(next));
            return true;
        }
        last.emplace(next.error());
        return false;
    };
    (void)(attempt(alternatives) || ...);
    return covered ? std::move(*covered) : std::move(first);
}

struct stale_cache_settings {
    duration fresh_for{};                            // get() answers without asking; 0 = never
    duration usable_for = std::chrono::minutes{10};  // covers a failure up to this age; > fresh_for
    std::size_t most_entries = 1000;                 // 1…10 000 000
    fallback_settings rule{};
};

[[nodiscard]] problems validate(const stale_cache_settings&);

template <class T>
struct cached {
    T value;
    duration age{};
    std::optional<fault> covered{};  // the failure in whose place this stands; empty = fresh
};

template <class Key, class T, class Hash = std::hash<Key>>
class stale_cache {
  public:
    // Precondition: validate(settings) is empty.
    explicit stale_cache(const stale_cache_settings& settings = {}) : settings_{settings} {}

    // A value younger than `fresh_for`.
    [[nodiscard]] std::optional<cached<T>> get(const Key& key, time_point now) const {
        const std::scoped_lock lock{mutex_};
        return find(key, now, settings_.fresh_for);
    }

    void store(const Key& key, T value, time_point now) {
        const std::scoped_lock lock{mutex_};
        if (const auto known = index_.find(key); known != index_.end()) {
            entries_.erase(known->second);
            index_.erase(known);
        } else if (entries_.size() >= settings_.most_entries) {
            index_.erase(entries_.back().key);
            entries_.pop_back();
        }
        entries_.push_front({key, std::move(value), now});
        index_.emplace(key, entries_.begin());
    }

    // A good answer is remembered; a failure that may be covered is, while the last one is usable.
    [[nodiscard]] result<cached<T>> or_stale(const Key& key, result<T> answer, time_point now) {
        if (answer) {
            store(key, *answer, now);
            return cached<T>{std::move(*answer)};
        }
        if (settings_.rule.covers(answer.error())) {
            const std::scoped_lock lock{mutex_};
            if (auto last = find(key, now, settings_.usable_for)) {
                last->covered = std::move(answer.error());
                return std::move(*last);
            }
        }
        return std::unexpected{std::move(answer.error())};
    }

    void clear() {
        const std::scoped_lock lock{mutex_};
        index_.clear();
        entries_.clear();
    }
    [[nodiscard]] std::size_t size() const {
        const std::scoped_lock lock{mutex_};
        return entries_.size();
    }

  private:
    struct entry {
        Key key;
        T value;
        time_point stored;
    };

    [[nodiscard]] std::optional<cached<T>> find(const Key& key, time_point now,
                                                duration oldest) const {
        const auto known = index_.find(key);
        if (known == index_.end()) return std::nullopt;
        const auto age = std::max(now - known->second->stored, duration{0});
        if (age > oldest || oldest == duration{0}) return std::nullopt;
        return cached<T>{known->second->value, age, std::nullopt};
    }

    stale_cache_settings settings_;
    mutable std::mutex mutex_;
    std::list<entry> entries_;  // the latest first
    std::unordered_map<Key, typename std::list<entry>::iterator, Hash> index_;
};

}  // namespace thole
