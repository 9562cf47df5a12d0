// Planted under the second saga (orders.hpp).

#include "sim/mutants/mutants.hpp"
#include "sim/orders.hpp"
#include "sim/passing_journal.hpp"

namespace thole::sim {

namespace {

class pace_forgetter final : public passing_journal {
  public:
    using passing_journal::passing_journal;
    task<result<saga::move_answer>> commit(const saga::move& m) override {
        auto changed = m;
        changed.key_pace = {};
        co_return co_await inner_.commit(changed);
    }
    task<result<saga::claim_answer>> claim(saga::claim_request request) override {
        request.paces.clear();
        co_return co_await inner_.claim(std::move(request));
    }
};

class greedy_journal final : public passing_journal {
  public:
    using passing_journal::passing_journal;
    task<result<saga::claim_answer>> claim(saga::claim_request request) override {
        request.quotas.clear();
        co_return co_await inner_.claim(std::move(request));
    }
};

class hasty_journal final : public passing_journal {
  public:
    using passing_journal::passing_journal;
    task<result<std::optional<saga::stored_operation>>> load(uuid id) override {
        auto found = co_await inner_.load(id);
        if (!found || !*found || (*found)->op.who.kind != parcel_kind) co_return found;
        (*found)->op.now.state = saga::op_state::terminal;
        (*found)->op.now.ending = saga::op_ending::completed;
        co_return found;
    }
};

class short_memory final : public passing_journal {
  public:
    using passing_journal::passing_journal;
    task<result<saga::operation_page>> list(saga::list_filter filter) override {
        if (filter.subject && filter.subject->starts_with("cron/"))
            co_return saga::operation_page{};
        co_return co_await inner_.list(std::move(filter));
    }
};

class keeping_transport final : public io::http_transport {
  public:
    explicit keeping_transport(io::http_transport& inner) : inner_{inner} {}
    task<result<io::http_response>> send(io::http_request request) override {
        if (request.method != "DELETE") co_return co_await inner_.send(std::move(request));
        io::http_response done;
        done.status = 200;
        co_return done;
    }

  private:
    io::http_transport& inner_;
};

template <class Journal>
seams journal_of() {
    seams out;
    out.journal = [](saga::journal& inner, const seam_parts&) {
        return std::make_unique<Journal>(inner);
    };
    return out;
}

}  // namespace

seams forgets_the_pace() {
    return journal_of<pace_forgetter>();
}
seams claims_without_places() {
    return journal_of<greedy_journal>();
}
seams takes_a_child_for_ended() {
    return journal_of<hasty_journal>();
}
seams forgets_ticks() {
    return journal_of<short_memory>();
}
seams leaves_it_at_the_desk() {
    seams out;
    out.transport = [](io::http_transport& inner, const seam_parts&) {
        return std::make_unique<keeping_transport>(inner);
    };
    return out;
}

}  // namespace thole::sim
