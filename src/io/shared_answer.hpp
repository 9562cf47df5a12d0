#pragma once

// One question for all who ask it within a while.
//
//   io::shared_answer<result<std::uint64_t>> balance;
//   auto ask = [&] { return wallet.balance(until); };
//   const auto now = co_await balance.get(loop, 1s, ask);   // asked once a second, whoever asks
//
// Who comes while it is under way waits for the same answer, a fault included; a fault is not kept
// for anybody later. When whoever asks is cancelled, the next who waits asks himself. R is a
// result. Ownership: outlives its callers. Threads: the loop's. Cancellation: of the caller alone.

#include "io/event.hpp"
#include "thole/codes.hpp"

namespace thole::io {

template <class R>
class shared_answer {
  public:
    // `ask` makes the task that answers.
    template <class Ask>
    [[nodiscard]] task<R> get(const loop& time, duration max_age, Ask ask) {
        for (;;) {
            const bool fresh = last_ && *last_ && time.now() - told_at_ < max_age;
            if (fresh) co_return *last_;
            if (!asking_) break;
            const auto round = rounds_;
            if (auto waited = co_await told_.wait(); !waited) co_return fail(waited.error());
            if (rounds_ != round) co_return *last_;
        }
        const under_way mark{*this};
        auto answer = co_await ask();
        if (answer || answer.error().kind() != fault_kind::cancelled) {
            last_ = answer;
            told_at_ = time.now();
            ++rounds_;
        }
        co_return answer;
    }

  private:
    struct under_way {
        explicit under_way(shared_answer& of) : of_{of} { of_.asking_ = true; }
        ~under_way() {
            of_.asking_ = false;
            of_.told_.notify_all();
        }
        under_way(const under_way&) = delete;
        under_way& operator=(const under_way&) = delete;
        shared_answer& of_;
    };

    std::optional<R> last_;
    time_point told_at_{};
    std::uint64_t rounds_ = 0;  // answers so far
    bool asking_ = false;
    signal told_;
};

}  // namespace thole::io
