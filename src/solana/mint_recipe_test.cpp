#include "solana/mint_recipe.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <rapidcheck/gtest.h>

#include "solana/codec/address.hpp"
#include "solana/codec/golden.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codes.hpp"

namespace thole::solana {
namespace {

const keypair wallet = keypair::from_seed({1});
const std::string seed = "0123456789abcdef0123456789abcdef";
const std::string uri = "ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";

mint_terms terms_of(const public_key& payer, const public_key& owner) {
    mint_terms terms;
    terms.wallet = payer;
    terms.owner = owner;
    terms.seed = seed;
    terms.fields = {"Thole #1", "THOLE", uri, {}};
    terms.rent = 4'000'000;
    terms.compute_limit = 60'000;
    terms.compute_price = 1000;
    return terms;
}

mint_terms some_terms() {
    return terms_of(wallet.address(), public_key{{9}});
}

int count(const mint_plan& plan, const public_key& program) {
    return static_cast<int>(std::ranges::count(plan.instructions, program, &instruction::program));
}

// proves: S4, S9
TEST(MintRecipe, IsTheTransactionOfThePackages) {
    const auto file = golden::load("solana");
    for (const auto& c : file.at("messages").as_array()) {
        if (golden::text(c.at("name")) != "seeded_mint.legacy") continue;
        const auto terms = terms_of(golden::key(c.at("payer")),
                                    golden::key(file.at("keys").as_array()[1].at("public_key")));
        const auto plan = plan_mint(mint_standard::token_2022, terms);
        ASSERT_TRUE(plan) << plan.error().describe();
        const auto& wanted = c.at("instructions").as_array();
        ASSERT_EQ(plan->instructions.size(), wanted.size());
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            golden::expect_same(plan->instructions[i], golden::read_instruction(wanted[i]));
        }
        EXPECT_EQ(plan->transaction_size, golden::hex(c.at("transaction")).size());
        return;
    }
    FAIL() << "the golden file has no seeded mint";
}

TEST(MintRecipe, RentCoversTheSeedField) {
    auto terms = some_terms();
    token_metadata_fields fields = terms.fields;
    fields.additional = {{"thole_seed", seed}};
    EXPECT_EQ(rent_space(mint_standard::token_2022, terms), mint_with_metadata_space(fields));
    terms.fields.additional = {{"thole_seed", "a forged one"}, {"Level", "3"}};
    fields.additional = {{"thole_seed", seed}, {"Level", "3"}};
    EXPECT_EQ(rent_space(mint_standard::token_2022, terms), mint_with_metadata_space(fields));
    EXPECT_EQ(rent_space(mint_standard::metaplex, terms), 82U);
}

// proves: S9
TEST(MintRecipe, MetaplexNeedsOneSignatureAndHandsOverBothAuthorities) {
    const auto plan = plan_mint(mint_standard::metaplex, some_terms()).value();
    EXPECT_EQ(plan.mint, create_with_seed(wallet.address(), seed, token_program).value());
    const auto m =
        compile_message(message_version::legacy, wallet.address(), {}, plan.instructions).value();
    EXPECT_EQ(m.required_signatures, 1);
    EXPECT_EQ(count(plan, metaplex_program), 2) << "in no collection";
    // InitializeMint2 with a freeze authority equal to the mint authority: 67 bytes.
    const auto init = std::ranges::find_if(plan.instructions, [](const instruction& i) {
        return i.program == token_program && i.data[0] == 20;
    });
    ASSERT_NE(init, plan.instructions.end());
    EXPECT_EQ(init->data.size(), 67U);
}

metaplex::data data_of(const boost::json::object& d) {
    metaplex::data out{golden::text(d.at("name")),
                       golden::text(d.at("symbol")),
                       golden::text(d.at("uri")),
                       static_cast<std::uint16_t>(golden::number(d.at("seller_fee_basis_points"))),
                       {},
                       {},
                       {}};
    if (!d.at("creators").is_null()) out.creators.emplace();
    for (const auto& c :
         d.at("creators").is_null() ? boost::json::array{} : d.at("creators").as_array()) {
        out.creators->push_back({golden::key(c.at("address")), c.at("verified").as_bool(),
                                 static_cast<std::uint8_t>(golden::number(c.at("share")))});
    }
    if (const auto& c = d.at("collection"); !c.is_null()) {
        out.collection = metaplex::collection{c.at("verified").as_bool(), golden::key(c.at("key"))};
    }
    if (const auto& u = d.at("uses"); !u.is_null()) {
        out.uses = metaplex::uses{static_cast<std::uint8_t>(golden::number(u.at("use_method"))),
                                  golden::number(u.at("remaining")), golden::number(u.at("total"))};
    }
    return out;
}

// What stood there had another URI and is otherwise kept: the package's bytes of the whole data.
// proves: S9
TEST(MintRecipe, AMetaplexUriIsSetByTheBytesOfThePackage) {
    int checked = 0;
    for (const auto& c : golden::load("metaplex").at("instructions").as_array()) {
        const auto& a = c.at("args").as_object();
        if (golden::text(c.at("name")) != "update_metadata_account_v2") continue;
        const bool data_alone = !a.at("data").is_null() && a.at("is_mutable").is_null() &&
                                a.at("new_update_authority").is_null() &&
                                a.at("primary_sale_happened").is_null();
        if (!data_alone) continue;
        auto present = data_of(a.at("data").as_object());
        auto terms = terms_of(golden::key(a.at("update_authority")), public_key{{9}});
        terms.fields = {"another name", "X", present.uri, {}};
        present.uri = "ipfs://swapped";
        const auto plan =
            plan_metaplex_uri_update(terms, golden::key(a.at("mint")), std::move(present));
        ASSERT_EQ(plan.size(), 3U);
        golden::expect_same(plan.back(), golden::read_instruction(c));
        ++checked;
    }
    EXPECT_GE(checked, 1);
}

// proves: S9
TEST(MintRecipe, MissingMetadataOfMetaplexIsMadeAsAMintMakesIt) {
    auto terms = some_terms();
    const auto whole = plan_mint(mint_standard::metaplex, terms).value().instructions;
    terms.rent = 0;
    const auto later = plan_missing_metadata(mint_standard::metaplex, terms);
    ASSERT_EQ(later.size(), 4U);
    EXPECT_TRUE(std::ranges::equal(std::span{later}.last(2), std::span{whole}.last(2)));
}

// One signature for all of it: the wallet is mint, update and collection authority.
// proves: S9
TEST(MintRecipe, ACollectionIsVerifiedInTheTransactionThatMints) {
    auto terms = some_terms();
    terms.collection = public_key{{7}};
    terms.creators = {{public_key{{11}}, false, 30}};
    terms.seller_fee_basis_points = 500;
    const auto plan = plan_mint(mint_standard::metaplex, terms).value();
    EXPECT_EQ(count(plan, metaplex_program), 3);
    EXPECT_EQ(plan.instructions.back(),
              metaplex::verify_collection(plan.mint, terms.wallet, *terms.collection));
    const auto m =
        compile_message(message_version::legacy, wallet.address(), {}, plan.instructions).value();
    EXPECT_EQ(m.required_signatures, 1);
    const auto data = metaplex_data(terms);
    EXPECT_EQ(data.creators->front(), (metaplex::creator{wallet.address(), true, 70}));
    EXPECT_FALSE(data.collection->verified) << "it is created unverified";
    const auto later = plan_missing_metadata(mint_standard::metaplex, terms);
    EXPECT_EQ(later.back(), plan.instructions.back());
    terms.creators.front().share = 101;
    EXPECT_TRUE(plan_mint(mint_standard::metaplex, terms).error().is(codes::instruction_invalid));
}

// proves: S4
TEST(MintRecipe, TakesOverAnAddressThatAStrangerFunded) {
    auto terms = some_terms();
    const auto fresh = plan_mint(mint_standard::token_2022, terms).value();
    EXPECT_EQ(count(fresh, system_program), 1);
    terms.already_held = 1;
    const auto taken = plan_mint(mint_standard::token_2022, terms).value();
    EXPECT_EQ(count(taken, system_program), 2);  // transfer, allocate
    EXPECT_EQ(taken.mint, fresh.mint);
    const auto& transfer = taken.instructions[2];
    EXPECT_EQ(to_hex(transfer.data), "02000000ff083d0000000000");  // 3 999 999
    terms.already_held = terms.rent;
    EXPECT_EQ(count(plan_mint(mint_standard::token_2022, terms).value(), system_program), 1);
    terms.already_held = UINT64_MAX;
    EXPECT_EQ(count(plan_mint(mint_standard::metaplex, terms).value(), system_program), 1);
}

TEST(MintRecipe, AnImmutableTokenGivesUpTheUpdateAuthority) {
    auto terms = some_terms();
    const auto open = plan_mint(mint_standard::token_2022, terms).value();
    terms.is_mutable = false;
    const auto closed = plan_mint(mint_standard::token_2022, terms).value();
    ASSERT_EQ(closed.instructions.size(), open.instructions.size() + 1);
    EXPECT_EQ(to_hex(closed.instructions.back().data).substr(0, 16), "d7e4a6e45464567b");
}

TEST(MintRecipe, AMemoIsLeftOutWhenItDoesNotFit) {
    auto terms = some_terms();
    terms.memo = "0190d3b2-7e7c-7000-8000-000000000001";
    const auto with = plan_mint(mint_standard::token_2022, terms).value();
    EXPECT_TRUE(with.memo_included);
    EXPECT_EQ(count(with, memo_program), 1);
    terms.memo = std::string(600, 'm');
    const auto without = plan_mint(mint_standard::token_2022, terms).value();
    EXPECT_FALSE(without.memo_included);
    EXPECT_EQ(count(without, memo_program), 0);
}

TEST(MintRecipe, TellsWhatIsTooLarge) {
    auto terms = some_terms();
    terms.fields.additional = {{"k", std::string(600, 'v')}};
    const auto large = plan_mint(mint_standard::token_2022, terms);
    ASSERT_FALSE(large);
    EXPECT_TRUE(large.error().is(codes::transaction_too_large));
    EXPECT_NE(large.error().detail().find("too many"), std::string_view::npos);
    terms = some_terms();
    terms.fields.name = std::string(33, 'n');
    EXPECT_TRUE(plan_mint(mint_standard::metaplex, terms).error().is(codes::instruction_invalid));
    terms = some_terms();
    terms.rent = 0;
    EXPECT_TRUE(plan_mint(mint_standard::token_2022, terms).error().is(codes::instruction_invalid));
    terms = some_terms();
    terms.seed = std::string(33, 's');
    EXPECT_TRUE(plan_mint(mint_standard::token_2022, terms).error().is(codes::seed_invalid));
}

TEST(MintRecipe, TheLargestRequestFitsBothStandards) {
    auto terms = some_terms();
    terms.fields = {std::string(32, 'n'), std::string(10, 's'), std::string(200, 'u'), {}};
    terms.already_held = 1;
    terms.is_mutable = false;
    EXPECT_TRUE(plan_mint(mint_standard::token_2022, terms));
    EXPECT_TRUE(plan_mint(mint_standard::metaplex, terms));
    // With everything that an issuer may add to a Metaplex token, behind "ipfs://" and a CID.
    terms.fields.uri = uri;
    terms.seller_fee_basis_points = 10'000;
    for (std::uint8_t i = 0; i < 4; ++i) terms.creators.push_back({public_key{{20, i}}, false, 20});
    terms.collection = public_key{{7}};
    const auto full = plan_mint(mint_standard::metaplex, terms);
    ASSERT_TRUE(full) << full.error().describe();
    EXPECT_EQ(full->transaction_size, 1215U);
    terms.fields.uri = std::string(200, 'u');
    EXPECT_TRUE(plan_mint(mint_standard::metaplex, terms).error().is(codes::transaction_too_large));
    terms.creators.clear();
    EXPECT_TRUE(plan_mint(mint_standard::metaplex, terms)) << "a collection alone";
}

// What was planned is what gets signed, and it reads back.
RC_GTEST_PROP(MintRecipe, EveryPlanSignsIntoItsSize, ()) {
    auto terms = some_terms();
    const auto text = [](std::size_t most) {
        return std::string(*rc::gen::inRange<std::size_t>(0, most + 1), 'x');
    };
    terms.fields = {text(32), text(10), text(200), {}};
    terms.already_held = *rc::gen::element<std::uint64_t>(0, 1, 5'000'000);
    terms.is_mutable = *rc::gen::arbitrary<bool>();
    terms.memo = text(60);
    const auto standard = *rc::gen::element(mint_standard::token_2022, mint_standard::metaplex);
    const auto plan = plan_mint(standard, terms).value();
    const std::array signers{&wallet};
    const auto m =
        compile_message(message_version::legacy, terms.wallet, {}, plan.instructions).value();
    const auto tx = sign(m, signers).value();
    RC_ASSERT(serialize(tx).size() == plan.transaction_size);
    RC_ASSERT(parse_transaction(serialize(tx)).value() == tx);
}

// proves: S9
TEST(IssuerVerified, HoldsOnlyForTheSigningBase) {
    const auto mint = create_with_seed(wallet.address(), seed, token_2022_program).value();
    EXPECT_TRUE(issuer_verified(mint, wallet.address(), seed, token_2022_program));
    EXPECT_FALSE(issuer_verified(mint, wallet.address(), seed, token_program));
    EXPECT_FALSE(issuer_verified(mint, wallet.address(), "other", token_2022_program));
    EXPECT_FALSE(
        issuer_verified(mint, keypair::from_seed({2}).address(), seed, token_2022_program));
    mint_account account;
    EXPECT_FALSE(issuer_verified(mint, account, wallet.address()));
    account.metadata.emplace();
    // A forger can copy update authority, name and URI, but his seed does not lead to his mint.
    account.metadata->update_authority = wallet.address();
    EXPECT_FALSE(issuer_verified(mint, account, wallet.address()));
    account.metadata->fields.additional = {{"thole_seed", seed}};
    EXPECT_TRUE(issuer_verified(mint, account, wallet.address()));
    EXPECT_FALSE(issuer_verified(public_key{{5}}, account, wallet.address()));
    account.metadata->fields.additional.emplace_back("thole_seed", seed);
    EXPECT_FALSE(issuer_verified(mint, account, wallet.address()));
}

}  // namespace
}  // namespace thole::solana
