// What only the journal in a file does: group commit, and the disk's bad days.

#include "engine/sqlite_journal.hpp"

#include "engine/codes.hpp"
#include "engine/doctor.hpp"
#include "engine/journal_worlds_test.hpp"
#include "engine/plan_text.hpp"
#include "engine/sqlite_schema.hpp"
#include "sql/codes.hpp"
#include "thole/codes.hpp"

namespace thole::saga {
namespace {

using namespace testing;

class sqlite_journal_test : public ::testing::Test {
  protected:
    new_operation make(const std::string& key, std::string input = "{}") {
        new_operation o;
        o.who.id = uuid::v7(world.log->now(), ids);
        o.who.tenant = "t";
        o.who.kind = "k";
        o.who.key = key;
        o.who.created_at = world.log->now();
        o.first = initial_state(steps, false, world.log->now(), world.log->now(), std::move(input),
                                o.events);
        o.claim_for = 1;
        return o;
    }
    static plan one_step() {
        plan p;
        p.kind = "k";
        p.steps.resize(1);
        p.steps[0].name = "only";
        return p;
    }
    sqlite_world world;
    plan steps = one_step();
    seeded_entropy ids{3};
    rng chance{4};
};

task<> submit_into(journal& log, const new_operation& o, std::optional<result<submit_answer>>& to) {
    to.emplace(co_await log.submit(o));
}
task<> all_of(io::scope& work) {
    co_await work.drained();
}

TEST_F(sqlite_journal_test, many_moves_share_a_commit) {
    constexpr std::size_t many = 400;
    std::vector<new_operation> ops;
    for (std::size_t i = 0; i < many; ++i) ops.push_back(make("k" + std::to_string(i)));
    std::vector<std::optional<result<submit_answer>>> answers(many);
    io::scope work{world.loop};
    for (std::size_t i = 0; i < many; ++i) {
        work.spawn(submit_into(*world.log, ops[i], answers[i]));
    }
    world.loop.run_until(all_of(work));
    for (const auto& a : answers) {
        ASSERT_TRUE(a.has_value() && *a);
        EXPECT_TRUE((*a)->claimed);
    }
    EXPECT_EQ(world.log->moves(), many);
    EXPECT_LT(world.log->commits(), many / 10) << "group commit";
    world.reopen();
    EXPECT_EQ(world.wait(world.log->counts())->running, static_cast<std::int64_t>(many));
}

task<> commit_into(journal& log, const move& m, std::optional<result<move_answer>>& to) {
    to.emplace(co_await log.commit(m));
}

TEST_F(sqlite_journal_test, a_bad_move_takes_no_neighbour_with_it) {
    constexpr std::size_t many = 30;
    std::vector<operation> ops;
    for (std::size_t i = 0; i < many; ++i) {
        ops.push_back(world.wait(world.log->submit(make("k" + std::to_string(i))))->made.op);
    }
    std::vector<move> moves(many);
    for (std::size_t i = 0; i < many; ++i) {
        auto d = decide(ops[i].now, steps, did_complete{"{}"}, {}, world.log->now(), chance);
        moves[i].who = &ops[i].who;
        moves[i].fence = ops[i].now.fence;
        moves[i].base_seq = ops[i].now.seq;
        moves[i].after = std::move(d.after);
        moves[i].events = std::move(d.events);
        // Every tenth tells an event that is there already; the one after it is out of date.
        if (i % 10 == 3) moves[i].events[0].seq = 1;
        if (i % 10 == 4) moves[i].fence += 1;
    }
    std::vector<std::optional<result<move_answer>>> answers(many);
    io::scope work{world.loop};
    for (std::size_t i = 0; i < many; ++i) {
        work.spawn(commit_into(*world.log, moves[i], answers[i]));
    }
    world.loop.run_until(all_of(work));
    for (std::size_t i = 0; i < many; ++i) {
        ASSERT_TRUE(answers[i].has_value());
        const auto& a = *answers[i];
        const auto back = **world.wait(world.log->load(ops[i].who.id));
        if (i % 10 == 3) {
            EXPECT_TRUE(!a && a.error().is(codes::db_rejected));
        } else if (i % 10 == 4) {
            EXPECT_TRUE(!a && a.error().is(codes::engine_fenced));
        } else {
            EXPECT_TRUE(a.has_value()) << i;
        }
        EXPECT_EQ(back.op.now.state, a ? op_state::terminal : op_state::running) << i;
        EXPECT_EQ(back.op.now.seq, a ? moves[i].after.seq : ops[i].now.seq) << i;
    }
}

TEST_F(sqlite_journal_test, a_full_disk_refuses_and_loses_nothing) {
    world.options.file.max_pages = 60;
    world.reopen();
    std::vector<std::string> accepted;
    bool full = false;
    for (int i = 0; i < 200; ++i) {
        const auto key = "k" + std::to_string(i);
        const auto answer = world.wait(world.log->submit(make(key, std::string(2000, 'x'))));
        if (answer) {
            accepted.push_back(key);
            continue;
        }
        full = true;
        EXPECT_TRUE(answer.error().is(codes::db_disk_full)) << answer.error().describe();
        EXPECT_EQ(answer.error().effect(), fault_effect::none);
        break;
    }
    ASSERT_TRUE(full);
    ASSERT_GT(accepted.size(), 5U);
    // There is room again: the same submission is accepted, and every earlier one is there.
    world.options.file.max_pages = 0;
    world.reopen();
    const auto key = "k" + std::to_string(accepted.size());
    const auto again = world.wait(world.log->submit(make(key)));
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->replayed);
    for (const auto& each : accepted) {
        EXPECT_TRUE(*world.wait(world.log->find_key("t", "k", each))) << each;
    }
}

TEST_F(sqlite_journal_test, one_process_owns_the_file) {
    io::system_loop loop;
    const auto second = sqlite_journal::open(loop, world.folder.file("j.db"));
    ASSERT_FALSE(second);
    EXPECT_TRUE(second.error().is(codes::db_in_use));
}

TEST_F(sqlite_journal_test, another_writer_on_the_file_is_waited_for_or_refused) {
    world.options.file.busy_timeout = std::chrono::milliseconds{20};
    world.reopen();
    auto other = sql::database::open(world.folder.file("j.db"), sql::access::read_write);
    auto held = sql::transaction::begin(*other);
    const auto refused = world.wait(world.log->submit(make("a")));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::db_conflict)) << refused.error().describe();
    ASSERT_TRUE(held->commit());
    EXPECT_TRUE(world.wait(world.log->submit(make("a"))));
}

TEST_F(sqlite_journal_test, a_file_of_a_newer_version_is_refused) {
    world.log.reset();
    {
        auto db = sql::database::open(world.folder.file("j.db"), sql::access::read_write);
        ASSERT_TRUE(db->execute("pragma user_version=99"));
    }
    const auto refused = sqlite_journal::open(world.loop, world.folder.file("j.db"));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::db_newer_schema));
}

// One operation in each state with its story, by the columns that every version has had. The one
// that runs holds the lock that the blocked one waits for.
struct old_row {
    op_state state;
    std::vector<std::pair<event_type, const char*>> story;  // with the event's data
    lock_state lock = lock_state::none;
    bool started = true;
    const char* waiting = nullptr;
};
const std::vector<old_row>& old_rows() {
    using enum event_type;
    static const std::vector<old_row> all{
        {op_state::ready, {{submitted, nullptr}}, lock_state::none, false},
        {op_state::running, {{submitted, nullptr}, {step_started, nullptr}}, lock_state::held},
        {op_state::blocked,
         {{submitted, nullptr}, {blocked, R"({"reason":"lock l"})"}},
         lock_state::wanted,
         false,
         "lock l"},
        {op_state::parked,
         {{submitted, nullptr}, {step_started, nullptr}, {parked, R"({"reason":"look"})"}},
         lock_state::none,
         true,
         "look"},
        {op_state::terminal,
         {{submitted, nullptr},
          {step_started, nullptr},
          {step_completed, nullptr},
          {ended, R"({"ending":"completed"})"}},
         lock_state::none,
         false}};
    return all;
}

void fill_as_in_version(const std::string& path, std::size_t version) {
    auto db = sql::database::open(path, sql::access::read_write);
    ASSERT_TRUE(db);
    ASSERT_TRUE(sql::migrate(*db, journal_migrations().first(version)));
    std::int64_t row = 0;
    for (const auto& old : old_rows()) {
        ++row;
        auto insert = db->prepare(
            "insert into op(id, uuid, tenant, kind, version, key, request_hash, lock_key, prio, "
            "created_at, state, ending, lock, flags, step, step_name, attempt, generation, "
            "allowance, due_at, owner, fence, seq, progress, waiting, updated_at, ended_at) "
            "values(?, ?, 't', 'k', 1, ?, zeroblob(32), ?, 1, 5, ?, ?, ?, ?, ?, ?, "
            "1, 0, 0, 7, ?, 3, ?, 'INITIATED', ?, ?, ?)");
        ASSERT_TRUE(insert) << insert.error().describe();
        std::array<std::uint8_t, 16> raw{};
        raw[15] = static_cast<std::uint8_t>(row);
        const auto state = static_cast<int>(old.state);
        const bool over = old.state == op_state::terminal;
        const bool running = old.state == op_state::running;
        const bool locks = old.lock != lock_state::none;
        ASSERT_TRUE(
            insert->run(row, bytes_view{raw}, "k" + std::to_string(state),
                        locks ? std::optional<std::string_view>{"l"} : std::nullopt, state,
                        over ? 1 : 0, static_cast<int>(old.lock), old.started ? 2 : 0, over ? 1 : 0,
                        over ? std::nullopt : std::optional<std::string_view>{"only"},
                        running ? 9 : 0, static_cast<std::int64_t>(old.story.size()),
                        old.waiting ? std::optional<std::string_view>{old.waiting} : std::nullopt,
                        100 + state, over ? 5 : 0));
        std::int64_t seq = 0;
        for (const auto& [type, data] : old.story) {
            auto event = db->prepare(
                "insert into event(id, at, type, step, attempt, generation, latency_ms, data, "
                "payload) values(?, 5, ?, ?, 1, 0, 0, ?, ?)");
            const bool of_step = type != event_type::submitted && type != event_type::ended;
            const bool carries =
                type == event_type::submitted || type == event_type::step_completed;
            ASSERT_TRUE(event->run(row << 20 | ++seq, static_cast<int>(type),
                                   of_step ? std::optional<std::string_view>{"only"} : std::nullopt,
                                   data ? std::optional<std::string_view>{data} : std::nullopt,
                                   carries ? std::optional<std::string_view>{"{}"} : std::nullopt));
        }
    }
    ASSERT_TRUE(db->execute("insert into key_lock(key, op) values('l', 2)"));
    if (version > 1) ASSERT_TRUE(db->execute("update clock set at = 104"));
}

// proves: E8
TEST_F(sqlite_journal_test, a_file_of_every_earlier_version_is_brought_up_with_what_is_in_it) {
    ASSERT_GE(journal_migrations().size(), 3U);
    for (std::size_t version = 1; version < journal_migrations().size(); ++version) {
        const auto path = world.folder.file("v" + std::to_string(version) + ".db");
        fill_as_in_version(path, version);
        auto opened = sqlite_store::open(path, sql::access::read_write);
        ASSERT_TRUE(opened) << opened.error().describe();
        auto& store = **opened;
        for (int state = 0; state <= static_cast<int>(op_state::terminal); ++state) {
            const auto found = *store.find_key("t", "k", "k" + std::to_string(state));
            ASSERT_TRUE(found) << version;
            EXPECT_EQ(static_cast<int>(found->now.state), state);
            EXPECT_EQ(found->now.fence, 3U);
            EXPECT_EQ((*store.load(found->who.id))->input, "{}");
        }
        EXPECT_EQ(store.latest()->time_since_epoch().count(), 104);
        ASSERT_TRUE(store.begin());
        auto steps = one_step();
        steps.steps[0].locks = true;
        const node_identity node{.name = "n", .boot = 10, .plans = {{"k", 1, plan_text(steps)}}};
        EXPECT_EQ(*store.recover(node, *store.latest()), 1);
        claim_request request;
        request.owner = 10, request.now = store_time{std::chrono::seconds{1}}, request.limit = 9;
        EXPECT_EQ(store.claim(request)->claimed.size(), 2U) << "the ready and the recovered one";
        // What has no tags stays so, and what comes may have some.
        auto fresh = make("tagged");
        fresh.who.tags = {"new"};
        ASSERT_TRUE(store.submit(fresh)) << version;
        ASSERT_TRUE(store.commit());
        list_filter tagged;
        tagged.tag = "new";
        EXPECT_EQ(store.list(tagged)->items.size(), 1U) << version;
        EXPECT_TRUE((*store.find_key("t", "k", "k0"))->who.tags.empty());
        // And what it has become is sound.
        std::vector<std::string> wrong;
        examine_options options;
        options.found = [&wrong](const finding& f) {
            wrong.push_back(std::string{json::detail::enum_text(f.kind)} + " " + f.where + ": " +
                            f.detail);
        };
        const auto seen = examine(path, options);
        ASSERT_TRUE(seen) << seen.error().describe();
        EXPECT_EQ(seen->operations, 6) << version;
        EXPECT_THAT(wrong, ::testing::ElementsAre()) << version;
    }
}

TEST_F(sqlite_journal_test, the_write_ahead_log_is_used_again) {
    world.options.file.checkpoint_pages = 50;
    world.reopen();
    for (int i = 0; i < 300; ++i) {
        ASSERT_TRUE(world.wait(world.log->submit(make("k" + std::to_string(i)))));
    }
    const auto wal = std::filesystem::file_size(world.folder.file("j.db-wal"));
    EXPECT_LT(wal, 300U * 4096U) << "300 commits of several pages each fit into it many times";
}

}  // namespace
}  // namespace thole::saga
