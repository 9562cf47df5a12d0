#include "nft/mint_view.hpp"

#include <gtest/gtest.h>

#include "nft/mint_outputs.hpp"
#include "nft/nft_fixture.hpp"

namespace thole::nft {
namespace {

const cluster_secret secret{sha256(as_bytes("a cluster"))};

saga::operation_details accepted() {
    mint_request request;
    request.owner = fixture::key(3).text();
    request.account = "user-1";
    request.name = "n";
    request.image = "bafkimage";
    saga::operation_details of;
    of.tenant = "default";
    of.view.kind = "mint";
    of.view.key = "order-1";
    of.input = json::write(request);
    return of;
}

std::optional<mint_view> view(const saga::operation_details& of) {
    return view_mint({secret, fixture::issuer}, of);
}

// proves: S4
TEST(mint_view, the_address_is_there_when_the_operation_is_accepted) {
    const auto seen = view(accepted());
    ASSERT_TRUE(seen.has_value());
    const auto id = identify_mint(secret, fixture::issuer, {"default", "mint", "order-1"},
                                  token_standard::token_2022);
    EXPECT_EQ(seen->mint, id.mint.text());
    EXPECT_EQ(seen->account, "user-1");
    EXPECT_EQ(seen->image_cid, "bafkimage");
    EXPECT_FALSE(seen->metadata_cid || seen->uri || seen->signature);
}

TEST(mint_view, fills_as_steps_finish) {
    auto of = accepted();
    content_refs content;
    content.metadata_cid = "bafkjson";
    content.uri = "ipfs://bafkjson";
    of.outputs.push_back({"upload_content", json::write(content)});
    EXPECT_EQ(view(of)->uri, "ipfs://bafkjson");
    EXPECT_EQ(view(of)->metadata_cid, "bafkjson");
    EXPECT_FALSE(view(of)->image_originals);
    of.prepared = saga::prepared_row{4, 1, R"({"signature":"first","transaction":"AA=="})"};
    EXPECT_EQ(view(of)->signature, "first");
    of.outputs.push_back({"submit", json::write(landed_mint{"m", "landed", 9})});
    EXPECT_EQ(view(of)->signature, "landed");
}

// proves: I3
TEST(mint_view, names_the_files_that_the_image_was_made_of) {
    auto of = accepted();
    content_refs content;
    content.image_originals = {{"ab12", 1'000'000}};
    of.outputs.push_back({"upload_content", json::write(content)});
    const auto seen = view(of)->image_originals.value();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].sha256, "ab12");
    EXPECT_EQ(seen[0].size, 1'000'000U);
}

TEST(mint_view, other_operations_have_no_view) {
    auto of = accepted();
    of.input = R"({"x":1})";
    EXPECT_FALSE(view(of).has_value());
    of = accepted();
    of.view.kind = "bench";
    EXPECT_FALSE(view(of).has_value());
}

}  // namespace
}  // namespace thole::nft
