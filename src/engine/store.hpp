#pragma once

// A journal's storage without threads or coroutines: plain calls inside a transaction.
//
// inline_journal runs one on the loop itself (simulations, tests); sqlite_journal runs one on its
// writer thread, many calls to a transaction. Writing calls come between begin() and commit(), and
// change nothing that anybody can see before commit() has succeeded.
//
// A writing call may be repeated after rollback() with the same arguments: it keeps nothing.
// Threads: one at a time.

#include <algorithm>

#include "engine/upkeep.hpp"
#include "thole/clock.hpp"

namespace thole::saga {

inline constexpr int most_holds = 500;  // records that holds() answers

class store {
  public:
    virtual ~store() = default;

    virtual result<> begin() = 0;
    // A fault with effect unknown: it may have been committed.
    virtual result<> commit() = 0;
    virtual void rollback() = 0;

    // Also keeps the node's plans.
    virtual result<std::int64_t> recover(const node_identity& node, store_time now) = 0;
    virtual result<submit_answer> submit(const new_operation& o) = 0;
    virtual result<move_answer> apply(const move& m) = 0;
    virtual result<claim_answer> claim(const claim_request& request) = 0;

    virtual result<std::optional<stored_operation>> load(const uuid& id) = 0;
    virtual result<std::optional<operation>> find_key(std::string_view tenant,
                                                      std::string_view kind,
                                                      std::string_view key) = 0;
    virtual result<operation_page> list(const list_filter& filter) = 0;
    virtual result<std::vector<event>> events(std::int64_t row, std::int64_t after, int limit) = 0;
    virtual result<operation_counts> counts() = 0;
    virtual result<std::vector<held_lock>> locks() = 0;
    virtual result<> hold(const hold_record& what) = 0;
    virtual result<std::vector<hold_record>> holds(bool all) = 0;
    virtual result<removable_page> removable(const removable_query& query) = 0;
    virtual result<> remove(const removal& what) = 0;
    virtual result<std::vector<prepared_row>> prepared(std::int64_t row) = 0;
    // The latest time that was ever journaled: where store time goes on after a restart.
    virtual result<store_time> latest() = 0;
};

// Store time from a clock: as the wall clock, but never backward, and it goes on from what was
// journaled when the wall clock was set back while the process was down.
class store_clock {
  public:
    store_clock(const thole::clock& source, store_time latest) : source_{&source} {
        anchor_ = std::max(wall(), latest);
        anchored_ = source.now();
    }
    [[nodiscard]] store_time now() {
        using std::chrono::microseconds;
        const auto steady = anchor_ + std::chrono::floor<microseconds>(source_->now() - anchored_);
        if (wall() > steady) {
            anchor_ = wall();
            anchored_ = source_->now();
            return anchor_;
        }
        return steady;
    }

  private:
    [[nodiscard]] store_time wall() const {
        return store_time{source_->wall_now().time_since_epoch()};
    }
    const thole::clock* source_;
    store_time anchor_;
    time_point anchored_;
};

}  // namespace thole::saga
