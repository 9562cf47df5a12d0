#pragma once

// A few threads for lookups that may hang for ever. Used by system_resolver only.

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "io/loop.hpp"
#include "io/system_resolver.hpp"

namespace thole::io {

class lookup_pool {
  public:
    // Called on the loop's thread.
    using deliver_function = std::function<void(const std::string& host, lookup_answer answer)>;

    lookup_pool(loop& owner, unsigned threads, std::size_t max_waiting, lookup_function lookup,
                deliver_function deliver);
    // Lets idle threads end; hanging ones are left behind and deliver nothing any more.
    ~lookup_pool();

    // False when the queue is full.
    [[nodiscard]] bool submit(std::string host);

  private:
    // Shared with the threads, which may outlive the pool.
    struct state {
        std::mutex mutex;
        std::condition_variable changed;
        std::deque<std::string> waiting;
        unsigned threads = 0;
        unsigned busy = 0;
        loop* owner = nullptr;  // null once closed
        lookup_function lookup;
        deliver_function deliver;
    };
    static void work(const std::shared_ptr<state>& shared);

    std::shared_ptr<state> state_;
    unsigned max_threads_;
    std::size_t max_waiting_;
};

}  // namespace thole::io
