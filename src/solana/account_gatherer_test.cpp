#include "solana/account_gatherer.hpp"

#include <gtest/gtest.h>

#include "io/scope.hpp"
#include "io/virtual_loop.hpp"
#include "solana/codes.hpp"
#include "thole/codes.hpp"

namespace thole::solana::rpc {
namespace {

using namespace std::chrono_literals;

public_key key(std::uint8_t number) {
    public_key out;
    out.raw[31] = number;
    return out;
}

// A node that tells of each account how many lamports it has: the last byte of its key.
struct desk {
    io::virtual_loop loop;
    std::vector<std::vector<public_key>> asked;
    std::vector<options> how;
    std::optional<fault> refuses;
    std::vector<std::pair<std::uint8_t, account_gatherer::answer>> heard;
    account_gatherer accounts{
        loop, name{"solana"},
        [this](std::vector<public_key> keys, options o) { return answer(std::move(keys), o); }};

    task<account_gatherer::answer> answer(std::vector<public_key> keys, options o) {
        asked.push_back(keys);
        how.push_back(o);
        if (auto slept = co_await loop.sleep_for(100ms); !slept) co_return fail(slept.error());
        if (refuses) co_return fail(*refuses);
        from_node<std::vector<std::optional<account_info>>> out;
        out.endpoint = o.endpoint.empty() ? name{"any"} : o.endpoint;
        out.context_slot = 50;
        for (const auto& each : keys) out.value.push_back(account_info{each.raw[31], {}, {}});
        co_return out;
    }
    [[nodiscard]] options named(const char* endpoint) const {
        options o;
        o.until = deadline::after(loop.now(), 2s);
        o.level = commitment::finalized;
        if (*endpoint != 0) o.endpoint = name{endpoint};
        return o;
    }
    task<> read(std::uint8_t number, std::size_t count, options o) {
        std::vector<public_key> keys(count, key(number));
        auto said = co_await accounts.get(std::move(keys), o);
        heard.emplace_back(number, std::move(said));
    }
};

// proves: S1
TEST(account_gatherer, who_asks_at_the_same_instant_shares_a_request_and_gets_his_own) {
    desk d;
    io::scope work{d.loop};
    for (std::uint8_t i = 1; i <= 5; ++i) work.spawn(d.read(i, 4, d.named("a")));
    work.spawn(d.read(9, 4, d.named("b")));
    EXPECT_TRUE(d.loop.run_until_idle());
    ASSERT_EQ(d.asked.size(), 2U);
    EXPECT_EQ(d.asked[0].size() + d.asked[1].size(), 24U);
    ASSERT_EQ(d.heard.size(), 6U);
    for (const auto& [number, said] : d.heard) {
        ASSERT_TRUE(said);
        EXPECT_EQ(said->endpoint, name{number == 9 ? "b" : "a"});
        ASSERT_EQ(said->value.size(), 4U);
        for (const auto& each : said->value) EXPECT_EQ(each->lamports, number);
    }
    work.spawn(d.read(1, 4, d.named("a")));
    EXPECT_TRUE(d.loop.run_until_idle());
    EXPECT_EQ(d.asked.size(), 3U) << "another instant";
}

TEST(account_gatherer, a_request_carries_a_hundred_accounts_and_nobodys_are_torn) {
    desk d;
    io::scope work{d.loop};
    for (std::uint8_t i = 1; i <= 4; ++i) work.spawn(d.read(i, 40, d.named("a")));
    EXPECT_TRUE(d.loop.run_until_idle());
    ASSERT_EQ(d.asked.size(), 2U);
    for (const auto& keys : d.asked) EXPECT_EQ(keys.size(), 80U);
    for (const auto& [number, said] : d.heard) EXPECT_EQ(said->value.size(), 40U);
}

TEST(account_gatherer, the_latest_deadline_of_those_who_share_it_counts) {
    desk d;
    io::scope work{d.loop};
    auto longer = d.named("a");
    longer.until = deadline::after(d.loop.now(), 9s);
    work.spawn(d.read(1, 1, d.named("a")));
    work.spawn(d.read(2, 1, longer));
    EXPECT_TRUE(d.loop.run_until_idle());
    ASSERT_EQ(d.how.size(), 1U);
    EXPECT_EQ(d.how[0].until, longer.until);
}

// What a named node says is held against what each caller must see; when the set picks, it must
// know before.
TEST(account_gatherer, an_answer_from_too_old_a_state_is_refused_to_the_one_it_is_too_old_for) {
    desk d;
    io::scope work{d.loop};
    auto late = d.named("a");
    late.min_context_slot = 51;
    work.spawn(d.read(1, 1, d.named("a")));
    work.spawn(d.read(2, 1, late));
    EXPECT_TRUE(d.loop.run_until_idle());
    ASSERT_EQ(d.asked.size(), 1U);
    EXPECT_FALSE(d.how[0].min_context_slot);
    for (const auto& [number, said] : d.heard) {
        if (number == 1) EXPECT_TRUE(said);
        if (number == 2) EXPECT_TRUE(said.error().is(codes::context_slot_not_reached));
    }
    auto any = d.named("");
    any.min_context_slot = 51;
    work.spawn(d.read(3, 1, any));
    work.spawn(d.read(4, 1, d.named("")));
    EXPECT_TRUE(d.loop.run_until_idle());
    EXPECT_EQ(d.asked.size(), 3U);
}

TEST(account_gatherer, a_fault_is_everybodys) {
    desk d;
    d.refuses = fault{thole::codes::net_timeout};
    io::scope work{d.loop};
    for (std::uint8_t i = 1; i <= 3; ++i) work.spawn(d.read(i, 1, d.named("a")));
    EXPECT_TRUE(d.loop.run_until_idle());
    EXPECT_EQ(d.asked.size(), 1U);
    ASSERT_EQ(d.heard.size(), 3U);
    for (const auto& [number, said] : d.heard) {
        EXPECT_TRUE(said.error().is(thole::codes::net_timeout));
    }
}

// Before the turn ends, and while the answer is on its way.
TEST(account_gatherer, when_who_asks_is_cancelled_the_others_ask_anew) {
    for (const auto after : {0ms, 10ms}) {
        desk d;
        io::scope first{d.loop};
        io::scope others{d.loop};
        first.spawn(d.read(1, 1, d.named("a")));
        d.loop.run_ready();
        others.spawn(d.read(2, 1, d.named("a")));
        others.spawn(d.read(3, 1, d.named("a")));
        d.loop.run_ready();
        if (after > 0ms) d.loop.advance(after);
        first.cancel();
        EXPECT_TRUE(d.loop.run_until_idle());
        ASSERT_EQ(d.heard.size(), 3U);
        EXPECT_EQ(d.heard[0].first, 1);
        EXPECT_EQ(d.heard[0].second.error().kind(), fault_kind::cancelled);
        for (const auto& [number, said] : d.heard) {
            if (number != 1) EXPECT_EQ(said->value.front()->lamports, number);
        }
        EXPECT_EQ(d.asked.back().size(), 2U);
    }
}

TEST(account_gatherer, who_waits_can_be_cancelled_alone) {
    desk d;
    io::scope first{d.loop};
    io::scope second{d.loop};
    first.spawn(d.read(1, 1, d.named("a")));
    d.loop.run_ready();
    second.spawn(d.read(2, 1, d.named("a")));
    d.loop.advance(10ms);
    second.cancel();
    EXPECT_TRUE(d.loop.run_until_idle());
    ASSERT_EQ(d.heard.size(), 2U);
    EXPECT_EQ(d.heard[0].second.error().kind(), fault_kind::cancelled);
    EXPECT_EQ(d.heard[1].second->value.front()->lamports, 1U);
}

}  // namespace
}  // namespace thole::solana::rpc
