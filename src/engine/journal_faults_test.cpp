// The journal's bad moments as the engine meets them: answers that get lost, a full disk, a lock.

#include "engine/act_saga.hpp"
#include "engine/bench_saga_test.hpp"
#include "engine/journal_worlds_test.hpp"
#include "thole/codes.hpp"

namespace thole::saga {
namespace {

using namespace testing;

// Spoils chosen writes: refuses them, or commits them and loses the answer.
class faulty_journal final : public journal {
  public:
    enum class spoil { nothing, refuse, lose_after, lose_before };
    explicit faulty_journal(journal& inner) : inner_{inner} {}

    // How the next writes end; then all is well again.
    std::vector<spoil> next;
    fault refusal{codes::db_disk_full};
    int writes = 0;

    task<result<std::int64_t>> begin(node_identity n) override {
        return inner_.begin(std::move(n));
    }
    store_time now() override { return inner_.now(); }
    [[nodiscard]] bool may_start_effects() const noexcept override { return may_start; }
    bool may_start = true;
    task<result<submit_answer>> submit(const new_operation& o) override {
        auto answer = co_await write(inner_.submit(o));
        if (const auto meanwhile = std::exchange(before_submit_answers, {})) co_await meanwhile();
        co_return answer;
    }
    std::function<task<>()> before_submit_answers;
    task<result<move_answer>> commit(const move& m) override { return write(inner_.commit(m)); }
    task<result<claim_answer>> claim(claim_request r) override {
        ++claims;
        auto answer = co_await write(inner_.claim(std::move(r)));
        if (const auto meanwhile = std::exchange(before_claim_answers, {})) co_await meanwhile();
        co_return answer;
    }
    std::function<task<>()> before_claim_answers;
    int claims = 0;
    task<result<std::optional<stored_operation>>> load(uuid id) override {
        if (reads_fail) co_return std::unexpected{refusal};
        co_return co_await inner_.load(id);
    }
    bool reads_fail = false;
    task<result<std::optional<operation>>> find_key(std::string t, std::string k,
                                                    std::string key) override {
        return inner_.find_key(std::move(t), std::move(k), std::move(key));
    }
    task<result<operation_page>> list(list_filter f) override {
        if (lists_fail) co_return std::unexpected{fault{codes::policy_bulkhead_full}};
        co_return co_await inner_.list(std::move(f));
    }
    bool lists_fail = false;
    task<result<std::vector<event>>> events(std::int64_t row, std::int64_t after,
                                            int limit) override {
        return inner_.events(row, after, limit);
    }
    task<result<operation_counts>> counts() override { return inner_.counts(); }
    task<result<>> hold(hold_record what) override { return write(inner_.hold(std::move(what))); }
    task<result<std::vector<hold_record>>> holds(bool all) override { return inner_.holds(all); }
    task<result<std::vector<held_lock>>> locks() override { return inner_.locks(); }

  private:
    template <class T>
    task<T> write(task<T> call) {
        ++writes;
        auto how = spoil::nothing;
        if (!next.empty()) {
            how = next.front();
            next.erase(next.begin());
        }
        if (how == spoil::refuse) co_return std::unexpected{refusal};
        if (how == spoil::lose_before) co_return std::unexpected{lost()};
        auto answer = co_await std::move(call);
        if (how == spoil::lose_after) co_return std::unexpected{lost()};
        co_return answer;
    }
    static fault lost() {
        return fault{codes::engine_commit_unknown}.with_effect(fault_effect::unknown);
    }
    journal& inner_;
};

class journal_faults_test : public ::testing::Test {
  protected:
    using spoil = faulty_journal::spoil;

    journal_faults_test() {
        known.add(define<order>("order", 1)
                      .step(first)
                      .lock([](const order& o) { return o.account; })
                      .step(sign)
                      .pivot()
                      .step(last)
                      .build());
        known.add(define<order>("pair", 1).step(first).step(beside).beside().build());
        known.add(define<order>("narrow", 1).step(beside).at_most(2).build());
        known.add(define<order>("solo", 1)
                      .step(beside)
                      .lock([](const order& o) { return o.account; })
                      .build());
        known.add(define<order>("skips", 1).step(beside).skippable().step(last).build());
        options.kinds["solo"] = {.concurrency = 1};
        options.on_journal_fault = [this](const fault&) { ++troubles; };
        e.emplace(loop, log, known, ids, options);
        EXPECT_TRUE(wait(e->start()));
    }
    ~journal_faults_test() override {
        std::optional<bool> stopped;
        work.spawn(keep(as_bool(e->stop(1min)), stopped));
        loop.run_until_idle();
        for (const auto& item : store.list({.limit = 500})->items) {
            const auto& kind = item.op.who.kind;
            const auto told = fold(*store.events(item.op.who.row, 0, 10'000),
                                   e->known().newest(kind)->steps(), kind == "order");
            EXPECT_EQ(difference(told, item.op.now), "");
        }
        EXPECT_TRUE(store.locks()->empty());
    }
    static task<bool> as_bool(task<> call) {
        co_await std::move(call);
        co_return true;
    }
    template <class T>
    T wait(task<T> call) {
        std::optional<T> answer;
        work.spawn(keep(std::move(call), answer));
        for (int i = 0; i < 10'000 && !answer; ++i) {
            loop.run_ready();
            if (!answer && loop.next_timer()) loop.advance(*loop.next_timer() - loop.now());
        }
        EXPECT_TRUE(answer.has_value());
        return std::move(*answer);
    }
    result<submitted> submit(const std::string& key, const std::string& kind = "order") {
        submission s;
        s.kind = kind;
        s.key = key;
        s.input = R"({"account":"a","amount":1})";
        return wait(e->submit(std::move(s)));
    }
    operation_details end_of(uuid id) {
        return *wait(e->wait_end(id, deadline::after(loop.now(), 1h)));
    }
    // One after another, a second apart; the second of the first two stays as long as it is told.
    task<outcome<text>> counted(int& inside, int& most, const bool* stay = nullptr) {
        const bool second = ++inside == 2 && most < 2;
        most = std::max(most, inside);
        static_cast<void>(co_await loop.sleep_until(loop.now() + 1s));
        while (second && stay != nullptr && *stay) {
            static_cast<void>(co_await loop.sleep_until(loop.now() + 100ms));
        }
        --inside;
        co_return done<text>{{"done"}};
    }
    // A call in a thread of its own, which no cancellation reaches.
    task<> slow_pool() {
        auto start = [this](io::resumption<bool> done) { in_pool.emplace(std::move(done)); };
        static_cast<void>(co_await io::suspend<bool>(std::move(start)));
    }
    void finish_slow() {
        if (in_pool) std::exchange(in_pool, std::nullopt)->post(true);
        loop.run_ready();
    }
    std::optional<io::resumption<bool>> in_pool;

    void expect_each_step_once() {
        EXPECT_EQ(sign->prepares, 1);
        EXPECT_EQ(first->runs, 1);
        EXPECT_EQ(last->runs, 1);
    }

    std::shared_ptr<undoable<"first">> first = std::make_shared<undoable<"first">>();
    std::shared_ptr<signing<"sign">> sign = std::make_shared<signing<"sign">>();
    std::shared_ptr<plain_step<"last">> last = std::make_shared<plain_step<"last">>();
    std::shared_ptr<plain_step<"beside">> beside = std::make_shared<plain_step<"beside">>();
    io::virtual_loop loop;
    io::scope work{loop};
    model_store store;
    inline_journal inner{loop, store};
    faulty_journal log{inner};
    seeded_entropy ids{1};
    definitions known;
    engine_options options;
    std::optional<engine> e;
    int troubles = 0;
};

// The claim has asked already without the kind that rests: its answer must not forget the release.
TEST_F(journal_faults_test, a_kind_released_while_a_claim_is_under_way_goes_on) {
    ASSERT_TRUE(wait(e->hold("order", "me", "a moment")));
    bool released = false;
    log.before_claim_answers = [&]() -> task<> {
        released = (co_await e->release("order", "me", "on")).has_value();
    };
    const auto id = submit("k1")->view.id;
    EXPECT_EQ(end_of(id).view.state, "completed");
    EXPECT_TRUE(released);
    expect_each_step_once();
}

// What the claim under way was asked for is taken, and what becomes free meanwhile is not lost.
TEST_F(journal_faults_test, a_claim_under_way_lets_nobody_exceed_the_places_of_a_kind) {
    ASSERT_TRUE(wait(e->hold("solo", "me", "a moment")));
    const auto first_id = submit("k1", "solo")->view.id;
    int inside = 0;
    int most = 0;
    beside->act = [&](step_context&) { return counted(inside, most); };
    std::optional<uuid> second_id;
    log.before_claim_answers = [&]() -> task<> {
        submission s;
        s.kind = "solo";
        s.key = "k2";
        s.input = R"({"account":"b","amount":1})";
        const auto answer = co_await e->submit(std::move(s));
        if (answer) second_id = answer->view.id;
    };
    ASSERT_TRUE(wait(e->release("solo", "me", "on")));
    EXPECT_EQ(end_of(first_id).view.state, "completed");
    ASSERT_TRUE(second_id);
    EXPECT_EQ(end_of(*second_id).view.state, "completed");
    EXPECT_EQ(most, 1);
}

// Two places, four operations; one leaves while the claim for the other's place is under way.
TEST_F(journal_faults_test, a_place_that_becomes_free_while_a_claim_is_under_way_is_given_on) {
    int inside = 0;
    int most = 0;
    bool stay = true;
    beside->act = [&](step_context&) { return counted(inside, most, &stay); };
    std::vector<uuid> all;
    for (const auto* key : {"n1", "n2", "n3", "n4"}) all.push_back(submit(key, "narrow")->view.id);
    loop.advance(500ms);
    EXPECT_EQ(inside, 2);
    log.before_claim_answers = [&]() -> task<> {
        stay = false;  // the second one leaves now
        static_cast<void>(co_await loop.sleep_until(loop.now() + 2s));
    };
    loop.advance(10s);
    EXPECT_EQ(most, 2);
    for (const auto& id : all) EXPECT_EQ(wait(e->get(id))->view.state, "completed");
}

// It had taken the only place, and waits for its lock now.
TEST_F(journal_faults_test, who_is_due_while_a_submission_turns_out_to_be_blocked_begins) {
    sign->look = [](step_context&, const journaled<text>&) -> task<settlement<text>> {
        co_return pending{1h};
    };
    const auto holder = submit("k1")->view.id;  // of the lock of account a, asleep
    loop.advance(1s);
    submission later;
    later.kind = "solo";
    later.key = "later";
    later.input = R"({"account":"b","amount":1})";
    later.not_before = log.now() + std::chrono::seconds{5};
    const auto due = wait(e->submit(later))->view.id;
    log.before_submit_answers = [&]() -> task<> {
        static_cast<void>(co_await loop.sleep_until(loop.now() + 10s));
    };
    later.key = "blocked";
    later.input = R"({"account":"a","amount":1})";
    later.not_before.reset();
    const auto blocked = wait(e->submit(later))->view.id;
    EXPECT_EQ(wait(e->get(blocked))->view.state, "blocked");
    loop.advance(1s);
    EXPECT_EQ(wait(e->get(due))->view.state, "completed");
    sign->look = {};
    ASSERT_TRUE(wait(e->retry(holder, "me", "")));
    EXPECT_EQ(end_of(blocked).view.state, "completed");
}

// The driver of an operation sleeps between two looks, and a person's act meets a full disk.
TEST_F(journal_faults_test, an_act_beside_a_sleeping_driver_outlasts_a_full_disk) {
    sign->look = [](step_context&, const journaled<text>&) -> task<settlement<text>> {
        co_return pending{10s};
    };
    const auto id = submit("k1")->view.id;
    loop.advance(1s);
    log.next = {spoil::refuse, spoil::lose_before, spoil::refuse};
    act_details more;
    more.priority = operation_priority::high;
    const auto done = wait(e->act(id, bulk_act::prioritise, "me", "", more));
    ASSERT_TRUE(done) << done.error().describe();
    EXPECT_EQ(done->priority, operation_priority::high);
    sign->look = {};
    EXPECT_EQ(end_of(id).view.state, "completed");
    expect_each_step_once();
}

TEST_F(journal_faults_test, a_hold_whose_answer_was_lost_counts_when_it_is_said_again) {
    log.next = {spoil::lose_after};
    EXPECT_FALSE(wait(e->hold("order", "me", "stop")));
    ASSERT_TRUE(wait(e->hold("order", "me", "stop")));
    const auto id = submit("k1")->view.id;
    loop.advance(1h);
    EXPECT_EQ(wait(e->get(id))->view.waiting->reason, "engine.held");
    EXPECT_EQ(first->runs, 0);
    log.next = {spoil::lose_after};
    EXPECT_FALSE(wait(e->release("order", "me", "on")));
    EXPECT_TRUE(wait(e->release("order", "me", "on")).error().is(codes::engine_not_held))
        << "it is released already";
    EXPECT_EQ(end_of(id).view.state, "completed");
}

// A person ends a call that does not react at once; its operation is claimed again meanwhile.
TEST_F(journal_faults_test, who_leaves_slowly_does_not_keep_the_dispatcher_spinning) {
    beside->act = [this](step_context&) -> task<outcome<text>> {
        co_await slow_pool();
        co_return done<text>{{"late"}};
    };
    const auto id = submit("k1", "skips")->view.id;
    loop.advance(1s);
    const auto before = log.claims;
    const act_details by_hand{.output = R"({"value":"by hand"})", .step = "beside"};
    ASSERT_TRUE(wait(e->act(id, bulk_act::skip, "me", "", by_hand)));
    loop.advance(5s);
    EXPECT_LT(log.claims - before, 10);
    finish_slow();
    EXPECT_EQ(end_of(id).view.state, "completed");
    EXPECT_EQ(last->runs, 1);
}

// proves: E1
TEST_F(journal_faults_test, running_work_outlasts_a_full_disk) {
    log.next.assign(13, spoil::refuse);
    log.next.front() = spoil::nothing;  // it is accepted
    const auto before = loop.now();
    const auto id = submit("k")->view.id;
    EXPECT_EQ(end_of(id).view.state, "completed");
    EXPECT_GT(loop.now() - before, 10s) << "it waited, longer each time";
    EXPECT_EQ(troubles, 12);
    EXPECT_FALSE(e->journal_trouble()) << "all is well again";
    expect_each_step_once();
    EXPECT_EQ(sign->sent.size(), 1U);
}

TEST_F(journal_faults_test, a_full_disk_refuses_new_work) {
    log.next = {spoil::refuse};
    const auto refused = submit("k");
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::db_disk_full));
    EXPECT_TRUE(e->journal_trouble());
    EXPECT_EQ(end_of(submit("k")->view.id).view.state, "completed");
}

TEST_F(journal_faults_test, an_idle_engine_asks_whether_its_journal_is_well_again) {
    log.next = {spoil::refuse};
    ASSERT_FALSE(submit("k"));
    EXPECT_TRUE(e->journal_trouble());
    const auto before = log.claims;
    loop.advance(100ms);
    EXPECT_EQ(log.claims, before) << "not at once";
    loop.advance(1min);
    EXPECT_EQ(log.claims, before + 1) << "once";
    EXPECT_FALSE(e->journal_trouble());
    log.next.assign(4, spoil::refuse);
    ASSERT_FALSE(submit("k"));
    loop.advance(500ms);
    EXPECT_TRUE(e->journal_trouble()) << "it is still refused";
    loop.advance(1min);
    EXPECT_FALSE(e->journal_trouble());
    EXPECT_EQ(log.claims, before + 5);
}

// Nothing may be claimed then, and what is submitted would be the only word of it.
TEST_F(journal_faults_test, an_engine_that_is_held_back_asks_too) {
    ASSERT_TRUE(wait(e->hold("", "me", "maintenance")));
    log.next = {spoil::refuse};
    ASSERT_FALSE(submit("k"));
    EXPECT_TRUE(e->journal_trouble());
    log.next.assign(3, spoil::refuse);
    loop.advance(500ms);
    EXPECT_TRUE(e->journal_trouble()) << "it is still refused";
    loop.advance(1min);
    EXPECT_FALSE(e->journal_trouble());
    const auto before = log.claims;
    const auto made = submit("k");
    ASSERT_TRUE(made);
    loop.advance(1h);
    EXPECT_EQ(log.claims, before) << "and no more";
    EXPECT_EQ(wait(e->get(made->view.id))->view.state, "ready");
    ASSERT_TRUE(wait(e->release("", "me", "on")));
    EXPECT_EQ(end_of(made->view.id).view.state, "completed");
}

// proves: E6
TEST_F(journal_faults_test, an_act_that_was_waited_for_outlasts_a_journal_that_is_away) {
    ASSERT_TRUE(wait(e->hold("order", "me", "a moment")));
    const auto one = submit("1");
    const auto two = submit("2");
    ASSERT_TRUE(one && two);
    bulk_request all;
    all.which.kind = "order";
    all.act = bulk_act::cancel;
    all.actor = "me";
    all.reason = "the wrong ones";
    all.dry_run = false;
    all.expect = 2;
    all.window = 1min;
    const auto act = wait(e->act_on_all(std::move(all)));
    ASSERT_TRUE(act && act->undoable);
    log.reads_fail = true;
    loop.advance(2min);
    log.reads_fail = false;
    const auto end = end_of(act->undoable->id);
    EXPECT_EQ(end.view.state, "completed");
    const auto report = end.find_output<take_effect>();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->done, 2);
    EXPECT_TRUE(report->refused.empty());
    for (const auto& id : {one->view.id, two->view.id}) {
        EXPECT_EQ(end_of(id).view.state, "rolled_back");
    }
    ASSERT_TRUE(wait(e->release("order", "me", "on")));
}

TEST_F(journal_faults_test, a_replay_that_is_answered_shows_that_the_journal_is_well_again) {
    EXPECT_EQ(end_of(submit("k")->view.id).view.state, "completed");
    log.next = {spoil::refuse};
    ASSERT_FALSE(submit("another"));
    EXPECT_TRUE(e->journal_trouble());
    EXPECT_TRUE(submit("k")->replayed);
    EXPECT_FALSE(e->journal_trouble());
}

// Orphans are looked for among many other reads.
TEST_F(journal_faults_test, a_read_refused_because_of_load_is_no_fault_of_the_journal) {
    log.lists_fail = true;
    log.next = {spoil::lose_after};
    ASSERT_FALSE(submit("k"));
    EXPECT_EQ(troubles, 1) << "the lost answer";
    const auto before = log.claims;
    loop.advance(10s);
    EXPECT_EQ(troubles, 1);
    EXPECT_FALSE(e->journal_trouble());
    EXPECT_LT(log.claims - before, 60) << "it does not spin";
    log.lists_fail = false;
    loop.advance(1min);
    EXPECT_EQ(last->runs, 1);
}

// Every write of a life in turn has its answer lost, and was committed or not.
TEST_F(journal_faults_test, a_lost_answer_is_read_back_never_guessed) {
    for (const auto how : {spoil::lose_after, spoil::lose_before}) {
        for (int at = 0; at < 4; ++at) {
            first->runs = last->runs = sign->prepares = 0;
            sign->sent.clear();
            const auto key = std::to_string(static_cast<int>(how)) + "/" + std::to_string(at);
            log.next.assign(static_cast<std::size_t>(at) + 1, spoil::nothing);
            log.next.push_back(how);
            const auto accepted = submit(key);
            EXPECT_EQ(end_of(accepted->view.id).view.state, "completed") << key;
            expect_each_step_once();
            EXPECT_EQ(sign->sent.size(), 1U) << key;
        }
    }
}

TEST_F(journal_faults_test, a_lost_answer_to_a_submission_loses_no_operation) {
    log.next = {spoil::lose_after};
    const auto unknown = submit("k");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().effect(), fault_effect::unknown);
    const auto again = submit("k");
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->replayed);
    EXPECT_EQ(end_of(again->view.id).view.state, "completed");
    EXPECT_EQ(last->runs, 1);
    const auto f = e->figures();
    EXPECT_EQ(f.running, 0);
}

TEST_F(journal_faults_test, a_lost_answer_to_a_claim_leaves_nothing_behind) {
    first->act = [this](step_context&) -> task<outcome<text>> {
        auto answer = [](int runs) -> task<outcome<text>> {
            if (runs > 1) co_return done<text>{{"ok"}};
            co_return saga::wait{10s, "later"};
        };
        return answer(first->runs);
    };
    const auto id = submit("k")->view.id;
    loop.advance(1s);
    ASSERT_EQ(wait(e->get(id))->view.state, "ready");
    log.next = {spoil::lose_after};  // the claim at 10 s
    EXPECT_EQ(end_of(id).view.state, "completed");
    EXPECT_EQ(first->runs, 2);
}

// The lost answer would have told who was promoted.
TEST_F(journal_faults_test, a_lost_answer_to_the_last_move_still_wakes_the_next_in_line) {
    last->act = [this](step_context&) -> task<outcome<text>> {
        auto slow = [](io::loop& l) -> task<outcome<text>> {
            static_cast<void>(co_await l.sleep_until(l.now() + 1s));
            co_return done<text>{{"ok"}};
        };
        return slow(loop);
    };
    const auto holder = submit("k1")->view.id;
    const auto waiter = submit("k2")->view.id;
    loop.advance(500ms);
    ASSERT_EQ(wait(e->get(waiter))->view.state, "blocked");
    log.next = {spoil::lose_after};
    EXPECT_EQ(end_of(holder).view.state, "completed");
    EXPECT_EQ(end_of(waiter).view.state, "completed");
}

TEST_F(journal_faults_test, a_command_is_repeated_until_its_answer_is_known) {
    first->act = [](step_context&) -> task<outcome<text>> {
        auto answer = []() -> task<outcome<text>> { co_return saga::wait{1h, "later"}; };
        return answer();
    };
    const auto id = submit("k")->view.id;
    loop.advance(1s);
    log.next = {spoil::lose_before};
    ASSERT_TRUE(wait(e->cancel(id, "me", "")));
    EXPECT_EQ(end_of(id).view.state, "rolled_back");
    EXPECT_EQ(first->undos, 1);
}

// Nobody asks again, and nothing else happens that would find it.
TEST_F(journal_faults_test, a_submission_whose_answer_was_lost_is_carried_out_all_the_same) {
    submission s;
    s.kind = "order";
    s.key = "k";
    s.input = R"({"account":"a","amount":1})";
    s.not_before = log.now() + 10s;
    log.next = {spoil::lose_after};
    ASSERT_FALSE(wait(e->submit(std::move(s))));
    loop.advance(1min);
    EXPECT_EQ(last->runs, 1);
}

TEST_F(journal_faults_test, a_person_whose_answer_was_lost_hears_what_really_happened) {
    last->act = [](step_context&) -> task<outcome<text>> {
        auto answer = []() -> task<outcome<text>> { co_return saga::park{"look", {}}; };
        return answer();
    };
    const auto holder = submit("k1")->view.id;
    EXPECT_EQ(end_of(holder).view.state, "parked");
    const auto waiter = submit("k2")->view.id;
    loop.advance(1s);
    ASSERT_EQ(wait(e->get(waiter))->view.state, "blocked");
    log.next = {spoil::lose_after};
    const auto closed = wait(e->close(holder, "me", "enough"));
    ASSERT_TRUE(closed) << closed.error().describe();
    EXPECT_EQ(closed->state, "closed");
    loop.advance(1s);
    EXPECT_EQ(last->runs, 2) << "the next in line was woken";
    ASSERT_TRUE(wait(e->close(waiter, "me", "enough")));
}

// proves: E8
TEST_F(journal_faults_test, without_a_lease_no_effect_begins) {
    log.may_start = false;
    const auto id = submit("k")->view.id;
    loop.advance(1s);
    EXPECT_EQ(first->runs, 0);
    log.may_start = true;
    EXPECT_EQ(end_of(id).view.state, "completed");
}

// proves: E1, E8
TEST_F(journal_faults_test, a_step_beside_one_at_work_begins_when_the_lease_is_there_again) {
    first->act = [this](step_context&) -> task<outcome<text>> {
        static_cast<void>(co_await loop.sleep_until(loop.now() + 10min));
        co_return done<text>{{"slow"}};
    };
    beside->act = [this](step_context&) -> task<outcome<text>> {
        if (beside->runs == 1) co_return saga::wait{10s, "a moment"};
        co_return done<text>{{"done"}};
    };
    const auto id = submit("k", "pair")->view.id;
    loop.advance(5s);
    log.may_start = false;
    loop.advance(1min);
    EXPECT_EQ(beside->runs, 1);
    log.may_start = true;
    loop.advance(2s);
    EXPECT_EQ(beside->runs, 2);
    EXPECT_EQ(end_of(id).view.state, "completed");
    EXPECT_EQ(first->runs, 1);
}

// Who asks for an operation while the journal cannot be read is not told that there is none.
TEST_F(journal_faults_test, a_journal_that_does_not_answer_is_not_taken_for_an_empty_one) {
    const auto id = submit("k")->view.id;
    EXPECT_EQ(end_of(id).view.state, "completed");
    log.reads_fail = true;
    const auto until = deadline{loop.now()};
    EXPECT_TRUE(wait(e->get(id)).error().is(codes::db_disk_full));
    EXPECT_TRUE(wait(e->events(id, 0, 10, until)).error().is(codes::db_disk_full));
    EXPECT_TRUE(wait(e->wait_end(id, until)).error().is(codes::db_disk_full));
    EXPECT_TRUE(wait(e->close(id, "me", "r")).error().is(codes::db_disk_full));
    log.reads_fail = false;
    EXPECT_TRUE(wait(e->events(uuid{}, 0, 10, until)).error().is(codes::operation_not_found));
}

}  // namespace
}  // namespace thole::saga
