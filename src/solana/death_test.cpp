#include "solana/death.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <algorithm>

namespace thole::solana {
namespace {

const mortal journaled{1000, 5000};

death_witness witness(std::string_view provider) {
    death_witness w;
    w.endpoint = name{std::string{provider} + "-1"};
    w.provider = name{provider};
    w.finalized_height = 1001;
    w.height_slot = 5200;
    w.status_slot = 5210;
    w.account_slot = 5205;
    w.mint_absent = true;
    w.blockhash_slot = 5211;
    w.blockhash_expired = true;
    w.first_available_block = 100;
    return w;
}

death_verdict verdict(const std::vector<death_witness>& all, int required = 2) {
    return judge_death(journaled, all, required).verdict;
}

// proves: S3
TEST(Death, TwoProvidersThatAgreeProveIt) {
    const auto j = judge_death(journaled, std::vector{witness("a"), witness("b")}, 2);
    EXPECT_EQ(j.verdict, death_verdict::dead);
    EXPECT_EQ(j.providers, 2);
}

// proves: S3
TEST(Death, OneProviderDoesNotHoweverManyEndpointsItHas) {
    EXPECT_EQ(verdict({}), death_verdict::not_yet);
    EXPECT_EQ(verdict({witness("a")}), death_verdict::uncertain);
    EXPECT_EQ(verdict({witness("a"), witness("a"), witness("a")}), death_verdict::uncertain);
    EXPECT_EQ(verdict({witness("a")}, 1), death_verdict::dead);
    auto nameless = witness("a");
    nameless.provider = {};
    EXPECT_EQ(verdict({nameless, nameless}), death_verdict::uncertain);
}

// proves: S3
TEST(Death, EachConditionIsNeeded) {
    const auto with = [](auto change) {
        auto b = witness("b");
        change(b);
        return verdict({witness("a"), b});
    };
    // At its last valid height it can still land in that very block.
    EXPECT_EQ(with([](auto& w) { w.finalized_height = 1000; }), death_verdict::uncertain);
    EXPECT_EQ(with([](auto& w) { w.height_slot = 5149; }), death_verdict::uncertain);
    EXPECT_EQ(with([](auto& w) { w.height_slot = 10; }), death_verdict::uncertain);
    EXPECT_EQ(with([](auto& w) { w.status_slot = w.height_slot - 1; }), death_verdict::uncertain);
    EXPECT_EQ(with([](auto& w) { w.blockhash_slot = w.height_slot - 1; }),
              death_verdict::uncertain);
    EXPECT_EQ(with([](auto& w) { w.blockhash_expired = false; }), death_verdict::uncertain);
    EXPECT_EQ(with([](auto& w) { w.account_slot = w.height_slot - 1; }), death_verdict::uncertain);
    EXPECT_EQ(with([](auto& w) { w.mint_absent = false; }), death_verdict::uncertain);
    EXPECT_EQ(with([](auto& w) { w.first_available_block = 5001; }), death_verdict::uncertain);
    // The edges that are still good.
    EXPECT_EQ(with([](auto& w) { w.height_slot = 5150; }), death_verdict::dead);
    EXPECT_EQ(with([](auto& w) { w.status_slot = w.height_slot; }), death_verdict::dead);
    EXPECT_EQ(with([](auto& w) { w.account_slot = w.height_slot; }), death_verdict::dead);
    EXPECT_EQ(with([](auto& w) { w.first_available_block = 5000; }), death_verdict::dead);
}

TEST(Death, NobodyPastItsLifeIsNotYet) {
    auto a = witness("a");
    auto b = witness("b");
    a.finalized_height = b.finalized_height = 1000;
    EXPECT_EQ(verdict({a, b}), death_verdict::not_yet);
    // Nothing else was read then: what the rest says does not count.
    a.mint_absent = b.mint_absent = false;
    EXPECT_EQ(verdict({a, b}), death_verdict::not_yet);
}

TEST(Death, OneSightingOutweighsEveryNull) {
    auto seen = witness("c");
    seen.status = signature_status{5100, commitment::processed, {}};
    EXPECT_EQ(verdict({witness("a"), witness("b"), seen}), death_verdict::alive);
    seen.finalized_height = 10;  // even from a node that lags
    EXPECT_EQ(verdict({witness("a"), witness("b"), seen}), death_verdict::alive);
}

TEST(Death, AnExistingMintWithoutAStatusIsToldApart) {
    auto a = witness("a");
    auto b = witness("b");
    a.mint_absent = b.mint_absent = false;
    EXPECT_EQ(verdict({a, b}), death_verdict::exists);
    EXPECT_EQ(verdict({a}), death_verdict::uncertain);
    EXPECT_EQ(verdict({a}, 1), death_verdict::exists);
    EXPECT_EQ(verdict({a, b, witness("c")}), death_verdict::uncertain);
}

death_witness any_witness() {
    auto w = witness(std::string(1, static_cast<char>('a' + *rc::gen::inRange(0, 3))));
    w.finalized_height = *rc::gen::inRange<std::uint64_t>(998, 1004);
    w.height_slot = *rc::gen::inRange<std::uint64_t>(5148, 5152);
    w.status_slot = *rc::gen::inRange<std::uint64_t>(5148, 5154);
    w.account_slot = *rc::gen::inRange<std::uint64_t>(5148, 5154);
    w.mint_absent = *rc::gen::inRange(0, 5) != 0;
    w.first_available_block = *rc::gen::inRange<std::uint64_t>(4998, 5003);
    if (*rc::gen::inRange(0, 8) == 0) w.status = signature_status{5100, commitment::confirmed, {}};
    return w;
}

std::vector<death_witness> any_witnesses() {
    std::vector<death_witness> all;
    const auto count = *rc::gen::inRange(0, 7);
    for (int i = 0; i < count; ++i) all.push_back(any_witness());
    return all;
}

// proves: S3
RC_GTEST_PROP(Death, IsOnlyProvenByEnoughFlawlessProviders, ()) {
    const auto all = any_witnesses();
    const auto required = *rc::gen::inRange(1, 4);
    const auto j = judge_death(journaled, all, required);
    std::vector<name> proving;
    for (const auto& w : all) {
        if (w.finalized_height > 1000 && w.height_slot >= 5150 && w.status_slot >= w.height_slot &&
            w.mint_absent && w.account_slot >= w.height_slot && w.first_available_block <= 5000) {
            if (std::ranges::find(proving, w.provider) == proving.end())
                proving.push_back(w.provider);
        }
    }
    const bool seen = std::ranges::any_of(all, [](const auto& w) { return w.status.has_value(); });
    const bool exists = std::ranges::any_of(
        all, [](const auto& w) { return w.finalized_height > 1000 && !w.mint_absent; });
    RC_ASSERT((j.verdict == death_verdict::alive) == seen);
    RC_ASSERT((j.verdict == death_verdict::dead) ==
              (!seen && !exists && proving.size() >= static_cast<std::size_t>(required)));
    if (j.verdict == death_verdict::dead) RC_ASSERT(j.providers >= required);
    RC_ASSERT(!j.reason.empty());
}

RC_GTEST_PROP(Death, DoesNotDependOnTheOrderOfWitnesses, ()) {
    auto all = any_witnesses();
    const auto before = verdict(all);
    std::ranges::reverse(all);
    RC_ASSERT(verdict(all) == before);
}

// A death once proven at a height is proven at every later one: time does not weaken it.
RC_GTEST_PROP(Death, StaysProvenAsTheChainGrows, ()) {
    auto all = any_witnesses();
    if (verdict(all) != death_verdict::dead) return;
    const auto grown = *rc::gen::inRange<std::uint64_t>(0, 1000);
    for (auto& w : all) {
        if (w.finalized_height <= 1000) continue;
        w.finalized_height += grown;
        w.height_slot += grown;
        w.status_slot += grown;
        w.account_slot += grown;
    }
    RC_ASSERT(verdict(all) == death_verdict::dead);
}

}  // namespace
}  // namespace thole::solana
