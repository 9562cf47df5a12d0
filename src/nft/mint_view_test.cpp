#include "nft/mint_view.hpp"

#include <gtest/gtest.h>

#include <map>

#include "nft/mint_outputs.hpp"
#include "nft/nft_fixture.hpp"

namespace thole::nft {
namespace {

const cluster_secret secret{sha256(as_bytes("a cluster"))};
constexpr operation_name name{"default", "mint", "order-1"};

std::string input() {
    mint_request request;
    request.owner = fixture::key(3).text();
    request.account = "user-1";
    request.name = "n";
    request.image = "bafkimage";
    return json::write(request);
}

std::optional<mint_view> view(const std::map<std::string, std::string, std::less<>>& outputs) {
    return view_mint({secret, fixture::issuer}, name, input(), [&](std::string_view step) {
        const auto found = outputs.find(step);
        return found == outputs.end() ? std::nullopt : std::optional{found->second};
    });
}

// proves: S4
TEST(mint_view, the_address_is_there_when_the_operation_is_accepted) {
    const auto seen = view({});
    ASSERT_TRUE(seen.has_value());
    EXPECT_EQ(seen->mint,
              identify_mint(secret, fixture::issuer, name, token_standard::token_2022).mint.text());
    EXPECT_EQ(seen->account, "user-1");
    EXPECT_EQ(seen->image_cid, "bafkimage");
    EXPECT_FALSE(seen->metadata_cid || seen->uri || seen->signature);
}

TEST(mint_view, fills_as_steps_finish) {
    content_refs content;
    content.metadata_cid = "bafkjson";
    content.uri = "ipfs://bafkjson";
    std::map<std::string, std::string, std::less<>> outputs{
        {"upload_content", json::write(content)}};
    EXPECT_EQ(view(outputs)->uri, "ipfs://bafkjson");
    outputs["submit/prepared"] = R"({"signature":"first","transaction":"AA=="})";
    EXPECT_EQ(view(outputs)->signature, "first");
    outputs["submit"] = json::write(landed_mint{"m", "landed", 9});
    EXPECT_EQ(view(outputs)->signature, "landed");
}

TEST(mint_view, an_input_of_another_kind_has_no_view) {
    EXPECT_FALSE(view_mint({secret, fixture::issuer}, name, "{\"x\":1}", [](std::string_view) {
                     return std::optional<std::string>{};
                 }).has_value());
}

}  // namespace
}  // namespace thole::nft
