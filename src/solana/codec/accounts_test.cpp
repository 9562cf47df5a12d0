#include "solana/codec/token_accounts.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "solana/codec/golden.hpp"
#include "solana/codes.hpp"

namespace thole::solana {
namespace {

using golden::hex;
using golden::key;
using golden::number;
using golden::optional_key;
using golden::text;

void expect_mint(const mint_account& read, const boost::json::value& want) {
    EXPECT_EQ(read.supply, number(want.at("supply")));
    EXPECT_EQ(read.decimals, number(want.at("decimals")));
    EXPECT_EQ(read.mint_authority, optional_key(want.at("mint_authority")));
    EXPECT_EQ(read.freeze_authority, optional_key(want.at("freeze_authority")));
    EXPECT_EQ(read.initialized, want.at("initialized").as_bool());
}

void expect_metadata(const mint_account& read, const boost::json::value& want) {
    ASSERT_TRUE(read.pointer && read.metadata);
    EXPECT_EQ(read.pointer->authority, optional_key(want.at("metadata_pointer").at("authority")));
    EXPECT_EQ(read.pointer->address, optional_key(want.at("metadata_pointer").at("address")));
    const auto& m = want.at("metadata");
    EXPECT_EQ(read.metadata->update_authority, optional_key(m.at("update_authority")));
    EXPECT_EQ(read.metadata->mint, key(m.at("mint")));
    EXPECT_EQ(read.metadata->fields.name, text(m.at("name")));
    EXPECT_EQ(read.metadata->fields.symbol, text(m.at("symbol")));
    EXPECT_EQ(read.metadata->fields.uri, text(m.at("uri")));
    const auto& pairs = m.at("additional").as_array();
    ASSERT_EQ(read.metadata->fields.additional.size(), pairs.size());
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto& [k, v] = read.metadata->fields.additional[i];
        EXPECT_EQ(k, text(pairs[i].as_array()[0]));
        EXPECT_EQ(v, text(pairs[i].as_array()[1]));
    }
}

TEST(TokenAccounts, AreReadAsThePackageReadsThem) {
    for (const auto& c : golden::load("solana").at("accounts").as_array()) {
        SCOPED_TRACE(text(c.at("name")));
        const auto raw = hex(c.at("data"));
        const auto kind = text(c.at("kind"));
        if (kind == "token_account") {
            const auto read = decode_token_account(raw);
            ASSERT_TRUE(read) << read.error().describe();
            EXPECT_EQ(read->mint, key(c.at("expect").at("mint")));
            EXPECT_EQ(read->owner, key(c.at("expect").at("owner")));
            EXPECT_EQ(read->amount, number(c.at("expect").at("amount")));
            EXPECT_EQ(read->state == token_account_state::frozen,
                      c.at("expect").at("frozen").as_bool());
            EXPECT_FALSE(read->delegate);
            continue;
        }
        const auto read = decode_mint(raw);
        ASSERT_TRUE(read) << read.error().describe();
        expect_mint(*read, c.at("expect"));
        EXPECT_EQ(read->metadata.has_value(), kind == "mint_with_metadata");
        if (kind == "mint_with_metadata") expect_metadata(*read, c.at("expect"));
    }
}

TEST(TokenAccounts, EncodingReadsBackAndMatchesThePackage) {
    for (const auto& c : golden::load("solana").at("accounts").as_array()) {
        const auto raw = hex(c.at("data"));
        if (text(c.at("kind")) == "token_account") continue;
        const auto read = decode_mint(raw).value();
        EXPECT_EQ(decode_mint(encode_mint(read)).value(), read);
        // Stale key bytes behind a zero tag are the one thing that is not written again.
        if (text(c.at("name")) != "mint.revoked_with_stale_key_bytes") {
            EXPECT_EQ(to_hex(encode_mint(read)), to_hex(raw)) << text(c.at("name"));
        }
    }
    token_account account{public_key{{1}},
                          public_key{{2}},
                          7,
                          public_key{{3}},
                          5,
                          public_key{{4}},
                          token_account_state::frozen};
    EXPECT_EQ(decode_token_account(encode_token_account(account)).value(), account);
    EXPECT_EQ(encode_token_account(account).size(), 165U);
}

TEST(TokenAccounts, EveryCutIsAnErrorExceptAtTheBaseLayout) {
    const auto file = golden::load("solana");
    for (const auto& c : file.at("accounts").as_array()) {
        const auto raw = hex(c.at("data"));
        for (std::size_t n = 0; n < raw.size(); ++n) {
            const auto part = bytes_view{raw}.first(n);
            if (text(c.at("kind")) == "token_account") {
                EXPECT_EQ(decode_token_account(part).has_value(), n == 165 || n > 165);
            } else if (n < 82 || (n > 82 && n < 166)) {
                EXPECT_FALSE(decode_mint(part)) << n;
            }
        }
    }
    const auto nft = hex(file.at("accounts").as_array()[4].at("data"));
    EXPECT_FALSE(decode_mint(bytes_view{nft}.first(nft.size() - 1)));
    EXPECT_FALSE(decode_mint(bytes_view{nft}.first(200)));
}

TEST(TokenAccounts, AMintIsNotATokenAccount) {
    const auto file = golden::load("solana");
    const auto mint = hex(file.at("accounts").as_array()[4].at("data"));
    const auto account = hex(file.at("accounts").as_array()[8].at("data"));
    EXPECT_FALSE(decode_token_account(mint));
    EXPECT_FALSE(decode_mint(account));
    EXPECT_TRUE(decode_mint(bytes{}).error().is(codes::account_malformed));
}

TEST(TokenAccounts, UnknownExtensionsAreSkipped) {
    mint_account mint;
    mint.initialized = true;
    mint.pointer = metadata_pointer{{}, public_key{{1}}};
    auto raw = encode_mint(mint);
    const bytes unknown{3, 0, 2, 0, 9, 9};  // type 3, two bytes
    raw.insert(raw.begin() + 166, unknown.begin(), unknown.end());
    EXPECT_EQ(decode_mint(raw).value(), mint);
    raw[168] = 0xFF;  // now its length leads outside
    raw[169] = 0xFF;
    EXPECT_FALSE(decode_mint(raw));
}

TEST(TokenAccounts, ADoubledPairIsNoAnswer) {
    token_metadata m;
    m.fields.additional = {{"thole_seed", "a"}, {"Level", "3"}};
    EXPECT_EQ(m.find("thole_seed"), "a");
    EXPECT_EQ(m.find("level"), std::nullopt);
    m.fields.additional.emplace_back("thole_seed", "b");
    EXPECT_EQ(m.find("thole_seed"), std::nullopt);
}

RC_GTEST_PROP(TokenAccounts, DamagedBytesNeverCrash, ()) {
    static const auto file = golden::load("solana");
    const auto& all = file.at("accounts").as_array();
    auto raw = hex(all[*rc::gen::inRange<std::size_t>(0, all.size())].at("data"));
    const auto changes = *rc::gen::inRange(0, 8);
    for (int i = 0; i < changes; ++i) {
        raw[*rc::gen::inRange<std::size_t>(0, raw.size())] = *rc::gen::arbitrary<std::uint8_t>();
    }
    raw.resize(*rc::gen::inRange<std::size_t>(0, raw.size() + 1));
    if (const auto read = decode_mint(raw))
        RC_ASSERT(decode_mint(encode_mint(*read)).value().supply == read->supply);
    if (const auto read = decode_token_account(raw))
        RC_ASSERT(decode_token_account(encode_token_account(*read)).value() == *read);
    static_cast<void>(decode_token_metadata(raw));
}

RC_GTEST_PROP(TokenAccounts, RandomBytesNeverCrash, (bytes raw)) {
    RC_ASSERT(raw.size() >= 82 || !decode_mint(raw));
    RC_ASSERT(raw.size() >= 165 || !decode_token_account(raw));
    RC_ASSERT(raw.size() >= 80 || !decode_token_metadata(raw));
}

}  // namespace
}  // namespace thole::solana
