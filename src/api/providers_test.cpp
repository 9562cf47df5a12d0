#include "api/providers.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "api/world_testing.hpp"

namespace thole::api {
namespace {

using namespace testing;

struct providers_test : world_test {
    result<std::vector<ipfs::pin_total>> ledger =
        std::vector<ipfs::pin_total>{{"pinata", 2, 3'000'000'000, 1, 4}, {"gone", 1, 10, 0, 0}};
    ipfs::content_costs costs{
        {{"store", "store", std::nullopt, true}, {"pinata", "pinata", money::parse("0.15 USD")}},
        [this] { return store->usage(); },
        [this]() -> task<result<std::vector<ipfs::pin_total>>> { co_return ledger; }};
    providers_resource resource{costs};

    providers_test() { resource.add_to(routes); }
};

// proves: I2
TEST_F(providers_test, each_provider_shows_what_it_keeps_and_what_that_costs) {
    (void)upload();
    const auto out = get("/api/v1/providers");
    ASSERT_EQ(out.status, 200) << out.body;
    const auto body = json_of(out);
    const auto& items = body.at("items").as_array();
    ASSERT_EQ(items.size(), 3U);
    EXPECT_EQ(items[0].at("kind").as_string(), "store");
    EXPECT_EQ(items[0].at("contents").as_string(), "1");
    EXPECT_FALSE(items[0].as_object().contains("cost_per_month"));
    EXPECT_EQ(boost::json::serialize(items[1]),
              R"({"name":"pinata","kind":"pinata","contents":"2","bytes":"3000000000",)"
              R"("unknown_size":"1","tried":"4","price_per_gb_month":"0.15 USD",)"
              R"("cost_per_month":"0.45 USD"})");
    EXPECT_FALSE(items[2].as_object().contains("kind"));
    EXPECT_EQ(boost::json::serialize(body.at("cost_per_month")), R"(["0.45 USD"])");
}

TEST_F(providers_test, a_ledger_that_cannot_be_read_is_said) {
    ledger = fail(thole::codes::db_unavailable);
    EXPECT_GE(get("/api/v1/providers").status, 500);
}

}  // namespace
}  // namespace thole::api
