// What every journal does beside carrying operations: it lets go of those that ended long ago.

#include "engine/journal_conformance_test.hpp"

namespace thole::saga {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

template <class World>
class journal_upkeep : public journal_conformance<World> {};
TYPED_TEST_SUITE(journal_upkeep, worlds);

// proves: E8
TYPED_TEST(journal_upkeep, what_ended_long_ago_is_removable_and_the_last_row_is_not) {
    auto a = this->begun("a");
    auto b = this->begun("b");
    auto c = this->begun("c");
    const auto live = this->begun("live");
    this->finish(b);
    this->finish(a);
    this->finish(c);
    const auto at = [&](store_time before, int limit = 10) {
        removable_query query{"k", before, limit, "f"};
        auto page = this->wait(this->shelf().removable(query));
        EXPECT_TRUE(page);
        std::vector<std::string> keys;
        for (const auto& each : page->items) keys.push_back(each.who.key);
        return keys;
    };
    const auto later = this->log().now() + 1h;
    // The earliest ended first; with some journals all of this happens in one instant.
    const auto ended = [&](const operation& op) { return this->stored(op).op.now.ended_at; };
    if (ended(b) < ended(a)) EXPECT_THAT(at(later), ElementsAre("b", "a", "c"));
    EXPECT_THAT(at(later), UnorderedElementsAre("a", "b", "c"));
    EXPECT_EQ(at(later, 2).size(), 2U);
    EXPECT_THAT(at(this->stored(b).op.now.ended_at), ElementsAre());
    auto last = this->begun("last");
    this->finish(last);
    EXPECT_THAT(at(later), UnorderedElementsAre("a", "b", "c"));
}

// proves: E2, E8
TYPED_TEST(journal_upkeep, what_keeps_its_row_keeps_its_input_and_outputs) {
    auto op = this->begun("a");
    this->finish(op);
    auto last = this->begun("b");
    removal what{{op.who.row}, true, "f", 10};
    ASSERT_TRUE(this->wait(this->shelf().remove(std::move(what))));
    const auto back = this->stored(op);
    EXPECT_TRUE(back.op.now.archived);
    EXPECT_EQ(back.input, R"({"input":"a"})");
    ASSERT_EQ(back.outputs.size(), 3U);
    EXPECT_EQ(back.outputs[1].name, "sign");
    EXPECT_TRUE(this->wait(this->log().events(op.who.row, 0, 10))->empty());
    EXPECT_TRUE(this->wait(this->shelf().prepared(op.who.row))->empty());
}

// proves: E8
TYPED_TEST(journal_upkeep, tags_go_with_the_row_and_stay_with_it) {
    std::vector<operation> made;
    for (const auto* key : {"gone", "kept", "last"}) {
        auto o = this->make(key);
        o.who.tags = {"a", "b"};
        o.claim_for = this->boot;
        made.push_back(this->accept(o).made.op);
        this->finish(made.back());
    }
    ASSERT_TRUE(this->wait(this->shelf().remove({{made[0].who.row}, false, "f", 7})));
    ASSERT_TRUE(this->wait(this->shelf().remove({{made[1].who.row}, true, "f", 9})));
    this->world.reopen();
    for (const auto* tag : {"a", "b"}) {
        list_filter of_tag;
        of_tag.tag = tag;
        std::vector<std::string> keys;
        const auto page = *this->wait(this->log().list(of_tag));
        for (const auto& each : page.items) keys.push_back(each.op.who.key);
        EXPECT_THAT(keys, ElementsAre("last", "kept")) << tag;
    }
    // Its number may be given again, its tags are not.
    this->accept(this->make("gone"));
    list_filter of_tag;
    of_tag.tag = "a";
    EXPECT_EQ(this->wait(this->log().list(of_tag))->items.size(), 2U);
}

// proves: E2, E8
TYPED_TEST(journal_upkeep, removes_with_the_archives_size_or_not_at_all) {
    auto gone = this->begun("gone");
    auto kept = this->begun("kept");
    const auto live = this->begun("live");
    this->finish(gone);
    this->finish(kept);
    const auto archived = [&] {
        removable_query query{"k", this->log().now() + 1h, 10, "f"};
        return this->wait(this->shelf().removable(query))->archived;
    };
    EXPECT_EQ(archived(), std::nullopt);
    removal with_live{{gone.who.row, live.who.row}, false, "f", 5};
    const auto refused = this->wait(this->shelf().remove(with_live));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::engine_fenced));
    EXPECT_EQ(archived(), std::nullopt) << "all or nothing";
    this->expect_story(gone);
    EXPECT_EQ(this->wait(this->shelf().prepared(gone.who.row))->size(), 1U);

    ASSERT_TRUE(this->wait(this->shelf().remove({{gone.who.row}, false, "f", 7})));
    ASSERT_TRUE(this->wait(this->shelf().remove({{kept.who.row}, true, "f", 9})));
    this->world.reopen();
    EXPECT_EQ(archived(), 9);
    EXPECT_FALSE(*this->wait(this->log().load(gone.who.id)));
    EXPECT_TRUE(this->wait(this->log().events(gone.who.row, 0, 10))->empty());
    EXPECT_TRUE(this->wait(this->shelf().prepared(gone.who.row))->empty());
    // Its key is free again; that of the other never is.
    EXPECT_FALSE(this->accept(this->make("gone")).replayed);
    EXPECT_TRUE(this->accept(this->make("kept")).replayed);
    const auto row = this->stored(kept);
    EXPECT_TRUE(row.op.now.archived);
    EXPECT_EQ(row.op.now.ending, op_ending::completed);
    EXPECT_EQ(row.input, R"({"input":"kept"})") << "its events went, not what it was";
    EXPECT_TRUE(this->wait(this->log().events(kept.who.row, 0, 10))->empty());
    removable_query query{"k", this->log().now() + 1h, 10, "f"};
    EXPECT_TRUE(this->wait(this->shelf().removable(query))->items.empty());
}

// proves: E8
TYPED_TEST(journal_upkeep, a_family_goes_from_the_youngest_up) {
    auto parent = this->begun("parent");
    auto o = this->make("child");
    o.who.parent = parent.who.id;
    o.claim_for = this->boot;
    auto child = this->accept(o).made.op;
    const auto live = this->begun("live");
    const auto removable = [&] {
        removable_query query{"k", this->log().now() + 1h, 10, "f"};
        std::vector<std::string> keys;
        for (const auto& each : this->wait(this->shelf().removable(query))->items) {
            keys.push_back(each.who.key);
        }
        return keys;
    };
    this->finish(child);
    EXPECT_THAT(removable(), ElementsAre()) << "its parent may still look for it";
    this->finish(parent);
    EXPECT_THAT(removable(), ElementsAre("child"));
    removable_query kept{"k", this->log().now() + 1h, 10, "f", true};
    EXPECT_EQ(this->wait(this->shelf().removable(kept))->items.size(), 2U)
        << "a row that stays can be named by a child";
    ASSERT_TRUE(this->wait(this->shelf().remove({{child.who.row}, false, "f", 1})));
    EXPECT_THAT(removable(), ElementsAre("parent"));
}

// proves: E8
TYPED_TEST(journal_upkeep, long_payloads_come_back_whole) {
    const auto document = [](std::size_t size) { return "\"" + std::string(size - 2, 'x') + "\""; };
    for (const std::size_t size : {8191, 8192, 8193, 300'000}) {
        auto o = this->make("k" + std::to_string(size));
        o.events[0].payload = document(size);
        o.claim_for = this->boot;
        auto op = this->accept(o).made.op;
        ASSERT_TRUE(this->step(op, did_complete{document(size + 1)}));
        this->world.reopen();
        const auto back = this->stored(op);
        EXPECT_EQ(back.input, document(size));
        ASSERT_EQ(back.outputs.size(), 1U);
        EXPECT_EQ(back.outputs[0].output, document(size + 1));
        EXPECT_EQ(this->wait(this->log().events(op.who.row, 0, 1))->front().payload,
                  document(size));
    }
}

}  // namespace
}  // namespace thole::saga
