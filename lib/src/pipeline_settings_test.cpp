#include "thole/pipeline_settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "thole/compose.hpp"
#include "thole/presets.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

bool says(const problems& found, std::string_view field, std::string_view part) {
    return std::any_of(found.begin(), found.end(), [&](const problem& p) {
        return p.field == field && p.text.find(part) != std::string::npos;
    });
}

pipeline_settings usual() {
    return compose(total_time{10s}, retry_settings{}, rate_limit{.permits = 100},
                   bulkhead_settings{}, breaker_settings{}, attempt_time{2s});
}

// proves: P11
TEST(pipeline_settings, code_and_configuration_make_the_same_pipeline) {
    pipeline_settings filled;
    filled.total = 10s;
    filled.retry.emplace();
    filled.budget.emplace();
    filled.limiter = rate_limit{.permits = 100};
    filled.bulkhead.emplace();
    filled.breaker.emplace();
    filled.timeout = 2s;
    EXPECT_EQ(usual(), filled);
    EXPECT_TRUE(validate(filled).empty());
    filled.order = {stage::fallback, stage::cache,    stage::deadline, stage::retry,
                    stage::limiter,  stage::bulkhead, stage::breaker,  stage::timeout};
    EXPECT_TRUE(validate(filled).empty());
}

// proves: P11
TEST(pipeline_settings, known_mistakes_of_order_explain_themselves) {
    const auto ordered = [](std::vector<stage> order) {
        auto s = usual();
        s.order = std::move(order);
        return validate(s);
    };
    EXPECT_TRUE(says(ordered({stage::breaker, stage::retry}), "order",
                     "count a whole series of attempts as one call"));
    EXPECT_TRUE(says(ordered({stage::timeout, stage::retry}), "order", "that is a deadline"));
    EXPECT_TRUE(
        says(ordered({stage::bulkhead, stage::retry}), "order", "held through the back-off"));
    EXPECT_TRUE(says(ordered({stage::limiter, stage::retry}), "order", "would not be counted"));
    EXPECT_TRUE(says(ordered({stage::breaker, stage::limiter}), "order", "outermost first"));
    EXPECT_TRUE(says(ordered({stage::retry, stage::retry}), "order", "stands twice"));
    EXPECT_TRUE(says(ordered({stage::hedge}), "order", "has no settings"));
    EXPECT_TRUE(says(ordered({stage::retry}), "order", "breaker has settings but is not listed"));
}

TEST(pipeline_settings, every_pair_out_of_order_is_a_mistake_and_none_in_order) {
    for (std::size_t a = 0; a < stage_count; ++a) {
        for (std::size_t b = 0; b < stage_count; ++b) {
            const auto text = order_mistake(static_cast<stage>(a), static_cast<stage>(b));
            EXPECT_EQ(text.empty(), a < b) << a << " " << b;
        }
        const auto s = static_cast<stage>(a);
        EXPECT_EQ(stage_named(to_string(s)), s);
    }
    EXPECT_FALSE(stage_named("circuit"));
}

// proves: P8, P11
TEST(pipeline_settings, what_is_declared_once_is_neither_hedged_nor_blindly_repeated) {
    pipeline_settings s;
    s.effect = call_effect::once;
    s.hedge.emplace();
    s.budget.emplace();
    EXPECT_TRUE(says(validate(s), "hedge", "both copies would take effect"));
    s.hedge.reset();
    s.retry = retry_settings{.idempotent = true};
    EXPECT_TRUE(says(validate(s), "retry.idempotent", "contradicts"));
    s.retry->idempotent = false;
    EXPECT_TRUE(validate(s).empty());
}

// proves: P11
TEST(pipeline_settings, retry_has_one_home) {
    auto s = usual();
    s.retried_elsewhere = true;
    EXPECT_TRUE(says(validate(s), "retry", "two homes"));
    s.retry.reset();
    EXPECT_TRUE(validate(s).empty());
}

TEST(pipeline_settings, values_must_fit_each_other) {
    auto s = usual();
    s.timeout = 10s;
    EXPECT_TRUE(says(validate(s), "timeout", "never fires"));
    s = usual();
    s.bulkhead->queue = 5;
    s.bulkhead->queue_timeout = 10s;
    EXPECT_TRUE(says(validate(s), "bulkhead.queue_timeout", "shorter than `total`"));
    s = usual();
    s.hedge = hedge_settings{.longest = 2s};
    EXPECT_TRUE(says(validate(s), "hedge.longest", "never leaves"));
    s = usual();
    s.budget.reset();
    EXPECT_TRUE(says(validate(s), "budget", "storm"));
    s = usual();
    s.bulkhead.reset();
    s.adaptive.emplace();
    EXPECT_TRUE(says(validate(s), "adaptive", "needs a bulkhead"));
    s = usual();
    s.total = -1s;
    s.timeout = -1s;
    EXPECT_TRUE(says(validate(s), "total", "between"));
    EXPECT_TRUE(says(validate(s), "timeout", "negative"));
}

TEST(pipeline_settings, a_mistake_inside_a_stage_is_told_with_its_name) {
    auto s = usual();
    s.breaker->window = 0s;
    s.retry->attempts = 0;
    s.retry->delays.base = 0s;
    s.limiter->burst = 0;
    s.bulkhead->limit = 0;
    s.budget->percent = 2000;
    s.adaptive = adaptive_settings{.least = 0};
    s.hedge = hedge_settings{.most_copies = 0};
    s.chaos = chaos_settings{.fault_permille = 1001};
    const auto found = validate(s);
    for (const auto* field :
         {"breaker.window", "retry.attempts", "retry.base", "limiter.burst", "bulkhead.limit",
          "budget.percent", "adaptive.least", "hedge.most_copies", "chaos.fault_permille"}) {
        EXPECT_TRUE(says(found, field, "")) << field;
    }
}

TEST(pipeline_settings, presets_fit_into_a_pipeline) {
    for (const auto* p : presets::all) {
        auto s = compose(p->retry, p->breaker);
        if (p->timeout) s.timeout = *p->timeout;
        EXPECT_TRUE(validate(s).empty()) << p->name;
    }
}

}  // namespace
}  // namespace thole
