#pragma once

// Marks that one coroutine is at it, and wakes those who wait for it – also when it is cancelled or
// destroyed half-way.

#include "io/event.hpp"

namespace thole::solana {

class busy_flag {
  public:
    class holder {
      public:
        explicit holder(busy_flag& flag) : flag_{flag} { flag_.busy_ = true; }
        ~holder() {
            flag_.busy_ = false;
            flag_.done_.notify_all();
        }
        holder(const holder&) = delete;
        holder& operator=(const holder&) = delete;

      private:
        busy_flag& flag_;
    };

    [[nodiscard]] bool is_busy() const noexcept { return busy_; }
    // Ends when the present holder ends, who is bounded by a deadline of his own.
    [[nodiscard]] task<result<>> wait() { return done_.wait(); }

  private:
    bool busy_ = false;
    io::signal done_;
};

}  // namespace thole::solana
