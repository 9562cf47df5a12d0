#pragma once

// A journal's storage that tells a witness of every commit, at the instant it is one: whatever a
// process learns of it, or dies of before it does.
//
// Optional troubles: commits that fail, or succeed untold (store_troubles). Single-owner.

#include <functional>

#include "engine/store.hpp"
#include "thole/rng.hpp"

namespace thole::sim {

// One operation after one commit.
struct commit_seen {
    const saga::operation& op;
    std::span<const saga::event> events;
    const saga::prepared_row* prepared = nullptr;
    bool told = true;  // false: the answer is lost, and whoever asked has to look
    store_time at{};   // the journal's time of the commit; the operation's own may be older
};

// In thousandths of the writing transactions.
struct store_troubles {
    int full = 0;   // nothing written
    int cut = 0;    // written, and nobody is told
    int doubt = 0;  // not written, and nobody can tell
};

class watched_store final : public saga::store {
  public:
    using witness = std::function<void(const commit_seen&)>;
    // `troubles`: as they are at each commit.
    watched_store(saga::store& inner, witness tell, const store_troubles& troubles,
                  std::uint64_t seed)
        : inner_{inner}, tell_{std::move(tell)}, troubles_{troubles}, chance_{seed} {}

    result<> begin() override;
    result<> commit() override;
    void rollback() override;
    result<std::int64_t> recover(const saga::node_identity& node, store_time now) override;
    result<saga::submit_answer> submit(const saga::new_operation& o) override;
    result<saga::move_answer> apply(const saga::move& m) override;
    result<saga::claim_answer> claim(const saga::claim_request& request) override;

    result<std::optional<saga::stored_operation>> load(const uuid& id) override {
        return inner_.load(id);
    }
    result<std::optional<saga::operation>> find_key(std::string_view tenant, std::string_view kind,
                                                    std::string_view key) override {
        return inner_.find_key(tenant, kind, key);
    }
    result<saga::operation_page> list(const saga::list_filter& filter) override {
        return inner_.list(filter);
    }
    result<std::vector<saga::event>> events(std::int64_t row, std::int64_t after,
                                            int limit) override {
        return inner_.events(row, after, limit);
    }
    result<saga::operation_counts> counts() override { return inner_.counts(); }
    result<std::vector<saga::held_lock>> locks() override { return inner_.locks(); }
    result<> hold(const saga::hold_record& what) override { return inner_.hold(what); }
    result<std::vector<saga::hold_record>> holds(bool all) override { return inner_.holds(all); }
    result<saga::removable_page> removable(const saga::removable_query& query) override {
        return inner_.removable(query);
    }
    result<> remove(const saga::removal& what) override { return inner_.remove(what); }
    result<std::vector<saga::prepared_row>> prepared(std::int64_t row) override {
        return inner_.prepared(row);
    }
    result<store_time> latest() override { return inner_.latest(); }

  private:
    struct change {
        saga::operation op;
        std::vector<saga::event> events;
        std::optional<saga::prepared_row> prepared{};
        std::optional<store_time> at{};
    };
    [[nodiscard]] bool happens(int permille) {
        return permille > 0 && chance_.chance(static_cast<std::uint64_t>(permille), 1000);
    }
    void tell(bool told);

    saga::store& inner_;
    witness tell_;
    const store_troubles& troubles_;
    rng chance_;
    std::vector<change> changes_;  // of the open transaction
};

}  // namespace thole::sim
