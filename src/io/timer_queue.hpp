#pragma once

// Who is to be woken when: an indexed heap of entries that live in their owners.
//
// The problem: one kernel timer per wait costs a system call each. Here a loop keeps all its waits
// in one queue and arms one kernel timer for the earliest.
//
//   struct wake : timer_queue::entry { void due() noexcept override { ... } } w;
//   queue.arm(w, now + 2s);                      // again: moves it
//   while (auto* each = queue.pop_due(now)) each->due();
//
// Entries of the same instant come out in the order in which they were armed, hence a simulation
// replays. arm, disarm: O(log n), no allocation beyond the heap's own growth. An entry must be
// disarmed before it is destroyed and does not move while armed. Single-owner.

#include <cstdint>
#include <optional>
#include <vector>

#include "thole/time.hpp"

namespace thole::io {

class timer_queue {
  public:
    class entry {
      public:
        entry() = default;
        entry(const entry&) = delete;
        entry& operator=(const entry&) = delete;

        // Called by the owner of the queue after pop_due() took the entry out.
        virtual void due() noexcept = 0;
        [[nodiscard]] bool armed() const noexcept { return index_ != nowhere; }
        [[nodiscard]] time_point at() const noexcept { return at_; }

      protected:
        ~entry();

      private:
        friend class timer_queue;
        static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
        time_point at_;
        std::uint64_t order_ = 0;
        std::size_t index_ = nowhere;
    };

    timer_queue() = default;
    timer_queue(const timer_queue&) = delete;
    timer_queue& operator=(const timer_queue&) = delete;

    void arm(entry& which, time_point at);
    void disarm(entry& which) noexcept;  // nothing happens when it is not armed
    [[nodiscard]] std::optional<time_point> next() const noexcept;
    // The earliest entry with at() <= now, taken out; null when there is none.
    [[nodiscard]] entry* pop_due(time_point now) noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }

  private:
    [[nodiscard]] static bool before(const entry& a, const entry& b) noexcept {
        return a.at_ != b.at_ ? a.at_ < b.at_ : a.order_ < b.order_;
    }
    void place(entry& which, std::size_t index) noexcept;
    void sift_up(std::size_t index) noexcept;
    void sift_down(std::size_t index) noexcept;

    std::vector<entry*> heap_;
    std::uint64_t next_order_ = 0;
};

}  // namespace thole::io
