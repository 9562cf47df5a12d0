#include "app/policies.hpp"

#include <gtest/gtest.h>

#include "app/effective_policy.hpp"

namespace thole::app {
namespace {

using namespace std::chrono_literals;

// proves: P4
TEST(policies, a_preset_replaces_the_default_rules) {
    const auto solana = breaker_of({.base = &presets::solana_rpc});
    EXPECT_EQ(solana.consecutive_failures, 3U);
    EXPECT_EQ(solana.open_for, 60s);
    EXPECT_EQ(solana.failure_rate_permille, 0);
    const auto ipfs = breaker_of({.base = &presets::ipfs});
    EXPECT_EQ(ipfs.failures_in_window, 5U);
    EXPECT_EQ(ipfs.window, 2min);
    EXPECT_EQ(ipfs.consecutive_failures, 0U);
    EXPECT_EQ(breaker_of({}), breaker_settings{});
    EXPECT_EQ(breaker_of({.base = &presets::records_database}).open_for, 10s);
}

TEST(policies, overrides_go_over_the_preset_and_stay_valid) {
    for (const auto* base : presets::all) {
        for (const std::uint32_t failures : {1U, 1000U}) {
            for (const auto open : {time_span{100ms}, time_span{1h}}) {
                policy_overrides o{.base = base};
                o.breaker = {.failures = failures, .open = open, .successes = 5};
                const auto made = breaker_of(o);
                EXPECT_EQ(made.open_for, open.value);
                EXPECT_EQ(made.successes_to_close, 5);
                EXPECT_TRUE(validate(set_settings(o)).empty());
            }
        }
    }
}

// proves: O9
TEST(policies, cb_variables_reach_those_who_use_the_standard_preset) {
    dependencies_config all;
    all.standard.breaker.failures = 7;
    EXPECT_EQ(
        breaker_of(overrides_of(all.gateway, presets::default_preset, all)).consecutive_failures,
        7U);
    EXPECT_EQ(breaker_of(overrides_of(all.solana, presets::solana_rpc, all)).consecutive_failures,
              3U);
    all.gateway.breaker.failures = 2;
    EXPECT_EQ(
        breaker_of(overrides_of(all.gateway, presets::default_preset, all)).consecutive_failures,
        2U);
    all.solana.preset = "default";
    EXPECT_EQ(breaker_of(overrides_of(all.solana, presets::solana_rpc, all)).consecutive_failures,
              7U);
}

TEST(policies, attempts_of_a_step_are_the_retries_and_the_first_call) {
    EXPECT_EQ(step_policy_of({.base = &presets::solana_rpc}).attempts, 4);
    policy_overrides o{.base = &presets::ipfs};
    o.retry.attempts = 0;
    EXPECT_EQ(step_policy_of(o).attempts, 1);
}

// proves: O9
TEST(policies, effective_ones_say_what_presets_and_overrides_come_to) {
    dependencies_config all;
    all.solana.retry.attempts = 4;
    all.solana.breaker.open = time_span{90s};
    all.gateway.timeout = time_span{5s};
    const auto made = effective_policies(all);
    ASSERT_EQ(made.size(), 3U);
    EXPECT_EQ(text_of(made[0]),
              "solana   solana_rpc retries after 2s, 4s, 8s, 8s (+-20 %); opens for 1m30s after 3 "
              "failures in a row; 3 successes close it");
    EXPECT_EQ(text_of(made[1]),
              "ipfs     ipfs       retries after 1s, 2s, 4s, 8s, 16s (+-10 %); opens for 30s after "
              "5 failures in 2m; 3 successes close it");
    EXPECT_EQ(text_of(made[2]),
              "gateway  default    calls end after 5s; opens for 30s after 5 failures in a row or "
              "50 % of at least 10 calls in 1m failed or 50 % of at least 10 calls in 1m slow; 3 "
              "successes close it");
}

TEST(policies, endpoints_keep_their_order_tiers_and_roles) {
    dependency_config d;
    d.endpoint.push_back({.name = "a",
                          .url = "https://x.one.example",
                          .websocket = {},
                          .provider = {},
                          .region = {}});
    d.endpoint.push_back({.name = "b",
                          .url = "env:RPC",
                          .websocket = {},
                          .provider = "two",
                          .region = "fra",
                          .tier = 3,
                          .weight = 7,
                          .roles = {endpoint_role::history, endpoint_role::send}});
    const auto made = endpoints_of(d.endpoint, {{"RPC", "https://y.two.example/key\n"}});
    ASSERT_EQ(made.size(), 2U);
    EXPECT_EQ(made[0].provider, name{"one.example"});
    EXPECT_EQ(made[0].roles, role_set::all());
    EXPECT_EQ(made[1].url, "https://y.two.example/key");
    EXPECT_EQ(made[1].provider, name{"two"});
    EXPECT_EQ(made[1].tier, 3);
    EXPECT_EQ(made[1].weight, 7);
    EXPECT_EQ(made[1].roles, (role_set{role::send, role::history}));
    for (const auto& each : made) EXPECT_TRUE(validate(each).empty());
}

}  // namespace
}  // namespace thole::app
