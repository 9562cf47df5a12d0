#pragma once

// A journal that lets the process "die" at a chosen write: for tests that try every one of them.
//
//   crash_switch power;
//   power.arm({.write = 7, .when = crash_when::unacknowledged});
//   crash_journal log{inner, power};                     // hand this one to the engine
//   ... run; outside fakes ask power.is_off() first and then co_await power.hang() ...
//   power.drop();                                        // while the loop still lives
//
// "Dead" means: nothing reaches the store or the outside any more, and no answer comes back. What
// the store had committed stays. The three moments of a write:
//
//   before          it never happens
//   unacknowledged  it is committed, but nobody is told
//   acknowledged    it is committed and the caller knows, but touches nothing outside any more
//
// Threads: the loop's. Ownership: switch and inner journal outlive the decorator.

#include <vector>

#include "engine/journal.hpp"
#include "io/suspend.hpp"

namespace thole::saga {

enum class crash_when : std::uint8_t { before, unacknowledged, acknowledged };

struct crash_point {
    int write = 0;  // the how-manieth write of this life, from 1; 0 = none
    crash_when when = crash_when::before;
};

class crash_switch {
  public:
    void arm(crash_point at) { at_ = at; }
    [[nodiscard]] bool is_off() const noexcept { return off_; }
    void turn_off() { off_ = true; }
    // Never returns. The waiting coroutine is destroyed by drop().
    task<bool> hang();
    // False: there was none.
    bool drop() { return !std::exchange(hanging_, {}).empty(); }
    [[nodiscard]] int writes() const noexcept { return writes_; }

  private:
    friend class crash_journal;
    crash_point at_;
    bool off_ = false;
    int writes_ = 0;
    std::vector<io::resumption<bool>> hanging_;
};

class crash_journal final : public journal {
  public:
    crash_journal(journal& inner, crash_switch& power) : inner_{inner}, power_{power} {}

    task<result<std::int64_t>> begin(node_identity node) override;
    [[nodiscard]] store_time now() override { return inner_.now(); }
    [[nodiscard]] bool may_start_effects() const noexcept override {
        return inner_.may_start_effects();
    }
    task<result<submit_answer>> submit(const new_operation& o) override;
    task<result<move_answer>> commit(const move& m) override;
    task<result<claim_answer>> claim(claim_request request) override;
    task<result<std::optional<stored_operation>>> load(uuid id) override;
    task<result<std::optional<operation>>> find_key(std::string tenant, std::string kind,
                                                    std::string key) override;
    task<result<operation_page>> list(list_filter filter) override;
    task<result<std::vector<event>>> events(std::int64_t row, std::int64_t after,
                                            int limit) override;
    task<result<operation_counts>> counts() override;
    task<result<std::vector<held_lock>>> locks() override;
    task<result<>> hold(hold_record what) override;
    task<result<std::vector<hold_record>>> holds(bool all) override;

  private:
    template <class T>
    task<T> write(task<T> call);
    template <class T>
    task<T> read(task<T> call);

    journal& inner_;
    crash_switch& power_;
};

}  // namespace thole::saga
