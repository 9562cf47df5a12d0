#pragma once

// The journal's rules in memory, as plainly as they can be said: what every real store is compared
// with, and what simulations run on. What was committed survives a "crash" (the store object lives
// on, everything else is made anew); what was not, is gone.
//
// Single-owner. What is asked all the time – by id, by key, what is due, who waits for a lock, how
// many there are – is found by an index; anything else looks at every operation.

#include <array>
#include <map>
#include <set>
#include <tuple>

#include "engine/store.hpp"

namespace thole::saga {

// What a claim tells apart among those that are ready: kind, lane, priority.
using claim_class = std::tuple<std::string, std::string, operation_priority>;
using due_order = std::set<std::pair<store_time, std::int64_t>>;

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

    // A row as it was before the open transaction. Events and prepared bytes are only added; where
    // they go, `whole` keeps them.
    struct old_row {
        bool was = true;
        operation op;
        std::size_t events = 0;
        std::size_t prepared = 0;
        std::optional<entry> whole;
    };

    // Remembers the row as it is for a rollback, and takes it from its places until place_all().
    entry& touch(std::int64_t row);
    void place_all();
    void leave_places(const entry& e);
    due_order& ready_like(const operation& op);
    [[nodiscard]] static std::string key_text(std::string_view tenant, std::string_view kind,
                                              std::string_view key);
    void forget(const identity& who);
    void remember_lock(const std::string& key);
    [[nodiscard]] std::optional<store_time> paced_until(const identity& who,
                                                        store_time::duration pace,
                                                        store_time now) const;
    void begin_paced(const identity& who, store_time::duration pace, store_time now);
    [[nodiscard]] bool may_go(const entry& e, bool row_stays) const;
    bool take_lock(const entry& e);
    std::optional<moved_operation> hand_lock_on(const std::string& key, store_time now);
    [[nodiscard]] entry* find(const uuid& id);
    std::optional<moved_operation> wake_parent(const uuid& parent, const uuid& child,
                                               store_time now);
    [[nodiscard]] stored_operation stored(const entry& e) const;

    std::map<std::int64_t, entry> rows_;
    std::map<uuid, std::int64_t> ids_;
    std::map<std::string, std::int64_t> keys_;
    // Of every row that is not in unplaced_:
    std::map<claim_class, due_order, std::less<>> ready_;
    std::set<std::pair<std::string, std::int64_t>> blocked_;  // by the lock
    std::array<std::int64_t, 5> in_state_{};
    std::set<std::int64_t> unplaced_;

    std::map<std::string, std::int64_t> locks_;
    std::map<std::pair<std::string, std::string>, store_time> paced_;  // by kind and lock
    std::map<std::string, std::int64_t> archives_;
    std::map<std::pair<std::string, int>, std::string> plans_;
    std::vector<hold_record> holds_;
    // What a rollback of the open transaction returns to.
    std::map<std::int64_t, old_row> old_rows_;
    std::map<std::string, std::optional<std::int64_t>> old_locks_;
    std::map<std::pair<std::string, std::string>, store_time> old_paced_;
    std::map<std::string, std::int64_t> old_archives_;
    std::size_t old_holds_ = 0;
};

}  // namespace thole::saga
