#pragma once

// Blocking calls (SQLite, libraries without an asynchronous interface) off the loop's thread.
//
//   sql::blocking_pool pool{loop, {.threads = 2, .queue = 256}};
//   auto work = [&] { return read_row(reader); };
//   auto row = co_await pool.run(std::move(work));          // result<row>
//
// The pool is a bulkhead: when all threads are busy and the queue is full, run() answers
// policy.bulkhead_full at once instead of piling work up.
//
// Ownership: the pool outlives everything that awaits it and dies before its loop; its destructor
// finishes what was accepted. Threads: run() on the loop's thread only; the callable runs on a
// thread of the pool, so it must not touch what belongs to the loop. With one thread the callables
// run one after another, which is how a connection is shared. Cancellation: a callable that was
// accepted is always finished; nothing waits less because of a cancellation.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

#include "io/loop.hpp"
#include "io/suspend.hpp"
#include "thole/codes.hpp"

namespace thole::sql {

struct blocking_pool_options {
    std::size_t threads = 1;  // at least 1
    std::size_t queue = 256;  // accepted but not started; more are refused
};

namespace detail {
template <class T>
struct flat {
    using type = result<T>;
};
template <class T>
struct flat<result<T>> {
    using type = result<T>;
};
}  // namespace detail

class blocking_pool {
  public:
    using options = blocking_pool_options;
    explicit blocking_pool(io::loop& loop, options opts = {});
    ~blocking_pool();
    blocking_pool(const blocking_pool&) = delete;
    blocking_pool& operator=(const blocking_pool&) = delete;

    // What the callable returns, as a result<T> (a callable may itself return one).
    template <class F>
    task<typename detail::flat<std::invoke_result_t<F&>>::type> run(F work) {
        using answer = typename detail::flat<std::invoke_result_t<F&>>::type;
        if (!admit()) co_return fail(codes::policy_bulkhead_full);
        auto start = [this, &work](io::resumption<answer> done) {
            push([this, &work, done = std::move(done)]() mutable {
                auto deliver = [done = std::move(done), value = call<answer>(work)]() mutable {
                    done.resume(std::move(value));
                };
                loop_.post(std::move(deliver));
            });
        };
        co_return co_await io::suspend<answer>(std::move(start));
    }

    [[nodiscard]] std::size_t waiting() const;

  private:
    template <class Answer, class F>
    static Answer call(F& work) {
        if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
            work();
            return {};
        } else {
            return work();
        }
    }
    // Reserves a place; every success is followed by one push().
    [[nodiscard]] bool admit();
    void push(std::move_only_function<void()> job);
    void work_until_stopped();

    io::loop& loop_;
    const options options_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<std::move_only_function<void()>> queue_;
    std::size_t idle_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace thole::sql
