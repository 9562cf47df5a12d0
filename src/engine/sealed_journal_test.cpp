// A journal whose payloads are sealed: nothing of them in the file, keys that change, damage.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>

#include "engine/archive_text.hpp"
#include "engine/codes.hpp"
#include "engine/doctor.hpp"
#include "engine/journal_worlds_test.hpp"
#include "engine/plan_text.hpp"
#include "engine/transitions.hpp"
#include "sql/codes.hpp"

namespace thole::saga {
namespace {

using namespace testing;

payload_key key(std::string id, std::uint8_t with) {
    return {std::move(id), secret{bytes(payload_key_bytes, with)}};
}
payload_cipher::ptr cipher(std::vector<payload_key> keys) {
    static seeded_entropy random{9};
    return *payload_cipher::make(std::move(keys), random);
}

// first → sign (prepared) → last
plan make_plan() {
    plan p;
    p.kind = "k";
    p.steps.resize(3);
    p.steps[0].name = "first";
    p.steps[1].name = "sign";
    p.steps[1].shape = step_shape::prepared;
    p.steps[1].pivot = true;
    p.steps[2].name = "last";
    return p;
}

// Every text that only the operation's owner may know holds this word.
constexpr std::string_view private_word = "Rosebud";

class sealed_journal : public ::testing::Test {
  protected:
    std::unique_ptr<sqlite_store> open(payload_cipher::ptr with) {
        auto opened = sqlite_store::open(path, sql::access::read_write, {}, std::move(with));
        EXPECT_TRUE(opened) << opened.error().describe();
        return opened ? std::move(*opened) : nullptr;
    }
    std::string refusal(payload_cipher::ptr with) {
        auto opened = sqlite_store::open(path, sql::access::read_write, {}, std::move(with));
        EXPECT_FALSE(opened);
        return opened ? ""
                      : std::string{opened.error().code()} + " " +
                            std::string{opened.error().detail()};
    }
    static std::string text(std::size_t size = 40) {
        std::string out{"{\"secret\":\""};
        while (out.size() < size) out += private_word;
        return out + "\"}";
    }
    operation submit(sqlite_store& s, const std::string& name, std::size_t size = 40,
                     std::uint64_t claim_for = 0) {
        new_operation o;
        o.who.id = uuid::v7(now, ids);
        o.who.tenant = "t";
        o.who.kind = "k";
        o.who.key = name;
        o.who.subject = "tag " + name;
        o.who.created_at = now;
        o.first = initial_state(steps, false, now, now, text(size), o.events);
        o.claim_for = claim_for;
        EXPECT_TRUE(s.begin());
        auto made = s.submit(o);
        EXPECT_TRUE(made && s.commit());
        return made->made.op;
    }
    void step(sqlite_store& s, operation& op, const input& what) {
        auto d = decide(op.now, steps, what, {}, now, chance);
        EXPECT_EQ(d.refused, nullptr);
        move m;
        m.who = &op.who;
        m.fence = op.now.fence;
        m.base_seq = op.now.seq;
        m.after = d.after;
        m.events = d.events;
        m.prepared = d.prepared;
        EXPECT_TRUE(s.begin());
        EXPECT_TRUE(s.apply(m));
        EXPECT_TRUE(s.commit());
        op.now = m.after;
    }
    // At the signature, with an output, an edit and bytes.
    operation half_way(sqlite_store& s, const std::string& name, std::size_t size = 40) {
        auto op = submit(s, name, size);
        step(s, op, edit_command{"me", "typo", text(size), text()});
        op = claim(s, 1).claimed.at(0).what.op;
        step(s, op, did_complete{text(size)});
        step(s, op, did_complete{text(size)});
        return op;
    }
    claim_answer claim(sqlite_store& s, int limit) {
        claim_request request;
        request.owner = 1, request.now = now, request.limit = limit;
        EXPECT_TRUE(s.begin());
        auto answer = s.claim(request);
        EXPECT_TRUE(answer && s.commit());
        return std::move(*answer);
    }
    static reseal_progress pass(sqlite_store& s, int limit = 3) {
        reseal_progress at;
        int percent = 0;
        while (!at.done) {
            EXPECT_TRUE(s.begin());
            auto next = s.reseal(at, limit);
            EXPECT_TRUE(next) << next.error().describe();
            EXPECT_TRUE(s.commit());
            if (!next) break;
            EXPECT_GE(next->percent, percent);
            percent = next->percent;
            at = *next;
        }
        EXPECT_EQ(percent, 100);
        return at;
    }
    static void expect_readable(sqlite_store& s, const operation& op, std::size_t size = 40) {
        const auto back = s.load(op.who.id);
        ASSERT_TRUE(back && *back) << back.error().describe();
        EXPECT_EQ((*back)->input, text(size));
        ASSERT_EQ((*back)->outputs.size(), 1U);
        EXPECT_EQ((*back)->outputs[0].output, text(size));
        EXPECT_EQ((*back)->prepared->bytes, text(size));
        EXPECT_EQ(s.prepared(op.who.row)->at(0).bytes, text(size));
        bool edited = false;
        for (const auto& e : *s.events(op.who.row, 0, 100)) {
            if (e.type != event_type::edited) continue;
            edited = true;
            EXPECT_NE(e.data.find(private_word), std::string::npos);
        }
        EXPECT_TRUE(edited);
    }
    // In the file itself, once all is folded back into it.
    bool file_holds(std::string_view word) {
        {
            auto db = sql::database::open(path, sql::access::read_write);
            EXPECT_TRUE(db->execute("vacuum; pragma wal_checkpoint(truncate)"));
        }
        std::ifstream in{path, std::ios::binary};
        const std::string all{std::istreambuf_iterator<char>{in}, {}};
        return all.find(word) != std::string::npos;
    }
    void change(const char* sql) {
        auto db = sql::database::open(path, sql::access::read_write);
        const auto done = db->execute(sql);
        ASSERT_TRUE(done) << done.error().describe();
    }

    temporary_folder folder{in_memory_folder()};
    std::string path = folder.file("j.db");
    plan steps = make_plan();
    seeded_entropy ids{3};
    rng chance{4};
    store_time now{std::chrono::seconds{1'000'000}};
};

// proves: E8
TEST_F(sealed_journal, nothing_that_is_carried_stands_in_the_file) {
    auto s = open(cipher({key("a", 1)}));
    const auto small = half_way(*s, "small");
    const auto large = half_way(*s, "large", 20'000);
    expect_readable(*s, small);
    expect_readable(*s, large, 20'000);
    s.reset();
    EXPECT_FALSE(file_holds(private_word));
    EXPECT_TRUE(file_holds("tag small")) << "what is looked for stays readable";
    EXPECT_FALSE(file_holds("typo")) << "what an edit says is sealed whole";
}

// proves: E8
TEST_F(sealed_journal, a_missing_or_another_key_is_refused_at_the_start_by_its_id) {
    half_way(*open(cipher({key("2026-01", 1)})), "x");
    EXPECT_EQ(refusal({}), "engine.payload_key_missing key \"2026-01\"");
    EXPECT_EQ(refusal(cipher({key("2026-07", 2)})), "engine.payload_key_missing key \"2026-01\"");
    EXPECT_THAT(refusal(cipher({key("2026-01", 2)})),
                ::testing::HasSubstr("engine.payload_key_bad key \"2026-01\""));
    const auto reader = sqlite_store::open(path, sql::access::read);
    ASSERT_FALSE(reader);
    EXPECT_TRUE(reader.error().is(codes::engine_payload_key_missing));
    // Nothing was lost by being refused.
    EXPECT_NE(open(cipher({key("2026-01", 1)})), nullptr);
}

// proves: E8
TEST_F(sealed_journal, what_stood_in_the_clear_is_sealed_by_a_pass) {
    operation op;
    {
        auto s = open({});
        op = half_way(*s, "x");
        half_way(*s, "long", 20'000);
    }
    EXPECT_TRUE(file_holds(private_word));
    {
        auto s = open(cipher({key("a", 1)}));
        expect_readable(*s, op);
        EXPECT_TRUE(*needs_resealing(s->db(), *cipher({key("a", 1)})));
        EXPECT_EQ(pass(*s).sealed, 9) << "input, edit, output, bytes; the long ones stand apart";
        EXPECT_FALSE(*needs_resealing(s->db(), *cipher({key("a", 1)})));
        expect_readable(*s, op);
    }
    EXPECT_FALSE(file_holds(private_word));
}

// proves: E8
TEST_F(sealed_journal, after_a_pass_the_old_key_may_go) {
    const auto before = half_way(*open(cipher({key("old", 1)})), "before");
    operation meanwhile;
    {
        auto s = open(cipher({key("old", 1), key("new", 2)}));
        reseal_progress at;
        ASSERT_TRUE(s->begin());
        at = *s->reseal(at, 1);
        ASSERT_TRUE(s->commit());
        meanwhile = half_way(*s, "meanwhile");
        expect_readable(*s, before);
        expect_readable(*s, meanwhile);
    }  // the process dies in the midst of the pass
    EXPECT_THAT(refusal(cipher({key("new", 2)})), ::testing::HasSubstr("\"old\""));
    {
        auto s = open(cipher({key("old", 1), key("new", 2)}));
        EXPECT_EQ(pass(*s).sealed, 3) << "one was, before the process died";
        EXPECT_EQ(pass(*s).sealed, 0);
    }
    auto s = open(cipher({key("new", 2)}));
    expect_readable(*s, before);
    expect_readable(*s, meanwhile);
    s.reset();
    EXPECT_THAT(refusal(cipher({key("old", 1)})), ::testing::HasSubstr("\"new\""));
}

// A key is taken back before its pass was over.
TEST_F(sealed_journal, a_key_that_was_taken_back_may_go_after_a_pass) {
    std::vector<operation> all;
    all.push_back(half_way(*open(cipher({key("old", 1)})), "before"));
    {
        auto s = open(cipher({key("old", 1)}));
        static_cast<void>(pass(*s));
    }
    all.push_back(half_way(*open(cipher({key("old", 1), key("new", 2)})), "under the new one"));
    {
        auto s = open(cipher({key("new", 2), key("old", 1)}));
        EXPECT_GT(pass(*s).sealed, 0);
    }
    auto s = open(cipher({key("old", 1)}));
    for (const auto& each : all) expect_readable(*s, each);
}

// proves: E8
TEST_F(sealed_journal, what_was_moved_or_changed_parks_and_the_others_go_on) {
    auto s = open(cipher({key("a", 1)}));
    const auto first = submit(*s, "first");
    const auto second = submit(*s, "second");
    const auto third = submit(*s, "third");
    s.reset();
    change(
        "update event set payload = (select payload from event where id = 2 << 20 | 1) "
        "where id = 1 << 20 | 1");
    s = open(cipher({key("a", 1)}));
    const auto back = s->load(first.who.id);
    ASSERT_TRUE(back && *back && (*back)->sealed) << "it is shown, without what it carries";
    EXPECT_TRUE((*back)->sealed->is(codes::engine_payload_unreadable));
    EXPECT_THAT(std::string{(*back)->sealed->detail()}, ::testing::HasSubstr("key \"a\""));
    EXPECT_EQ((*back)->input, "");
    const auto taken = claim(*s, 10);
    ASSERT_EQ(taken.claimed.size(), 2U);
    EXPECT_EQ(taken.claimed[0].what.op.who.key, "second");
    ASSERT_EQ(taken.blocked.size(), 1U);
    const auto& parked = taken.blocked[0].op;
    EXPECT_EQ(parked.now.state, op_state::parked);
    EXPECT_EQ(parked.now.waiting, "engine.payload_unreadable");
    // A pass stops there instead of losing it.
    s.reset();
    s = open(cipher({key("a", 1), key("b", 2)}));
    ASSERT_TRUE(s->begin());
    const auto stopped = s->reseal({}, 100);
    s->rollback();
    ASSERT_FALSE(stopped);
    EXPECT_TRUE(stopped.error().is(codes::engine_payload_unreadable));
}

// proves: E7, E8
TEST_F(sealed_journal, doctor_opens_what_it_is_given_the_key_for) {
    auto s = open(cipher({key("a", 1)}));
    ASSERT_TRUE(s->begin());
    ASSERT_TRUE(s->recover({.name = "n", .boot = 1, .plans = {{"k", 1, plan_text(steps)}}}, now));
    ASSERT_TRUE(s->commit());
    half_way(*s, "x");
    std::vector<std::string> kinds;
    examine_options options;
    options.found = [&](const finding& f) { kinds.emplace_back(json::detail::enum_text(f.kind)); };
    const auto without = examine(path, options);
    ASSERT_FALSE(without);
    EXPECT_TRUE(without.error().is(codes::engine_payload_key_missing));
    options.cipher = cipher({key("a", 1)});
    EXPECT_TRUE(examine(path, options));
    EXPECT_THAT(kinds, ::testing::ElementsAre());
    s.reset();
    change("update prepared set bytes = zeroblob(60)");
    EXPECT_TRUE(examine(path, options));
    EXPECT_THAT(kinds, ::testing::ElementsAre("payload.unreadable"));
}

// proves: E8
TEST_F(sealed_journal, an_archive_is_sealed_too_and_opens_with_the_key) {
    auto s = open(cipher({key("a", 1)}));
    const auto op = half_way(*s, "x");
    const auto c = cipher({key("a", 1)});
    const auto opens = [&](const std::string& line, const std::string& plain) {
        EXPECT_EQ(line.find(private_word), std::string::npos) << line;
        const auto back = opened_line(line, c.get());
        ASSERT_TRUE(back) << back.error().describe();
        EXPECT_EQ(*back, plain);
        const auto refused = opened_line(line, cipher({key("b", 1)}).get());
        ASSERT_FALSE(refused);
        EXPECT_TRUE(refused.error().is(codes::engine_payload_key_missing));
    };
    int sealed = 0;
    for (const auto& e : *s->events(op.who.row, 0, 100)) {
        const auto line = archived_event(op.who.id, e, c.get());
        if (e.payload.empty()) continue;
        opens(line, archived_event(op.who.id, e));
        ++sealed;
    }
    EXPECT_EQ(sealed, 3) << "input, edit, output";
    const auto bytes = s->prepared(op.who.row)->at(0);
    opens(archived_generation(op.who.id, bytes, c.get()), archived_generation(op.who.id, bytes));
    // What is in the clear stays as it is, and what is no line of an archive is refused.
    const auto plain = archived_operation(op);
    EXPECT_EQ(*opened_line(plain, nullptr), plain);
    EXPECT_FALSE(opened_line("no", nullptr));
}

// proves: E8
RC_GTEST_FIXTURE_PROP(sealed_journal, everything_stays_readable_through_any_change_of_keys, ()) {
    std::filesystem::remove(path);
    for (const auto* more : {"-wal", "-shm"}) std::filesystem::remove(path + more);
    std::vector<payload_key> keys{key("k0", 0)};
    auto s = open(cipher(keys));
    std::vector<operation> all;
    reseal_progress at;
    const int moves = *rc::gen::inRange(1, 15);
    for (int i = 0; i < moves; ++i) {
        switch (*rc::gen::inRange(0, 5)) {
            case 0: {  // a new key
                keys.push_back(key("k" + std::to_string(i + 1), static_cast<std::uint8_t>(i + 1)));
                s.reset();
                s = open(cipher(keys));
                at = {};
                break;
            }
            case 1: {  // a part of a pass; at its end the others may go
                RC_ASSERT(s->begin().has_value());
                at = *s->reseal(at, *rc::gen::inRange(1, 20));
                RC_ASSERT(s->commit().has_value());
                if (!at.done) break;
                keys.erase(keys.begin(), keys.end() - 1);
                s.reset();
                s = open(cipher(keys));
                at = {};
                break;
            }
            default:
                all.push_back(half_way(*s, "op " + std::to_string(i)));
        }
        RC_ASSERT(s != nullptr);
        for (const auto& op : all) expect_readable(*s, op);
    }
}

}  // namespace
}  // namespace thole::saga
