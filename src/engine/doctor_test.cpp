// A sound file has nothing to be found, and each kind of damage is found as what it is.

#include "engine/doctor.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <set>

#include "engine/journal_worlds_test.hpp"
#include "engine/order_saga_test.hpp"
#include "sql/codes.hpp"

namespace thole::saga {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;

// A step that waits for an order of its own.
struct ordering {
    static constexpr std::string_view name = "ordering";
    using output = text;
    task<outcome<text>> run(step_context& in) {
        child_request request;
        request.kind = "order";
        request.input = json::write(order{"bob", 1});
        const auto child = co_await in.child(std::move(request));
        if (!child) co_return retry{child.error()};
        if (!child->ending) co_return await_end{child->id};
        co_return done<text>{{"ordered"}};
    }
};

// Operations in every state, carried by the engine itself into a file.
class doctor_test : public ::testing::Test {
  protected:
    void SetUp() override {
        steps.pay->sign = [](step_context& in) {
            const bool hopeless = in.input<order>().account == "dora";
            return with<outcome<text>>(hopeless
                                           ? outcome<text>{retry{fault{codes::http_client_error}}}
                                           : outcome<text>{done<text>{{"signed"}}});
        };
        steps.pay->look = [](step_context& in, const journaled<text>&) {
            const bool never = in.input<order>().account == "bob";
            return with<settlement<text>>(never ? settlement<text>{pending{1h}}
                                                : settlement<text>{landed<text>{{"it"}}});
        };
        steps.ship->act = [](step_context& in) {
            const bool stuck = in.input<order>().account == "carl";
            return with<outcome<text>>(stuck ? outcome<text>{park{"no stock", {}}}
                                             : outcome<text>{done<text>{{"gone"}}});
        };
        definitions known;
        known.add(steps.make());
        known.add(define<order>("trip", 1).step(std::make_shared<ordering>()).build());
        {
            engine e{world.loop, *world, known, ids, {}};
            boost::asio::co_spawn(world.loop.executor(), live(e), boost::asio::detached);
            world.loop.run_until_idle(10min);
        }
        ASSERT_TRUE(lived);
        EXPECT_THAT(kinds_in(path), ElementsAre()) << "beside the one who writes";
        world.log.reset();
        world.store.reset();
    }

    task<> live(engine& e) {
        if (!co_await e.start()) co_return;
        for (const auto* key : {"alice", "bob", "bob again", "carl", "dora", "trip"}) {
            submission s;
            s.kind = std::string_view{key} == "trip" ? "trip" : "order";
            s.key = key;
            s.input = json::write(order{std::string{key}.substr(0, 5), 1});
            if (s.key == "carl") s.tags = {"red", "spring"};
            if (s.key.starts_with("bob")) s.input = json::write(order{"bob", 1});
            if (!co_await e.submit(std::move(s))) co_return;
        }
        // More than one transaction of the doctor reads.
        for (int i = 0; i < 450; ++i) {
            submission s;
            s.kind = "order";
            s.key = "later " + std::to_string(i);
            s.input = json::write(order{s.key, 1});
            s.not_before = store_time{std::chrono::hours{24 * 365 * 100}};
            if (!co_await e.submit(std::move(s))) co_return;
        }
        static_cast<void>(co_await world.loop.sleep_until(world.loop.now() + 1min));
        co_await e.stop(1s);
        lived = true;
    }

    static std::vector<std::string> kinds_in(const std::string& file, examination* out = nullptr) {
        std::set<std::string> kinds;
        auto found = [&](const finding& f) {
            kinds.emplace(json::detail::enum_text(f.kind));
            EXPECT_FALSE(f.detail.empty());
        };
        const auto done = examine(file, {.found = found});
        EXPECT_TRUE(done) << done.error().describe();
        if (done && out != nullptr) *out = *done;
        return {kinds.begin(), kinds.end()};
    }

    // What is found in a copy to which that was done.
    std::vector<std::string> damaged_by(const char* sql) {
        const auto copy = world.folder.file("copy.db");
        std::filesystem::remove(copy);
        std::filesystem::copy_file(path, copy);
        {
            auto db = sql::database::open(copy, sql::access::read_write);
            EXPECT_TRUE(db);
            const auto done = db->execute(sql);
            EXPECT_TRUE(done) << done.error().describe();
        }
        return kinds_in(copy);
    }

    sqlite_inline_world world;
    std::string path = world.folder.file("j.db");
    order_saga steps;
    seeded_entropy ids{3};
    bool lived = false;
};

// proves: E7, E8
TEST_F(doctor_test, finds_nothing_in_a_sound_file) {
    examination seen;
    EXPECT_THAT(kinds_in(path, &seen), ElementsAre());
    EXPECT_EQ(seen.operations, 457) << "with the child";
    EXPECT_GT(seen.events, 480);
    EXPECT_EQ(seen.findings, 0);
    std::set<std::string> states;
    auto store = sqlite_store::open(path, sql::access::read);
    for (const auto& item : (*store)->list({.limit = 500})->items) {
        states.insert(state_of(item.op.now));
    }
    EXPECT_THAT(states, IsSupersetOf({"completed", "rolled_back", "parked", "blocked", "ready"}));
}

// proves: E7, E8
TEST_F(doctor_test, finds_each_kind_of_damage) {
    const std::pair<const char*, std::vector<std::string>> cases[] = {
        {"update op set progress = 'x' where key = 'alice'", {"row.differs"}},
        {"update op set step_name = 'pay', step = 1 where key = 'carl'", {"row.differs"}},
        {"update op set owner = 5 where key = 'alice'", {"row.contradicts_itself"}},
        {"update op set state = 9 where key = 'alice'", {"row.unreadable"}},
        {"update op set uuid = x'00' where key = 'alice'", {"row.unreadable"}},
        {"delete from event where id = (select id << 20 | 3 from op where key = 'alice')",
         {"story.broken"}},
        {"delete from event where id = (select id << 20 | seq from op where key = 'alice')",
         {"row.differs"}},
        {"update event set type = 99 where id = (select id << 20 | 3 from op where key = 'alice')",
         {"story.broken"}},
        {"update event set data = '{' where id = (select id << 20 | 3 from op where key = 'alice')",
         {"story.broken"}},
        {"update event set type = 4 where id = (select id << 20 | 3 from op where key = 'dora')",
         {"row.differs"}},
        {"delete from plan where kind = 'order'", {"plan.missing"}},
        {"delete from prepared", {"generation.lost"}},
        {"insert into key_lock(key, op) values('x', 1)", {"lock.stray"}},
        {"delete from key_lock where key = 'default/bob'", {"lock.free", "lock.lost"}},
        {"update key_lock set op = 1 where key = 'default/bob'", {"lock.lost", "lock.stray"}},
        {"update op set parent = x'00112233445566778899aabbccddeeff' where key = 'alice'",
         {"parent.missing"}},
        {"delete from op where awaits is not null and key = 'trip'",
         {"orphaned", "parent.missing"}},
        {"update op set awaits = (select uuid from op where key = 'alice') where key = 'trip'",
         {"child.missed", "row.differs"}},
        {"delete from op where key = 'alice'", {"orphaned"}},
        {"insert into prepared(id, bytes) values(900 << 20 | 1, 'x')", {"orphaned"}},
        {"update event set payload = null where id = (select id << 20 | 1 from op where key = "
         "'alice')",
         {"story.broken"}},
        {"insert into payload(id, bytes) values(1 << 20 | 1, 'x')", {"orphaned"}},
        {"update op set flags = flags | 1024 where key = 'alice'", {"orphaned"}},
        {"update op set flags = flags | 1024 where key = 'carl'",
         {"orphaned", "row.contradicts_itself"}},
        {"delete from tag where tag = 'spring'", {"tag.differs"}},
        {"insert into tag(tag, op) values('red', 1)", {"tag.differs"}},
        {"insert into tag(tag, op) values('red', 9999)", {"tag.differs"}},
        {"update op set tags = 'red springs' where key = 'carl'", {"tag.differs"}},
        {"update clock set at = 1", {"clock.behind"}},
        // The index of what runs is said to hold what is parked, which it does not.
        {"pragma writable_schema = on; update sqlite_schema set sql = replace(sql, 'state = 1', "
         "'state = 3') where name = 'op_running'",
         {"file.damaged"}}};
    for (const auto& [sql, kinds] : cases) EXPECT_EQ(damaged_by(sql), kinds) << sql;
}

TEST_F(doctor_test, a_file_of_another_version_is_refused) {
    for (const auto& [version, code] : {std::pair{"pragma user_version = 1", "db.older_schema"},
                                        {"pragma user_version = 99", "db.newer_schema"}}) {
        auto db = sql::database::open(path, sql::access::read_write);
        ASSERT_TRUE(db->execute(version));
        const auto refused = examine(path, {});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), code);
    }
    const auto absent = examine(world.folder.file("absent.db"), {});
    ASSERT_FALSE(absent);
    EXPECT_TRUE(absent.error().is(codes::db_cannot_open)) << absent.error().describe();
}

// proves: E1
TEST_F(doctor_test, a_definition_that_was_changed_under_its_version_is_refused) {
    world.reopen();
    definitions known;
    auto changed = define<order>("trip", 1).step(std::make_shared<ordering>()).shows("OTHER");
    known.add(changed.build());
    engine e{world.loop, *world, known, ids, {}};
    const auto refused = world.wait(e.start());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::engine_definition_changed));
    EXPECT_EQ(refused.error().detail(), "\"trip\" version 1");
}

}  // namespace
}  // namespace thole::saga
