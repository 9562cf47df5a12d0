#include "nft/metadata.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "nft/codes.hpp"

namespace thole::nft {
namespace {

mint_request seat() {
    mint_request request;
    request.owner = "7A4NamkMyPufJdqsoRxUt3fE2KYuQ9NAb25GgAKECwaf";
    request.account = "user-1";
    request.name = "Seat B-7";
    request.symbol = "TIX";
    request.description = "Row \"B\",\nseat 7";
    request.level = 3;
    request.attributes = {{"Row", "B"}};
    request.external_url = "https://example.test/b7";
    return request;
}

const image_reference picture{"ipfs://bafkimage", "image/png"};

// proves: M4
TEST(metadata, is_the_standards_json_in_canonical_form) {
    EXPECT_EQ(
        metadata_json(seat(), picture),
        R"({"attributes":[{"trait_type":"Level","value":"3"},{"trait_type":"Row","value":"B"}],)"
        R"("description":"Row \"B\",\nseat 7","external_url":"https://example.test/b7",)"
        R"("image":"ipfs://bafkimage","name":"Seat B-7",)"
        R"("properties":{"category":"image","files":[{"type":"image/png","uri":"ipfs://bafkimage"}]},)"
        R"("symbol":"TIX"})");
}

TEST(metadata, reads_back_as_requested) {
    const auto seen = parse_metadata(metadata_json(seat(), picture));
    ASSERT_TRUE(seen.has_value());
    EXPECT_EQ(seen->level, 3U);
    EXPECT_EQ(metadata_difference(*seen, seat(), picture.uri), "");
}

TEST(metadata, every_difference_is_named) {
    const auto seen = parse_metadata(metadata_json(seat(), picture));
    ASSERT_TRUE(seen.has_value());
    auto other = seat();
    other.name = "Seat B-8";
    other.level = 4;
    other.external_url.reset();
    EXPECT_EQ(metadata_difference(*seen, other, "ipfs://else"),
              "name, image, external_url, attributes, level");
}

TEST(metadata, the_level_may_be_text_or_number_in_any_case) {
    const auto level = [](std::string_view attributes) {
        auto seen = parse_metadata(R"({"name":"n","attributes":)" + std::string{attributes} + "}");
        return seen ? seen->level : std::nullopt;
    };
    EXPECT_EQ(level(R"([{"trait_type":"Level","value":"5"}])"), 5U);
    EXPECT_EQ(level(R"([{"trait_type":"LEVEL","value":5}])"), 5U);
    EXPECT_EQ(level(R"([{"trait_type":"level","value":5.0}])"), 5U);
    EXPECT_FALSE(level(R"([{"trait_type":"Level","value":5.5}])").has_value());
    EXPECT_FALSE(level(R"([{"trait_type":"Level","value":-5}])").has_value());
    EXPECT_FALSE(level(R"([{"trait_type":"Level","value":"five"}])").has_value());
    EXPECT_FALSE(level(R"([{"trait_type":"Level","value":{"n":5}}])").has_value());
    EXPECT_FALSE(level(R"([{"trait_type":"Levels","value":5}])").has_value());
    EXPECT_FALSE(level(R"([{"value":5}, 7, null])").has_value());
    EXPECT_FALSE(level(R"("none")").has_value());
}

TEST(metadata, two_levels_count_as_none) {
    const auto seen = parse_metadata(
        R"({"name":"n","attributes":[{"trait_type":"Level","value":1},{"trait_type":"level","value":9}]})");
    ASSERT_TRUE(seen.has_value());
    EXPECT_FALSE(seen->level.has_value());
}

TEST(metadata, what_is_no_metadata_is_refused) {
    for (const std::string& bad :
         {std::string{""}, std::string{"{"}, std::string{"[]"}, std::string{"{}"},
          std::string{R"({"name":7})"}, std::string{R"({"name":""})"},
          R"({"name":"n","x":")" + std::string(metadata_limit, 'x') + "\"}"}) {
        const auto seen = parse_metadata(bad);
        ASSERT_FALSE(seen.has_value());
        EXPECT_TRUE(seen.error().is(codes::metadata_malformed));
    }
}

TEST(metadata, the_largest_request_fits) {
    auto request = seat();
    request.description = std::string(mint_limits::description, '"');
    request.attributes.assign(
        mint_limits::attributes,
        {std::string(mint_limits::trait_type, '"'), std::string(mint_limits::trait_value, '\\')});
    request.external_url = "https://h/" + std::string(190, '/');
    const auto seen = parse_metadata(metadata_json(request, picture));
    ASSERT_TRUE(seen.has_value());
    EXPECT_EQ(metadata_difference(*seen, request, picture.uri), "");
}

RC_GTEST_PROP(metadata, any_valid_request_reads_back,
              (bool leveled, std::uint32_t level, const std::map<std::string, std::string>& text)) {
    auto request = seat();
    request.level = leveled ? std::optional{level} : std::nullopt;
    request.attributes.clear();
    for (const auto& [type, value] : text) {
        const auto clean = [](const std::string& s) { return "t" + to_hex(as_bytes(s)); };
        if (request.attributes.size() < 64)
            request.attributes.push_back({clean(type), clean(value)});
    }
    const auto seen = parse_metadata(metadata_json(request, picture));
    RC_ASSERT(seen.has_value());
    RC_ASSERT(metadata_difference(*seen, request, picture.uri).empty());
}

}  // namespace
}  // namespace thole::nft
