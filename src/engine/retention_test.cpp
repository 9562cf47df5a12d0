// Retention over both journals, and every moment at which it can be cut off.

#include "engine/retention.hpp"

#include <sys/stat.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>

#include <fstream>
#include <set>

#include "engine/bench_saga_test.hpp"
#include "engine/crash_journal.hpp"
#include "engine/file_archive.hpp"
#include "engine/journal_worlds_test.hpp"

namespace thole::saga {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        out.push_back(text.substr(at, end - at));
        if (end == std::string::npos) break;
        at = end + 1;
    }
    return out;
}

// The keys of the operations that the file tells of, in order.
std::vector<std::string> keys_in(const std::string& text) {
    std::vector<std::string> out;
    for (const auto& line : lines_of(text)) {
        const auto read = boost::json::parse(line);
        if (const auto* op = read.as_object().if_contains("operation")) {
            out.emplace_back(op->at("key").as_string());
        }
    }
    return out;
}

// As a file on a disk; what was half written when the power went stays half written.
class paper : public archive {
  public:
    paper(std::string& kept, crash_switch& power) : kept_{kept}, power_{power} {}
    int die_at = 0;          // the how-manieth append
    bool die_after = false;  // else: in the middle of it
    int appends = 0;

    task<result<std::int64_t>> size(std::string) override { co_return std::ssize(kept_); }
    task<result<std::int64_t>> append(std::string, std::int64_t from, std::string lines) override {
        if (power_.is_off()) co_await power_.hang();
        kept_.resize(std::min(kept_.size(), static_cast<std::size_t>(from)));
        const bool dies = ++appends == die_at;
        kept_ += dies && !die_after ? lines.substr(0, lines.size() / 2) : lines;
        if (dies) power_.turn_off();
        if (power_.is_off()) co_await power_.hang();
        co_return std::ssize(kept_);
    }

  private:
    std::string& kept_;
    crash_switch& power_;
};

// The writes of retention die as those of the engine do.
class crash_upkeep final : public upkeep {
  public:
    crash_upkeep(inline_journal& inner, crash_switch& power) : inner_{inner}, power_{power} {}
    int die_at = 0;
    crash_when when = crash_when::before;
    int writes = 0;

    store_time now() override { return inner_.now(); }
    task<result<removable_page>> removable(removable_query q) override {
        return inner_.removable(std::move(q));
    }
    task<result<>> remove(removal what) override {
        if (power_.is_off()) co_await power_.hang();
        const bool dies = ++writes == die_at;
        if (dies && when == crash_when::before) {
            power_.turn_off();
            co_await power_.hang();
        }
        auto done = co_await inner_.remove(std::move(what));
        if (dies) power_.turn_off();
        if (dies && when == crash_when::unacknowledged) co_await power_.hang();
        co_return done;
    }
    task<result<std::vector<event>>> events(std::int64_t row, std::int64_t after,
                                            int limit) override {
        return inner_.events(row, after, limit);
    }
    task<result<std::vector<prepared_row>>> prepared(std::int64_t row) override {
        return inner_.prepared(row);
    }

  private:
    inline_journal& inner_;
    crash_switch& power_;
};

template <class World>
class retention_test : public ::testing::Test {
  protected:
    static constexpr int many = 12;

    // `many` that ended, of two kinds, one that has not, and a last one.
    static void fill(World& world) {
        seeded_entropy ids{3};
        rng chance{4};
        plan steps;
        steps.steps.resize(1);
        steps.steps[0].name = "only";
        for (int i = 0; i < many + 2; ++i) {
            new_operation o;
            o.who.id = uuid::v7(world.log->now(), ids);
            o.who.tenant = "t";
            o.who.kind = i % 2 == 0 ? "even" : "odd";
            o.who.key = "k" + std::to_string(i);
            o.who.created_at = world.log->now();
            o.first = initial_state(steps, false, world.log->now(), world.log->now(),
                                    "{\"n\":" + std::to_string(i) + "}", o.events);
            o.claim_for = 1;
            const auto op = world.wait(world.log->submit(o))->made.op;
            if (i == many) continue;
            auto d = decide(op.now, steps, did_complete{"{\"done\":true}"}, {}, world.log->now(),
                            chance);
            move m;
            m.who = &op.who;
            m.fence = op.now.fence;
            m.base_seq = op.now.seq;
            m.after = std::move(d.after);
            m.events = std::move(d.events);
            EXPECT_TRUE(world.wait(world.log->commit(m)));
        }
        world.loop.advance(48h);
    }
    static retention::rules rules() {
        return {{"even", {.keep_for = 24h}}, {"odd", {.keep_for = 24h, .keep_rows = true}}};
    }

    struct death {
        int write = 0;
        crash_when when = crash_when::before;
        int append = 0;
        bool after = false;
    };
    struct life {
        int writes = 0;
        int appends = 0;
        bool died = false;
    };
    static life live(World& world, std::string& file, const death& how) {
        crash_switch power;
        crash_upkeep journal{*world.log, power};
        journal.die_at = how.write;
        journal.when = how.when;
        paper shelf{file, power};
        shelf.die_at = how.append;
        shelf.die_after = how.after;
        retention keeper{journal, shelf, rules()};
        std::optional<result<retention_report>> done;
        boost::asio::co_spawn(world.loop.executor(), keep(keeper.sweep(), done),
                              boost::asio::detached);
        world.loop.run_ready();
        power.drop();
        EXPECT_TRUE(done || power.is_off());
        if (done) EXPECT_TRUE(*done) << done->error().describe();
        return {journal.writes, shelf.appends, power.is_off()};
    }

    static void expect_each_once(World& world, const std::string& file, const std::string& what) {
        std::multiset<std::string> archived;
        for (auto& each : keys_in(file)) archived.insert(each);
        for (int i = 0; i < many; ++i) {
            const auto key = "k" + std::to_string(i);
            EXPECT_EQ(archived.count(key), 1U) << what << " " << key;
            const auto found = *world.store->find_key("t", i % 2 == 0 ? "even" : "odd", key);
            EXPECT_EQ(found.has_value(), i % 2 == 1) << what << " " << key;
            if (found) EXPECT_TRUE(found->now.archived);
        }
        EXPECT_EQ(archived.size(), static_cast<std::size_t>(many)) << what;
    }
};

struct model_kept : model_world {
    struct {
        model_store* of;
        model_store* operator->() const { return of; }
    } store{&this->model_world::store};
};
using worlds = ::testing::Types<model_kept, sqlite_inline_world>;
TYPED_TEST_SUITE(retention_test, worlds);

// proves: E2, E8
TYPED_TEST(retention_test, what_ended_is_archived_and_removed) {
    TypeParam world;
    this->fill(world);
    std::string file;
    EXPECT_FALSE(this->live(world, file, {}).died);
    this->expect_each_once(world, file, "whole");
    EXPECT_TRUE(*world.store->find_key("t", "even", "k12")) << "it has not ended";
    const auto lines = lines_of(file);
    ASSERT_EQ(lines.size(), 12U * 5U);
    const auto op = boost::json::parse(lines[0]).at("operation");
    EXPECT_EQ(op.at("state"), "completed");
    EXPECT_EQ(op.at("tenant"), "t");
    EXPECT_EQ(op.at("request_hash").as_string().size(), 64U);
    const auto first = boost::json::parse(lines[1]);
    EXPECT_EQ(first.at("id"), op.at("id"));
    EXPECT_EQ(first.at("event").at("event"), "operation.submitted");
    EXPECT_EQ(first.at("event").at("payload"), boost::json::parse("{\"n\":0}"));
}

TYPED_TEST(retention_test, a_file_of_somebody_else_is_added_to) {
    TypeParam world;
    this->fill(world);
    std::string file = "{\"operation\":{\"key\":\"older\"}}\n";
    const auto before = file;
    this->live(world, file, {1, crash_when::unacknowledged, 0, false});
    EXPECT_EQ(file, before);
    this->live(world, file, {});
    EXPECT_TRUE(file.starts_with(before));
    this->expect_each_once(world, file.substr(before.size()), "added");
}

// proves: E1, E8
TYPED_TEST(retention_test, dies_anywhere_and_each_is_archived_once) {
    std::vector<typename TestFixture::death> deaths;
    {
        TypeParam world;
        this->fill(world);
        std::string file;
        const auto whole = this->live(world, file, {});
        ASSERT_GT(whole.writes, 2);
        ASSERT_GT(whole.appends, 1);
        for (int w = 1; w <= whole.writes; ++w) {
            for (const auto when :
                 {crash_when::before, crash_when::unacknowledged, crash_when::acknowledged}) {
                deaths.push_back({w, when, 0, false});
            }
        }
        for (int a = 1; a <= whole.appends; ++a) {
            deaths.push_back({0, {}, a, false});
            deaths.push_back({0, {}, a, true});
        }
    }
    for (const auto& death : deaths) {
        TypeParam world;
        this->fill(world);
        std::string file;
        const auto what = "write " + std::to_string(death.write) + "/" +
                          std::to_string(static_cast<int>(death.when)) + ", append " +
                          std::to_string(death.append) + (death.after ? " after" : "");
        EXPECT_TRUE(this->live(world, file, death).died) << what;
        world.reopen();
        EXPECT_FALSE(this->live(world, file, {}).died);
        this->expect_each_once(world, file, what);
        if (this->HasFailure()) return;
    }
}

class file_archive_test : public ::testing::Test {
  protected:
    template <class T>
    T wait(task<T> call) {
        std::optional<T> answer;
        loop.run_until(keep(std::move(call), answer));
        return std::move(*answer);
    }
    std::string text() const {
        std::ifstream in{folder.file("archive/f")};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    temporary_folder folder;
    io::system_loop loop;
    sql::blocking_pool pool{loop};
    file_archive shelf{folder.file("archive"), pool};
};

TEST_F(file_archive_test, appends_and_cuts_off_what_was_never_committed) {
    EXPECT_EQ(*wait(shelf.size("f")), 0);
    EXPECT_EQ(*wait(shelf.append("f", 0, "one\n")), 4);
    EXPECT_EQ(*wait(shelf.append("f", 4, "two\n")), 8);
    EXPECT_EQ(*wait(shelf.size("f")), 8);
    EXPECT_EQ(*wait(shelf.append("f", 4, "2\n")), 6) << "as after a crash";
    EXPECT_EQ(text(), "one\n2\n");
    EXPECT_EQ(*wait(shelf.append("f", 900, "three\n")), 12) << "somebody shortened it";
    EXPECT_EQ(text(), "one\n2\nthree\n");
    struct stat about{};
    ASSERT_EQ(::stat(folder.file("archive/f").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600U);
}

TEST_F(file_archive_test, says_why_it_cannot) {
    std::ofstream{folder.file("archive")} << "a file where the folder should be";
    const auto refused = wait(shelf.append("f", 0, "x\n"));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::engine_archive_failed));
    EXPECT_THAT(refused.error().detail(), ::testing::HasSubstr("archive/f"));
}

}  // namespace
}  // namespace thole::saga
