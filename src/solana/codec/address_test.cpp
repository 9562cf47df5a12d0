#include "solana/codec/address.hpp"

#include <gtest/gtest.h>

#include "solana/codec/curve.hpp"
#include "solana/codec/golden.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codes.hpp"

namespace thole::solana {
namespace {

TEST(Curve, AgreesWithThePackage) {
    int on = 0;
    int off = 0;
    for (const auto& c : golden::load("solana").at("on_curve").as_array()) {
        const auto value = public_key::from(golden::hex(c.at("bytes"))).value();
        EXPECT_EQ(is_on_curve(value.raw), c.at("on_curve").as_bool()) << value.text();
        ++(c.at("on_curve").as_bool() ? on : off);
    }
    EXPECT_GE(on, 20);
    EXPECT_GE(off, 20);
}

TEST(Curve, EveryPublicKeyIsAPoint) {
    for (const auto& k : golden::load("solana").at("keys").as_array()) {
        EXPECT_TRUE(is_on_curve(golden::key(k.at("public_key")).raw));
    }
}

TEST(Curve, ReducesModuloP) {
    // p + 1 spells y = 1, p spells y = 0 and 2^255 - 1 spells y = 18: the runtime reduces them, and
    // the top bit is the sign of x, not part of y.
    std::array<std::uint8_t, 32> value{};
    value.fill(0xFF);
    value.back() = 0x7F;
    value.front() = 0xEE;
    EXPECT_TRUE(is_on_curve(value));
    value.front() = 0xED;
    EXPECT_TRUE(is_on_curve(value));
    std::array<std::uint8_t, 32> eighteen{18};
    value.front() = 0xFF;
    EXPECT_EQ(is_on_curve(value), is_on_curve(eighteen));
    auto negative = eighteen;
    negative.back() = 0x80;
    EXPECT_EQ(is_on_curve(negative), is_on_curve(eighteen));
}

TEST(ProgramAddress, AgreesWithThePackage) {
    for (const auto& c : golden::load("solana").at("pda").as_array()) {
        std::vector<bytes> seeds;
        for (const auto& s : c.at("seeds").as_array()) seeds.push_back(golden::hex(s));
        std::vector<bytes_view> views{seeds.begin(), seeds.end()};
        const auto program = golden::key(c.at("program_id"));
        const auto found = find_program_address(views, program);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->address.text(), golden::text(c.at("address")));
        EXPECT_EQ(found->bump, golden::number(c.at("bump")));
        views.push_back({&found->bump, 1});
        EXPECT_EQ(create_program_address(views, program).value(), found->address);
    }
}

TEST(ProgramAddress, RefusesWhatTheRuntimeRefuses) {
    const bytes long_seed(33);
    const std::vector<bytes_view> too_long{long_seed};
    EXPECT_TRUE(find_program_address(too_long, token_program).error().is(codes::seed_invalid));
    const std::vector<bytes_view> sixteen(16);
    EXPECT_FALSE(find_program_address(sixteen, token_program));
    EXPECT_TRUE(create_program_address(sixteen, token_program) ||
                create_program_address(sixteen, token_program).error().is(codes::seed_invalid));
    const std::vector<bytes_view> seventeen(17);
    EXPECT_FALSE(create_program_address(seventeen, token_program));
}

TEST(CreateWithSeed, AgreesWithThePackage) {
    for (const auto& c : golden::load("solana").at("create_with_seed").as_array()) {
        const auto made = create_with_seed(golden::key(c.at("base")), golden::text(c.at("seed")),
                                           golden::key(c.at("owner")));
        ASSERT_TRUE(made);
        EXPECT_EQ(made->text(), golden::text(c.at("address")));
    }
}

TEST(CreateWithSeed, RefusesLongSeedsAndDisguisedOwners) {
    EXPECT_FALSE(create_with_seed(token_program, std::string(33, 'a'), token_program));
    EXPECT_TRUE(create_with_seed(token_program, std::string(32, 'a'), token_program));
    public_key owner;
    const std::string_view marker = "ProgramDerivedAddress";
    std::copy(marker.begin(), marker.end(), owner.raw.end() - static_cast<int>(marker.size()));
    EXPECT_TRUE(create_with_seed(token_program, "a", owner).error().is(codes::seed_invalid));
}

TEST(AssociatedToken, AgreesWithThePackage) {
    for (const auto& c : golden::load("solana").at("associated_token").as_array()) {
        EXPECT_EQ(associated_token_address(golden::key(c.at("owner")), golden::key(c.at("mint")),
                                           golden::key(c.at("token_program")))
                      .text(),
                  golden::text(c.at("address")));
    }
}

// More of them than are remembered, each asked for twice: nobody is given another one's.
TEST(ProgramAddress, IsTheSameWhenItIsAskedForAgain) {
    std::vector<public_key> first;
    for (int round = 0; round < 2; ++round) {
        for (std::uint8_t i = 0; i < 250; ++i) {
            for (std::uint8_t j = 0; j < 8; ++j) {
                const bytes seed{i, j};
                const std::vector<bytes_view> seeds{seed};
                const auto found = find_program_address(seeds, token_program);
                ASSERT_TRUE(found);
                if (round == 0) first.push_back(found->address);
                EXPECT_EQ(found->address, first.at(std::size_t{i} * 8 + j));
                const std::vector<bytes_view> whole{seed, {&found->bump, 1}};
                EXPECT_EQ(create_program_address(whole, token_program).value(), found->address);
            }
        }
    }
}

TEST(MetaplexAddress, AgreesWithThePackage) {
    for (const auto& c : golden::load("metaplex").at("addresses").as_array()) {
        const auto mint = golden::key(c.at("mint"));
        EXPECT_EQ(metadata_address(mint).text(), golden::text(c.at("metadata")));
        EXPECT_EQ(master_edition_address(mint).text(), golden::text(c.at("edition")));
    }
}

}  // namespace
}  // namespace thole::solana
