#pragma once

// The journal's rules as SQL over one connection. See sqlite_schema.hpp for the format.
//
// The statements are compiled once. The same class serves the writer and, over a read connection,
// the reader. Single-owner: one thread at a time.

#include <map>
#include <span>

#include "engine/reseal.hpp"
#include "engine/sqlite_rows.hpp"
#include "engine/store.hpp"

namespace thole::saga {

class sqlite_store final : public store {
  public:
    // Opens, and for writing migrates, the file. With a cipher what operations carry is sealed from
    // now on; without one, nothing that is sealed can be read. Refused when the file holds what
    // these keys do not open (engine.payload_key_missing, engine.payload_key_bad).
    static result<std::unique_ptr<sqlite_store>> open(const std::string& path, sql::access mode,
                                                      sql::open_options options = {},
                                                      payload_cipher::ptr cipher = {});

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

    // Between begin() and commit(): seals the next `limit` values, and what is in the clear, under
    // the newest key. See reseal.hpp.
    result<reseal_progress> reseal(const reseal_progress& from, int limit);

    [[nodiscard]] sql::database& db() noexcept { return db_; }

  private:
    sqlite_store(sql::database db, payload_cipher::ptr cipher)
        : db_{std::move(db)}, cipher_{std::move(cipher)} {}
    result<> prepare();
    result<> take_newest_key();
    result<> reseal_some(reseal_progress& at, int limit);
    // The text that is to stand in the column instead; nullopt: what is there may stay.
    result<std::optional<std::string>> to_reseal(const sql::statement& row, int column,
                                                 const payload_label& label);
    result<uuid> id_of(std::int64_t row);
    result<> prepare_paces();
    result<> prepare_upkeep();
    result<> prepare_reseal();
    result<> compile(std::span<const std::pair<sql::statement*, std::string>> list);

    result<> keep_plan(const kept_plan& p);
    result<> remove_one(operation op, bool keep_row);
    result<> fill_archived(stored_operation& op);
    // Whether the lock is free or the operation's own; nobody else can come in between.
    result<bool> may_take_lock(const identity& who);
    result<> take_lock(const identity& who);
    // When it may begin; nothing: now, and then begin_paced() says that it does.
    result<std::optional<store_time>> paced_until(const identity& who, store_time::duration pace,
                                                  store_time now);
    result<> begin_paced(const identity& who, store_time::duration pace, store_time now);
    result<std::optional<moved_operation>> hand_lock_on(const std::string& key, store_time now);
    result<bool> is_over(const uuid& child);
    result<std::optional<moved_operation>> wake_parent(const identity& child, store_time now);
    result<> write_move(const identity& who, std::uint64_t fence, std::int64_t seq,
                        const operation_state& after, std::span<const event> events);
    result<> write_events(const identity& who, std::span<const event> events);
    // Ready operations of one kind that are to begin one limited step, or of the rest of the kind,
    // as a claim goes through them.
    struct quota {
        int left = 0;
        bool limited = false;
    };
    struct lane_at_claim {
        std::string kind;
        std::string lane;
        quota own;
        quota* of_kind = nullptr;
        [[nodiscard]] int left() const { return std::min(own.left, of_kind->left); }
        void take() { --own.left, --of_kind->left; }
        [[nodiscard]] bool used_up() const {
            return (own.limited && own.left == 0) || (of_kind->limited && of_kind->left == 0);
        }
    };
    struct due_row {
        std::int64_t order = 0;  // due time and handicap, microseconds
        std::int64_t id = 0;
        std::size_t lane = 0;
        friend auto operator<=>(const due_row&, const due_row&) = default;
    };
    struct lanes_at_claim {
        std::map<std::string, quota, std::less<>> kinds;
        std::vector<lane_at_claim> lanes;
    };
    result<> find_lanes(const claim_request& request, lanes_at_claim& out);
    // Of each kind and class as many as could be taken; `more` when there may be others.
    result<std::vector<due_row>> due_of(const claim_request& request,
                                        std::span<const lane_at_claim> lanes, int room, bool& more);
    result<bool> next_waiting(std::string& kind, std::string& lane);
    result<> find_next_due(std::span<const lane_at_claim> lanes, claim_answer& answer);
    result<> park_unreadable(operation op, const fault& why, store_time now, claim_answer& answer);
    result<> claim_one(const claim_request& request, std::int64_t row, claim_answer& answer);
    result<std::optional<operation>> one(sql::statement& query);
    result<> fill(stored_operation& op);
    result<> fill_holder(stored_operation& op);
    result<> show(stored_operation& op);

    sql::database db_;
    payload_cipher::ptr cipher_;
    struct {
        sql::statement begin, commit, rollback;
        sql::statement insert_op, update_op, insert_event, insert_prepared, insert_tag;
        sql::statement by_row, by_id, by_key, next_lane, next_kind, due, next_due, running,
            next_blocked;
        sql::statement lock_holder, holder_id, lock_insert, lock_update, lock_delete, all_locks;
        sql::statement next_paced, set_paced, drop_paced;
        sql::statement payloads, prepared, events, count, latest, set_clock, node;
        sql::statement insert_hold, last_holds, all_holds;
        sql::statement insert_plan, plan, insert_payload;
        sql::statement row_uuid, next_sealed[3], reseal[3], insert_key, drop_keys, set_whole,
            last_row;
        sql::statement kept, removable, archived, set_archived, all_prepared;
        sql::statement drop_events, drop_payloads, drop_prepared, drop_op, drop_tag, strip_op;
    } sql_;
    std::int64_t latest_ = 0;  // of what this connection wrote, microseconds
    std::int64_t clock_ = 0;   // … as of its last commit
};

}  // namespace thole::saga
