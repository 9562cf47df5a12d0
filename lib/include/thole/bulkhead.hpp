#pragma once

// At most so many calls at once; some more may wait, the important ones first.
//
// The problem: one slow dependency takes every thread and connection of a program, and calls that
// have nothing to do with it die with it. A bulkhead bounds what one dependency can hold:
//
//   bulkhead cabin{{.limit = 20, .queue = 50, .queue_timeout = 1s}, mongodb};
//   auto permit = cabin.admit(now);                     // now, or policy.bulkhead_full
//
// and who may wait waits in a bounded queue, by priority, then in order of arrival:
//
//   struct my_waiter : bulkhead_waiter {
//       void wake() noexcept override { flag.set(); }   // notify, nothing else
//   } place;
//   if (auto queued = cabin.enqueue(place, now, until); !queued) return fail(queued.error());
//   ... wait for the flag, or until place.gives_up_at() ...
//   auto permit = place.finish(now);                    // the permit, or policy.bulkhead_full
//
// A full queue refuses, unless the newcomer is more important than one that waits: then the
// youngest of the least important ones is refused instead. A place that is destroyed leaves the
// queue, and hands on a permit that had been granted to it: nothing leaks when a caller goes away.
//
// Permits are move-only; the destructor gives back. Permits not in use lie in small caches, one a
// thread, and are taken from other threads when the own ones run out: the limit is exact, and a
// call writes no shared memory. Lowering the limit takes effect as calls end.
//
// Ownership: the bulkhead outlives permits and places. Threads: any; only waiting takes a lock.

#include <array>
#include <atomic>
#include <mutex>
#include <utility>

#include "thole/deadline.hpp"
#include "thole/detail/stripes.hpp"
#include "thole/observer.hpp"
#include "thole/problem.hpp"
#include "thole/result.hpp"

namespace thole {

enum class priority : std::uint8_t { low, normal, high };

struct bulkhead_settings {
    std::uint32_t limit = 20;                          // calls at once; 1…1 000 000
    std::uint32_t queue = 0;                           // waiting at most; 0 = none; <= 1 000 000
    duration queue_timeout = std::chrono::seconds{1};  // longest wait; > 0, at most 1 h

    friend bool operator==(const bulkhead_settings&, const bulkhead_settings&) = default;
};

[[nodiscard]] problems validate(const bulkhead_settings&);

class bulkhead;

class bulkhead_permit {
  public:
    bulkhead_permit() noexcept = default;
    bulkhead_permit(bulkhead_permit&& other) noexcept
        : owner_{std::exchange(other.owner_, nullptr)} {}
    bulkhead_permit& operator=(bulkhead_permit&& other) noexcept {
        if (this != &other) {
            release();
            owner_ = std::exchange(other.owner_, nullptr);
        }
        return *this;
    }
    ~bulkhead_permit() { release(); }

    inline void release() noexcept;
    [[nodiscard]] explicit operator bool() const noexcept { return owner_ != nullptr; }

  private:
    friend class bulkhead;
    friend class bulkhead_waiter;
    explicit bulkhead_permit(bulkhead* owner) noexcept : owner_{owner} {}
    bulkhead* owner_ = nullptr;
};

class bulkhead_waiter {
  public:
    explicit bulkhead_waiter(priority importance = priority::normal) noexcept
        : importance_{importance} {}
    virtual ~bulkhead_waiter();
    bulkhead_waiter(const bulkhead_waiter&) = delete;
    bulkhead_waiter& operator=(const bulkhead_waiter&) = delete;

    // Called once, when the wait is over, under the bulkhead's lock: notify and return.
    virtual void wake() noexcept {}

    // Ends the wait: the permit if one was granted, else the refusal. Precondition: enqueued.
    [[nodiscard]] std::expected<bulkhead_permit, fault> finish(time_point now);
    [[nodiscard]] time_point gives_up_at() const noexcept { return gives_up_at_; }

  private:
    friend class bulkhead;
    enum class state : std::uint8_t { idle, waiting, granted, displaced };

    bulkhead* owner_ = nullptr;
    bulkhead_waiter* next_ = nullptr;
    bulkhead_waiter* previous_ = nullptr;
    time_point gives_up_at_{};
    priority importance_;
    state state_ = state::idle;
};

class bulkhead {
  public:
    // Precondition: validate(settings) is empty.
    explicit bulkhead(const bulkhead_settings& settings = {}, name dependency = {},
                      observer* watch = nullptr);
    bulkhead(const bulkhead&) = delete;
    bulkhead& operator=(const bulkhead&) = delete;

    // A permit at once, or policy.bulkhead_full.
    [[nodiscard]] std::expected<bulkhead_permit, fault> admit(time_point now) {
        if (take(detail::thread_stripe())) [[likely]]
            return bulkhead_permit{this};
        return std::unexpected{refusal(now)};
    }

    // The same without a refusal to tell: empty when there is none.
    [[nodiscard]] bulkhead_permit try_admit() noexcept {
        return try_admit(detail::thread_stripe());
    }
    // The same by a thread that knows its stripe (detail/stripes.hpp).
    [[nodiscard]] bulkhead_permit try_admit(unsigned own) noexcept {
        return bulkhead_permit{take(own) ? this : nullptr};
    }

    // A place in the queue until the earlier of `until` and the queue timeout; it may be granted
    // before this returns. Precondition: the place is idle.
    [[nodiscard]] result<> enqueue(bulkhead_waiter& place, time_point now, deadline until = {});

    // Another limit or queue from now on; nobody in flight or waiting is disturbed.
    void reconfigure(const bulkhead_settings& settings);
    // The limit alone, as adaptive concurrency moves it. Precondition: limit >= 1.
    void set_limit(std::uint32_t limit);

    [[nodiscard]] std::uint32_t limit() const noexcept {
        return limit_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint32_t in_flight() const noexcept;
    [[nodiscard]] std::uint32_t waiting() const noexcept {
        return static_cast<std::uint32_t>(waiting_.load(std::memory_order_relaxed));
    }
    [[nodiscard]] bulkhead_settings settings() const;

  private:
    friend class bulkhead_permit;
    friend class bulkhead_waiter;

    struct alignas(64) stripe {
        std::atomic<std::int32_t> cached{0};
    };
    struct line {
        bulkhead_waiter* first = nullptr;
        bulkhead_waiter* last = nullptr;
    };

    [[nodiscard]] bool take(unsigned own) noexcept {
        auto& cached = stripes_[own].cached;
        auto have = cached.load(std::memory_order_relaxed);
        if (have > 0 && cached.compare_exchange_strong(have, have - 1)) [[likely]]
            return true;
        return take_slow();
    }
    void give() noexcept {
        auto& cached = stripes_[detail::thread_stripe()].cached;
        if (cached.load(std::memory_order_relaxed) < most_cached_.load(std::memory_order_relaxed) &&
            central_.load(std::memory_order_relaxed) >= 0) [[likely]] {
            cached.fetch_add(1);
        } else {
            central_.fetch_add(1);
        }
        // Sequentially consistent against enqueue: either it sees the permit or we see the place.
        if (waiting_.load() != 0) [[unlikely]]
            serve();
    }
    [[nodiscard]] bool take_slow() noexcept;
    void serve() noexcept;
    void collect() noexcept;
    [[nodiscard]] fault refusal(time_point now) const;

    // Under the lock.
    void serve_locked() noexcept;
    void append(bulkhead_waiter&) noexcept;
    void remove(bulkhead_waiter&) noexcept;

    // Read by every call, written by few.
    std::atomic<std::int32_t> most_cached_{0};
    std::atomic<std::int32_t> central_{0};  // free permits in no cache; below 0 after a lower limit
    std::atomic<std::int32_t> waiting_{0};
    std::atomic<std::uint32_t> limit_{0};
    std::array<stripe, detail::stripe_count> stripes_{};
    mutable std::mutex mutex_;  // guards everything below
    bulkhead_settings settings_;
    name dependency_;
    observer* watch_;
    std::array<line, 3> lines_{};
};

inline void bulkhead_permit::release() noexcept {
    if (auto* const owner = std::exchange(owner_, nullptr)) owner->give();
}

}  // namespace thole
