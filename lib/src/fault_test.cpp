#include "thole/fault.hpp"

#include <gtest/gtest.h>

#include <set>

#include "thole/codes.hpp"
#include "thole/result.hpp"

namespace thole {
namespace {

// proves: F1
TEST(fault, carries_the_facts_that_decide) {
    const auto f = fault{codes::net_timeout}
                       .with_effect(fault_effect::unknown)
                       .at(name{"solana"}, name{"backup-1"})
                       .with_detail("after 5 s");
    EXPECT_EQ(f.kind(), fault_kind::transient);
    EXPECT_EQ(f.scope(), fault_scope::endpoint);
    EXPECT_EQ(f.effect(), fault_effect::unknown);
    EXPECT_EQ(f.retry_after(), std::nullopt);
    EXPECT_TRUE(f.is(codes::net_timeout));
    EXPECT_EQ(f.describe(),
              "net.timeout (transient, endpoint, effect unknown) at solana/backup-1: after 5 s");
}

TEST(fault, defaults_to_no_effect_and_no_text) {
    const fault f{codes::policy_cancelled};
    EXPECT_EQ(f.effect(), fault_effect::none);
    EXPECT_EQ(f.detail(), "");
    EXPECT_EQ(f.describe(), "policy.cancelled (cancelled, request)");
}

TEST(fault, keeps_a_zero_retry_after_apart_from_none) {
    const auto f = fault{codes::http_rate_limited}.with_retry_after(duration::zero());
    EXPECT_EQ(f.retry_after(), duration::zero());
}

TEST(fault, codes_are_unique_and_well_formed) {
    std::set<std::string_view> seen;
    for (const auto* code : codes::library_codes) {
        EXPECT_TRUE(seen.insert(code->text).second) << code->text;
        EXPECT_NE(code->text.find('.'), std::string_view::npos) << code->text;
        EXPECT_TRUE(code->meaning.ends_with('.')) << code->text;
    }
}

TEST(name, is_one_pointer_per_text) {
    EXPECT_EQ(name{"a"}, name{std::string{"a"}});
    EXPECT_NE(name{"a"}, name{"b"});
    EXPECT_TRUE(name{}.empty());
    EXPECT_EQ(name{""}, name{});
    EXPECT_LT(name{"a"}, name{"b"});
}

TEST(result, holds_a_fault_made_from_a_code) {
    const result<int> r = fail(codes::http_malformed, "no JSON");
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().detail(), "no JSON");
}

}  // namespace
}  // namespace thole
