#include "solana/rpc.hpp"

#include <gtest/gtest.h>

#include "solana/codes.hpp"
#include "solana/scripted_nodes.hpp"

namespace thole::solana::rpc {
namespace {

using namespace std::chrono_literals;
using testing::network;
using testing::refusal;

options within(const network& net, duration d = 10s) {
    options o;
    o.until = net.in(d);
    return o;
}

io::http_response http(int status, std::string body, io::http_headers headers = {}) {
    io::http_response r;
    r.status = status;
    r.body = std::move(body);
    r.headers = std::move(headers);
    return r;
}

TEST(RpcClient, SaysWhoAnsweredAndFromWhichState) {
    network net;
    const auto hash = net.run(net.client.get_latest_blockhash(within(net)));
    ASSERT_TRUE(hash) << hash.error().describe();
    EXPECT_EQ(hash->endpoint, name{"a"});
    EXPECT_EQ(hash->provider, name{"pa"});
    EXPECT_EQ(hash->context_slot, 5000U);
    EXPECT_EQ(hash->value.last_valid_block_height, 1000U);
}

// proves: S1
TEST(RpcClient, MakesOnePassOverTheEndpoints) {
    network net;
    net.nodes["a"].broken = &thole::codes::net_connection_refused;
    net.nodes["b"].refuses["getSlot"] = {-32005, "Node is behind by 42 slots", nullptr};
    EXPECT_EQ(net.run(net.client.get_slot(within(net)))->endpoint, name{"c"});
    net.nodes["c"].instead = http(502, "<html>Bad Gateway</html>");
    const auto none = net.run(net.client.get_slot(within(net)));
    ASSERT_FALSE(none);
    EXPECT_TRUE(none.error().is(thole::codes::http_server_error));
    EXPECT_EQ(none.error().endpoint(), name{"c"});
    EXPECT_EQ(net.nodes.asked("getSlot"), 6);  // once each per call, never twice
}

// proves: S1, P7
TEST(RpcClient, AHangingEndpointCostsItsTimeoutOnly) {
    network net;
    net.nodes["a"].hangs = true;
    const auto before = net.loop.now();
    EXPECT_EQ(net.run(net.client.get_slot(within(net)))->endpoint, name{"b"});
    EXPECT_LE(net.loop.now() - before, 2100ms);
    for (const auto* n : {"b", "c"}) net.nodes[n].hangs = true;
    const auto start = net.loop.now();
    const auto late = net.run(net.client.get_slot(within(net, 3s)));
    ASSERT_FALSE(late);
    EXPECT_LE(net.loop.now() - start, 3100ms);
}

TEST(RpcClient, AnswersThatAreNoneCondemnTheEndpoint) {
    for (const auto* body : {"<html>hello</html>", R"({"jsonrpc":"2.0","id":999,"result":5})", "",
                             R"({"jsonrpc":"2.0","id":1,"result":"five"})"}) {
        network net;
        net.nodes["a"].instead = http(200, body);
        EXPECT_EQ(net.run(net.client.get_slot(within(net)))->endpoint, name{"b"}) << body;
    }
    network net;
    options only = within(net);
    only.endpoint = name{"a"};
    net.nodes["a"].instead = http(200, "<html>hello</html>");
    const auto named = net.run(net.client.get_slot(only));
    ASSERT_FALSE(named);
    EXPECT_TRUE(named.error().is(codes::rpc_bad_answer));
    EXPECT_EQ(named.error().dependency(), name{"solana"});
    EXPECT_EQ(net.nodes.asked("getSlot"), 1);  // a named endpoint has no stand-in
}

// Else who needs this one comes back at once, again and again, because the others are free.
TEST(RpcClient, WhoWantsOneEndpointWaitsForThatOne) {
    network net;
    options only = within(net);
    only.endpoint = name{"a"};
    net.nodes["a"].broken = &thole::codes::net_connection_refused;
    std::optional<fault> refused;
    for (int i = 0; i < 20 && !refused; ++i) {
        const auto answer = net.run(net.client.get_slot(only));
        ASSERT_FALSE(answer);
        if (answer.error().is(thole::codes::policy_no_endpoint)) refused = answer.error();
    }
    ASSERT_TRUE(refused);
    const auto left = net.set.breaker(name{"a"})->view(net.loop.now()).remaining;
    EXPECT_GT(left, 1s);
    EXPECT_EQ(refused->retry_after(), left);
}

TEST(RpcClient, HttpErrorsKeepWhatTheNodeSaid) {
    network net;
    options only = within(net);
    only.endpoint = name{"a"};
    net.nodes["a"].instead =
        http(429, R"({"jsonrpc":"2.0","error":{"code":429,"message":"Too many"},"id":1})",
             {{"retry-after", "7"}});
    const auto limited = net.run(net.client.get_slot(only));
    EXPECT_TRUE(limited.error().is(thole::codes::http_rate_limited));
    EXPECT_EQ(limited.error().retry_after(), 7s);
    network other;
    only.until = other.in(5s);
    other.nodes["a"].instead = http(
        500, R"({"jsonrpc":"2.0","error":{"code":-32005,"message":"Node is unhealthy"},"id":1})");
    EXPECT_TRUE(other.run(other.client.get_slot(only)).error().is(codes::node_behind));
    network third;
    only.until = third.in(5s);
    third.nodes["a"].instead = http(403, "no");
    EXPECT_TRUE(third.run(third.client.get_slot(only)).error().is(thole::codes::http_unauthorized));
}

TEST(RpcClient, AnOlderStateThanAskedForIsPassedOver) {
    network net;
    net.nodes["a"].slot = 4000;
    options o = within(net);
    o.min_context_slot = 4500;
    std::vector<signature> one(1);
    const auto seen = net.run(net.client.get_signature_statuses(one, false, o));
    ASSERT_TRUE(seen) << seen.error().describe();
    EXPECT_EQ(seen->endpoint, name{"b"});
    for (const auto* n : {"b", "c"}) net.nodes[n].slot = 4000;
    const auto none = net.run(net.client.get_signature_statuses(one, false, o));
    EXPECT_TRUE(none.error().is(codes::context_slot_not_reached));
}

// proves: S1
TEST(RpcClient, ALaggingEndpointIsCordonedForAWhile) {
    network net;
    net.nodes["a"].slot = 4000;  // tier 0, so otherwise always first
    static_cast<void>(net.run(net.client.get_latest_blockhash(within(net))));
    options b = within(net);
    b.endpoint = name{"b"};
    static_cast<void>(net.run(net.client.get_latest_blockhash(b)));
    // Only now is it known how far the others are.
    static_cast<void>(net.run(net.client.get_latest_blockhash(within(net))));
    EXPECT_EQ(net.client.lag_of(name{"a"}), 1000U);
    EXPECT_EQ(net.run(net.client.get_latest_blockhash(within(net)))->endpoint, name{"b"});
    EXPECT_EQ(net.client.ranked(role::read).back(), name{"a"});
    net.loop.advance(11s);
    EXPECT_EQ(net.run(net.client.get_latest_blockhash(within(net)))->endpoint, name{"a"});
}

// proves: S1
TEST(RpcClient, OneAbsurdSlotDoesNotCordonTheOthers) {
    network net;
    net.nodes["a"].slot = 9'000'000;
    options how = within(net);
    for (const auto* n : {"a", "b", "c"}) {
        how.endpoint = name{n};
        ASSERT_TRUE(net.run(net.client.get_latest_blockhash(how)));
    }
    EXPECT_EQ(net.client.front_slot(), 5000U);
    for (const auto* n : {"b", "c"}) EXPECT_EQ(net.client.lag_of(name{n}), 0U);
    net.nodes["a"].broken = &thole::codes::net_reset;
    EXPECT_EQ(net.run(net.client.get_latest_blockhash(within(net)))->endpoint, name{"b"});
    // And it is not remembered for ever: against one that is back at what is so, nobody lags.
    net.nodes["a"].broken = nullptr;
    net.nodes["a"].slot = 5000;
    how.endpoint = name{"a"};
    ASSERT_TRUE(net.run(net.client.get_latest_blockhash(how)));
    EXPECT_EQ(net.client.lag_of(name{"a"}), 0U);
}

// That the request is wrong, says one node of a proxy that has lost its mind.
// proves: S1
TEST(RpcClient, OneProviderAloneDoesNotCondemnARead) {
    const refusal wrong{-32602, "Invalid params", nullptr};
    network net;
    net.nodes["a"].refuses["getSlot"] = wrong;
    EXPECT_EQ(net.run(net.client.get_slot(within(net)))->endpoint, name{"b"});
    net.nodes["b"].refuses["getSlot"] = wrong;
    EXPECT_TRUE(net.run(net.client.get_slot(within(net))).error().is(codes::rpc_invalid_request));
    EXPECT_EQ(net.nodes.asked("getSlot", "c"), 0);
    for (const auto* n : {"b", "c"}) net.nodes[n].broken = &thole::codes::net_connection_refused;
    for (int i = 0; i < 20; ++i) {  // also when no other may be asked any more
        const auto alone = net.run(net.client.get_slot(within(net)));
        ASSERT_FALSE(alone);
        EXPECT_NE(alone.error().kind(), fault_kind::permanent) << alone.error().describe();
        EXPECT_EQ(alone.error().scope(), fault_scope::endpoint);
    }
    auto endpoints = testing::three_endpoints();
    endpoints.resize(1);
    network single{endpoints};
    single.nodes["a"].refuses["getSlot"] = wrong;
    EXPECT_TRUE(
        single.run(single.client.get_slot(within(single))).error().is(codes::rpc_invalid_request));
}

// A retired URL answers 404 in HTML, or leads elsewhere: that is no word about the request.
// proves: S1
TEST(RpcClient, AStatusWithoutANodesErrorCondemnsTheEndpoint) {
    for (const int status : {301, 400, 404, 407, 410, 413}) {
        network net;
        net.nodes["a"].instead = http(status, "<html>gone</html>");
        for (int i = 0; i < 20; ++i) {
            const auto slot = net.run(net.client.get_slot(within(net)));
            ASSERT_TRUE(slot) << status << " " << slot.error().describe();
            EXPECT_EQ(slot->endpoint, name{"b"}) << status;
        }
        EXPECT_LT(net.nodes.asked("getSlot", "a"), 20) << "its breaker opens";
        for (const auto* n : {"b", "c"}) net.nodes[n].instead = net.nodes["a"].instead;
        const auto none = net.run(net.client.get_slot(within(net)));
        ASSERT_FALSE(none);
        EXPECT_EQ(none.error().kind(), fault_kind::transient) << none.error().describe();
        EXPECT_EQ(none.error().scope(), fault_scope::endpoint);
    }
    network net;
    net.nodes["b"].instead = http(404, "<html>gone</html>");
    send_options how;
    how.until = net.in(60s);
    const auto sent = net.run(net.client.send_transaction(name{"b"}, to_base64(bytes{1}), how));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().effect(), fault_effect::none);
    EXPECT_EQ(sent.error().kind(), fault_kind::transient);
    net.nodes["b"].instead =
        http(400, R"({"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid"},"id":null})");
    options only = within(net);
    only.endpoint = name{"b"};
    EXPECT_TRUE(net.run(net.client.get_slot(only)).error().is(codes::rpc_invalid_request));
}

// proves: S1
TEST(RpcClient, WhatOneCannotServeIsNoEndWhileAnotherIsAway) {
    const refusal missing{-32601, "Method not found", nullptr};
    network net;
    for (const auto* n : {"b", "c"}) net.nodes[n].refuses["getSlot"] = missing;
    net.nodes["a"].broken = &thole::codes::net_connection_refused;
    for (int i = 0; i < 20; ++i) {  // also when it may not be asked any more
        const auto none = net.run(net.client.get_slot(within(net)));
        ASSERT_FALSE(none);
        EXPECT_NE(none.error().kind(), fault_kind::permanent) << none.error().describe();
    }
    network all;
    for (const auto* n : {"a", "b", "c"}) all.nodes[n].refuses["getSlot"] = missing;
    const auto none = all.run(all.client.get_slot(within(all)));
    ASSERT_FALSE(none);
    EXPECT_TRUE(none.error().is(codes::rpc_method_missing));
    EXPECT_EQ(none.error().kind(), fault_kind::permanent);
}

TEST(RpcClient, RolesDecideWhoIsAsked) {
    auto endpoints = testing::three_endpoints();
    endpoints[0].roles = role_set{role::send};
    endpoints[1].roles = role_set{role::read, role::send};
    network net{endpoints};
    EXPECT_EQ(net.run(net.client.get_slot(within(net)))->endpoint, name{"b"});
    EXPECT_EQ(net.run(net.client.get_first_available_block(within(net)))->endpoint, name{"c"});
    EXPECT_EQ(net.client.ranked(role::send).size(), 3U);
    EXPECT_EQ(net.client.ranked(role::history), (std::vector{name{"c"}}));
}

TEST(RpcClient, SpreadsOverProvidersFirst) {
    auto endpoints = testing::three_endpoints();
    endpoints[1].provider = endpoints[0].provider;
    network net{endpoints};
    EXPECT_EQ(net.client.spread(role::send, 2), (std::vector{name{"a"}, name{"c"}}));
    EXPECT_EQ(net.client.spread(role::send, 9), (std::vector{name{"a"}, name{"c"}, name{"b"}}));
}

// proves: S1
TEST(RpcClient, VitalReadsGoOnWhenEveryBreakerIsOpen) {
    network net;
    for (const auto* n : {"a", "b", "c"}) net.nodes[n].broken = &thole::codes::net_reset;
    for (int i = 0; i < 20; ++i) static_cast<void>(net.run(net.client.get_slot(within(net))));
    for (const auto* n : {"a", "b", "c"}) net.nodes[n].broken = nullptr;
    const auto refused = net.run(net.client.get_slot(within(net)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), fault_kind::rejected);
    options vital = within(net);
    vital.vital = true;
    EXPECT_TRUE(net.run(net.client.get_slot(vital)));
    vital.endpoint = name{"c"};
    EXPECT_EQ(net.run(net.client.get_slot(vital))->endpoint, name{"c"});
}

TEST(RpcClient, AShortDeadlineIsNotTheEndpointsFault) {
    network net;
    net.nodes["a"].delay = 500ms;
    for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(net.run(net.client.get_slot(within(net, 100ms))));
    }
    EXPECT_EQ(net.run(net.client.get_slot(within(net)))->endpoint, name{"a"});
}

TEST(RpcClient, SendsToTheEndpointNamedAndJudgesTheEffect) {
    network net;
    const auto wallet = keypair::from_seed({1});
    const std::array signers{&wallet};
    const auto tx =
        sign(compile_message(message_version::legacy, wallet.address(), {}, {}).value(), signers)
            .value();
    const auto text = to_base64(serialize(tx));
    send_options how;
    how.until = net.in(60s);
    const auto sent = net.run(net.client.send_transaction(name{"b"}, text, how));
    ASSERT_TRUE(sent) << sent.error().describe();
    EXPECT_EQ(sent->value, tx.id());
    EXPECT_EQ(sent->endpoint, name{"b"});
    const auto& config = net.nodes["b"].sends.at(0).at(1).as_object();
    EXPECT_EQ(config.at("encoding").as_string(), "base64");
    EXPECT_EQ(config.at("maxRetries").as_int64(), 0);
    EXPECT_FALSE(config.at("skipPreflight").as_bool());
    EXPECT_EQ(config.at("preflightCommitment").as_string(), "confirmed");

    const auto effect = [&](refusal r) {
        network other;
        other.nodes["b"].refuses["sendTransaction"] = std::move(r);
        how.until = other.in(60s);
        return other.run(other.client.send_transaction(name{"b"}, text, how)).error().effect();
    };
    EXPECT_EQ(effect({-32002, "m", {{"err", "BlockhashNotFound"}}}), fault_effect::none);
    EXPECT_EQ(effect({-32002, "m", {{"err", "AlreadyProcessed"}}}), fault_effect::unknown);
    EXPECT_EQ(effect({-32005, "Node is behind", nullptr}), fault_effect::none);
    EXPECT_EQ(effect({-32603, "Internal error", nullptr}), fault_effect::unknown);
    network lost;
    lost.nodes["b"].hangs = true;
    how.until = lost.in(60s);
    EXPECT_EQ(lost.run(lost.client.send_transaction(name{"b"}, text, how)).error().effect(),
              fault_effect::unknown);
}

}  // namespace
}  // namespace thole::solana::rpc
