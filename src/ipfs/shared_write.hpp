#pragma once

// Calls that come while a write is under way share the next one.
//
//   shared_write<std::string> syncs{[&](auto& folders) { return sync_each(folders); }};
//   auto done = syncs.join(folder);      // answered when a write that carries it is over
//
// One thread of those that wait carries a group; the others sleep until it is over. Every member of
// a group gets the group's answer. Groups follow one another, so what a carry does needs no lock
// against other carries, and its order is that of the groups.
//
// Threads: any; join() blocks. An exception of the carry goes to the thread that carried; the
// others get ipfs.disk_error.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "ipfs/codes.hpp"
#include "thole/result.hpp"

namespace thole::ipfs {

template <class Item>
class shared_write {
  public:
    using carry = std::function<result<>(std::vector<Item>&)>;
    explicit shared_write(carry all) : carry_{std::move(all)} {}

    [[nodiscard]] result<> join(Item item) {
        std::unique_lock lock{mutex_};
        if (!next_) next_ = std::make_shared<group>();
        const auto mine = next_;
        mine->items.push_back(std::move(item));
        while (!mine->answer) {
            if (busy_) {
                mine->woken.wait(lock);
                continue;
            }
            busy_ = true;
            next_.reset();
            lock.unlock();
            const ending end{*this, lock, *mine};
            mine->carried.emplace(carry_(mine->items));
        }
        return *mine->answer;
    }

    // How many the next write would carry.
    [[nodiscard]] std::size_t waiting() const {
        const std::scoped_lock lock{mutex_};
        return next_ ? next_->items.size() : 0;
    }

  private:
    struct group {
        std::vector<Item> items;
        std::condition_variable woken;
        std::optional<result<>> carried;
        std::optional<result<>> answer;  // set under the mutex
    };
    // Tells the group, and wakes one of the next.
    struct ending {
        shared_write& of;
        std::unique_lock<std::mutex>& lock;
        group& over;
        ~ending() {
            lock.lock();
            over.answer = over.carried ? std::move(*over.carried)
                                       : fail(codes::disk_error, "the write was given up");
            of.busy_ = false;
            over.woken.notify_all();
            if (of.next_) of.next_->woken.notify_one();
        }
    };

    carry carry_;
    mutable std::mutex mutex_;
    std::shared_ptr<group> next_;  // those that came since the last carry began
    bool busy_ = false;
};

}  // namespace thole::ipfs
