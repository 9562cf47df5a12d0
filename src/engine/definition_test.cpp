#include "engine/definition.hpp"

#include "engine/bench_saga_test.hpp"

namespace thole::saga {
namespace {

using namespace testing;
using ::testing::HasSubstr;

template <class Build>
std::string refusal(Build build) {
    try {
        static_cast<void>(build());
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

TEST(definition_test, detects_the_shape_of_a_step) {
    EXPECT_EQ(shape_of<plain_step<"a">>(), step_shape::idempotent);
    EXPECT_EQ(shape_of<asking<"a">>(), step_shape::probed);
    EXPECT_EQ(shape_of<signing<"a">>(), step_shape::prepared);
    static_assert(undoable_step<undoable<"a">> && !undoable_step<plain_step<"a">>);
    static_assert(!any_shape_of_step<order>);
}

TEST(definition_test, keeps_what_was_said_about_each_step) {
    const auto d = define<order>("order", 3)
                       .step(std::make_shared<undoable<"a">>())
                       .policy(presets::ipfs)
                       .shows("A")
                       .lock([](const order& o) { return "acc " + o.account; })
                       .step(std::make_shared<signing<"b">>())
                       .pivot()
                       .settles_as("B")
                       .step(std::make_shared<plain_step<"c">>())
                       .critical()
                       .build();
    EXPECT_EQ(d.kind(), "order");
    EXPECT_EQ(d.version(), 3);
    const auto& p = d.steps();
    EXPECT_EQ(p.index_of("b"), 1);
    EXPECT_EQ(p.index_of("z"), -1);
    EXPECT_TRUE(p.at(0).has_undo && p.at(0).locks);
    EXPECT_EQ(p.at(0).policy.attempts, 6);
    EXPECT_TRUE(p.at(1).pivot);
    EXPECT_EQ(p.at(1).settled_shows, "B");
    EXPECT_TRUE(p.at(2).critical);
    EXPECT_EQ(d.lock_key(R"({"account":"x","amount":1})"), "acc x");
}

TEST(definition_test, brings_an_input_to_one_form) {
    const auto d = define<order>("order", 1).step(std::make_shared<plain_step<"a">>()).build();
    const auto first = d.normalise(R"({"amount":2,"account":"x"})");
    const auto second = d.normalise(R"( {"account" : "x", "amount" : 2} )");
    ASSERT_TRUE(first && second);
    EXPECT_EQ(*first, *second);
    EXPECT_FALSE(d.normalise(R"({"account":"x","amount":2,"more":1})"));
    EXPECT_EQ(d.lock_key(*first), "");
}

TEST(definition_test, explains_every_mistake_at_once) {
    const auto text = refusal([] {
        auto policy = presets::standard;
        policy.attempts = 0;
        return define<order>("order", 1)
            .step(std::make_shared<plain_step<"a">>())
            .policy(policy)
            .pivot()
            .step(std::make_shared<plain_step<"a">>())
            .step(std::make_shared<signing<"b">>())
            .pivot()
            .lock([](const order&) { return std::string{}; })
            .step(std::make_shared<signing<"c">>())
            .pivot()
            .lock([](const order&) { return std::string{}; })
            .build();
    });
    EXPECT_THAT(text, HasSubstr("only a prepared step can be the pivot"));
    EXPECT_THAT(text, HasSubstr("attempts must be at least 1"));
    EXPECT_THAT(text, HasSubstr("the name is used twice"));
    EXPECT_THAT(text, HasSubstr("at most one pivot"));
    EXPECT_THAT(text, HasSubstr("at most one lock"));
}

TEST(definition_test, a_prepared_step_needs_a_way_back_unless_there_is_none) {
    EXPECT_THAT(
        refusal([] {
            return define<order>("order", 1)
                .step(std::make_shared<signing<"a">>())
                .step(std::make_shared<signing<"b">>())
                .pivot()
                .build();
        }),
        HasSubstr("step \"a\": a prepared step before the point of no return needs undo()"));
    EXPECT_EQ(refusal([] {
                  return define<order>("order", 1)
                      .step(std::make_shared<signing<"a">>())
                      .pivot()
                      .step(std::make_shared<signing<"b">>())
                      .build();
              }),
              "");
    EXPECT_THAT(refusal([] { return define<order>("order", 1).build(); }),
                HasSubstr("at least one step"));
    EXPECT_THAT(refusal([] { return define<order>("order", 1).pivot().build(); }),
                HasSubstr("say .step(...) before"));
}

TEST(definition_test, finds_the_newest_version_and_keeps_the_old) {
    definitions known;
    const auto make = [](int version) {
        return define<order>("order", version).step(std::make_shared<plain_step<"a">>()).build();
    };
    known.add(make(2));
    known.add(make(1));
    EXPECT_EQ(known.newest("order")->version(), 2);
    EXPECT_EQ(known.find("order", 1)->version(), 1);
    EXPECT_EQ(known.find("order", 3), nullptr);
    EXPECT_EQ(known.newest("other"), nullptr);
    EXPECT_EQ(known.step_name("order", 1, 0), "a");
    EXPECT_EQ(known.step_name("order", 9, 3), "#3");
    EXPECT_THAT(refusal([&] {
                    known.add(make(2));
                    return 0;
                }),
                HasSubstr("registered twice"));
}

}  // namespace
}  // namespace thole::saga
