#include "solana/signature_watcher.hpp"

#include <gtest/gtest.h>

#include <set>

#include "solana/codes.hpp"
#include "solana/gather.hpp"
#include "solana/scripted_nodes.hpp"

namespace thole::solana {
namespace {

using namespace std::chrono_literals;
using testing::network;
using testing::status_json;

signature sig(std::uint8_t n) {
    return signature{{n, 7}};
}

TEST(SignatureWatcher, KeepsTheBestOfTwoProviders) {
    network net;
    signature_watcher watcher{net.client};
    net.nodes["a"].statuses[sig(1).text()] = status_json(5, "processed");
    net.nodes["b"].statuses[sig(1).text()] = status_json(5, "confirmed");
    const auto seen = net.run(watcher.look(sig(1), net.in(5s)));
    ASSERT_TRUE(seen && *seen);
    EXPECT_EQ((*seen)->commitment, commitment::confirmed);
    EXPECT_EQ(net.nodes.asked("getSignatureStatuses"), 2);
    EXPECT_FALSE(net.run(watcher.look(sig(2), net.in(5s))).value());
}

// proves: S6
TEST(SignatureWatcher, AThousandSignaturesShareTheRounds) {
    network net;
    signature_watcher watcher{net.client};
    std::vector<task<result<std::optional<signature_status>>>> all;
    for (int i = 0; i < 1000; ++i) {
        signature s{{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8), 1}};
        all.push_back(watcher.look(s, net.in(5s)));
    }
    for (const auto& seen : net.run(gather(std::move(all)))) EXPECT_TRUE(seen);
    EXPECT_EQ(watcher.size(), 1000U);
    EXPECT_LE(watcher.rounds(), 2U);
    // 1000 signatures are four requests, to two endpoints, in at most two rounds.
    EXPECT_LE(net.nodes.asked("getSignatureStatuses"), 16);
}

TEST(SignatureWatcher, ARoundServesForItsInterval) {
    network net;
    signature_watcher watcher{net.client};
    for (int i = 0; i < 5; ++i) static_cast<void>(net.run(watcher.look(sig(1), net.in(5s))));
    EXPECT_EQ(watcher.rounds(), 1U);
    net.loop.advance(750ms);
    static_cast<void>(net.run(watcher.look(sig(1), net.in(5s))));
    EXPECT_EQ(watcher.rounds(), 2U);
}

TEST(SignatureWatcher, AHintBringsTheNextRoundForward) {
    network net;
    signature_watcher watcher{net.client, {.hinted = true}};
    for (int i = 0; i < 3; ++i) static_cast<void>(net.run(watcher.look(sig(1), net.in(5s))));
    EXPECT_EQ(watcher.rounds(), 1U);
    watcher.hurry();
    static_cast<void>(net.run(watcher.look(sig(1), net.in(5s))));
    EXPECT_EQ(watcher.rounds(), 2U);
}

// So many that differ, in the order of requests.
std::vector<signature> many(int count) {
    std::vector<signature> out;
    for (int i = 0; i < count; ++i) {
        out.push_back(
            signature{{static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i), 1}});
    }
    return out;
}

// Which of them somebody answered for. Precondition: a round is made, or none was yet.
std::set<std::size_t> known(network& net, signature_watcher& watcher,
                            const std::vector<signature>& all) {
    std::vector<task<result<std::optional<signature_status>>>> looks;
    for (const auto& s : all) looks.push_back(watcher.look(s, net.in(20s)));
    const auto seen = net.run(gather(std::move(looks)));
    std::set<std::size_t> out;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (seen[i]) out.insert(i);
    }
    return out;
}

// proves: S6
TEST(SignatureWatcher, ARefusedRequestBlindsOnlyThoseItCarries) {
    network net;
    signature_watcher watcher{net.client};
    const auto all = many(600);
    for (const auto* n : {"a", "b"}) net.nodes[n].poison = all[599].text();
    const auto seen = known(net, watcher, all);
    EXPECT_EQ(seen.size(), 512U);
    EXPECT_FALSE(seen.contains(599));
    net.nodes["b"].poison.clear();
    net.loop.advance(1s);
    static_cast<void>(net.run(watcher.look(all[0], net.in(5s))));
    EXPECT_EQ(known(net, watcher, all).size(), 600U) << "one that answers is enough";
}

// proves: S6
TEST(SignatureWatcher, RequestsOfARoundGoSideBySideAndTakeTurns) {
    network net;
    signature_watcher watcher{net.client, {.interval = 3s}};
    const auto all = many(16 * 256);
    for (const auto* n : {"a", "b"}) net.nodes[n].delay = 400ms;
    EXPECT_EQ(known(net, watcher, all).size(), all.size()) << "four after each other, 1.6 s";
    for (const auto* n : {"a", "b"}) net.nodes[n].delay = 1500ms;
    std::set<std::size_t> heard;
    for (std::size_t round = 1; round <= 4; ++round) {
        net.loop.advance(3s);
        static_cast<void>(net.run(watcher.look(all[0], net.in(5s))));
        const auto seen = known(net, watcher, all);
        EXPECT_EQ(seen.size(), all.size() / 4);
        heard.insert(seen.begin(), seen.end());
        EXPECT_EQ(heard.size(), round * all.size() / 4) << "another quarter each time";
    }
}

// A signature that is new is in no round yet; who asks for it waits for the next one.
TEST(SignatureWatcher, AHintWakesWhoWaitsForTheNextRound) {
    network net;
    signature_watcher watcher{net.client, {.interval = 10s, .hinted = true}};
    static_cast<void>(net.run(watcher.look(sig(1), net.in(5s))));
    const auto began = net.loop.now();
    io::scope work{net.loop};
    bool known = false;
    auto look = [&](deadline until) -> task<> {
        known = (co_await watcher.look(sig(2), until)).has_value();
    };
    work.spawn(look(net.in(60s)));
    net.loop.advance(1s);
    EXPECT_FALSE(known);
    watcher.hurry();
    net.loop.advance(1s);
    EXPECT_TRUE(known);
    EXPECT_EQ(net.loop.now() - began, 2s);
    EXPECT_EQ(watcher.rounds(), 2U);
    // And without a hint the time comes.
    known = false;
    work.spawn(look(net.in(60s)));
    net.loop.advance(11s);
    EXPECT_TRUE(known);
}

TEST(SignatureWatcher, WaitsUntilTheLevelIsReached) {
    network net;
    signature_watcher watcher{net.client};
    std::optional<result<signature_status>> out;
    io::scope work{net.loop};
    work.spawn(network::keep(watcher.wait_for(sig(1), commitment::finalized, net.in(60s)), out));
    net.loop.advance(3s);
    EXPECT_FALSE(out);
    net.nodes["a"].statuses[sig(1).text()] = status_json(5, "confirmed");
    net.loop.advance(3s);
    EXPECT_FALSE(out);
    net.nodes["b"].statuses[sig(1).text()] = status_json(5, "finalized");
    net.loop.advance(1s);
    ASSERT_TRUE(out && *out);
    EXPECT_EQ((*out)->commitment, commitment::finalized);
    const auto late = net.run(watcher.wait_for(sig(2), commitment::confirmed, net.in(5s)));
    ASSERT_FALSE(late);
    EXPECT_TRUE(late.error().is(thole::codes::policy_deadline));
}

TEST(SignatureWatcher, ABlockThatWasDroppedIsForgotten) {
    network net;
    signature_watcher watcher{net.client};
    net.nodes["a"].statuses[sig(1).text()] = status_json(5, "confirmed");
    EXPECT_TRUE(net.run(watcher.look(sig(1), net.in(5s))).value());
    net.nodes["a"].statuses.clear();
    net.loop.advance(1s);
    EXPECT_FALSE(net.run(watcher.look(sig(1), net.in(5s))).value());
    // Also when the endpoint that had seen it is silent now: others answer for the present.
    net.nodes["a"].statuses[sig(1).text()] = status_json(5, "confirmed");
    net.loop.advance(1s);
    EXPECT_TRUE(net.run(watcher.look(sig(1), net.in(5s))).value());
    net.nodes["a"].broken = &thole::codes::net_reset;
    net.loop.advance(1s);
    EXPECT_FALSE(net.run(watcher.look(sig(1), net.in(5s))).value());
}

TEST(SignatureWatcher, FinalityStays) {
    network net;
    signature_watcher watcher{net.client};
    net.nodes["a"].statuses[sig(1).text()] = status_json(5, "finalized");
    EXPECT_TRUE(net.run(watcher.look(sig(1), net.in(5s))).value());
    net.nodes["a"].statuses.clear();  // beyond the recent cache
    net.loop.advance(1s);
    EXPECT_TRUE(net.run(watcher.look(sig(1), net.in(5s))).value());
}

TEST(SignatureWatcher, SilenceIsAFaultAndNotANull) {
    network net;
    signature_watcher watcher{net.client};
    for (const auto* n : {"a", "b", "c"}) net.nodes[n].hangs = true;
    const auto seen = net.run(watcher.look(sig(1), net.in(5s)));
    ASSERT_FALSE(seen);
    EXPECT_TRUE(seen.error().is(thole::codes::policy_no_endpoint));
}

TEST(SignatureWatcher, ForgetsWhatNobodyLooksAtAndHasALimit) {
    network net;
    signature_watcher::settings few;
    few.most = 2;
    signature_watcher watcher{net.client, few};
    static_cast<void>(net.run(watcher.look(sig(1), net.in(5s))));
    static_cast<void>(net.run(watcher.look(sig(2), net.in(5s))));
    const auto full = net.run(watcher.look(sig(3), net.in(5s)));
    ASSERT_FALSE(full);
    EXPECT_TRUE(full.error().is(codes::watch_full));
    watcher.forget(sig(1));
    EXPECT_TRUE(net.run(watcher.look(sig(3), net.in(5s))));
    net.loop.advance(6min);
    EXPECT_TRUE(net.run(watcher.look(sig(4), net.in(5s))));
    EXPECT_EQ(watcher.size(), 1U);
}

TEST(SignatureWatcher, ACancelledRoundIsMadeByTheNextOne) {
    network net;
    signature_watcher watcher{net.client};
    for (const auto* n : {"a", "b"}) net.nodes[n].delay = 500ms;
    std::optional<result<std::optional<signature_status>>> first;
    std::optional<result<std::optional<signature_status>>> second;
    io::scope doomed{net.loop};
    io::scope work{net.loop};
    doomed.spawn(network::keep(watcher.look(sig(1), net.in(5s)), first));
    net.loop.advance(10ms);
    work.spawn(network::keep(watcher.look(sig(2), net.in(5s)), second));
    net.loop.advance(10ms);
    doomed.cancel();
    net.loop.advance(2s);
    ASSERT_TRUE(first && second);
    ASSERT_FALSE(*first);
    EXPECT_EQ(first->error().kind(), fault_kind::cancelled);
    EXPECT_TRUE(*second);
}

}  // namespace
}  // namespace thole::solana
