#pragma once

// A journal that hands every call on: what stands before one overrides what it is about.

#include "engine/journal.hpp"

namespace thole::sim {

class passing_journal : public saga::journal {
  public:
    explicit passing_journal(saga::journal& inner) : inner_{inner} {}
    task<result<std::int64_t>> begin(saga::node_identity node) override {
        return inner_.begin(std::move(node));
    }
    store_time now() override { return inner_.now(); }
    bool may_start_effects() const noexcept override { return inner_.may_start_effects(); }
    task<result<saga::submit_answer>> submit(const saga::new_operation& o) override {
        return inner_.submit(o);
    }
    task<result<saga::move_answer>> commit(const saga::move& m) override {
        return inner_.commit(m);
    }
    task<result<saga::claim_answer>> claim(saga::claim_request request) override {
        return inner_.claim(request);
    }
    task<result<std::optional<saga::stored_operation>>> load(uuid id) override {
        return inner_.load(id);
    }
    task<result<std::optional<saga::operation>>> find_key(std::string tenant, std::string kind,
                                                          std::string key) override {
        return inner_.find_key(std::move(tenant), std::move(kind), std::move(key));
    }
    task<result<saga::operation_page>> list(saga::list_filter filter) override {
        return inner_.list(std::move(filter));
    }
    task<result<std::vector<saga::event>>> events(std::int64_t row, std::int64_t after,
                                                  int limit) override {
        return inner_.events(row, after, limit);
    }
    task<result<saga::operation_counts>> counts() override { return inner_.counts(); }
    task<result<std::vector<saga::held_lock>>> locks() override { return inner_.locks(); }
    task<result<>> hold(saga::hold_record what) override { return inner_.hold(std::move(what)); }
    task<result<std::vector<saga::hold_record>>> holds(bool all) override {
        return inner_.holds(all);
    }

  protected:
    saga::journal& inner_;
};

}  // namespace thole::sim
