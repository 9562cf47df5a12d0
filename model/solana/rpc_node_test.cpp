#include "model/solana/rpc_node.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "model/solana/mint_fixture.hpp"
#include "solana/codec/transaction.hpp"

namespace thole::model {
namespace {

namespace json = boost::json;

struct node_fixture : mint_fixture {
    ledger chain{{}};
    rpc_node node{chain};
    node_fixture() { chain.fund(wallet.address(), 1'000'000'000); }

    json::value ask(const std::string& method, const json::array& params) {
        const json::object request{
            {"jsonrpc", "2.0"}, {"id", 7}, {"method", method}, {"params", params}};
        return json::parse(node.answer(json::serialize(request)).body);
    }
    json::value send(const solana::transaction& tx, bool skip = false) {
        return ask("sendTransaction", {to_base64(solana::serialize(tx)),
                                       json::object{{"encoding", "base64"},
                                                    {"skipPreflight", skip},
                                                    {"preflightCommitment", "confirmed"}}});
    }
    json::value status(const solana::transaction& tx) {
        const auto answer =
            ask("getSignatureStatuses", {json::array{json::string{tx.id().text()}},
                                         json::object{{"searchTransactionHistory", true}}});
        return answer.at("result").at("value").at(0);
    }
    solana::transaction fresh() { return build(chain.view(commitment::confirmed, 0).hash); }
};

TEST(rpc_node, carries_a_mint_from_processed_to_finalized) {
    node_fixture f;
    const auto tx = f.fresh();
    const auto sent = f.send(tx);
    ASSERT_TRUE(sent.as_object().contains("result")) << json::serialize(sent);
    EXPECT_EQ(f.status(tx).at("confirmationStatus"), "processed");
    f.chain.advance(1);
    EXPECT_EQ(f.status(tx).at("confirmationStatus"), "confirmed");
    f.chain.advance(31);
    EXPECT_EQ(f.status(tx).at("confirmationStatus"), "finalized");
    const auto held =
        f.ask("getTokenAccountsByOwner",
              {f.owner.text(), json::object{{"programId", solana::token_2022_program.text()}},
               json::object{{"encoding", "base64"}}});
    EXPECT_EQ(held.at("result").at("value").as_array().size(), 1U);
}

TEST(rpc_node, what_it_shows_of_a_fork_is_never_final_and_then_has_never_been) {
    node_fixture f;
    f.chain.advance(100);
    rpc_node other{f.chain};
    const auto root = f.chain.view(commitment::finalized, 0).slot;
    f.node.leave(9);
    f.node.faults().drop_sends = 1;
    const auto advance = [&f](slot_t slots) {
        f.chain.advance(slots);
        f.node.advance_fork(slots);
    };
    const auto tx = f.fresh();
    ASSERT_TRUE(f.send(tx).as_object().contains("result"));
    EXPECT_EQ(f.status(tx).at("confirmationStatus"), "processed");
    advance(1);
    EXPECT_EQ(f.status(tx).at("confirmationStatus"), "confirmed");
    advance(100);
    EXPECT_EQ(f.status(tx).at("confirmationStatus"), "confirmed") << "a minority finalizes nothing";
    EXPECT_EQ(f.ask("getSlot", {json::object{{"commitment", "finalized"}}}).at("result"), root);
    EXPECT_EQ(f.chain.find(tx.id().text()), nullptr);
    EXPECT_EQ(f.chain.accounts().at(f.mint, f.chain.slot()), nullptr);
    // Its blocks are its own, too.
    const auto hash = f.ask("getLatestBlockhash", {json::object{{"commitment", "confirmed"}}})
                          .at("result")
                          .at("value")
                          .at("blockhash")
                          .as_string();
    EXPECT_FALSE(f.chain.blockhash_valid(*solana::blockhash::parse(hash),
                                         f.chain.view(commitment::processed, 0)));
    EXPECT_EQ(f.node.come_back(), 1U);
    EXPECT_TRUE(f.status(tx).is_null());
    EXPECT_EQ(f.ask("getSlot", {json::object{{"commitment", "finalized"}}}).at("result"),
              f.chain.view(commitment::finalized, 0).slot);
}

TEST(rpc_node, what_reaches_both_sides_of_a_fork_outlives_it) {
    node_fixture f;
    f.chain.advance(100);
    f.node.leave(9);
    const auto tx = f.fresh();
    ASSERT_TRUE(f.send(tx).as_object().contains("result"));
    EXPECT_FALSE(f.status(tx).is_null());
    EXPECT_EQ(f.node.come_back(), 0U);
    EXPECT_EQ(f.status(tx).at("confirmationStatus"), "processed");
}

TEST(rpc_node, a_lagging_node_neither_knows_nor_accepts) {
    node_fixture f;
    f.chain.advance(50);
    const auto tx = f.fresh();
    f.node.faults().lag = 20;
    EXPECT_EQ(f.send(tx).at("error").at("code"), -32002);
    f.node.faults().lag = 0;
    (void)f.send(tx);
    f.node.faults().lag = 20;
    EXPECT_TRUE(f.status(tx).is_null());
    const auto slot = f.ask("getSlot", {json::object{{"minContextSlot", f.chain.slot()}}});
    EXPECT_EQ(slot.at("error").at("code"), -32016);
}

TEST(rpc_node, tells_a_duplicate_from_an_expired_transaction) {
    node_fixture f;
    const auto tx = f.fresh();
    (void)f.send(tx);
    f.chain.advance(2);
    EXPECT_EQ(f.send(tx).at("error").at("data").at("err"), "AlreadyProcessed");
    const auto late = f.build(f.chain.view(commitment::processed, 0).hash, 5);
    f.chain.advance(200);
    EXPECT_EQ(f.send(late).at("error").at("data").at("err"), "BlockhashNotFound");
    EXPECT_TRUE(f.send(late, true).as_object().contains("result"));  // relayed, never lands
    EXPECT_TRUE(f.status(late).is_null());
}

TEST(rpc_node, drops_and_refuses_as_told) {
    node_fixture f;
    const auto tx = f.fresh();
    f.node.faults().drop_sends = 1;
    EXPECT_TRUE(f.send(tx).as_object().contains("result"));
    EXPECT_TRUE(f.status(tx).is_null());
    f.node.faults().reject_sends = 1;
    EXPECT_EQ(f.send(tx).at("error").at("code"), -32002);
    f.node.faults().unhealthy = true;
    EXPECT_EQ(f.send(tx).at("error").at("code"), -32005);
    f.node.faults() = {.http_429 = 1};
    EXPECT_EQ(f.node.answer("{}").status, 429);
    f.node.faults() = {};
    (void)f.send(tx);
    f.chain.advance(3);
    f.node.faults() = {.lose_history = true, .history_from = f.chain.slot()};
    EXPECT_TRUE(f.status(tx).is_null());
    EXPECT_EQ(f.ask("getFirstAvailableBlock", {}).at("result"), f.chain.slot());
}

TEST(rpc_node, answers_nonsense_as_such) {
    node_fixture f;
    EXPECT_EQ(json::parse(f.node.answer("{").body).at("error").at("code"), -32700);
    EXPECT_EQ(f.ask("getNothing", {}).at("error").at("code"), -32601);
    EXPECT_EQ(f.ask("getBalance", {"nonsense"}).at("error").at("code"), -32602);
    EXPECT_EQ(f.ask("getBalance", {}).at("error").at("code"), -32602);
    const auto batch = json::parse(
        f.node
            .answer(
                R"([{"jsonrpc":"2.0","id":1,"method":"getHealth"},{"jsonrpc":"2.0","id":2,"method":"getSlot"}])")
            .body);
    EXPECT_EQ(batch.as_array().size(), 2U);
    EXPECT_EQ(batch.at(0).at("result"), "ok");
}

}  // namespace
}  // namespace thole::model
