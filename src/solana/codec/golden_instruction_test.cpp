#include <gtest/gtest.h>

#include <set>

#include "base/digest.hpp"
#include "solana/codec/golden.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/system.hpp"
#include "solana/codec/token.hpp"
#include "solana/codec/token_metadata.hpp"

namespace thole::solana {
namespace {

using golden::key;
using golden::number;
using golden::optional_key;
using golden::text;
using object = boost::json::object;

seeded_address seeded(const object& a, const char* address) {
    return {key(a.at(address)), key(a.at("base")), text(a.at("seed"))};
}

new_account account_of(const object& a) {
    return {number(a.at("lamports")), number(a.at("space")), key(a.at("owner"))};
}

instruction field_of(const object& a) {
    const auto kind = number(a.at("field_kind"));
    const auto metadata = key(a.at("metadata"));
    const auto authority = key(a.at("update_authority"));
    if (kind == 3)
        return update_field(metadata, authority, text(a.at("field")), text(a.at("value")));
    return update_field(metadata, authority, static_cast<metadata_field>(kind),
                        text(a.at("value")));
}

instruction make(const std::string& name, const object& a) {
    if (name == "compute_budget.set_unit_limit") {
        return set_compute_unit_limit(static_cast<std::uint32_t>(number(a.at("units"))));
    }
    if (name == "compute_budget.set_unit_price")
        return set_compute_unit_price(number(a.at("micro_lamports")));
    if (name == "system.transfer")
        return transfer(key(a.at("from")), key(a.at("to")), number(a.at("lamports")));
    if (name == "system.create_account") {
        return create_account(key(a.at("from")), key(a.at("new_account")), account_of(a));
    }
    if (name == "system.create_account_with_seed") {
        return create_account_with_seed(key(a.at("from")), seeded(a, "derived"), account_of(a));
    }
    if (name == "system.allocate_with_seed") {
        return allocate_with_seed(seeded(a, "account"), number(a.at("space")), key(a.at("owner")));
    }
    if (name == "system.assign_with_seed")
        return assign_with_seed(seeded(a, "account"), key(a.at("owner")));
    if (name == "token.initialize_mint2") {
        return initialize_mint(key(a.at("token_program")), key(a.at("mint")),
                               static_cast<std::uint8_t>(number(a.at("decimals"))),
                               key(a.at("mint_authority")), optional_key(a.at("freeze_authority")));
    }
    if (name == "token.mint_to") {
        return mint_to(key(a.at("token_program")),
                       {key(a.at("mint")), key(a.at("destination")), key(a.at("authority"))},
                       number(a.at("amount")));
    }
    if (name == "token.set_authority") {
        return set_authority(key(a.at("token_program")), key(a.at("account")),
                             key(a.at("authority")),
                             static_cast<authority_type>(number(a.at("authority_type"))),
                             optional_key(a.at("new_authority")));
    }
    if (name == "associated_token.create_idempotent") {
        return create_associated_token_account(key(a.at("token_program")), key(a.at("payer")),
                                               key(a.at("owner")), key(a.at("mint")));
    }
    if (name == "token_2022.initialize_metadata_pointer") {
        return initialize_metadata_pointer(key(a.at("mint")), optional_key(a.at("authority")),
                                           key(a.at("metadata_address")));
    }
    if (name == "token_metadata.initialize") {
        return initialize_metadata(
            {key(a.at("mint")), key(a.at("update_authority")), key(a.at("mint_authority"))},
            text(a.at("name")), text(a.at("symbol")), text(a.at("uri")));
    }
    if (name == "token_metadata.update_field") return field_of(a);
    if (name == "token_metadata.update_authority") {
        return update_metadata_authority(key(a.at("metadata")), key(a.at("old_authority")),
                                         optional_key(a.at("new_authority")));
    }
    if (name == "token_metadata.remove_key") {
        return remove_key(key(a.at("metadata")), key(a.at("update_authority")), text(a.at("key")),
                          a.at("idempotent").as_bool());
    }
    if (name == "memo") {
        std::vector<public_key> signers;
        for (const auto& s : a.at("signers").as_array()) signers.push_back(key(s));
        return memo(text(a.at("text")), signers);
    }
    ADD_FAILURE() << "no builder for " << name;
    return {};
}

TEST(Instructions, AreTheBytesOfThePackages) {
    std::set<std::string> names;
    for (const auto& c : golden::load("solana").at("instructions").as_array()) {
        const auto name = text(c.at("name"));
        SCOPED_TRACE(name + " " + text(c.at("data")));
        golden::expect_same(make(name, c.at("args").as_object()), golden::read_instruction(c));
        names.insert(name);
    }
    EXPECT_EQ(names.size(), 17U);
}

TEST(Instructions, CreateAccountMatchesTheKnownBytes) {
    const auto made = create_account({{1}}, {{2}}, {1'461'600, 82, token_program});
    EXPECT_EQ(
        to_hex(made.data),
        "00000000604d160000000000520000000000000006ddf6e1d765a193d9cbe146ceeb79ac1cb485ed5f5b3791"
        "3a8cf5857eff00a9");
}

TEST(TokenMetadata, DiscriminatorsAreHashesOfTheirNames) {
    const auto head = [](const char* name) {
        const auto digest = sha256(as_bytes(std::string{"spl_token_metadata_interface:"} + name));
        return to_hex(bytes_view{digest}.first(8));
    };
    const auto starts = [](const instruction& i, const std::string& h) {
        return to_hex(bytes_view{i.data}.first(8)) == h;
    };
    const public_key k{{1}};
    EXPECT_TRUE(starts(initialize_metadata({k, k, k}, "", "", ""), head("initialize_account")));
    EXPECT_TRUE(starts(update_field(k, k, "a", "b"), head("updating_field")));
    EXPECT_TRUE(starts(remove_key(k, k, "a", true), head("remove_key_ix")));
    EXPECT_TRUE(starts(update_metadata_authority(k, k, {}), head("update_the_authority")));
}

TEST(TokenMetadata, SpaceIsThatOfThePackagesAccounts) {
    int checked = 0;
    for (const auto& c : golden::load("solana").at("accounts").as_array()) {
        if (text(c.at("kind")) != "mint_with_metadata") continue;
        const auto& m = c.at("expect").at("metadata").as_object();
        token_metadata_fields fields{
            text(m.at("name")), text(m.at("symbol")), text(m.at("uri")), {}};
        for (const auto& pair : m.at("additional").as_array()) {
            fields.additional.emplace_back(text(pair.as_array()[0]), text(pair.as_array()[1]));
        }
        EXPECT_EQ(mint_with_metadata_space(fields), golden::hex(c.at("data")).size());
        ++checked;
    }
    EXPECT_EQ(checked, 2);
}

}  // namespace
}  // namespace thole::solana
