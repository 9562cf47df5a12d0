#pragma once

// A journal over a store that is called on the loop itself, each call its own transaction. For
// simulations and tests: deterministic, and every call really suspends (once before the commit,
// once after it), so that what may happen in between does happen.
//
// Ownership: loop and store outlive it. Threads: the loop's. Cancellation: none reaches it.

#include "engine/store.hpp"
#include "io/loop.hpp"
#include "io/suspend.hpp"

namespace thole::saga {

class inline_journal final : public journal, public upkeep {
  public:
    inline_journal(io::loop& loop, store& storage);

    task<result<std::int64_t>> begin(node_identity node) override;
    [[nodiscard]] store_time now() override { return clock_.now(); }
    [[nodiscard]] bool may_start_effects() const noexcept override { return true; }
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

    task<result<removable_page>> removable(removable_query query) override;
    task<result<>> remove(removal what) override;
    task<result<std::vector<prepared_row>>> prepared(std::int64_t row) override;

  private:
    task<bool> turn();

    template <class F>
    task<std::invoke_result_t<F&>> write(F work) {
        co_await turn();
        auto answer = transact(work);
        co_await turn();
        co_return answer;
    }
    template <class F>
    std::invoke_result_t<F&> transact(F& work) {
        if (auto begun = store_.begin(); !begun) return fail(std::move(begun).error());
        auto answer = work();
        if (!answer) return store_.rollback(), answer;
        if (auto done = store_.commit(); !done) return fail(std::move(done).error());
        return answer;
    }
    template <class F>
    task<std::invoke_result_t<F&>> read(F work) {
        co_await turn();
        co_return work();
    }

    io::loop& loop_;
    store& store_;
    store_clock clock_;
};

}  // namespace thole::saga
