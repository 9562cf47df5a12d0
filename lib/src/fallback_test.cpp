#include "thole/fallback.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <map>
#include <string>

#include "thole/codes.hpp"
#include "thole/rng.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

constexpr time_point now{1h};
result<int> down() {
    return fail(codes::net_connection_refused);
}

// proves: P9
TEST(fallback, takes_the_first_answer_in_order) {
    int asked = 0;
    const auto third = [&] {
        ++asked;
        return result<int>{3};
    };
    EXPECT_EQ(with_fallback({}, [] { return result<int>{1}; }, down, third), 1);
    EXPECT_EQ(asked, 0);
    EXPECT_EQ(with_fallback({}, down, down, third), 3);
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(with_fallback({}, down, [] { return result<int>{2}; }, third), 2);
    EXPECT_EQ(asked, 1) << "nobody is asked after an answer";
}

TEST(fallback, an_alternative_may_see_the_failure_before_it) {
    std::string seen;
    const auto answer = with_fallback({}, down, [&](const fault& why) -> result<int> {
        seen = why.code();
        return 2;
    });
    EXPECT_EQ(answer, 2);
    EXPECT_EQ(seen, "net.connection_refused");
}

// proves: P9
TEST(fallback, when_all_fail_the_cause_is_returned) {
    const auto answer =
        with_fallback({}, down, [] { return result<int>{fail(codes::http_server_error)}; });
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().is(codes::net_connection_refused));
}

TEST(fallback, does_not_cover_what_the_caller_did_wrong) {
    int asked = 0;
    const auto alternative = [&] {
        ++asked;
        return result<int>{1};
    };
    EXPECT_FALSE(
        with_fallback({}, [] { return result<int>{fail(codes::http_client_error)}; }, alternative));
    EXPECT_FALSE(
        with_fallback({}, [] { return result<int>{fail(codes::policy_cancelled)}; }, alternative));
    EXPECT_EQ(asked, 0);
    const fallback_settings everything{.may_cover = [](const fault&) { return true; }};
    EXPECT_EQ(
        with_fallback(
            everything, [] { return result<int>{fail(codes::http_client_error)}; }, alternative),
        1);
}

// proves: P9
TEST(stale_cache, covers_a_failure_up_to_an_age) {
    stale_cache<std::string, int> cache{{.usable_for = 10min}};
    EXPECT_EQ(cache.or_stale("a", 7, now)->value, 7);
    const auto covered = cache.or_stale("a", down(), now + 10min);
    ASSERT_TRUE(covered);
    EXPECT_EQ(covered->value, 7);
    EXPECT_EQ(covered->age, 10min);
    ASSERT_TRUE(covered->covered) << "it says in whose place it stands";
    EXPECT_TRUE(covered->covered->is(codes::net_connection_refused));
    EXPECT_FALSE(cache.or_stale("a", down(), now + 10min + 1ns)) << "and not beyond it";
    EXPECT_FALSE(cache.or_stale("b", down(), now));
}

TEST(stale_cache, answers_freshly_without_asking) {
    stale_cache<int, int> cache{{.fresh_for = 5s}};
    cache.store(1, 10, now);
    EXPECT_EQ(cache.get(1, now + 5s)->value, 10);
    EXPECT_FALSE(cache.get(1, now + 5s + 1ns));
    stale_cache<int, int> never;
    never.store(1, 10, now);
    EXPECT_FALSE(never.get(1, now));
}

TEST(stale_cache, a_failure_that_must_be_seen_is_seen) {
    stale_cache<int, int> cache;
    cache.store(1, 10, now);
    EXPECT_FALSE(cache.or_stale(1, fail(codes::http_client_error), now));
}

TEST(stale_cache, is_bounded_and_forgets_the_oldest) {
    stale_cache<int, int> cache{{.most_entries = 2}};
    cache.store(1, 1, now);
    cache.store(2, 2, now);
    cache.store(1, 3, now);
    cache.store(4, 4, now);
    EXPECT_EQ(cache.size(), 2U);
    EXPECT_TRUE(cache.or_stale(1, down(), now));
    EXPECT_FALSE(cache.or_stale(2, down(), now));
    cache.clear();
    EXPECT_EQ(cache.size(), 0U);
}

TEST(stale_cache, says_every_mistake_of_its_settings) {
    EXPECT_EQ(validate(stale_cache_settings{.fresh_for = -1s, .usable_for = -1s, .most_entries = 0})
                  .size(),
              3U);
    EXPECT_EQ(validate(stale_cache_settings{.fresh_for = 1s, .usable_for = 1s}).size(), 1U);
    EXPECT_TRUE(validate(stale_cache_settings{}).empty());
}

RC_GTEST_PROP(stale_cache, never_hands_out_what_is_too_old, (std::uint64_t seed)) {
    rng chance{seed};
    stale_cache<std::uint64_t, std::int64_t> cache{{.usable_for = 60s, .most_entries = 8}};
    std::map<std::uint64_t, std::int64_t> model;  // key → when stored, which is the value, too
    auto at = now;
    for (int i = 0; i < 300; ++i) {
        at += duration{chance.between(0, 20'000'000'000)};
        const auto key = chance.below(12);
        if (chance.chance(1, 2)) {
            cache.store(key, at.time_since_epoch().count(), at);
            model[key] = at.time_since_epoch().count();
        } else if (const auto found = cache.or_stale(key, fail(codes::net_timeout), at)) {
            RC_ASSERT(model.contains(key));
            RC_ASSERT(found->value == model[key]);
            RC_ASSERT(found->age == duration{at.time_since_epoch().count() - model[key]});
            RC_ASSERT(found->age <= 60s);
        }
        RC_ASSERT(cache.size() <= 8U);
    }
}

}  // namespace
}  // namespace thole
