#include "solana/submission.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "base/json.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/system.hpp"
#include "solana/codes.hpp"
#include "solana/gather.hpp"
#include "solana/scripted_nodes.hpp"

namespace thole::solana {
namespace {

using namespace std::chrono_literals;
using testing::account_json;
using testing::network;
using testing::refusal;
using testing::status_json;

class Submission : public ::testing::Test {
  protected:
    static result<std::vector<instruction>> plan(compute_budget b) {
        return std::vector<instruction>{
            set_compute_unit_limit(b.limit), set_compute_unit_price(b.price),
            transfer(keypair::from_seed({1}).address(), public_key{{5}}, 1)};
    }
    result<prepared_transaction> prepare(int generation = 1) {
        return net.run(submit.prepare(plan, wallet, generation, net.in(10s)));
    }
    fan_out_report send(const prepared_transaction& p, duration since) {
        return net.run(submit.fan_out(p, since, net.in(10s)));
    }
    settled settle(const prepared_transaction& p) {
        net.loop.advance(2s);
        return net.run(submit.settle(p, mint, net.in(10s)));
    }
    void each(auto change) {
        for (const auto* n : {"a", "b", "c"}) change(net.nodes[n]);
    }
    // Past the life of everything prepared so far.
    void outlive() {
        each([](auto& n) { n.height = 1001, n.slot = 5300, n.finalized_slot = 5270; });
    }

    network net;
    blockhash_cache cache{net.client};
    signature_watcher watcher{net.client};
    submitter submit{net.client, cache, watcher};
    keypair wallet = keypair::from_seed({1});
    public_key mint{{77}};
};

// proves: S2, S7
TEST_F(Submission, PreparesEverythingBeforeAnythingIsSent) {
    each([](auto& n) { n.fees = {0, 5'000, 9'000, 9'000}; });
    const auto p = prepare();
    ASSERT_TRUE(p) << p.error().describe();
    EXPECT_EQ(net.nodes.asked("sendTransaction"), 0);
    const auto tx = parse_transaction(from_base64(p->transaction).value()).value();
    EXPECT_TRUE(signatures_hold(tx));
    EXPECT_EQ(tx.id().text(), p->signature);
    EXPECT_EQ(tx.message.blockhash.text(), p->blockhash);
    EXPECT_EQ(p->last_valid_block_height, 1000U);
    EXPECT_EQ(p->blockhash_slot, 5000U);
    EXPECT_EQ(p->compute_limit, 55'000U);  // 50 000 simulated, and a tenth
    EXPECT_EQ(p->compute_price, 9'000U);
    // It is journaled as JSON and must read back as it was.
    EXPECT_EQ(thole::json::read<prepared_transaction>(thole::json::write(*p)).value(), *p);
}

TEST_F(Submission, ARefusalInSimulationSignsNothing) {
    each([](auto& n) {
        n.simulated = boost::json::object{
            {"err", boost::json::parse(R"({"InstructionError":[2,{"Custom":1}]})")}};
    });
    const auto p = prepare();
    ASSERT_FALSE(p);
    EXPECT_TRUE(p.error().is(codes::insufficient_funds));
    EXPECT_EQ(p.error().scope(), fault_scope::request);
    EXPECT_EQ(p.error().effect(), fault_effect::none);
    EXPECT_EQ(net.nodes.asked("getLatestBlockhash"), 0);
}

// proves: S3
TEST_F(Submission, OneNodesRefusalInSimulationEndsNothing) {
    const auto refuses = [&](const char* n, const char* error) {
        net.nodes[n].simulated = boost::json::object{{"err", boost::json::parse(error)}};
    };
    constexpr auto* program = R"({"InstructionError":[2,{"Custom":6}]})";
    refuses("a", program);
    net.nodes["b"].broken = &thole::codes::net_reset;
    net.nodes["c"].simulated.as_object()["unitsConsumed"] = 70'000;
    EXPECT_EQ(prepare()->compute_limit, 77'000U) << "another one lets it pass";
    refuses("c", R"("AccountLoadedTwice")");
    const auto disputed = prepare();
    ASSERT_FALSE(disputed);
    EXPECT_TRUE(disputed.error().is(codes::refusal_disputed)) << disputed.error().describe();
    EXPECT_EQ(disputed.error().kind(), fault_kind::transient);
    EXPECT_EQ(disputed.error().endpoint(), name{"a"});
    EXPECT_NE(disputed.error().detail().find("Custom"), std::string_view::npos);
    refuses("c", program);
    const auto agreed = prepare();
    ASSERT_FALSE(agreed);
    EXPECT_TRUE(agreed.error().is(codes::instruction_failed));
    EXPECT_EQ(agreed.error().scope(), fault_scope::request);
    EXPECT_EQ(agreed.error().effect(), fault_effect::none);
}

// proves: S7
TEST_F(Submission, ACongestedChainIsBidMoreForAWhile) {
    each([](auto& n) { n.fees = {0, 5'000, 9'000, 9'000}; });
    const auto p = prepare().value();
    outlive();
    for (int i = 0; i < 8; ++i) ASSERT_EQ(settle(p).state, submission_state::dead);
    EXPECT_TRUE(submit.crowding().congested);
    EXPECT_EQ(prepare()->compute_price, 18'000U) << "as the second generation of quieter times";
    EXPECT_EQ(prepare(3)->compute_price, 72'000U);
    const uuid first{};
    const uuid second{std::array<std::uint8_t, 16>{1}};
    EXPECT_FALSE(submit.hold(first));
    EXPECT_EQ(submit.hold(second), 250ms);
    net.loop.advance(2min);
    EXPECT_FALSE(submit.crowding().congested);
    EXPECT_EQ(prepare()->compute_price, 9'000U);
    EXPECT_FALSE(submit.hold(second));
}

TEST_F(Submission, AMissingFeeEstimateDoesNotStopIt) {
    each([](auto& n) {
        n.refuses["getRecentPrioritizationFees"] = {-32601, "Method not found", nullptr};
    });
    EXPECT_EQ(prepare()->compute_price, 1'000U);
    EXPECT_EQ(prepare(3)->compute_price, 4'000U);
}

TEST_F(Submission, ManyThatSettleTogetherAskOnce) {
    each([](auto& n) { n.delay = 100ms; });
    const auto p = prepare().value();
    std::vector<task<settled>> all;
    for (int i = 0; i < 100; ++i) all.push_back(submit.settle(p, mint, net.in(10s)));
    for (const auto& s : net.run(gather(std::move(all)))) {
        EXPECT_EQ(s.state, submission_state::pending);
        EXPECT_NE(s.evidence.find("\"900\""), std::string::npos) << s.evidence;
    }
    EXPECT_EQ(net.nodes.asked("getBlockHeight"), 3);
    EXPECT_EQ(net.nodes.asked("getSignatureStatuses"), 2);
}

// proves: S3
TEST_F(Submission, OneAbsurdHeightHasNobodyAskedForAProof) {
    const auto p = prepare().value();
    net.nodes["a"].height = 1'000'000;
    for (int i = 0; i < 20; ++i) EXPECT_EQ(settle(p).state, submission_state::pending);
    EXPECT_EQ(net.nodes.asked("getEpochInfo"), 0);
    // Alone it is asked about, and what it said is not kept.
    for (const auto* n : {"b", "c"}) net.nodes[n].refuses["getBlockHeight"] = {-1, "", nullptr};
    EXPECT_EQ(settle(p).state, submission_state::uncertain);
    const auto asked = net.nodes.asked("getEpochInfo");
    EXPECT_GT(asked, 0);
    net.nodes["a"].height = 900;
    for (int i = 0; i < 20; ++i) EXPECT_EQ(settle(p).state, submission_state::pending);
    EXPECT_EQ(net.nodes.asked("getEpochInfo"), asked);
    each([](auto& n) { n.refuses.clear(); });
    outlive();
    EXPECT_EQ(settle(p).state, submission_state::dead);
}

TEST_F(Submission, FeeSamplesAreSharedForAWhile) {
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(prepare());
    EXPECT_EQ(net.nodes.asked("getRecentPrioritizationFees"), 1);
    net.loop.advance(5s);
    EXPECT_TRUE(prepare());
    EXPECT_EQ(net.nodes.asked("getRecentPrioritizationFees"), 2);
}

// proves: S5
TEST_F(Submission, ALaterGenerationGetsANewBlockhash) {
    ASSERT_TRUE(prepare());
    ASSERT_TRUE(prepare());
    EXPECT_EQ(net.nodes.asked("getLatestBlockhash"), 3) << "the first ones share it";
    each([](auto& n) { n.slot = 5001, n.last_valid = 1001; });
    EXPECT_EQ(prepare(2)->last_valid_block_height, 1001U);
    EXPECT_EQ(net.nodes.asked("getLatestBlockhash"), 6);
}

// proves: S2
TEST_F(Submission, TheFirstLegIsJudgedByANodeThatKnowsTheBlockhash) {
    net.nodes["a"].slot = 4999;
    const auto p = prepare().value();
    EXPECT_EQ(p.blockhash_slot, 5000U);
    const auto report = send(p, 0s);
    ASSERT_EQ(report.legs.size(), 2U);
    EXPECT_FALSE(report.legs[0].preflight);
    EXPECT_TRUE(report.legs[1].preflight);
}

// proves: S2
TEST_F(Submission, SendsTheSameBytesToTwoProvidersAndLaterToAll) {
    const auto p = prepare().value();
    const auto first = send(p, 0s);
    ASSERT_EQ(first.legs.size(), 2U);
    EXPECT_TRUE(first.is_out());
    EXPECT_TRUE(first.legs[0].preflight);
    EXPECT_FALSE(first.legs[1].preflight);
    EXPECT_FALSE(first.widened);
    const auto again = send(p, 2s);
    EXPECT_FALSE(again.legs[0].preflight);
    const auto wide = send(p, 30s);
    EXPECT_TRUE(wide.widened);
    EXPECT_EQ(wide.legs.size(), 3U);
    for (const auto* n : {"a", "b", "c"}) {
        for (const auto& params : net.nodes[n].sends) {
            EXPECT_EQ(params.at(0).as_string(), p.transaction);
            EXPECT_EQ(params.at(1).as_object().at("maxRetries").as_int64(), 0);
        }
    }
    const auto& preflight = net.nodes["a"].sends.at(0).at(1).as_object();
    EXPECT_EQ(preflight.at("minContextSlot").to_number<std::uint64_t>(), 5000U);
    EXPECT_TRUE(net.nodes["b"].sends.at(0).at(1).as_object().at("skipPreflight").as_bool());
}

TEST_F(Submission, OneHangingLegDoesNotHoldTheOther) {
    const auto p = prepare().value();
    net.nodes["a"].hangs = true;
    const auto report = send(p, 0s);
    EXPECT_TRUE(report.is_out());
    ASSERT_TRUE(report.legs[0].refusal);
    EXPECT_EQ(report.legs[0].refusal->effect(), fault_effect::unknown);
    EXPECT_EQ(report.legs[1].latency, 0s);
}

// proves: S6
TEST_F(Submission, HintsOfSuccessAreNoFailures) {
    const auto p = prepare().value();
    each([](auto& n) {
        n.refuses["sendTransaction"] = {-32002, "m", {{"err", "AlreadyProcessed"}}};
    });
    EXPECT_TRUE(send(p, 0s).is_out());
    each([](auto& n) {
        n.refuses["sendTransaction"] = {-32002, "m", {{"err", "BlockhashNotFound"}}};
    });
    const auto refused = send(p, 1s);
    EXPECT_FALSE(refused.is_out());
    EXPECT_TRUE(refused.refusal()->is(codes::blockhash_not_found));
    EXPECT_EQ(settle(p).state, submission_state::pending);  // and that decides nothing
}

TEST_F(Submission, RebroadcastsBetweenHalfASecondAndFour) {
    EXPECT_EQ(submitter::rebroadcast_after(0s), 500ms);
    EXPECT_EQ(submitter::rebroadcast_after(3s), 1500ms);
    EXPECT_EQ(submitter::rebroadcast_after(10min), 4s);
}

TEST_F(Submission, FollowsTheStatusUpToFinality) {
    const auto p = prepare().value();
    EXPECT_EQ(settle(p).state, submission_state::pending);
    net.nodes["a"].statuses[p.signature] = status_json(5050, "processed");
    EXPECT_EQ(settle(p).state, submission_state::pending);
    net.nodes["a"].statuses[p.signature] = status_json(5050, "confirmed");
    EXPECT_EQ(settle(p).state, submission_state::confirmed);
    EXPECT_FALSE(settle(p).agreed) << "one provider alone";
    net.nodes["b"].statuses[p.signature] = status_json(5050, "confirmed");
    EXPECT_TRUE(settle(p).agreed);
    net.nodes["a"].statuses.erase(p.signature);  // it was on a fork
    EXPECT_FALSE(settle(p).agreed);
    for (const auto* n : {"a", "b"})
        net.nodes[n].statuses[p.signature] = status_json(5050, "finalized");
    const auto asked = net.nodes.asked("getSignatureStatuses");
    const auto landed = settle(p);
    EXPECT_EQ(landed.state, submission_state::landed);
    EXPECT_EQ(landed.slot, 5050U);
    EXPECT_EQ(net.nodes.asked("getSignatureStatuses"), asked + 2) << "the shared round suffices";
    EXPECT_EQ(watcher.size(), 0U) << "what is decided is not asked for again";
}

// proves: S2, S3
TEST_F(Submission, ALandingCountsOnceTwoProvidersCallItFinal) {
    const auto p = prepare().value();
    // A node of an operator who lies, or on a fork of its own: final and minted, says it alone.
    net.nodes["a"].statuses[p.signature] = status_json(5050, "finalized");
    net.nodes["a"].accounts[mint.text()] = account_json(token_2022_program, bytes(234));
    EXPECT_EQ(settle(p).state, submission_state::confirmed) << "another may be a moment behind";
    EXPECT_EQ(settle(p).state, submission_state::confirmed);
    auto alone = settle(p);
    EXPECT_EQ(alone.state, submission_state::uncertain);
    EXPECT_NE(alone.evidence.find(R"("endpoint":"b","provider":"pb","commitment":null)"),
              std::string::npos)
        << alone.evidence;
    outlive();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(settle(p).state, submission_state::uncertain);
    // It falls silent; nobody repeats it: now the others can prove the death.
    net.nodes["a"].broken = &thole::codes::net_reset;
    EXPECT_EQ(settle(p).state, submission_state::uncertain);
    EXPECT_EQ(settle(p).state, submission_state::dead);
}

// proves: S2
TEST_F(Submission, ALoneWitnessOfALandingIsJoinedByOthers) {
    const auto p = prepare().value();
    net.nodes["a"].statuses[p.signature] = status_json(5050, "finalized");
    for (int i = 0; i < 4; ++i) static_cast<void>(settle(p));
    EXPECT_EQ(settle(p).state, submission_state::uncertain);
    net.nodes["c"].statuses[p.signature] = status_json(5050, "finalized");
    EXPECT_EQ(settle(p).state, submission_state::landed);
}

// proves: S3
TEST_F(Submission, AnErrorCountsOnceTwoProvidersCallItFinal) {
    const auto p = prepare().value();
    const auto short_of = boost::json::parse(R"({"InstructionError":[2,{"Custom":1}]})");
    const auto other = boost::json::parse(R"({"InstructionError":[2,{"Custom":5}]})");
    const auto tell = [&](const char* n, const char* level, const boost::json::value& error) {
        net.nodes[n].statuses[p.signature] = status_json(5050, level, error);
    };
    tell("a", "confirmed", short_of);
    EXPECT_EQ(settle(p).state, submission_state::pending);
    tell("a", "finalized", short_of);
    EXPECT_EQ(settle(p).state, submission_state::pending) << "another may be a moment behind";
    EXPECT_EQ(settle(p).state, submission_state::pending);
    EXPECT_EQ(settle(p).state, submission_state::uncertain) << "one provider alone";
    tell("b", "confirmed", short_of);
    EXPECT_EQ(settle(p).state, submission_state::uncertain) << "not final there";
    tell("b", "finalized", other);
    EXPECT_EQ(settle(p).state, submission_state::uncertain) << "another error";
    tell("c", "finalized", short_of);
    auto failed = settle(p);
    EXPECT_EQ(failed.state, submission_state::failed);
    EXPECT_EQ(failed.slot, 5050U);
    EXPECT_TRUE(failed.is_curable());
    EXPECT_NE(failed.evidence.find("\"pc\""), std::string::npos) << failed.evidence;
    EXPECT_EQ(watcher.size(), 0U) << "what is decided is not asked for again";
    tell("c", "finalized", other);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(settle(p).state, submission_state::pending);
    failed = settle(p);
    EXPECT_TRUE(failed.error->is(codes::instruction_failed));
    EXPECT_FALSE(failed.is_curable());
}

// proves: S3
TEST_F(Submission, OneLiarsErrorDoesNotHideALanding) {
    const auto p = prepare().value();
    const auto error = boost::json::parse(R"({"InstructionError":[2,{"Custom":1}]})");
    net.nodes["a"].statuses[p.signature] = status_json(5050, "finalized", error);
    outlive();
    for (int i = 0; i < 2; ++i) EXPECT_EQ(settle(p).state, submission_state::pending);
    EXPECT_EQ(settle(p).state, submission_state::uncertain);
    for (const auto* n : {"b", "c"}) {
        net.nodes[n].statuses[p.signature] = status_json(5050, "finalized");
    }
    EXPECT_EQ(settle(p).state, submission_state::landed);
}

// proves: S3
TEST_F(Submission, AnErrorFoundOnlyInHistoryNeedsTwoProvidersToo) {
    const auto p = prepare().value();
    outlive();
    const auto error = boost::json::parse(R"({"InstructionError":[2,{"Custom":1}]})");
    net.nodes["c"].statuses[p.signature] = status_json(5050, "finalized", error);
    EXPECT_EQ(settle(p).state, submission_state::uncertain);
}

// proves: S3
TEST_F(Submission, IsDeadOnlyByProof) {
    const auto p = prepare().value();
    net.loop.advance(1h);  // time decides nothing
    EXPECT_EQ(settle(p).state, submission_state::pending);
    each([](auto& n) { n.height = 1000; });
    EXPECT_EQ(settle(p).state, submission_state::pending);
    outlive();
    const auto dead = settle(p);
    EXPECT_EQ(dead.state, submission_state::dead) << dead.evidence;
    const auto evidence = boost::json::parse(dead.evidence).as_object();
    EXPECT_EQ(evidence.at("verdict").as_string(), "dead");
    ASSERT_EQ(evidence.at("witnesses").as_array().size(), 3U);
    const auto& w = evidence.at("witnesses").as_array()[0].as_object();
    EXPECT_EQ(w.at("finalized_height").as_string(), "1001");
    EXPECT_TRUE(w.at("status").is_null());
    EXPECT_TRUE(w.at("mint_absent").as_bool());
}

// The interleaving in which one provider's word about the life killed a living transaction: the
// third is away, one of two tells a life that has ended already.
// proves: S3
TEST_F(Submission, NothingIsSignedWhileOneProviderAloneTellsTheLife) {
    net.nodes["a"].last_valid = 600;
    net.nodes["c"].broken = &thole::codes::net_reset;
    const auto p = prepare();
    ASSERT_FALSE(p);
    EXPECT_TRUE(p.error().is(codes::blockhash_disputed)) << p.error().describe();
}

// Witnesses are those that keep history, whether or not they are asked for anything else.
// proves: S3
TEST_F(Submission, EndpointsForHistoryAloneProveADeath) {
    auto endpoints = testing::three_endpoints();
    endpoints[0].roles = role_set{role::read, role::send};
    endpoints[1].roles = role_set{role::history};
    endpoints[2].roles = role_set{role::history};
    auto second = endpoints[0];
    second.name = name{"d"};
    second.provider = name{"pd"};
    endpoints.push_back(second);
    network split{endpoints};
    blockhash_cache hashes{split.client};
    signature_watcher watch{split.client};
    submitter on{split.client, hashes, watch};
    const auto p = split.run(on.prepare(plan, wallet, 1, split.in(10s))).value();
    for (const auto* n : {"a", "b", "c", "d"}) {
        auto& node = split.nodes[n];
        node.height = 1001, node.slot = 5300, node.finalized_slot = 5270;
    }
    const auto dead = split.run(on.settle(p, mint, split.in(10s)));
    EXPECT_EQ(dead.state, submission_state::dead) << dead.evidence;
}

// proves: S3
TEST_F(Submission, TooFewOrFlawedWitnessesAreUncertain) {
    const auto p = prepare().value();
    outlive();
    const auto healthy = net.nodes["c"];
    for (const auto* n : {"b", "c"})
        net.nodes[n].refuses["getEpochInfo"] = {-32603, "Internal error", nullptr};
    auto s = settle(p);
    EXPECT_EQ(s.state, submission_state::uncertain);
    EXPECT_NE(s.evidence.find("solana.rpc_internal"), std::string::npos);
    for (const auto* n : {"b", "c"}) net.nodes[n] = healthy;
    for (const auto* n : {"b", "c"})
        net.nodes[n].first_block = 5001;  // it lost the blocks in question
    net.loop.advance(2min);               // breakers, if any, close again
    EXPECT_EQ(settle(p).state, submission_state::uncertain);
    net.nodes["c"].first_block = 5000;
    EXPECT_EQ(settle(p).state, submission_state::dead);
}

TEST_F(Submission, AnExistingMintProvesThatItLanded) {
    const auto p = prepare().value();
    outlive();
    const auto program = account_json(token_2022_program, bytes(234));
    each([&](auto& n) { n.accounts[mint.text()] = program; });
    const auto landed = settle(p);
    EXPECT_EQ(landed.state, submission_state::landed);
    EXPECT_EQ(landed.slot, 0U) << "whose transaction made it is not known";
    net.nodes["c"].accounts.clear();
    EXPECT_EQ(settle(p).state, submission_state::uncertain);
    // Bare lamports that a stranger sent there are no mint.
    each([&](auto& n) { n.accounts[mint.text()] = account_json(system_program, {}); });
    EXPECT_EQ(settle(p).state, submission_state::dead);
}

TEST_F(Submission, AStatusFoundOnlyInHistoryCounts) {
    const auto p = prepare().value();
    outlive();
    // The watcher asks a and b without history; c is asked as a witness only.
    net.nodes["c"].statuses[p.signature] = status_json(5050, "finalized");
    EXPECT_EQ(settle(p).state, submission_state::uncertain) << "one provider alone";
    auto endpoint = testing::three_endpoints().back();
    endpoint.name = name{"d"};
    endpoint.provider = name{"pd"};
    static_cast<void>(net.set.add(endpoint, net.loop.now()));
    net.nodes["d"] = net.nodes["c"];
    const auto s = settle(p);
    EXPECT_EQ(s.state, submission_state::landed) << s.evidence;
    EXPECT_EQ(s.slot, 5050U);
}

TEST_F(Submission, SilenceDecidesNothing) {
    const auto p = prepare().value();
    outlive();
    each([](auto& n) { n.hangs = true; });
    const auto s = settle(p);
    EXPECT_EQ(s.state, submission_state::pending);
    EXPECT_TRUE(s.error);
}

TEST_F(Submission, OneProviderSufficesOnlyWhenSaidSo) {
    auto endpoints = testing::three_endpoints();
    for (auto& e : endpoints) e.provider = name{"same"};
    network alone{endpoints};
    blockhash_cache hashes{alone.client};
    signature_watcher watch{alone.client};
    submitter strict{alone.client, hashes, watch};
    const auto p = alone.run(strict.prepare(plan, wallet, 1, alone.in(10s))).value();
    for (const auto* n : {"a", "b", "c"}) {
        auto& node = alone.nodes[n];
        node.height = 1001, node.slot = 5300, node.finalized_slot = 5270;
    }
    EXPECT_EQ(alone.run(strict.settle(p, mint, alone.in(10s))).state, submission_state::uncertain);
    submission_settings lax;
    lax.required_providers = 1;
    submitter lenient{alone.client, hashes, watch, lax};
    EXPECT_EQ(alone.run(lenient.settle(p, mint, alone.in(10s))).state, submission_state::dead);
}

}  // namespace
}  // namespace thole::solana
