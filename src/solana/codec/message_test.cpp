#include "solana/codec/message.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "solana/codec/golden.hpp"
#include "solana/codec/system.hpp"
#include "solana/codec/token.hpp"
#include "solana/codec/transaction.hpp"
#include "solana/codes.hpp"

namespace thole::solana {
namespace {

using golden::hex;
using golden::key;
using golden::text;

std::vector<keypair> signers_of(const boost::json::object& file, const boost::json::value& c) {
    std::vector<keypair> out;
    for (const auto& wanted : c.at("signers").as_array()) {
        for (const auto& k : file.at("keys").as_array()) {
            if (k.at("name") == wanted)
                out.push_back(keypair::from_bytes(hex(k.at("secret_key"))).value());
        }
    }
    return out;
}

message_version version_of(const boost::json::value& c) {
    return c.at("version").is_string() ? message_version::legacy : message_version::v0;
}

TEST(Message, CompilesToTheBytesOfThePackage) {
    const auto file = golden::load("solana");
    int compiled = 0;
    for (const auto& c : file.at("messages").as_array()) {
        SCOPED_TRACE(text(c.at("name")));
        if (!c.at("lookup_tables").as_array().empty()) continue;
        std::vector<instruction> instructions;
        for (const auto& i : c.at("instructions").as_array()) {
            instructions.push_back(golden::read_instruction(i));
        }
        const auto made =
            compile_message(version_of(c), key(c.at("payer")),
                            blockhash::parse(text(c.at("blockhash"))).value(), instructions);
        ASSERT_TRUE(made);
        EXPECT_EQ(to_hex(serialize(*made)), text(c.at("message")));
        const auto keys = signers_of(file, c);
        std::vector<const keypair*> signers;
        for (const auto& k : keys) signers.push_back(&k);
        const auto tx = sign(*made, signers);
        ASSERT_TRUE(tx);
        EXPECT_EQ(to_hex(serialize(*tx)), text(c.at("transaction")));
        EXPECT_EQ(tx->id().text(), text(c.at("id")));
        EXPECT_EQ(transaction_size(*made), serialize(*tx).size());
        ++compiled;
    }
    EXPECT_GE(compiled, 14);
}

TEST(Message, ReadsBackEveryTransactionOfThePackage) {
    for (const auto& c : golden::load("solana").at("messages").as_array()) {
        SCOPED_TRACE(text(c.at("name")));
        const auto raw = hex(c.at("transaction"));
        const auto tx = parse_transaction(raw);
        ASSERT_TRUE(tx) << tx.error().describe();
        EXPECT_EQ(to_hex(serialize(*tx)), to_hex(raw));
        EXPECT_TRUE(signatures_hold(*tx));
        EXPECT_EQ(tx->message.version, version_of(c));
        EXPECT_EQ(tx->message.lookups.size(), c.at("lookup_tables").as_array().size());
        const auto& keys = c.at("static_keys").as_array();
        ASSERT_EQ(tx->message.keys.size(), keys.size());
        for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(tx->message.keys[i], key(keys[i]));
        // Every prefix is refused, and so is a byte too many.
        for (std::size_t n = 0; n < raw.size(); ++n) {
            EXPECT_FALSE(parse_transaction(bytes_view{raw}.first(n))) << n;
        }
        auto longer = raw;
        longer.push_back(0);
        EXPECT_TRUE(parse_transaction(longer).error().is(codes::transaction_malformed));
    }
}

TEST(Message, SaysWhichKeysAreWritable) {
    const public_key payer{{1}};
    const std::vector<instruction> instructions{
        {public_key{{9}},
         {signing(public_key{{2}}), writable(public_key{{3}}), readonly(public_key{{4}})},
         {}}};
    const auto m = compile_message(message_version::legacy, payer, {}, instructions).value();
    ASSERT_EQ(m.keys.size(), 5U);
    const std::vector<bool> signer{true, true, false, false, false};
    const std::vector<bool> writes{true, false, true, false, false};
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(m.is_signer(i), signer[i]) << i;
        EXPECT_EQ(m.is_writable(i), writes[i]) << i;
    }
}

TEST(Transaction, RefusesWhatIsTooLargeOrUnsigned) {
    const auto wallet = keypair::from_seed({1});
    const std::array signers{&wallet};
    const auto with_memo = [&](std::size_t n) {
        const std::vector<instruction> all{memo(std::string(n, 'm'))};
        return compile_message(message_version::legacy, wallet.address(), {}, all).value();
    };
    const auto overhead = transaction_size(with_memo(200)) - 200;
    EXPECT_TRUE(sign(with_memo(max_transaction_size - overhead), signers));
    const auto large = sign(with_memo(max_transaction_size - overhead + 1), signers);
    ASSERT_FALSE(large);
    EXPECT_TRUE(large.error().is(codes::transaction_too_large));
    EXPECT_EQ(large.error().detail(), "1233 bytes, 1 too many");
    const auto other = keypair::from_seed({2});
    const std::array strangers{&other};
    const auto missing = sign(with_memo(1), strangers);
    ASSERT_FALSE(missing);
    EXPECT_TRUE(missing.error().is(codes::signer_missing));
    EXPECT_EQ(missing.error().detail(), wallet.address().text());
}

TEST(Transaction, ATamperedOneDoesNotHold) {
    const auto wallet = keypair::from_seed({1});
    const std::array signers{&wallet};
    const std::vector<instruction> all{transfer(wallet.address(), public_key{{5}}, 1)};
    auto tx = sign(compile_message(message_version::v0, wallet.address(), {}, all).value(), signers)
                  .value();
    EXPECT_TRUE(signatures_hold(tx));
    tx.message.instructions[0].data[4] ^= 1U;
    EXPECT_FALSE(signatures_hold(tx));
    tx.signatures.clear();
    EXPECT_FALSE(signatures_hold(tx));
}

TEST(TransactionFee, FollowsTheRuntime) {
    EXPECT_EQ(transaction_fee(2, 200'000, 1000), 10'200U);
    EXPECT_EQ(transaction_fee(1, 0, 0), 5000U);
    EXPECT_EQ(transaction_fee(1, 1, 1), 5001U);  // rounded up
    EXPECT_EQ(transaction_fee(1, UINT32_MAX, UINT64_MAX), UINT64_MAX);
}

// The golden transactions with a few bytes changed: reading them must never go wrong, and whatever
// is accepted must be written back as the same bytes.
RC_GTEST_PROP(Transaction, DamagedBytesNeverCrash, ()) {
    static const auto file = golden::load("solana");
    const auto& all = file.at("messages").as_array();
    auto raw = hex(all[*rc::gen::inRange<std::size_t>(0, all.size())].at("transaction"));
    const auto changes = *rc::gen::inRange(1, 6);
    for (int i = 0; i < changes; ++i) {
        raw[*rc::gen::inRange<std::size_t>(0, raw.size())] = *rc::gen::arbitrary<std::uint8_t>();
    }
    const auto tx = parse_transaction(raw);
    if (tx) RC_ASSERT(serialize(*tx) == raw);
}

RC_GTEST_PROP(Transaction, RandomBytesNeverCrash, (bytes raw)) {
    const auto tx = parse_transaction(raw);
    if (tx) RC_ASSERT(serialize(*tx) == raw);
    const auto m = parse_message(raw);
    if (m) RC_ASSERT(serialize(*m) == raw);
}

RC_GTEST_PROP(Message, MergingKeepsEveryRight, ()) {
    std::vector<instruction> all;
    const auto count = *rc::gen::inRange(1, 5);
    const auto some_key = [] { return public_key{{*rc::gen::inRange<std::uint8_t>(1, 12)}}; };
    for (int i = 0; i < count; ++i) {
        instruction next{some_key(), {}, {}};
        const auto accounts = *rc::gen::inRange(0, 6);
        for (int a = 0; a < accounts; ++a) {
            next.accounts.push_back(
                {some_key(), *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()});
        }
        all.push_back(std::move(next));
    }
    const public_key payer{{200}};
    const auto m = compile_message(message_version::legacy, payer, {}, all).value();
    RC_ASSERT(m.keys[0] == payer);
    for (std::size_t i = 0; i < all.size(); ++i) {
        RC_ASSERT(m.keys[m.instructions[i].program] == all[i].program);
        for (std::size_t a = 0; a < all[i].accounts.size(); ++a) {
            const auto& wanted = all[i].accounts[a];
            const auto index = m.instructions[i].accounts[a];
            RC_ASSERT(m.keys[index] == wanted.key);
            RC_ASSERT(!wanted.signer || m.is_signer(index));
            RC_ASSERT(!wanted.writable || m.is_writable(index));
        }
    }
    RC_ASSERT(parse_message(serialize(m)).value() == m);
}

}  // namespace
}  // namespace thole::solana
