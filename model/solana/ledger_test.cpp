#include "model/solana/ledger.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "model/solana/mint_fixture.hpp"
#include "solana/codec/token_accounts.hpp"

namespace thole::model {
namespace {

struct chain : mint_fixture {
    ledger on{{}};
    chain() { on.fund(wallet.address(), 1'000'000'000); }
    [[nodiscard]] solana::blockhash recent() const {
        return on.view(commitment::confirmed, 0).hash;
    }
};

TEST(ledger, mints_one_token_and_no_more) {
    chain c;
    const auto first = c.build(c.recent());
    ASSERT_TRUE(c.on.simulate(first).error.is_null())
        << boost::json::serialize(c.on.simulate(first).error);
    c.on.submit(as_sent(first));
    const auto* held = c.on.accounts().at(c.mint, c.on.slot());
    ASSERT_NE(held, nullptr);
    const auto mint = solana::decode_mint(held->data);
    ASSERT_TRUE(mint);
    EXPECT_EQ(mint->supply, 1U);
    EXPECT_FALSE(mint->mint_authority);
    EXPECT_EQ(mint->metadata->fields.name, "Tide 1");
    EXPECT_EQ(mint->metadata->find("thole_seed"), c.seed);
    const auto* account = c.on.accounts().at(c.holding, c.on.slot());
    ASSERT_NE(account, nullptr);
    EXPECT_EQ(solana::decode_token_account(account->data)->amount, 1U);

    c.on.advance(1);
    c.on.submit(as_sent(c.build(c.recent(), 7)));  // another transaction for the same address
    EXPECT_EQ(c.on.landed_count(), 2U);
    std::size_t failed = 0;
    for (const auto& [_, landed] : c.on.landed()) failed += landed.error.is_null() ? 0 : 1;
    EXPECT_EQ(failed, 1U);
}

TEST(ledger, lands_the_same_bytes_once) {
    chain c;
    const auto tx = c.build(c.recent());
    c.on.submit(as_sent(tx));
    c.on.submit(as_sent(tx));
    EXPECT_EQ(c.on.landed_count(), 1U);
}

TEST(ledger, checks_a_known_signer_as_strictly_as_any) {
    chain c;
    const auto good = c.build(c.recent());
    auto forged = good;
    forged.signatures.front() = solana::signature{};
    auto changed = good;
    changed.message.blockhash = {};
    const auto expect_judged = [&](const std::string& round) {
        EXPECT_TRUE(c.on.keep_sent(round + "good", good).signed_well);
        EXPECT_FALSE(c.on.keep_sent(round + "forged", forged).signed_well);
        EXPECT_FALSE(c.on.keep_sent(round + "changed", changed).signed_well);
    };
    expect_judged("unknown: ");
    c.on.know(c.wallet);
    expect_judged("known: ");
}

TEST(ledger, forgets_expired_transactions_without_a_trace) {
    chain c;
    const auto tx = c.build(c.recent());
    c.on.advance(c.on.options().blockhash_age + 2);
    const auto before = c.on.accounts().at(c.wallet.address(), c.on.slot())->lamports;
    c.on.submit(as_sent(tx));
    EXPECT_EQ(c.on.landed_count(), 0U);
    EXPECT_EQ(c.on.accounts().at(c.wallet.address(), c.on.slot())->lamports, before);
}

TEST(ledger, accepts_a_blockhash_up_to_its_last_valid_height) {
    chain c;
    const auto made = c.on.view(commitment::processed, 0);
    c.on.advance(c.on.options().blockhash_age);
    EXPECT_TRUE(c.on.blockhash_valid(made.hash, c.on.view(commitment::processed, 0)));
    c.on.advance(1);
    EXPECT_FALSE(c.on.blockhash_valid(made.hash, c.on.view(commitment::processed, 0)));
}

TEST(ledger, takes_the_fee_of_a_transaction_that_fails) {
    chain c;
    c.on.submit(as_sent(c.build(c.recent())));
    c.on.advance(1);
    const auto before = c.on.accounts().at(c.wallet.address(), c.on.slot())->lamports;
    const auto again = c.build(c.recent(), 3);
    c.on.submit(as_sent(again));
    const auto* landed = c.on.find(again.id().text());
    ASSERT_NE(landed, nullptr);
    EXPECT_EQ(boost::json::serialize(landed->error), R"({"InstructionError":[1,{"Custom":0}]})");
    EXPECT_EQ(c.on.accounts().at(c.wallet.address(), c.on.slot())->lamports,
              before - fee_of(again.message));
}

TEST(ledger, shows_the_state_of_the_slot_asked_for) {
    chain c;
    const auto then = c.on.slot();
    c.on.advance(5);
    c.on.submit(as_sent(c.build(c.on.view(commitment::processed, 0).hash)));
    EXPECT_EQ(c.on.accounts().at(c.mint, then), nullptr);
    EXPECT_NE(c.on.accounts().at(c.mint, c.on.slot()), nullptr);
    EXPECT_EQ(c.on.view(commitment::processed, 3).slot, c.on.slot() - 3);
    EXPECT_EQ(c.on.view(commitment::finalized, 0).slot, then);  // never before the first block
}

TEST(ledger, refuses_who_cannot_pay) {
    mint_fixture poor;
    ledger on{{}};
    const auto tx = poor.build(on.view(commitment::processed, 0).hash);
    EXPECT_EQ(on.simulate(tx).error, "AccountNotFound");
    on.fund(poor.wallet.address(), 1000);
    EXPECT_EQ(on.simulate(tx).error, "InsufficientFundsForFee");
    on.fund(poor.wallet.address(), 1'000'000);
    EXPECT_EQ(boost::json::serialize(on.simulate(tx).error),
              R"({"InstructionError":[1,{"Custom":1}]})");
}

}  // namespace
}  // namespace thole::model
