#include <gtest/gtest.h>

#include <algorithm>

#include <rapidcheck/gtest.h>

#include "solana/codec/golden.hpp"
#include "solana/codec/metaplex_accounts.hpp"
#include "solana/codes.hpp"

namespace thole::solana::metaplex {
namespace {

using golden::key;
using golden::number;
using golden::optional_key;
using golden::text;
using object = boost::json::object;

data data_of(const object& d) {
    data out{text(d.at("name")),
             text(d.at("symbol")),
             text(d.at("uri")),
             static_cast<std::uint16_t>(number(d.at("seller_fee_basis_points"))),
             {},
             {},
             {}};
    if (!d.at("creators").is_null()) {
        out.creators.emplace();
        for (const auto& c : d.at("creators").as_array()) {
            out.creators->push_back({key(c.at("address")), c.at("verified").as_bool(),
                                     static_cast<std::uint8_t>(number(c.at("share")))});
        }
    }
    if (const auto& c = d.at("collection"); !c.is_null()) {
        out.collection = collection{c.at("verified").as_bool(), key(c.at("key"))};
    }
    if (const auto& u = d.at("uses"); !u.is_null()) {
        out.uses = uses{static_cast<std::uint8_t>(number(u.at("use_method"))),
                        number(u.at("remaining")), number(u.at("total"))};
    }
    return out;
}

std::optional<bool> optional_bool(const boost::json::value& v) {
    return v.is_null() ? std::nullopt : std::optional{v.as_bool()};
}

std::optional<std::uint64_t> optional_number(const boost::json::value& v) {
    return v.is_null() ? std::nullopt : std::optional{number(v)};
}

instruction make(const std::string& name, const object& a) {
    const auto mint = key(a.at("mint"));
    const auto authority = key(a.at("update_authority"));
    if (name == "create_metadata_account_v3") {
        std::optional<std::uint64_t> size;
        if (const auto& d = a.at("collection_details"); !d.is_null())
            size = number(d.at("v1_size"));
        return create_metadata({mint, key(a.at("mint_authority")), key(a.at("payer")), authority},
                               data_of(a.at("data").as_object()), a.at("is_mutable").as_bool(),
                               size);
    }
    if (name == "create_master_edition_v3") {
        return create_master_edition(
            {mint, key(a.at("mint_authority")), key(a.at("payer")), authority},
            optional_number(a.at("max_supply")));
    }
    if (name == "verify_collection_v1") {
        return verify_collection(mint, authority, key(a.at("collection")));
    }
    metadata_change change;
    if (!a.at("data").is_null()) change.data = data_of(a.at("data").as_object());
    change.update_authority = optional_key(a.at("new_update_authority"));
    change.primary_sale_happened = optional_bool(a.at("primary_sale_happened"));
    change.is_mutable = optional_bool(a.at("is_mutable"));
    return update_metadata(mint, authority, change);
}

// proves: S9
TEST(MetaplexInstructions, AreTheBytesOfThePackage) {
    int checked = 0;
    for (const auto& c : golden::load("metaplex").at("instructions").as_array()) {
        SCOPED_TRACE(text(c.at("name")) + " " + text(c.at("data")));
        golden::expect_same(make(text(c.at("name")), c.at("args").as_object()),
                            golden::read_instruction(c));
        ++checked;
    }
    EXPECT_EQ(checked, 22);
}

TEST(MetaplexAccounts, AreReadInBothLengths) {
    for (const auto& c : golden::load("metaplex").at("metadata_accounts").as_array()) {
        SCOPED_TRACE(text(c.at("name")));
        const auto read = decode_metadata(golden::hex(c.at("data")));
        ASSERT_TRUE(read) << read.error().describe();
        const auto& want = c.at("expect").as_object();
        EXPECT_EQ(read->update_authority, key(want.at("update_authority")));
        EXPECT_EQ(read->mint, key(want.at("mint")));
        EXPECT_EQ(read->data, data_of(want));
        EXPECT_EQ(read->primary_sale_happened, want.at("primary_sale_happened").as_bool());
        EXPECT_EQ(read->is_mutable, want.at("is_mutable").as_bool());
        EXPECT_EQ(read->edition_nonce, optional_number(want.at("edition_nonce")));
        EXPECT_EQ(read->token_standard, optional_number(want.at("token_standard")));
        const auto& details = want.at("collection_details");
        EXPECT_EQ(read->collection_size,
                  details.is_null() ? std::nullopt : optional_number(details.at("v1_size")));
        const auto& config = want.at("programmable_config");
        EXPECT_EQ(read->programmable, !config.is_null());
        if (!config.is_null()) EXPECT_EQ(read->rule_set, key(config.at("v1_rule_set")));
    }
}

TEST(MetaplexAccounts, EditionsAreReadInBothLengths) {
    for (const auto& c : golden::load("metaplex").at("edition_accounts").as_array()) {
        SCOPED_TRACE(text(c.at("name")));
        const auto read = decode_master_edition(golden::hex(c.at("data")));
        ASSERT_TRUE(read);
        EXPECT_EQ(read->supply, number(c.at("expect").at("supply")));
        EXPECT_EQ(read->max_supply, optional_number(c.at("expect").at("max_supply")));
    }
}

// A form that the package does not know yet, by the program's source: CollectionDetails::V2.
TEST(MetaplexAccounts, ACollectionThatKeepsNoCountIsOneToo) {
    const auto file = golden::load("metaplex");
    for (const auto& c : file.at("metadata_accounts").as_array()) {
        if (text(c.at("name")) != "everything.607.fee_0") continue;
        auto raw = golden::hex(c.at("data"));
        const bytes counts{1, 0, 9, 0, 0, 0, 0, 0, 0, 0};
        const auto at = std::ranges::search(raw, counts);
        ASSERT_FALSE(at.empty());
        std::ranges::copy(bytes{1, 1, 0, 0}, at.begin());
        EXPECT_EQ(decode_metadata(raw)->collection_size, 0U);
        *(at.begin() + 1) = 2;
        EXPECT_TRUE(decode_metadata(raw).error().is(codes::account_malformed));
        return;
    }
    FAIL() << "no such image";
}

TEST(MetaplexAccounts, CutOffOrForeignDataIsAnError) {
    const auto file = golden::load("metaplex");
    const auto whole = golden::hex(file.at("metadata_accounts").as_array()[3].at("data"));
    // Behind the last field lies only fill: everything up to there is needed.
    int refused = 0;
    for (std::size_t n = 0; n < whole.size(); ++n)
        refused += decode_metadata(bytes_view{whole}.first(n)) ? 0 : 1;
    EXPECT_GT(refused, 350);
    EXPECT_TRUE(decode_master_edition(whole).error().is(codes::account_malformed));
    const auto edition = golden::hex(file.at("edition_accounts").as_array()[1].at("data"));
    EXPECT_TRUE(decode_metadata(edition).error().is(codes::account_malformed));
}

TEST(MetaplexAccounts, OnlyAVerifiedCreatorCounts) {
    metadata_account account;
    const public_key us{{1}};
    EXPECT_FALSE(has_verified_creator(account, us));
    account.data.creators = {{us, false, 100}};
    EXPECT_FALSE(has_verified_creator(account, us));
    account.data.creators = {{public_key{{2}}, true, 50}, {us, true, 50}};
    EXPECT_TRUE(has_verified_creator(account, us));
}

TEST(MetaplexCheck, KnowsTheProgramsLimits) {
    data d{std::string(32, 'n'), std::string(10, 's'), std::string(200, 'u'), 10'000, {}, {}, {}};
    EXPECT_TRUE(check(d));
    const auto refused = [&](auto change) {
        data other = d;
        change(other);
        const auto r = check(other);
        return !r && r.error().is(codes::instruction_invalid);
    };
    EXPECT_TRUE(refused([](data& x) { x.name += 'n'; }));
    EXPECT_TRUE(refused([](data& x) { x.symbol += 's'; }));
    EXPECT_TRUE(refused([](data& x) { x.uri += 'u'; }));
    EXPECT_TRUE(refused([](data& x) { x.seller_fee_basis_points = 10'001; }));
    EXPECT_TRUE(refused([](data& x) { x.creators.emplace(); }));
    EXPECT_TRUE(refused([](data& x) { x.creators = {{{{1}}, false, 99}}; }));
    EXPECT_TRUE(refused([](data& x) { x.creators = {{{{1}}, false, 50}, {{{1}}, false, 50}}; }));
    EXPECT_TRUE(refused([](data& x) {
        x.creators = {{{{1}}, false, 20}, {{{2}}, false, 20}, {{{3}}, false, 20},
                      {{{4}}, false, 20}, {{{5}}, false, 20}, {{{6}}, false, 0}};
    }));
    d.creators = {{{{1}}, true, 60}, {{{2}}, false, 40}};
    EXPECT_TRUE(check(d));
}

RC_GTEST_PROP(MetaplexAccounts, DamagedBytesNeverCrash, ()) {
    static const auto file = golden::load("metaplex");
    const auto& all = file.at("metadata_accounts").as_array();
    auto raw = golden::hex(all[*rc::gen::inRange<std::size_t>(0, all.size())].at("data"));
    const auto changes = *rc::gen::inRange(1, 8);
    for (int i = 0; i < changes; ++i) {
        raw[*rc::gen::inRange<std::size_t>(0, raw.size())] = *rc::gen::arbitrary<std::uint8_t>();
    }
    raw.resize(*rc::gen::inRange<std::size_t>(0, raw.size() + 1));
    if (const auto read = decode_metadata(raw)) RC_ASSERT(read->data.name.size() <= raw.size());
    if (const auto read = decode_master_edition(raw)) RC_ASSERT(raw[0] == 6);
}

}  // namespace
}  // namespace thole::solana::metaplex
