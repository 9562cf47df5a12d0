#include "engine/kind_places.hpp"

#include <gtest/gtest.h>

namespace thole::saga {
namespace {

using namespace std::chrono_literals;

constexpr store_time start{std::chrono::seconds{1'000'000}};

// proves: E5
TEST(kind_places_test, a_kind_has_only_so_many_places) {
    kind_places places{{{"mint", {.concurrency = 2}}}};
    const auto claim = [&] {
        auto asked = places.quotas(start, 10);
        places.claimed();
        return asked;
    };
    EXPECT_TRUE(places.enter("mint", start));
    ASSERT_EQ(claim().size(), 1U);
    EXPECT_EQ(claim()[0].most, 1);
    EXPECT_TRUE(places.enter("mint", start));
    EXPECT_FALSE(places.enter("mint", start));
    EXPECT_TRUE(places.enter("other", start));
    EXPECT_EQ(claim()[0].most, 0);
    EXPECT_TRUE(places.leave("mint")) << "the last quota was none: somebody may wait";
    EXPECT_FALSE(places.leave("other"));
    EXPECT_EQ(claim()[0].most, 1);
}

// proves: E5
TEST(kind_places_test, what_a_claim_under_way_may_bring_is_taken) {
    kind_places places{{{"mint", {.concurrency = 2}}, {"slow", {.per_minute = 60}}}};
    places.limit_step("mint", "upload", 2);
    EXPECT_TRUE(places.enter("mint", start));
    EXPECT_TRUE(places.enter_step("mint", "upload"));
    static_cast<void>(places.quotas(start, 10));
    EXPECT_FALSE(places.enter("mint", start));
    EXPECT_FALSE(places.enter("slow", start));
    EXPECT_FALSE(places.enter_step("mint", "upload"));
    EXPECT_TRUE(places.leave("mint")) << "the claim does not know of this place";
    EXPECT_TRUE(places.leave_step("mint", "upload"));
    places.enter_claimed("mint");
    places.claimed();
    EXPECT_TRUE(places.enter("mint", start));
    EXPECT_FALSE(places.enter("mint", start));
    EXPECT_TRUE(places.enter("slow", start));
}

// proves: E5
TEST(kind_places_test, a_rate_lets_in_a_second_s_worth_and_then_one_by_one) {
    kind_places places{{{"mint", {.per_minute = 120}}}};
    EXPECT_FALSE(places.next_token(start));
    EXPECT_TRUE(places.enter("mint", start));
    EXPECT_TRUE(places.enter("mint", start));
    EXPECT_FALSE(places.enter("mint", start));
    const auto next = places.next_token(start);
    ASSERT_TRUE(next);
    EXPECT_NEAR((*next - start).count(), 500'000, 10);
    EXPECT_TRUE(places.enter("mint", *next));
    EXPECT_EQ(places.quotas(*next, 10)[0].most, 0);
    EXPECT_EQ(places.quotas(*next + 1h, 10)[0].most, 2);
}

TEST(kind_places_test, one_a_minute_is_one_a_minute) {
    kind_places places{{{"mint", {.per_minute = 1}}}};
    EXPECT_TRUE(places.enter("mint", start));
    EXPECT_FALSE(places.enter("mint", start + 59s));
    EXPECT_TRUE(places.enter("mint", start + 61s));
}

// proves: E5
TEST(kind_places_test, who_leaves_without_having_begun_gives_the_rate_back) {
    kind_places places{{{"mint", {.per_minute = 1}}, {"few", {.concurrency = 1}}}};
    EXPECT_TRUE(places.enter("mint", start));
    EXPECT_FALSE(places.leave_unused("mint")) << "nobody waits";
    EXPECT_TRUE(places.enter("mint", start));
    EXPECT_FALSE(places.enter("mint", start));
    EXPECT_EQ(places.quotas(start, 10)[1].most, 0);
    places.claimed();
    EXPECT_TRUE(places.leave_unused("mint")) << "a claim found the rate used up";
    EXPECT_TRUE(places.enter("mint", start));
    static_cast<void>(places.quotas(start, 10));
    EXPECT_TRUE(places.leave_unused("mint")) << "the claim under way does not know of it";
    places.claimed();
    EXPECT_TRUE(places.enter("mint", start));
    static_cast<void>(places.quotas(start + 1h, 10));
    places.claimed();
    EXPECT_FALSE(places.leave_unused("mint"));
    EXPECT_TRUE(places.enter("mint", start + 1h));
    EXPECT_FALSE(places.enter("mint", start + 1h)) << "never more than a second's worth";
    EXPECT_TRUE(places.enter("few", start));
    EXPECT_FALSE(places.leave_unused("few"));
    EXPECT_TRUE(places.enter("few", start));
}

// proves: E5
TEST(kind_places_test, says_how_far_apart_those_of_one_key_begin) {
    const kind_places places{{{"mint", {.key_per_minute = 120}}, {"other", {.per_minute = 1}}}};
    EXPECT_EQ(places.pace_of_key("mint"), 500ms);
    for (const auto* none : {"other", "unheard"}) EXPECT_EQ(places.pace_of_key(none), 0s) << none;
    const auto all = places.key_paces();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].kind, "mint");
    EXPECT_EQ(all[0].each, 500ms);
}

// proves: E5
TEST(kind_places_test, a_place_in_a_step_goes_to_a_claim_first) {
    kind_places places{{}};
    places.limit_step("mint", "upload", 1);
    EXPECT_TRUE(places.offers_step("mint", "other", false));
    EXPECT_TRUE(places.enter_step("mint", "upload"));
    EXPECT_FALSE(places.enter_step("mint", "upload"));
    EXPECT_FALSE(places.offers_step("mint", "upload", true)) << "full, whoever asks";
    EXPECT_TRUE(places.leave_step("mint", "upload")) << "somebody waits for it";
    EXPECT_FALSE(places.offers_step("mint", "upload", false)) << "a claim first";
    EXPECT_FALSE(places.enter_step("mint", "upload"));
    ASSERT_EQ(places.quotas(start, 10).size(), 1U);
    places.claimed();  // and it has found nobody
    EXPECT_TRUE(places.offers_step("mint", "upload", false));
    EXPECT_TRUE(places.enter_step("mint", "upload"));
    EXPECT_FALSE(places.offers_step("mint", "upload", false)) << "the next one still waits …";
    EXPECT_TRUE(places.leave_step("mint", "upload")) << "… and it is known that he does";
    EXPECT_TRUE(places.offers_step("mint", "upload", true)) << "there is no claim to wait for";
    EXPECT_TRUE(places.enter_step("mint", "upload"));
}

// proves: E5
TEST(kind_places_test, what_rests_has_no_places) {
    kind_places places{{}};
    EXPECT_TRUE(places.quotas(start, 10).empty());
    places.set_hold("mint", true);
    EXPECT_TRUE(places.held("mint"));
    EXPECT_FALSE(places.held("other"));
    EXPECT_FALSE(places.enter("mint", start));
    EXPECT_EQ(places.quotas(start, 10)[0].most, 0);
    places.claimed();
    places.set_hold("mint", false);
    EXPECT_TRUE(places.enter("mint", start));
    EXPECT_TRUE(places.quotas(start, 10).empty());
    places.claimed();
    places.set_hold("", true);
    EXPECT_TRUE(places.all_held());
    EXPECT_TRUE(places.held("other"));
    EXPECT_FALSE(places.enter("other", start));
}

}  // namespace
}  // namespace thole::saga
