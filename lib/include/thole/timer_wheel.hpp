#pragma once

// A million timers, most of which never fire, for the price of a note each.
//
// The problem: a deadline per call means arming and cancelling a timer per call. A heap pays log n
// and cache misses for each; a kernel timer pays a system call. Here a timer is a note in a list of
// what is due at about that time, and cancelling it only makes the note stale:
//
//   timer_wheel wheel{clock.now()};
//   auto id = wheel.arm(clock.now() + 5s, request);
//   ...
//   wheel.cancel(id);                                         // answered in time
//   wheel.advance(clock.now(), [&](timer_id, std::uint64_t data) { expire(data); });
//   if (auto at = wheel.next()) wait_until(*at);              // one real timer for all
//
// Hashed hierarchical wheel (Varghese, Lauck 1987): six levels of 64 lists; a list of level n holds
// what is due in one span of 64^n ticks and is spread over the level below before the span begins.
// Spreading is done ahead and in portions, so that no tick has to move a million timers at once.
//
// A list is a stack of notes of four bytes, an index and a few bits of the timer's generation.
// Arming and re-arming write one; cancelling touches nothing but the timer itself. Stale notes are
// dropped when their list is spread; when they come to three quarters of the timers, arming sweeps
// a little now and then.
//
// A timer never fires early, and at most one tick late (plus the time until advance is called). An
// instant further away than `longest` ticks (24 days at 1 ms) fires after `longest`: ask again
// then. Memory: 24 bytes a timer, 8 more for the id that its owner keeps; `most` timers at once.
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

#include "thole/detail/division.hpp"
#include "thole/time.hpp"

namespace thole {

// Of one armed timer; stale after it fired or was cancelled, and recognised as such.
struct timer_id {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;  // odd; 0 = no timer

    friend bool operator==(timer_id, timer_id) noexcept = default;
};

class timer_wheel {
  public:
    static constexpr std::uint32_t longest = (std::uint32_t{1} << 31) - 1;  // ticks
    static constexpr std::uint32_t most = (std::uint32_t{1} << 26) - 1;     // armed at once

    // Precondition: tick > 1 ns.
    explicit timer_wheel(time_point start, duration tick = std::chrono::milliseconds{1},
                         std::size_t reserve = 0);

    // `data` is handed to fire and never looked into. An instant in the past fires at the next
    // tick.
    timer_id arm(time_point at, std::uint64_t data);
    // False when it fired or was cancelled before.
    bool cancel(timer_id) noexcept;
    // Another instant for the same timer, which gets a new id; false as above.
    bool rearm(timer_id&, time_point at);

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
                const auto id = timer_id{*index, stamps_[*index]};
                const auto data = data_[*index];
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
    // Bytes held, without the ids that owners keep.
    [[nodiscard]] std::size_t memory() const noexcept {
        return stamps_.capacity() * sizeof(stamps_[0]) + dues_.capacity() * sizeof(dues_[0]) +
               data_.capacity() * sizeof(data_[0]) + blocks_.capacity() * sizeof(block);
    }

  private:
    static constexpr unsigned levels = 6;
    static constexpr unsigned level_bits = 6;
    static constexpr std::uint32_t lists = 64;
    // Per level 64 lists and one of those spread late; then one for what is due now.
    static constexpr std::uint32_t lists_per_level = lists + 1;
    static constexpr std::uint32_t due_list = levels * lists_per_level;
    static constexpr std::uint32_t all_lists = due_list + 1;
    static constexpr unsigned tag_bits = 6;  // of a note; the index takes the others
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    struct block {
        static constexpr std::uint32_t size = 62;
        std::uint32_t below = none;
        std::uint32_t count = 0;
        std::array<std::uint32_t, size> notes;
    };
    static_assert(sizeof(block) == 256);

    [[nodiscard]] std::uint64_t elapsed(time_point now) const noexcept;
    [[nodiscard]] std::uint32_t due_tick(time_point at) const noexcept;
    [[nodiscard]] static std::uint32_t span(unsigned level) noexcept {
        return std::uint32_t{1} << (level_bits * level);
    }
    [[nodiscard]] std::uint32_t list_for(std::uint32_t due) const noexcept;
    [[nodiscard]] bool is_empty(std::uint32_t list) const noexcept {
        return tops_[list] == none && (list != swept_list_ || unswept_ == none);
    }
    [[nodiscard]] bool is_armed(timer_id) const noexcept;
    // False when the timer was cancelled or moved since; seldom true although it was moved.
    [[nodiscard]] bool is_current(std::uint32_t note) const noexcept;
    void push(std::uint32_t list, std::uint32_t note);
    // Precondition: not empty.
    [[nodiscard]] std::uint32_t pop(std::uint32_t list) noexcept;
    std::uint32_t add_block(std::uint32_t list);
    void free_block(std::uint32_t index) noexcept;
    void place(timer_id, std::uint32_t due);
    void release(std::uint32_t index) noexcept;
    [[nodiscard]] std::optional<std::uint32_t> pop_due() noexcept;
    // Until advance has something to do; at least 1.
    [[nodiscard]] std::uint64_t ticks_to_next() const noexcept;
    void step();
    void spread(unsigned level, std::uint32_t list, std::uint32_t begins, std::uint32_t portion);
    [[nodiscard]] static std::size_t blocks_for(std::size_t timers) noexcept;
    void tidy();
    void sweep();

    std::array<std::uint32_t, all_lists> tops_;  // of each list's stack of blocks
    // Of each timer, and apart, for the first is all that most operations look at.
    std::vector<std::uint32_t> stamps_;  // grows when armed, to odd, and when released, to even
    std::vector<std::uint32_t> dues_;    // ticks, modulo 2^32
    std::vector<std::uint64_t> data_;    // while free: the next free one
    std::vector<block> blocks_;
    std::uint32_t free_ = none;
    std::uint32_t free_blocks_ = none;
    std::uint32_t swept_list_ = 0;
    std::uint32_t unswept_ = none;  // the blocks of swept_list_ that are still to be looked at
    std::size_t armed_ = 0;
    std::size_t blocks_used_ = 0;
    std::size_t tidy_above_ = 0;
    std::uint64_t now_ticks_ = 0;  // ticks since start that have passed
    time_point start_;
    duration tick_;
    detail::divisor by_tick_;
};

}  // namespace thole
