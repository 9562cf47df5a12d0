#include "engine/tags.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/journal_worlds_test.hpp"
#include "engine/order_saga_test.hpp"
#include "engine/sqlite_rows.hpp"

namespace thole::saga {
namespace {

// How SQLite goes about it.
std::string plan_of(sqlite_store& store, const list_filter& f) {
    auto plan = store.db().prepare("explain query plan " + rows::list_query(f));
    EXPECT_TRUE(plan) << plan.error().describe();
    std::string text;
    for (auto row = plan->step(); row && *row; row = plan->step()) text += plan->text(3);
    return text;
}

using namespace testing;
using ::testing::ElementsAre;
using list = std::vector<std::string>;

list wrong(const list& tags) {
    list out;
    for (const auto& each : judge_tags(tags)) out.push_back(each.pointer + " " + each.code);
    return out;
}

// proves: O10
TEST(tags, each_rule_names_its_place) {
    EXPECT_THAT(wrong({}), ElementsAre());
    EXPECT_THAT(wrong({"spring-2026", "team:red", "a.b_c", std::string(64, 'x')}), ElementsAre());
    EXPECT_THAT(wrong({"a", "", "b c", std::string(65, 'x'), "rot\xc3\xa9", "a,b"}),
                ElementsAre("/tags/1 value.form", "/tags/2 value.form", "/tags/3 value.form",
                            "/tags/4 value.form", "/tags/5 value.form"));
    EXPECT_THAT(wrong({"a", "b", "a", "A"}), ElementsAre("/tags/2 value.duplicate"));
    EXPECT_THAT(wrong({"1", "2", "3", "4", "5", "6", "7", "8"}), ElementsAre());
    EXPECT_THAT(wrong({"1", "2", "3", "4", "5", "6", "7", "8", "?"}),
                ElementsAre("/tags value.too_many"));
}

TEST(tags, as_one_text_and_back) {
    for (const auto& each : {list{}, list{"a"}, list{"a", "b", "c:d"}}) {
        EXPECT_EQ(split_tags(joined_tags(each)), each);
    }
    EXPECT_THAT(split_tags("a  b"), ElementsAre("a", "", "b")) << "judged, not guessed";
}

// proves: E2
TEST(tags, a_replay_must_repeat_them_in_whatever_order) {
    order_saga steps;
    bench b;
    b.define(steps.make());
    b.start();
    const auto ask = [&](list tags) {
        auto s = b.an_order("k");
        s.tags = std::move(tags);
        return b.wait(b->submit(std::move(s)));
    };
    const auto first = ask({"spring", "red"});
    ASSERT_TRUE(first) << first.error().describe();
    ASSERT_TRUE(first->view.tags);
    EXPECT_THAT(*first->view.tags, ElementsAre("red", "spring"));
    const auto again = ask({"red", "spring"});
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->replayed);
    EXPECT_EQ(again->view.id, first->view.id);
    for (const auto& other : {list{}, list{"red"}, list{"red", "spring", "x"}}) {
        const auto refused = ask(other);
        ASSERT_FALSE(refused);
        EXPECT_TRUE(refused.error().is(codes::engine_key_conflict));
    }
    const auto bad = ask({"no blanks"});
    ASSERT_FALSE(bad);
    EXPECT_TRUE(bad.error().is(codes::engine_bad_input));
    EXPECT_THAT(bad.error().detail(), ::testing::HasSubstr("/tags/0"));
    EXPECT_FALSE(b.now(b.accept(b.an_order("plain"))).view.tags);
    b.stop();
}

// A bulk act meets those of its tag, over all of their pages.
// proves: E6
TEST(tags, an_act_is_on_all_of_a_tag) {
    order_saga steps;
    steps.ship->act = [](step_context&) { return with<outcome<text>>(park{"look", {}}); };
    bench b;
    b.define(steps.make());
    b.start();
    std::vector<uuid> ids;
    for (int i = 0; i < 6; ++i) {
        auto s = b.an_order("k" + std::to_string(i), "account " + std::to_string(i));
        if (i % 2 == 0) s.tags = {"even", "all"};
        ids.push_back(b.accept(std::move(s)));
        EXPECT_EQ(b.end_of(ids.back()).view.state, "parked");
    }
    bulk_request asked;
    asked.which.tag = "even";
    asked.act = bulk_act::close;
    asked.actor = "me";
    asked.reason = "spring is over";
    asked.dry_run = false;
    asked.expect = 3;
    const auto done = b.wait(b->act_on_all(asked));
    ASSERT_TRUE(done) << done.error().describe();
    EXPECT_EQ(done->done, 3);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        EXPECT_EQ(b.now(ids[i]).view.state, i % 2 == 0 ? "closed" : "parked");
    }
    b.stop();
}

// Reads the plan that SQLite makes of a list by tag, and what a submission writes.
class tags_in_file : public ::testing::Test {
  protected:
    result<submit_answer> submit(const std::string& key, list tags) {
        new_operation o;
        o.who.id = uuid::v7({}, ids);
        o.who.tenant = "t";
        o.who.kind = "k";
        o.who.key = key;
        o.who.tags = std::move(tags);
        plan steps;
        steps.steps.resize(1);
        steps.steps[0].name = "only";
        o.first = initial_state(steps, false, {}, {}, "{}", o.events);
        EXPECT_TRUE(store->begin());
        auto done = store->submit(o);
        EXPECT_TRUE(store->commit());
        return done;
    }
    temporary_folder folder{in_memory_folder()};
    std::unique_ptr<sqlite_store> store =
        *sqlite_store::open(folder.file("j.db"), sql::access::read_write);
    seeded_entropy ids{3};
};

// proves: E5
TEST_F(tags_in_file, who_has_none_pays_for_none) {
    ASSERT_TRUE(store->db().execute("drop table tag"));
    EXPECT_TRUE(submit("plain", {})) << "it does not touch the table";
    EXPECT_FALSE(submit("tagged", {"a"}));
}

TEST_F(tags_in_file, a_list_by_tag_reads_only_what_has_it) {
    for (int i = 0; i < 40; ++i) {
        ASSERT_TRUE(submit("k" + std::to_string(i), {i % 20 == 0 ? "rare" : "often"}));
    }
    // What does not have the tag may hold what cannot be read, and is not looked at.
    ASSERT_TRUE(
        store->db().execute("update op set request_hash = x'', uuid = zeroblob(id) where "
                            "tags = 'often'"));
    list_filter f;
    f.tag = "rare";
    f.limit = 1;
    auto page = store->list(f);
    ASSERT_TRUE(page);
    ASSERT_EQ(page->items.size(), 1U);
    EXPECT_EQ(page->items[0].op.who.key, "k20");
    f.before = page->next;
    page = store->list(f);
    ASSERT_EQ(page->items.size(), 1U);
    EXPECT_EQ(page->items[0].op.who.key, "k0");
    EXPECT_EQ(page->next, 0);
    const auto text = plan_of(*store, f);
    EXPECT_THAT(text, ::testing::HasSubstr("SEARCH tag USING PRIMARY KEY (tag=? AND op<?)"));
    EXPECT_THAT(text, ::testing::HasSubstr("SEARCH op USING INTEGER PRIMARY KEY"));
    EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("TEMP B-TREE")));
}

// proves: E6
TEST(list_test, a_page_is_never_gathered_and_sorted) {
    const temporary_folder folder{in_memory_folder()};
    auto store = *sqlite_store::open(folder.file("j.db"), sql::access::read_write);
    list_filter all;
    all.tenant = "default";
    auto parked = all;
    parked.state = op_state::parked;
    auto of_kind = all;
    of_kind.kind = "mint";
    auto of_account = all;
    of_account.subject = "alice";
    for (const auto& each : {all, parked, of_kind, of_account}) {
        EXPECT_THAT(plan_of(*store, each), ::testing::Not(::testing::HasSubstr("TEMP B-TREE")));
    }
    EXPECT_THAT(plan_of(*store, parked), ::testing::HasSubstr("op_parked"));
    auto by_key = of_kind;
    by_key.key = "k";
    EXPECT_THAT(plan_of(*store, by_key), ::testing::HasSubstr("op_key"));
}

}  // namespace
}  // namespace thole::saga
