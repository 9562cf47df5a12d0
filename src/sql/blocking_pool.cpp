#include "sql/blocking_pool.hpp"

#include "thole/assert.hpp"

namespace thole::sql {

blocking_pool::blocking_pool(io::loop& loop, options opts) : loop_{loop}, options_{opts} {
    THOLE_ASSERT(opts.threads > 0, "a pool has at least one thread");
    // Every thread counts as idle from the start: a place in the queue is not needed for it.
    idle_ = opts.threads;
    for (std::size_t i = 0; i < opts.threads; ++i) {
        threads_.emplace_back([this] { work_until_stopped(); });
    }
}

blocking_pool::~blocking_pool() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    ready_.notify_all();
    for (auto& thread : threads_) thread.join();
}

bool blocking_pool::admit() {
    const std::lock_guard lock{mutex_};
    return !stopping_ && queue_.size() < idle_ + options_.queue;
}

void blocking_pool::push(std::move_only_function<void()> job) {
    {
        const std::lock_guard lock{mutex_};
        queue_.push_back(std::move(job));
    }
    ready_.notify_one();
}

std::size_t blocking_pool::waiting() const {
    const std::lock_guard lock{mutex_};
    return queue_.size();
}

void blocking_pool::work_until_stopped() {
    std::unique_lock lock{mutex_};
    for (;;) {
        ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        auto job = std::move(queue_.front());
        queue_.pop_front();
        --idle_;
        lock.unlock();
        job();
        job = nullptr;  // destroyed without the lock: it may own a coroutine
        lock.lock();
        ++idle_;
    }
}

}  // namespace thole::sql
