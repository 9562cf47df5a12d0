#include "solana/rpc_codec.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <set>

#include <rapidcheck/gtest.h>

#include "solana/codec/wire.hpp"
#include "solana/codes.hpp"
#include "solana/rpc_error.hpp"

namespace thole::solana::rpc {
namespace {

const std::string key = "7A4NamkMyPufJdqsoRxUt3fE2KYuQ9NAb25GgAKECwaf";

fault error_of(const std::string& error) {
    return read_answer(R"({"jsonrpc":"2.0","id":1,"error":)" + error + "}", 1).error();
}

TEST(RpcBody, IsTheJsonThatNodesExpect) {
    EXPECT_EQ(body_of(7, "getSlot", "[]"),
              R"({"jsonrpc":"2.0","id":7,"method":"getSlot","params":[]})");
    EXPECT_EQ(config(commitment::confirmed, 12, R"("encoding":"base64")"),
              R"({"commitment":"confirmed","minContextSlot":12,"encoding":"base64"})");
    EXPECT_EQ(config({}, {}), "{}");
    EXPECT_EQ(config({}, 5), R"({"minContextSlot":5})");
    const std::vector<std::string> two{"a", "b"};
    EXPECT_EQ(quoted_list(two), R"(["a","b"])");
}

TEST(RpcAnswer, OnlyTheAnswerToThisRequestCounts) {
    EXPECT_EQ(read_answer(R"({"jsonrpc":"2.0","result":5,"id":1})", 1).value(), 5);
    for (const auto* body :
         {"<html><body>502 Bad Gateway</body></html>", "", "[]", "null",
          R"({"jsonrpc":"2.0","result":5})", R"({"jsonrpc":"2.0","result":5,"id":2})",
          R"({"jsonrpc":"2.0","result":5,"id":"1"})", R"({"jsonrpc":"2.0","id":1})",
          R"({"jsonrpc":"2.0","result":5,"id":1)", R"({"jsonrpc":"2.0","result":5,"id":null})",
          R"({"id":1,"error":"no"})", R"({"id":1,"error":{"message":"no code"}})"}) {
        const auto read = read_answer(body, 1);
        ASSERT_FALSE(read) << body;
        EXPECT_TRUE(read.error().is(codes::rpc_bad_answer)) << body;
        EXPECT_EQ(read.error().scope(), fault_scope::endpoint);
    }
    const auto parse =
        read_answer(R"({"id":null,"error":{"code":-32700,"message":"Parse error"}})", 1);
    EXPECT_TRUE(parse.error().is(codes::rpc_invalid_request));
}

struct error_case {
    const char* error;
    const fault_code* code;
};

// proves: F2, S1, S6
TEST(RpcError, EveryAnswerHasItsOwnCode) {
    const error_case all[] = {
        {R"({"code":-32002,"message":"Transaction simulation failed: Blockhash not found","data":{"err":"BlockhashNotFound","logs":[]}})",
         &codes::blockhash_not_found},
        {R"({"code":-32002,"message":"m","data":{"err":"AlreadyProcessed"}})",
         &codes::already_processed},
        {R"({"code":-32002,"message":"m","data":{"err":"AccountNotFound"}})",
         &codes::insufficient_funds},
        {R"({"code":-32002,"message":"m","data":{"err":"InsufficientFundsForFee"}})",
         &codes::insufficient_funds},
        {R"({"code":-32002,"message":"m","data":{"err":{"InsufficientFundsForRent":{"account_index":0}}}})",
         &codes::insufficient_funds},
        {R"({"code":-32002,"message":"m","data":{"err":{"InstructionError":[2,{"Custom":0}]}}})",
         &codes::account_in_use},
        {R"({"code":-32002,"message":"m","data":{"err":{"InstructionError":[2,{"Custom":1}]}}})",
         &codes::insufficient_funds},
        {R"({"code":-32002,"message":"m","data":{"err":{"InstructionError":[2,{"Custom":5}]}}})",
         &codes::instruction_failed},
        {R"({"code":-32002,"message":"m","data":{"err":{"InstructionError":[1,"ComputationalBudgetExceeded"]}}})",
         &codes::compute_exceeded},
        {R"({"code":-32002,"message":"m","data":{"err":{"InstructionError":[1,"InvalidAccountData"]}}})",
         &codes::instruction_failed},
        {R"({"code":-32002,"message":"m","data":{"err":"SignatureFailure"}})",
         &codes::signature_invalid},
        {R"({"code":-32002,"message":"m","data":{"err":"AccountLoadedTwice"}})",
         &codes::transaction_refused},
        {R"({"code":-32002,"message":"m"})", &codes::transaction_refused},
        {R"({"code":-32003,"message":"m"})", &codes::signature_invalid},
        {R"({"code":-32005,"message":"Node is behind by 42 slots","data":{"numSlotsBehind":42}})",
         &codes::node_behind},
        {R"({"code":-32005,"message":"Rate limit exceeded"})", &codes::rpc_rate_limited},
        {R"({"code":-32016,"message":"m","data":{"contextSlot":5}})",
         &codes::context_slot_not_reached},
        {R"({"code":-32004,"message":"m"})", &codes::history_unavailable},
        {R"({"code":-32011,"message":"m"})", &codes::history_unavailable},
        {R"({"code":-32601,"message":"Method not found"})", &codes::rpc_method_missing},
        {R"({"code":-32602,"message":"m"})", &codes::rpc_invalid_request},
        {R"({"code":-32603,"message":"m"})", &codes::rpc_internal},
        {R"({"code":429,"message":"Too many requests for a specific RPC call"})",
         &codes::rpc_rate_limited},
        {R"({"code":12345,"message":"m"})", &codes::rpc_internal},
    };
    for (const auto& c : all) {
        const auto f = error_of(c.error);
        EXPECT_TRUE(f.is(*c.code)) << c.error << " gave " << f.describe();
    }
}

// proves: S6
TEST(RpcError, HintsOfSuccessNeverSayThatNothingHappened) {
    for (
        const auto* error :
        {R"({"code":-32002,"message":"m","data":{"err":"AlreadyProcessed"}})",
         R"({"code":-32002,"message":"m","data":{"err":{"InstructionError":[2,{"Custom":0}]}}})"}) {
        const auto f = error_of(error);
        EXPECT_TRUE(is_hint_of_success(f));
        EXPECT_EQ(f.effect(), fault_effect::unknown);
    }
    EXPECT_FALSE(is_hint_of_success(error_of(R"({"code":-32603,"message":"m"})")));
}

TEST(RpcError, CodesAreUniqueAndExplained) {
    std::set<std::string_view> texts;
    for (const auto* code : codes::solana_codes) {
        EXPECT_TRUE(texts.insert(code->text).second) << code->text;
        EXPECT_TRUE(code->text.starts_with("solana.")) << code->text;
        EXPECT_GT(code->meaning.size(), 20U) << code->text;
    }
}

// Else the event that carries it could not be read any more.
TEST(RpcError, ALongDetailEndsWithAWholeLetter) {
    for (std::size_t before = 290; before <= 300; ++before) {
        const auto message = std::string(before, 'a') + "\xf0\x9f\x8e\x9f\xc3\xa9 and more";
        const auto f = error_of(R"({"code":-32603,"message":")" + message + R"("})");
        EXPECT_TRUE(is_utf8(f.detail())) << before;
        EXPECT_TRUE(f.detail().starts_with("-32603 " + std::string(before, 'a'))) << before;
        const auto refused = error_of(R"({"code":-32002,"message":")" + message + R"("})");
        EXPECT_TRUE(is_utf8(refused.detail())) << before;
        const auto runtime = read_transaction_error(json::value(message));
        EXPECT_TRUE(is_utf8(runtime->text)) << before;
        EXPECT_LE(runtime->text.size(), 300U);
    }
}

TEST(TransactionError, KeepsIndexAndNumber) {
    const auto e =
        read_transaction_error(json::parse(R"({"InstructionError":[3,{"Custom":901952961}]})"));
    ASSERT_TRUE(e);
    EXPECT_EQ(e->name, "InstructionError");
    EXPECT_EQ(e->instruction, 3U);
    EXPECT_EQ(e->custom, 901952961U);
    EXPECT_EQ(e->text, R"({"InstructionError":[3,{"Custom":901952961}]})");
    EXPECT_FALSE(read_transaction_error(nullptr));
    EXPECT_EQ(read_transaction_error(json::parse("5"))->name, "unknown");
    EXPECT_EQ(
        read_transaction_error(json::parse(R"({"InstructionError":[-1,{"Custom":"x"}]})"))->custom,
        std::nullopt);
}

TEST(RpcReaders, ReadWhatNodesSay) {
    const auto v =
        json::parse(R"({"context":{"apiVersion":"4.0.0","slot":9},"value":{"blockhash":")" + key +
                    R"(","lastValidBlockHeight":950}})");
    const auto context = read_context(v).value();
    EXPECT_EQ(context.slot, 9U);
    const auto hash = read_latest_blockhash(*context.value).value();
    EXPECT_EQ(hash.blockhash.text(), key);
    EXPECT_EQ(hash.last_valid_block_height, 950U);
    const auto epoch =
        read_epoch_info(
            json::parse(
                R"({"absoluteSlot":166598,"blockHeight":166500,"epoch":27,"slotIndex":2790,"slotsInEpoch":8192,"transactionCount":22661093})"))
            .value();
    EXPECT_EQ(epoch.block_height, 166500U);
    EXPECT_EQ(epoch.absolute_slot, 166598U);
    const auto account =
        read_account(
            json::parse(
                R"({"data":["AQID","base64"],"executable":false,"lamports":18446744073709551615,"owner":")" +
                key + R"(","rentEpoch":18446744073709551615,"space":3})"))
            .value();
    ASSERT_TRUE(account);
    EXPECT_EQ(account->data, (bytes{1, 2, 3}));
    EXPECT_EQ(account->lamports, UINT64_MAX);
    EXPECT_FALSE(read_account(nullptr).value());
    const auto simulated =
        read_simulation(
            json::parse(
                R"({"err":{"InstructionError":[0,{"Custom":1}]},"logs":["a","b"],"accounts":null,"unitsConsumed":150})"))
            .value();
    EXPECT_EQ(simulated.units_consumed, 150U);
    EXPECT_EQ(simulated.logs.size(), 2U);
    EXPECT_EQ(simulated.error->custom, 1U);
}

TEST(RpcReaders, AStatusNeedsItsCommitment) {
    const auto status = [](const char* text) { return read_status(json::parse(text)); };
    EXPECT_FALSE(status("null").value());
    EXPECT_EQ(
        status(
            R"({"slot":5,"confirmations":null,"err":null,"status":{"Ok":null},"confirmationStatus":"finalized"})")
            .value()
            ->commitment,
        commitment::finalized);
    EXPECT_EQ(
        status(
            R"({"slot":5,"confirmations":1,"err":"AccountInUse","confirmationStatus":"processed"})")
            .value()
            ->error->name,
        "AccountInUse");
    EXPECT_EQ(status(R"({"slot":5,"confirmations":null,"err":null})").value()->commitment,
              commitment::finalized);
    EXPECT_EQ(status(R"({"slot":5,"confirmations":30,"err":null})").value()->commitment,
              commitment::processed);
    EXPECT_FALSE(status(R"({"slot":5,"err":null})"));
    EXPECT_FALSE(status(R"({"slot":5,"err":null,"confirmationStatus":"rooted"})"));
    EXPECT_FALSE(status(R"({"slot":5,"confirmationStatus":"finalized"})"));
    EXPECT_FALSE(status("{}"));
    EXPECT_FALSE(read_statuses(json::parse("[5]")));
    EXPECT_EQ(read_statuses(json::parse("[null,null]")).value().size(), 2U);
}

TEST(RpcReaders, RefuseEveryOtherShape) {
    for (const auto* text : {"null", "5", "-1", "1.5", "\"x\"", "[]", "{}",
                             R"({"context":{},"value":1})", R"({"context":{"slot":-1},"value":1})",
                             R"({"data":["AQID","base58"],"lamports":1,"owner":"x"})",
                             R"([{"pubkey":"x"}])", R"([5])"}) {
        const auto v = json::parse(text);
        EXPECT_FALSE(read_context(v)) << text;
        EXPECT_FALSE(read_latest_blockhash(v)) << text;
        EXPECT_FALSE(read_epoch_info(v)) << text;
        EXPECT_FALSE(read_simulation(v)) << text;
        EXPECT_FALSE(read_signature(v)) << text;
        if (!v.is_null()) EXPECT_FALSE(read_account(v)) << text;
        if (!v.is_array() || !v.as_array().empty()) {
            EXPECT_FALSE(read_keyed_accounts(v)) << text;
            EXPECT_FALSE(read_fees(v)) << text;
        }
        if (std::string_view{text} != "5") EXPECT_FALSE(read_u64(v)) << text;
    }
}

RC_GTEST_PROP(RpcAnswer, RandomTextNeverCrashes, (std::string body)) {
    RC_ASSERT(!read_answer(body, 1));
}

RC_GTEST_PROP(RpcAnswer, DamagedAnswersNeverCrash, ()) {
    std::string body =
        R"({"jsonrpc":"2.0","result":{"context":{"slot":9},"value":[{"slot":5,"confirmations":null,"err":{"InstructionError":[2,{"Custom":0}]},"confirmationStatus":"finalized"},null]},"id":1})";
    const auto changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i)
        body[*rc::gen::inRange<std::size_t>(0, body.size())] = *rc::gen::arbitrary<char>();
    const auto read = read_answer(body, 1);
    if (!read) return;
    if (const auto context = read_context(*read)) static_cast<void>(read_statuses(*context->value));
}

}  // namespace
}  // namespace thole::solana::rpc
