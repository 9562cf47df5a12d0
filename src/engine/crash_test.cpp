// The process dies at every write of the journal, before it, after it, and after it was answered;
// and at every call to the outside, before and after its effect. Each time a new life must bring
// every accepted operation to a sane end, with at most one effect of each kind.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "engine/crash_world_test.hpp"
#include "engine/journal_worlds_test.hpp"

namespace thole::saga {
namespace {

using namespace testing;

// ---- storages that survive a life ---------------------------------------------------------------

struct in_memory {
    model_store kept;
    store& open() { return kept; }
};

struct in_a_file {
    temporary_folder folder{in_memory_folder()};
    std::unique_ptr<sqlite_store> kept;
    store& open() {
        kept.reset();
        auto opened = sqlite_store::open(folder.file("j.db"), sql::access::read_write);
        EXPECT_TRUE(opened) << opened.error().describe();
        kept = std::move(*opened);
        // What is proved here is the order of writes; that a commit reaches the disk is SQLite's
        // own proof, and waiting for it would make these thousands of lives take hours.
        EXPECT_TRUE(kept->db().execute("pragma synchronous=off"));
        return *kept;
    }
};

// ---- one life -----------------------------------------------------------------------------------

struct errand {
    std::string key;
    std::string account;
    bool cancel = false;  // the person changes his mind as soon as it is accepted
    bool pause = false;   // … or lets it rest a while
    std::string kind = "order";
};

struct life {
    crash_point at{};
    int die_at_call = 0;
    bool die_after = false;
};

struct span_of_life {
    int writes = 0;
    int calls = 0;
    bool died = false;
};

task<> client(engine& e, io::loop& loop, const crash_switch& power,
              const std::vector<errand>& errands, bool& served) {
    if (!co_await e.start()) co_return;
    std::vector<uuid> ids;
    for (const auto& each : errands) {
        // Whoever had no answer asks again with the same key: that is what it is for.
        submission s;
        s.kind = each.kind;
        s.key = each.key;
        s.input = json::write(order{each.account, 1});
        auto accepted = co_await e.submit(std::move(s));
        if (!accepted) {
            ADD_FAILURE() << accepted.error().describe();
            co_return;
        }
        ids.push_back(accepted->view.id);
        if (each.cancel) static_cast<void>(co_await e.cancel(ids.back(), "client", "no longer"));
        if (each.pause) {
            static_cast<void>(co_await e.pause(ids.back(), "client", "a moment"));
            static_cast<void>(co_await loop.sleep_until(loop.now() + 20ms));
            static_cast<void>(co_await e.resume(ids.back(), "client", "go on"));
        }
    }
    for (std::size_t next = 0; next < ids.size();) {
        const auto ended = co_await e.wait_end(ids[next], deadline::after(loop.now(), 10s));
        // What is still in the memory of a process that is dead, nobody hears of.
        if (power.is_off()) co_return;
        if (!ended) {
            ADD_FAILURE() << ended.error().describe();
            co_return;
        }
        if (ended->view.ended_at) {
            ++next;
            continue;
        }
        // All generations of one are proved dead, and it holds the lock: a person turns it back.
        // Or nobody knows of one whether it landed: a person has seen it.
        for (const auto& id : ids) {
            const auto now = co_await e.get(id);
            if (now && errands[static_cast<std::size_t>(&id - ids.data())].account == "silent" &&
                now->view.generation > 0 && !now->view.ended_at) {
                const resolution seen{true, "receipt", json::write(text{"seen"})};
                const auto said = co_await e.resolve(id, "person", "seen", seen);
                const bool late = !said && said.error().is(codes::operation_nothing_undecided);
                EXPECT_TRUE(said || late) << said.error().describe();
            }
            if (!now || now->view.state != "parked") continue;
            if (now->view.kind == "bundle") {
                const act_details no_answer{.output = json::write(text{"deaf"}), .step = "tell"};
                const auto skipped =
                    co_await e.act(id, bulk_act::skip, "person", "deaf", no_answer);
                EXPECT_TRUE(skipped) << skipped.error().describe();
                continue;
            }
            EXPECT_EQ(now->view.waiting->reason, "operation.generations_spent");
            const auto cancelled = co_await e.cancel(id, "person", "give it up");
            EXPECT_TRUE(cancelled) << cancelled.error().describe();
        }
    }
    served = true;
}

struct scenario {
    const char* name;
    std::vector<errand> errands;
    int key_per_minute = 0;
};

span_of_life live(store& kept, outside& world, const scenario& s, life how, std::uint64_t seed) {
    io::virtual_loop loop{seed};
    crash_switch power;
    power.arm(how.at);
    world.calls = 0;
    world.die_at_call = how.die_at_call;
    world.die_after = how.die_after;
    for (auto& [key, account] : world.of) account.forward = 0;
    bool served = false;
    {
        inline_journal inner{loop, kept};
        crash_journal log{inner, power};
        seeded_entropy ids{seed};
        definitions known;
        known.add(make_saga({&world, &power, &loop, &kept}));
        known.add(make_bundle({&world, &power, &loop, &kept}));
        known.add(make_parcel({&world, &power, &loop, &kept}));
        engine_options options;
        options.seed = seed;
        options.kinds["order"].key_per_minute = s.key_per_minute;
        engine e{loop, log, known, ids, options};
        boost::asio::co_spawn(loop.executor(), client(e, loop, power, s.errands, served),
                              boost::asio::detached);
        loop.run_until_idle(2h);
    }
    power.drop();
    EXPECT_TRUE(served || power.is_off()) << "nothing goes on, and nobody has died";
    return {power.writes(), world.calls, power.is_off()};
}

// ---- what must be true in the end ---------------------------------------------------------------

void expect_sane(store& kept, const outside& world, const std::vector<errand>& errands,
                 const std::string& what) {
    EXPECT_THAT(world.offences, ::testing::ElementsAre()) << what;
    EXPECT_TRUE(kept.locks()->empty()) << what;
    crash_switch unused;
    for (const auto& each : errands) {
        const bool bundle = each.kind == "bundle";
        const auto saga = bundle ? make_bundle({}) : make_saga({});
        const auto found = *kept.find_key("default", each.kind, each.key);
        ASSERT_TRUE(found) << what << ": lost " << each.key;
        const auto& s = found->now;
        const auto state = state_of(s);
        const auto events = *kept.events(found->who.row, 0, 10'000);
        EXPECT_EQ(difference(fold(events, saga.steps(), !bundle), s), "")
            << what << " " << each.key;
        const auto at = world.of.find(each.key);
        const auto mine = at == world.of.end() ? outside::account_of{} : at->second;
        EXPECT_LE(mine.charges, 1) << what << ": charged twice " << each.key;
        EXPECT_LE(mine.landed.size(), 1U) << what << ": minted twice " << each.key;
        if (state == "completed") {
            EXPECT_EQ(mine.landed.size(), bundle ? 0U : 1U) << what;
            EXPECT_EQ(mine.told, bundle && each.account.find("deaf") == std::string::npos) << what;
            EXPECT_EQ(mine.charges - mine.refunds, 1) << what;
            EXPECT_EQ(mine.pinned + mine.recorded + mine.shipped, 3) << what;
        } else {
            EXPECT_EQ(state, "rolled_back") << what << ": " << each.key;
            EXPECT_TRUE(mine.landed.empty()) << what << ": rolled back what landed";
            EXPECT_EQ(mine.charges, mine.refunds) << what << ": " << each.key;
            EXPECT_EQ(mine.pinned + mine.recorded + mine.shipped, 0) << what << ": " << each.key;
        }
        // From the last step to the first, also of those side by side; again after a crash.
        const auto place = [&saga](const std::string& step) { return saga.steps().index_of(step); };
        EXPECT_TRUE(std::ranges::is_sorted(mine.undone, std::ranges::greater{}, place)) << what;
        const bool has_parcel =
            each.account.find("parcel") != std::string::npos && state == "completed";
        EXPECT_EQ(mine.parcels, has_parcel ? 1 : 0) << what << ": " << each.key;
        const auto children = kept.list({.parent = found->who.id})->items;
        EXPECT_EQ(children.size(), has_parcel ? 1U : 0U) << what << ": " << each.key;
        for (const auto& child : children) {
            EXPECT_EQ(child.op.now.ending, op_ending::completed) << what;
            const auto told = *kept.events(child.op.who.row, 0, 10'000);
            EXPECT_EQ(difference(fold(told, make_parcel({}).steps(), false), child.op.now), "");
        }
        // No step ends twice.
        std::set<std::string> completed;
        for (const auto& e : events) {
            if (e.type != event_type::step_completed) continue;
            EXPECT_TRUE(completed.insert(e.step).second) << what << ": " << e.step << " again";
        }
    }
}

const std::vector<scenario>& scenarios() {
    static const std::vector<scenario> all{
        {"two of one account", {{"a", "smooth"}, {"b", "smooth"}}},
        {"bumpy", {{"a", "bumpy"}, {"b", "bumpy"}}},
        {"one of a key at a time, and not at once",
         {{"a", "smooth"}, {"b", "bumpy"}, {"c", "smooth", true}},
         60},
        {"with children", {{"a", "parcel"}, {"b", "parcel bumpy"}}},
        {"a generation dies", {{"a", "dies-once bumpy"}, {"b", "dies-once bumpy"}}},
        {"every generation dies", {{"a", "dies-always"}, {"b", "dies-always"}}},
        {"rolled back", {{"a", "hopeless bumpy"}, {"b", "hopeless bumpy"}}},
        {"paused", {{"a", "smooth", false, true}, {"b", "bumpy", false, true}}},
        {"resolved", {{"a", "silent"}, {"b", "silent"}}},
        {"side by side",
         {{"a", "smooth", false, false, "bundle"}, {"b", "smooth", false, false, "bundle"}}},
        {"side by side, bumpy",
         {{"a", "bumpy", false, false, "bundle"}, {"b", "bumpy parcel", false, false, "bundle"}}},
        {"side by side, one gives up",
         {{"a", "hopeless bumpy", false, false, "bundle"}, {"b", "deaf", false, false, "bundle"}}},
        {"side by side, cancelled and paused",
         {{"a", "bumpy", true, false, "bundle"}, {"b", "smooth", false, true, "bundle"}}},
        {"cancelled", {{"a", "smooth"}, {"b", "smooth", true}, {"c", "bumpy", true}}}};
    return all;
}

template <class Storage>
class crash_test : public ::testing::Test {};
using storages = ::testing::Types<in_memory, in_a_file>;
TYPED_TEST_SUITE(crash_test, storages);

std::string describe(const scenario& s, const life& l) {
    return std::string{s.name} + ", write " + std::to_string(l.at.write) + "/" +
           std::to_string(static_cast<int>(l.at.when)) + ", call " + std::to_string(l.die_at_call) +
           (l.die_after ? " after" : "");
}

// Every way in which a life of that many writes and calls can end early.
std::vector<life> deaths(const span_of_life& whole) {
    std::vector<life> all;
    for (int w = 1; w <= whole.writes; ++w) {
        for (const auto when :
             {crash_when::before, crash_when::unacknowledged, crash_when::acknowledged}) {
            all.push_back({{w, when}, 0, false});
        }
    }
    for (int c = 1; c <= whole.calls; ++c) {
        all.push_back({{}, c, false});
        all.push_back({{}, c, true});
    }
    return all;
}

template <class Storage>
span_of_life whole_life(const scenario& s) {
    Storage storage;
    outside world;
    const auto whole = live(storage.open(), world, s, {}, 1);
    EXPECT_FALSE(whole.died);
    expect_sane(storage.open(), world, s.errands, s.name);
    return whole;
}

// proves: E1, X1, S2
TYPED_TEST(crash_test, one_crash_anywhere) {
    int lives = 0;
    for (const auto& s : scenarios()) {
        const auto whole = whole_life<TypeParam>(s);
        EXPECT_GT(whole.writes, 10);
        for (const auto& death : deaths(whole)) {
            TypeParam storage;
            outside world;
            EXPECT_TRUE(live(storage.open(), world, s, death, 1).died) << describe(s, death);
            EXPECT_FALSE(live(storage.open(), world, s, {}, 2).died);
            expect_sane(storage.open(), world, s.errands, describe(s, death));
            if (this->HasFailure()) return;
            ++lives;
        }
    }
    EXPECT_GT(lives, 500);
}

// proves: E1, X1
TYPED_TEST(crash_test, a_second_crash_while_recovering) {
    rng chance{20260101};
    for (const auto& s : scenarios()) {
        const auto whole = whole_life<TypeParam>(s);
        for (const auto& death : deaths(whole)) {
            if (!chance.chance(1, std::is_same_v<TypeParam, in_memory> ? 2 : 12)) continue;
            TypeParam storage;
            outside world;
            EXPECT_TRUE(live(storage.open(), world, s, death, 1).died);
            const life second{{static_cast<int>(chance.between(1, whole.writes)),
                               static_cast<crash_when>(chance.below(3))},
                              chance.chance(1, 2) ? static_cast<int>(chance.between(1, 20)) : 0,
                              chance.chance(1, 2)};
            live(storage.open(), world, s, second, chance.next());
            EXPECT_FALSE(live(storage.open(), world, s, {}, chance.next()).died);
            expect_sane(storage.open(), world, s.errands,
                        describe(s, death) + "; then " + describe(s, second));
            if (this->HasFailure()) return;
        }
    }
}

// proves: X1
TEST(crash_replay_test, a_seed_replays_exactly) {
    const auto story_of = [](std::uint64_t seed) {
        in_memory storage;
        outside world;
        const auto& s = scenarios()[2];
        live(storage.open(), world, s, {{9, crash_when::unacknowledged}}, seed);
        live(storage.open(), world, s, {}, seed + 1);
        std::string out;
        for (const auto& item : storage.kept.list({.limit = 100})->items) {
            for (const auto& e : *storage.kept.events(item.op.who.row, 0, 10'000)) {
                out += item.op.who.id.text() + std::to_string(e.seq) + rfc3339(e.at) +
                       std::string{to_string(e.type)} + e.data + e.fault + "\n";
            }
        }
        return out;
    };
    EXPECT_EQ(story_of(5), story_of(5));
    EXPECT_NE(story_of(5), story_of(6));
}

}  // namespace
}  // namespace thole::saga
