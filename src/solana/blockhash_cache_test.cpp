#include "solana/blockhash_cache.hpp"

#include <gtest/gtest.h>

#include "solana/codes.hpp"
#include "solana/gather.hpp"
#include "solana/scripted_nodes.hpp"

namespace thole::solana {
namespace {

using namespace std::chrono_literals;
using testing::network;

// proves: S5
TEST(BlockhashCache, TakesTheFreshestEndpointsAnswer) {
    network net;
    net.nodes["b"].slot = 5050;
    net.nodes["b"].last_valid = 1040;
    net.nodes["c"].hangs = true;
    blockhash_cache cache{net.client};
    const auto got = net.run(cache.get(net.in(5s)));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->endpoint, name{"b"});
    EXPECT_EQ(got->context_slot, 5050U);
    EXPECT_EQ(got->value.last_valid_block_height, 1040U);
}

// proves: S3
TEST(BlockhashCache, AHeightToldTooLowDoesNotShortenALife) {
    network net;
    net.nodes["a"].slot = 5010;
    net.nodes["a"].last_valid = 700;  // the freshest, and wrong
    blockhash_cache cache{net.client};
    const auto got = net.run(cache.get(net.in(5s)));
    EXPECT_EQ(got->endpoint, name{"a"});
    EXPECT_EQ(got->value.last_valid_block_height, 1000U);
}

// proves: S5
TEST(BlockhashCache, ServesForASecondAndNotLonger) {
    network net;
    blockhash_cache cache{net.client};
    static_cast<void>(net.run(cache.get(net.in(5s))));
    net.loop.advance(900ms);
    static_cast<void>(net.run(cache.get(net.in(5s))));
    EXPECT_EQ(net.nodes.asked("getLatestBlockhash"), 3);
    net.loop.advance(100ms);
    static_cast<void>(net.run(cache.get(net.in(5s))));
    EXPECT_EQ(net.nodes.asked("getLatestBlockhash"), 6);
    cache.invalidate();
    static_cast<void>(net.run(cache.get(net.in(5s))));
    EXPECT_EQ(net.nodes.asked("getLatestBlockhash"), 9);
}

// proves: S3
TEST(BlockhashCache, AnAbsurdHeightDoesNotCount) {
    for (const std::uint64_t slot : {5000U, 9'000'000U}) {
        network net;
        net.nodes["a"].slot = slot;
        net.nodes["a"].last_valid = UINT64_MAX / 4;
        net.nodes["c"].last_valid = 1010;
        blockhash_cache cache{net.client};
        const auto got = net.run(cache.get(net.in(5s)));
        ASSERT_TRUE(got);
        EXPECT_EQ(got->value.last_valid_block_height, 1010U);
        EXPECT_NE(got->endpoint, name{"a"});
    }
}

// Two that differ: either may be the one that is wrong.
// proves: S3
TEST(BlockhashCache, OfTwoThatDifferNeitherCounts) {
    for (const std::uint64_t odd : {600U, 1'000'000U}) {
        network net;
        net.nodes["a"].last_valid = odd;
        net.nodes["c"].broken = &thole::codes::net_reset;
        blockhash_cache cache{net.client};
        const auto got = net.run(cache.get(net.in(5s)));
        ASSERT_FALSE(got);
        EXPECT_TRUE(got.error().is(codes::blockhash_disputed));
        EXPECT_EQ(got.error().kind(), fault_kind::transient);
        const auto told = "a (pa) tells slot 5000 and height " + std::to_string(odd) +
                          "; b (pb) tells slot 5000 and height 1000";
        EXPECT_NE(got.error().detail().find(told), std::string_view::npos)
            << got.error().describe();
        net.nodes["c"].broken = nullptr;  // the third says who it is
        EXPECT_EQ(net.run(cache.get(net.in(5s)))->value.last_valid_block_height, 1000U);
    }
}

// The last place at which two agree, and the first at which they do not.
// proves: S3
TEST(BlockhashCache, AgreementEndsThreeHundredBlocksApart) {
    for (const std::uint64_t low : {700U, 699U}) {
        network net;
        net.nodes["a"].last_valid = low;
        net.nodes["c"].broken = &thole::codes::net_reset;
        blockhash_cache cache{net.client};
        const auto got = net.run(cache.get(net.in(5s)));
        ASSERT_EQ(got.has_value(), low == 700U);
        if (got) EXPECT_EQ(got->value.last_valid_block_height, 1000U);
    }
}

// proves: S3
TEST(BlockhashCache, ALoneAnswerCountsWhileNobodyElseAnswers) {
    network net;
    net.nodes["b"].broken = net.nodes["c"].broken = &thole::codes::net_reset;
    for (const int required : {1, 2}) {
        blockhash_cache cache{net.client, {.required_providers = required}};
        EXPECT_TRUE(net.run(cache.get(net.in(5s))));
        // Where another answers, neither is believed against the other.
        net.nodes["b"].broken = nullptr;
        net.nodes["b"].last_valid = 600;
        cache.invalidate();
        EXPECT_TRUE(net.run(cache.get(net.in(5s))).error().is(codes::blockhash_disputed));
        net.nodes["b"].broken = &thole::codes::net_reset;
    }
}

// proves: S3
TEST(BlockhashCache, OneProviderIsOneVoiceHoweverManyEndpointsItHas) {
    auto endpoints = testing::three_endpoints();
    endpoints[1].provider = endpoints[0].provider;
    network net{endpoints};
    net.nodes["a"].last_valid = net.nodes["b"].last_valid = 600;
    blockhash_cache cache{net.client};
    EXPECT_TRUE(net.run(cache.get(net.in(5s))).error().is(codes::blockhash_disputed));
    net.nodes["b"].last_valid = 990;  // the highest of its words is its word
    EXPECT_EQ(net.run(cache.get(net.in(5s)))->value.last_valid_block_height, 1000U);
}

// From a state that nobody else has seen no witness could ever tell anything.
// proves: S3
TEST(BlockhashCache, AnAbsurdSlotDoesNotCount) {
    network net;
    net.nodes["a"].slot = 9'000'000;
    blockhash_cache cache{net.client};
    const auto got = net.run(cache.get(net.in(5s)));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->context_slot, 5000U);
}

TEST(BlockhashCache, ANodeFarBehindIsNoMeasure) {
    network net;
    net.nodes["a"].slot = 4000;
    net.nodes["a"].last_valid = 100;
    blockhash_cache cache{net.client};
    EXPECT_EQ(net.run(cache.get(net.in(5s)))->value.last_valid_block_height, 1000U);
}

// Whatever was believed once, the next fetch replaces it.
TEST(BlockhashCache, ServesNothingOlderThanItsOwnFetch) {
    network net;
    const auto tell = [&net](std::uint64_t height) {
        for (const auto* n : {"a", "b"}) net.nodes[n].last_valid = height;
        net.loop.advance(6s);
    };
    blockhash_cache cache{net.client};
    for (const std::uint64_t height : {1'000'000U, 1000U, 1050U, 1000U}) {
        tell(height);
        EXPECT_EQ(net.run(cache.get(net.in(5s)))->value.last_valid_block_height, height);
    }
}

TEST(BlockhashCache, ThoseWhoComeTogetherShareOneFetch) {
    network net;
    for (const auto* n : {"a", "b", "c"}) net.nodes[n].delay = 300ms;
    blockhash_cache cache{net.client};
    std::vector<task<rpc_result<latest_blockhash>>> all;
    for (int i = 0; i < 20; ++i) all.push_back(cache.get(net.in(5s)));
    for (const auto& got : net.run(gather(std::move(all)))) EXPECT_TRUE(got);
    EXPECT_EQ(net.nodes.asked("getLatestBlockhash"), 3);
}

// proves: S5
TEST(BlockhashCache, TheNewestIsAskedForAnewAndSharedByThoseWhoComeTogether) {
    network net;
    blockhash_cache cache{net.client};
    static_cast<void>(net.run(cache.get(net.in(5s))));
    for (const auto* n : {"a", "b", "c"}) {
        net.nodes[n].delay = 1500ms;  // slower than a held one serves
        net.nodes[n].last_valid = 1001;
    }
    std::vector<task<rpc_result<latest_blockhash>>> all;
    for (int i = 0; i < 20; ++i) all.push_back(cache.get(net.in(9s), blockhash_age::now));
    for (const auto& got : net.run(gather(std::move(all)))) {
        ASSERT_TRUE(got);
        EXPECT_EQ(got->value.last_valid_block_height, 1001U);
    }
    // One for the first of them, and one that began after all the others had come.
    EXPECT_EQ(net.nodes.asked("getLatestBlockhash"), 9);
}

// Its age counts from the question: the block was the newest then, not when the answer came.
TEST(BlockhashCache, ASlowAnswerIsNoFresherForIt) {
    network net;
    for (const auto* n : {"a", "b", "c"}) net.nodes[n].delay = 800ms;
    blockhash_cache cache{net.client};
    static_cast<void>(net.run(cache.get(net.in(5s))));
    net.loop.advance(300ms);
    static_cast<void>(net.run(cache.get(net.in(5s))));
    EXPECT_EQ(net.nodes.asked("getLatestBlockhash"), 6);
}

TEST(BlockhashCache, TellsWhyThereIsNone) {
    network net;
    for (const auto* n : {"a", "b", "c"}) net.nodes[n].broken = &thole::codes::net_reset;
    blockhash_cache cache{net.client};
    const auto got = net.run(cache.get(net.in(5s)));
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().is(thole::codes::net_reset));
    for (const auto* n : {"a", "b", "c"}) net.nodes[n].broken = nullptr;
    EXPECT_TRUE(net.run(cache.get(net.in(5s))));  // a failure is not kept
}

// Who waits for another's fetch takes over when that one is cancelled.
TEST(BlockhashCache, ACancelledFetchDoesNotStrandTheOthers) {
    network net;
    for (const auto* n : {"a", "b", "c"}) net.nodes[n].delay = 300ms;
    blockhash_cache cache{net.client};
    std::optional<rpc_result<latest_blockhash>> first;
    std::optional<rpc_result<latest_blockhash>> second;
    io::scope doomed{net.loop};
    io::scope work{net.loop};
    doomed.spawn(network::keep(cache.get(net.in(5s)), first));
    net.loop.advance(10ms);
    work.spawn(network::keep(cache.get(net.in(5s)), second));
    net.loop.advance(10ms);
    doomed.cancel();
    net.loop.advance(1s);
    ASSERT_TRUE(first && second);
    EXPECT_FALSE(*first);
    EXPECT_TRUE(*second);
}

}  // namespace
}  // namespace thole::solana
