#include "io/lookup_pool.hpp"

#include <thread>

namespace thole::io {

lookup_pool::lookup_pool(loop& owner, unsigned threads, std::size_t max_waiting,
                         lookup_function lookup, deliver_function deliver)
    : state_{std::make_shared<state>()}, max_threads_{threads}, max_waiting_{max_waiting} {
    state_->owner = &owner;
    state_->lookup = std::move(lookup);
    state_->deliver = std::move(deliver);
}

lookup_pool::~lookup_pool() {
    std::unique_lock lock{state_->mutex};
    state_->owner = nullptr;
    state_->waiting.clear();
    state_->changed.notify_all();
    state_->changed.wait(lock, [this] { return state_->threads == state_->busy; });
}

bool lookup_pool::submit(std::string host) {
    const std::scoped_lock lock{state_->mutex};
    const auto idle = state_->threads - state_->busy;
    const bool can_start = state_->threads < max_threads_;
    if (!can_start && state_->waiting.size() >= idle + max_waiting_) return false;
    if (state_->waiting.size() >= idle && can_start) {
        try {
            std::thread{&lookup_pool::work, state_}.detach();
            ++state_->threads;
        } catch (const std::system_error&) {
            if (state_->threads == 0) return false;
        }
    }
    state_->waiting.push_back(std::move(host));
    state_->changed.notify_one();
    return true;
}

void lookup_pool::work(const std::shared_ptr<state>& shared) {
    std::unique_lock lock{shared->mutex};
    for (;;) {
        shared->changed.wait(lock,
                             [&] { return shared->owner == nullptr || !shared->waiting.empty(); });
        if (shared->owner == nullptr) break;
        const auto host = std::move(shared->waiting.front());
        shared->waiting.pop_front();
        ++shared->busy;
        lock.unlock();
        auto answer = shared->lookup(host);
        lock.lock();
        --shared->busy;
        if (shared->owner == nullptr) break;
        // Under the lock: the loop cannot go away between the test and the call.
        shared->owner->post(
            [deliver = shared->deliver, host, answer = std::move(answer)]() mutable {
                deliver(host, std::move(answer));
            });
    }
    --shared->threads;
    shared->changed.notify_all();
}

}  // namespace thole::io
