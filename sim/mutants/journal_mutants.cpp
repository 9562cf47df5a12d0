// Planted at the journal's seam.

#include <fmt/format.h>

#include "sim/mutants/mutants.hpp"
#include "sim/passing_journal.hpp"

namespace thole::sim {

namespace {

using saga::op_state;

class planted_journal : public passing_journal {
  public:
    planted_journal(saga::journal& inner, const seam_parts& at) : passing_journal{inner}, at_{at} {}

  protected:
    const seam_parts at_;
};

// Changes a move on its way.
class moving_journal : public planted_journal {
  public:
    using planted_journal::planted_journal;
    task<result<saga::move_answer>> commit(const saga::move& m) override {
        auto changed = m;
        change(changed);
        co_return co_await inner_.commit(changed);
    }
    virtual void change(saga::move& m) = 0;
};

// Changes what a claim hands out.
class claiming_journal : public planted_journal {
  public:
    using planted_journal::planted_journal;
    task<result<saga::claim_answer>> claim(saga::claim_request request) override {
        auto answer = co_await inner_.claim(request);
        if (answer) change(*answer);
        co_return answer;
    }
    virtual void change(saga::claim_answer& answer) = 0;
};

class last_event_dropper final : public moving_journal {
  public:
    using moving_journal::moving_journal;
    void change(saga::move& m) override {
        if (m.events.size() > 1) m.events.pop_back();
    }
};

class wrong_step final : public claiming_journal {
  public:
    using claiming_journal::claiming_journal;
    void change(saga::claim_answer& answer) override {
        if (at_.life == 1) return;
        for (auto& each : answer.claimed) {
            auto& op = each.what;
            if (op.op.now.backward || op.op.now.live || op.outputs.empty()) continue;
            op.op.now.step -= 1;
            op.op.now.step_name = op.outputs.back().name;
            op.outputs.pop_back();
        }
    }
};

class byte_forgetter final : public claiming_journal {
  public:
    using claiming_journal::claiming_journal;
    void change(saga::claim_answer& answer) override {
        for (auto& each : answer.claimed) each.what.op.now.live = false;
    }
};

class fence_skipper final : public moving_journal {
  public:
    using moving_journal::moving_journal;
    void change(saga::move& m) override {
        const auto stored = at_.storage.load(m.who->id);
        if (!stored || !*stored) return;
        m.fence = (*stored)->op.now.fence;
        m.base_seq = (*stored)->op.now.seq;
    }
};

class optimist final : public planted_journal {
  public:
    using planted_journal::planted_journal;
    task<result<saga::move_answer>> commit(const saga::move& m) override {
        auto answer = co_await inner_.commit(m);
        if (!answer && answer.error().effect() == fault_effect::unknown) {
            co_return saga::move_answer{};
        }
        co_return answer;
    }
};

class hasty_host final : public planted_journal {
  public:
    using planted_journal::planted_journal;
    task<result<saga::submit_answer>> submit(const saga::new_operation& o) override {
        auto answer = co_await inner_.submit(o);
        if (answer || answer.error().effect() != fault_effect::unknown) co_return answer;
        saga::submit_answer told;
        told.made.op = {o.who, o.first};
        co_return told;
    }
};

class key_forgetter final : public planted_journal {
  public:
    using planted_journal::planted_journal;
    task<result<saga::submit_answer>> submit(const saga::new_operation& o) override {
        auto mine = o;
        mine.who.key += fmt::format("#{}", at_.life);
        co_return co_await inner_.submit(mine);
    }
};

class lock_keeper final : public moving_journal {
  public:
    using moving_journal::moving_journal;
    void change(saga::move& m) override { m.releases_lock = false; }
};

class lock_loser final : public planted_journal {
  public:
    using planted_journal::planted_journal;
    task<result<std::int64_t>> begin(saga::node_identity node) override {
        auto begun = co_await inner_.begin(std::move(node));
        saga::list_filter ready;
        ready.state = op_state::ready;
        ready.limit = 500;
        const auto page = co_await inner_.list(ready);
        if (!page) co_return begun;
        for (const auto& each : page->items) {
            const auto& now = each.op.now;
            if (now.lock != saga::lock_state::held) continue;
            saga::move m;
            m.who = &each.op.who;
            m.fence = now.fence;
            m.base_seq = now.seq;
            m.after = now;
            m.after.lock = saga::lock_state::none;
            m.releases_lock = true;
            static_cast<void>(co_await inner_.commit(m));
        }
        co_return begun;
    }
};

class timer_forgetter final : public claiming_journal {
  public:
    using claiming_journal::claiming_journal;
    void change(saga::claim_answer& answer) override { answer.next_due.reset(); }
};

template <class Planted>
seams at_journal() {
    seams out;
    out.journal = [](saga::journal& inner, const seam_parts& at) {
        return std::make_unique<Planted>(inner, at);
    };
    return out;
}

}  // namespace

seams drops_last_event() {
    return at_journal<last_event_dropper>();
}
seams resumes_from_wrong_step() {
    return at_journal<wrong_step>();
}
seams forgets_bytes() {
    return at_journal<byte_forgetter>();
}
seams skips_the_fence() {
    return at_journal<fence_skipper>();
}
seams assumes_committed() {
    return at_journal<optimist>();
}
seams answers_before_journaled() {
    return at_journal<hasty_host>();
}
seams forgets_the_key() {
    return at_journal<key_forgetter>();
}
seams keeps_the_lock() {
    return at_journal<lock_keeper>();
}
seams loses_lock_on_crash() {
    return at_journal<lock_loser>();
}
seams forgets_timers() {
    return at_journal<timer_forgetter>();
}

}  // namespace thole::sim
