#include "nft/request.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <functional>

namespace thole::nft {
namespace {

namespace bj = boost::json;

constexpr const char* wallet = "7A4NamkMyPufJdqsoRxUt3fE2KYuQ9NAb25GgAKECwaf";
constexpr const char* image = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";

bj::object good() {
    return {{"owner", wallet},
            {"name", "Seat B-7"},
            {"symbol", "TIX"},
            {"description", "A seat."},
            {"image", image}};
}

std::string changed(const std::function<void(bj::object&)>& change) {
    auto body = good();
    change(body);
    return bj::serialize(body);
}

// "pointer code" of every problem, in order.
std::vector<std::string> problems_of(const std::string& body) {
    std::vector<std::string> out;
    if (auto read = read_mint_request(body); !read) {
        for (const auto& each : read.error()) {
            EXPECT_FALSE(each.detail.empty());
            out.push_back(each.pointer + " " + each.code);
        }
    }
    return out;
}

using list = std::vector<std::string>;

TEST(mint_request, defaults_are_filled_in) {
    const auto request = read_mint_request(bj::serialize(good()));
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(account_of(*request), wallet);
    EXPECT_TRUE(request->is_mutable);
    EXPECT_EQ(request->standard, token_standard::token_2022);
    EXPECT_EQ(request->priority, mint_priority::normal);
    EXPECT_FALSE(requested_level(*request).has_value());
}

// proves: E2
TEST(mint_request, equal_meaning_has_an_equal_hash) {
    const auto plain = read_mint_request(bj::serialize(good()));
    const auto spelled = read_mint_request(
        std::string{R"({ "priority":"normal", "standard":"token-2022", "is_mutable":true,
            "attributes":[], "image":")"} +
        image + R"(", "description":"A seat\u002e", "symbol":"TIX", "name":"Seat B-7",
            "level":null, "account":")" +
        wallet + R"(", "owner":")" + wallet + R"("})");
    ASSERT_TRUE(plain.has_value());
    ASSERT_TRUE(spelled.has_value()) << spelled.error().front().pointer;
    EXPECT_EQ(payload_hash(*plain), payload_hash(*spelled));
    auto other = *plain;
    other.level = 1;
    EXPECT_NE(payload_hash(*plain), payload_hash(other));
}

TEST(mint_request, survives_the_journal) {
    const auto request = read_mint_request(changed([](auto& b) {
        b["level"] = 4294967295U;
        b["standard"] = "metaplex";
        b["attributes"] = {{{"trait_type", "Row"}, {"value", "B"}}};
        b["external_url"] = "https://example.test/b7";
    }));
    ASSERT_TRUE(request.has_value());
    const auto back = json::read<mint_request>(json::write(*request));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(*back, *request);
}

// proves: M4
TEST(mint_request, each_rule_names_its_field) {
    const auto set = [](const char* key, bj::value value) {
        return problems_of(changed([&](auto& b) { b[key] = value; }));
    };
    EXPECT_EQ(set("owner", "abc"), (list{"/owner value.bad_wallet"}));
    EXPECT_EQ(set("owner", "0OIl"), (list{"/owner value.bad_wallet"}));
    EXPECT_EQ(set("owner", bj::string(32, '1')), (list{"/owner value.bad_wallet"}));
    EXPECT_EQ(set("account", ""), (list{"/account value.empty"}));
    EXPECT_EQ(set("account", bj::string(129, 'a')), (list{"/account value.too_long"}));
    EXPECT_EQ(set("name", ""), (list{"/name value.empty"}));
    EXPECT_EQ(set("name", bj::string(33, 'n')), (list{"/name value.too_long"}));
    EXPECT_EQ(set("name", "a\tb"), (list{"/name value.control_character"}));
    EXPECT_EQ(set("symbol", bj::string(11, 's')), (list{"/symbol value.too_long"}));
    EXPECT_EQ(set("description", bj::string(4097, 'd')), (list{"/description value.too_long"}));
    EXPECT_EQ(set("description", "bell\x07"), (list{"/description value.control_character"}));
    EXPECT_EQ(set("image", "QmNotACid"), (list{"/image value.bad_cid"}));
    EXPECT_EQ(set("external_url", "ftp://example.test/"), (list{"/external_url value.bad_url"}));
    EXPECT_EQ(set("external_url", "https:///x"), (list{"/external_url value.bad_url"}));
    EXPECT_EQ(set("external_url", "https://u:p@h/"), (list{"/external_url value.bad_url"}));
    EXPECT_EQ(set("external_url", (bj::string{"https://h/"} += bj::string(200, 'x'))),
              (list{"/external_url value.too_long"}));
    EXPECT_EQ(set("standard", "erc-721").size(), 1U);
    EXPECT_EQ(set("priority", "urgent").size(), 1U);
    EXPECT_EQ(set("level", -1).size(), 1U);
    EXPECT_EQ(set("level", 4294967296).size(), 1U);
    EXPECT_EQ(set("colour", "red"), (list{"/colour json.unknown_member"}));
}

TEST(mint_request, limits_are_inclusive_and_in_bytes) {
    EXPECT_TRUE(problems_of(changed([](auto& b) {
                    b["name"] = std::string(32, 'n');
                    b["symbol"] = std::string(10, 's');
                    b["description"] = std::string(4096, '\n');
                    b["external_url"] = "https://h/" + std::string(190, 'x');
                })).empty());
    // 17 letters of two bytes each.
    std::string wide;
    for (int i = 0; i < 17; ++i) wide += "\xC3\xA4";
    EXPECT_EQ(problems_of(changed([&](auto& b) { b["name"] = wide; })),
              (list{"/name value.too_long"}));
}

TEST(mint_request, all_problems_are_told_at_once) {
    EXPECT_EQ(problems_of(changed([](auto& b) {
                  b["owner"] = "x";
                  b["name"] = "";
                  b["image"] = "y";
                  b["attributes"] = {{{"trait_type", ""}, {"value", "\n"}}};
              })),
              (list{"/owner value.bad_wallet", "/name value.empty", "/image value.bad_cid",
                    "/attributes/0/trait_type value.empty",
                    "/attributes/0/value value.control_character"}));
}

TEST(mint_request, the_level_is_said_once) {
    const auto with = [](bj::array attributes, bool level) {
        return changed([&](auto& b) {
            b["attributes"] = std::move(attributes);
            if (level) b["level"] = 3;
        });
    };
    const auto trait = [](const char* type, const char* value) {
        return bj::object{{"trait_type", type}, {"value", value}};
    };
    EXPECT_EQ(problems_of(with({trait("leVel", "3")}, true)),
              (list{"/attributes/0/trait_type value.duplicate"}));
    EXPECT_EQ(
        problems_of(with({trait("Level", "3"), trait("Row", "1"), trait("level", "3")}, false)),
        (list{"/attributes/2/trait_type value.duplicate"}));
    EXPECT_EQ(problems_of(with({trait("Level", "three")}, false)),
              (list{"/attributes/0/value value.bad_level"}));
    const auto request = read_mint_request(with({trait("LEVEL", "12")}, false));
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(requested_level(*request), 12U);
}

TEST(mint_request, too_many_attributes) {
    const auto with = [](std::size_t count) {
        return problems_of(changed([&](auto& b) {
            bj::array all;
            for (std::size_t i = 0; i < count; ++i) {
                all.push_back(bj::object{{"trait_type", "t"}, {"value", "v"}});
            }
            b["attributes"] = std::move(all);
        }));
    };
    EXPECT_TRUE(with(64).empty());
    EXPECT_EQ(with(65), (list{"/attributes value.too_many"}));
}

TEST(mint_request, levels_are_plain_decimal_numbers) {
    EXPECT_EQ(parse_level("0"), 0U);
    EXPECT_EQ(parse_level("4294967295"), 4294967295U);
    for (const auto* bad : {"", "00", "07", "+1", "-1", "1.0", " 1", "1 ", "4294967296", "0x1"}) {
        EXPECT_FALSE(parse_level(bad).has_value()) << bad;
    }
}

// proves: O10
TEST(mint_request, tags_are_judged_with_the_rest) {
    const auto with = [](bj::value tags) {
        return problems_of(changed([&](auto& b) { b["tags"] = tags; }));
    };
    EXPECT_TRUE(with({"spring-2026", "team:red"}).empty());
    EXPECT_EQ(with({"a", "b c", "a"}), (list{"/tags/1 value.form", "/tags/2 value.duplicate"}));
    EXPECT_EQ(with(bj::array(9, "x")).front(), "/tags value.too_many");
    EXPECT_EQ(with("spring"), (list{"/tags json.wrong_type"}));
    const auto request =
        read_mint_request(changed([](auto& b) { b["tags"] = bj::array{"b", "a"}; }));
    ASSERT_TRUE(request && request->tags);
    EXPECT_EQ(*request->tags, (list{"b", "a"}));
}

RC_GTEST_PROP(mint_request, any_level_reads_back, (std::uint32_t level)) {
    RC_ASSERT(parse_level(std::to_string(level)) == level);
}

}  // namespace
}  // namespace thole::nft
