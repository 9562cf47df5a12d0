#pragma once

// The journal's rules in memory, as plainly as they can be said: what every real store is compared
// with, and what simulations run on. What was committed survives a "crash" (the store object lives
// on, everything else is made anew); what was not, is gone.
//
// Single-owner. Looks at every operation for most questions: for thousands, not millions.

#include <map>

#include "engine/store.hpp"

namespace thole::saga {

class model_store final : public store {
  public:
    result<> begin() override;
    result<> commit() override;
    void rollback() override;

    result<std::int64_t> recover(const node_identity& node, store_time now) override;
    result<submit_answer> submit(const new_operation& o) override;
    result<move_answer> apply(const move& m) override;
    result<claim_answer> claim(const claim_request& request) override;

    result<std::optional<stored_operation>> load(const uuid& id) override;
    result<std::optional<operation>> find_key(std::string_view tenant, std::string_view kind,
                                              std::string_view key) override;
    result<operation_page> list(const list_filter& filter) override;
    result<std::vector<event>> events(std::int64_t row, std::int64_t after, int limit) override;
    result<operation_counts> counts() override;
    result<std::vector<held_lock>> locks() override;
    result<> hold(const hold_record& what) override;
    result<std::vector<hold_record>> holds(bool all) override;
    result<removable_page> removable(const removable_query& query) override;
    result<> remove(const removal& what) override;
    result<std::vector<prepared_row>> prepared(std::int64_t row) override;
    result<store_time> latest() override;

  private:
    struct entry {
        operation op;
        std::vector<event> events;
        std::vector<prepared_row> prepared;
        std::string kept;  // of an archived one
    };

    // Remembers the row as it is, for a rollback.
    entry& touch(std::int64_t row);
    [[nodiscard]] bool may_go(const entry& e) const;
    bool take_lock(const entry& e);
    std::optional<moved_operation> hand_lock_on(const std::string& key, store_time now);
    [[nodiscard]] entry* find(const uuid& id);
    std::optional<moved_operation> wake_parent(const uuid& parent, const uuid& child,
                                               store_time now);
    [[nodiscard]] stored_operation stored(const entry& e) const;

    std::map<std::int64_t, entry> rows_;
    std::map<std::string, std::int64_t> locks_;
    std::map<std::string, std::int64_t> archives_;
    std::map<std::pair<std::string, int>, std::string> plans_;
    std::vector<hold_record> holds_;
    std::size_t old_holds_ = 0;
    // What a rollback of the open transaction returns to; nullopt = the row was not there.
    std::map<std::int64_t, std::optional<entry>> old_rows_;
    std::map<std::string, std::int64_t> old_locks_;
    std::map<std::string, std::int64_t> old_archives_;
};

}  // namespace thole::saga
