#pragma once

// A million timers, most of which never fire, for the price of a list insertion each.
//
// The problem: a deadline per call means arming and cancelling a timer per call. A heap pays log n
// and cache misses for each; a kernel timer pays a system call. Here timers lie in lists by when
// they are due, and arming and cancelling touch three of them:
//
//   timer_wheel wheel{clock.now()};
//   const auto id = wheel.arm(clock.now() + 5s, request);
//   ...
//   wheel.cancel(id);                                         // answered in time
//   wheel.advance(clock.now(), [&](timer_id, std::uint64_t data) { expire(data); });
//   if (auto at = wheel.next()) wait_until(*at);              // one real timer for all
//
// Hashed hierarchical wheel (Varghese, Lauck 1987): six levels of 64 lists; a list of level n holds
// what is due in one span of 64^n ticks and is spread over the level below before the span begins.
// Spreading is done ahead and in portions, so that no tick has to move a million timers at once.
//
// A timer never fires early, and at most one tick late (plus the time until advance is called). An
// instant further away than `longest` ticks (24 days at 1 ms) fires after `longest`: ask again
// then. What is not asked for costs nothing: 24 bytes a timer, 8 more for the id that its owner
// keeps.
//
// Threads: single-owner, like the loop that drives it. fire may arm and cancel; it must not
// advance. Memory grows by doubling while timers are armed; `reserve` takes it beforehand.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "thole/time.hpp"

namespace thole {

// Of one armed timer; stale after it fired or was cancelled, and recognised as such.
struct timer_id {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;  // 0 = no timer

    friend bool operator==(timer_id, timer_id) noexcept = default;
};

class timer_wheel {
  public:
    static constexpr std::uint32_t longest = (std::uint32_t{1} << 31) - 1;  // ticks

    // Precondition: tick > 0.
    explicit timer_wheel(time_point start, duration tick = std::chrono::milliseconds{1},
                         std::size_t reserve = 0);

    // `data` is handed to fire and never looked into. An instant in the past fires at the next
    // tick.
    timer_id arm(time_point at, std::uint64_t data);
    // False when it fired or was cancelled before.
    bool cancel(timer_id) noexcept;
    // Another instant for the same timer; false as above.
    bool rearm(timer_id, time_point at) noexcept;

    // Lets time pass; calls fire(timer_id, data) for what is due, in order of ticks. Returns how
    // many fired.
    template <class F>
    std::size_t advance(time_point now, F&& fire) {
        std::size_t fired = 0;
        const auto target = elapsed(now);
        while (now_ticks_ < target) {
            // Over a long stretch without work there are no single steps.
            if (target - now_ticks_ > lists) {
                now_ticks_ = std::min(target, now_ticks_ + ticks_to_next() - 1);
                if (now_ticks_ == target) break;
            }
            step();
            while (const auto index = pop_due()) {
                const auto id = timer_id{*index, nodes_[*index].generation};
                const auto data = nodes_[*index].data;
                release(*index);
                fire(id, data);
                ++fired;
            }
        }
        return fired;
    }

    // When advance has something to do next; not later than the earliest timer. Empty when nothing
    // is armed.
    [[nodiscard]] std::optional<time_point> next() const noexcept;

    [[nodiscard]] std::size_t armed() const noexcept { return armed_; }
    // Of memory, per timer, without the id that its owner keeps.
    [[nodiscard]] static constexpr std::size_t bytes_each() noexcept { return sizeof(node); }

  private:
    static constexpr unsigned levels = 6;
    static constexpr unsigned level_bits = 6;
    static constexpr std::uint32_t lists = 64;
    // Heads stand in front of the nodes: per level 64 lists and one of those spread late.
    static constexpr std::uint32_t heads_per_level = lists + 1;
    static constexpr std::uint32_t due_head = levels * heads_per_level;
    static constexpr std::uint32_t first_node = due_head + 1;

    struct node {
        std::uint32_t next;
        std::uint32_t previous;
        std::uint32_t due;  // ticks, modulo 2^32
        std::uint32_t generation;
        std::uint64_t data;
    };
    static_assert(sizeof(node) == 24);

    [[nodiscard]] std::uint64_t elapsed(time_point now) const noexcept;
    [[nodiscard]] std::uint32_t due_tick(time_point at) const noexcept;
    [[nodiscard]] static std::uint32_t span(unsigned level) noexcept {
        return std::uint32_t{1} << (level_bits * level);
    }
    [[nodiscard]] std::uint32_t head_for(std::uint32_t due) const noexcept;
    [[nodiscard]] bool is_empty(std::uint32_t head) const noexcept {
        return nodes_[head].next == head;
    }
    void link(std::uint32_t head, std::uint32_t index) noexcept;
    void unlink(std::uint32_t index) noexcept;
    void splice(std::uint32_t from, std::uint32_t to) noexcept;
    void release(std::uint32_t index) noexcept;
    [[nodiscard]] std::optional<std::uint32_t> pop_due() noexcept;
    // Until advance has something to do; at least 1.
    [[nodiscard]] std::uint64_t ticks_to_next() const noexcept;
    void step() noexcept;
    void spread(unsigned level, std::uint32_t head, std::uint32_t most) noexcept;

    std::vector<node> nodes_;
    std::uint32_t free_ = 0;  // list of free nodes; 0 = none (a head is never free)
    std::size_t armed_ = 0;
    std::uint64_t now_ticks_ = 0;  // ticks since start that have passed
    time_point start_;
    duration tick_;
};

}  // namespace thole
